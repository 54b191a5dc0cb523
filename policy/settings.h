/* SPDX-License-Identifier: MIT */
/*
 * settings.h - what a policy says about itself as a whole, one text for each: whom it is about, what it
 * requires, which risks it takes. Lists of rules are not settings.
 */
#ifndef EMBARGO_SETTINGS_H
#define EMBARGO_SETTINGS_H

#include "model.h"

enum setting {
	SETTING_NAME = 0,
	SETTING_REVISION,
	SETTING_MODE,
	SETTING_MIN_CONFIDENCE,
	SETTING_SCOPE,
	SETTING_REQUIRES,
	SETTING_INTERNAL,
	SETTING_NAMES,
	SETTING_RUNNING,
	SETTING_SCRIPTS,	/* the lines with "scripts: strict" */
	SETTING_ACCEPT_RISK,
	SETTING_MAX,
};

/** setting_word() - as the document calls it; NULL: no such value */
const char *setting_word(unsigned setting);

/**
 * setting_text() - "only the cgroups /user.slice; no containers", "enforce", ...
 * @policy: borrowed
 *
 * Return: owned by the caller, free(); "" when it is not said; NULL without memory.
 */
char *setting_text(const struct policy *policy, enum setting setting);

#endif
