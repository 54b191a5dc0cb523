/* SPDX-License-Identifier: MIT */
/*
 * host.h - what the policy library wants to know of this host and must not look up itself. The daemon and the
 * commands describe it here, so that both mean the same by a policy.
 */
#ifndef EMBARGO_HOST_H
#define EMBARGO_HOST_H

#include "../policy/policy.h"

/* Labels as two lists of equal length; borrowed. */
struct host_labels {
	const char *const *names, *const *values;
	size_t count;
	bool known;		/* false: nobody said what this host is */
};

/**
 * host_describe() - this host, now
 * @labels: borrowed for as long as the result is used
 *
 * Users are looked up in the system's data base when a policy names them. Make a new one for each load:
 * it holds the time.
 */
struct policy_host host_describe(const struct host_labels *labels);

/** host_labels_of() - the labels of an agent's configuration; borrowed from it. NULL: a host without labels */
struct host_labels host_labels_of(const struct agent_config *config);

#endif
