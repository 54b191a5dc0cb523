/* SPDX-License-Identifier: MIT */
/*
 * follow.h - notices that package managers change their databases, and that files appear in directories that rules
 * name. It says that something changed, not what: whoever hears it looks.
 */
#ifndef EMBARGO_FOLLOW_H
#define EMBARGO_FOLLOW_H

#include "../policy/generation.h"
#include <systemd/sd-event.h>

struct follow;

/**
 * follow_new() - begin to watch
 * @loop:    borrowed; must outlive it
 * @changed: called a tenth of a second after a change, and during a storm of changes every 0.3 seconds
 * @out:     owned by the caller, follow_free()
 *
 * Return: 0; -ENOMEM; -EMFILE (no inotify instance is left: fs.inotify.max_user_instances).
 */
int follow_new(sd_event *loop, void (*changed)(void *context), void *context, struct follow **out);
/** follow_free() - accepts NULL */
void follow_free(struct follow *follow);

/**
 * follow_rules() - watch the directories that path rules of a generation name, and forget those of the one before
 * @generation: borrowed for the call
 *
 * Only directories that are there, and only a number of them: what is not watched is recognised when it runs.
 * Return: how many are watched.
 */
size_t follow_rules(struct follow *follow, const struct generation *generation);

#endif
