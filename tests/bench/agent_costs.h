/* SPDX-License-Identifier: MIT */
/* agent_costs.h - what the daemon itself costs, run as an administrator runs it. */
#ifndef EMBARGO_BENCH_AGENT_COSTS_H
#define EMBARGO_BENCH_AGENT_COSTS_H

#include "operations.h"

struct agent_files {
	const char *embargod; /* program */
	const char *catalog;  /* directory */
	const char *policy;   /* of the sixteen vendors */
};

/**
 * agent_costs() - start to enforcing, resident memory and processor time per ordinary attempt
 * @site, @files: borrowed
 *
 * Attempts begin when the agent has slept for some seconds: what a start entails is no part of them.
 *
 * Return: 0; -errno when the agent could not be run.
 */
int agent_costs(const struct site *site, const struct agent_files *files);

#endif
