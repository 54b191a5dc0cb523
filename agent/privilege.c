/* SPDX-License-Identifier: MIT */
/*
 * privilege.c - from root with everything to root with little. The bounding set goes too, and no new
 * privileges can be gained, so that a hole in a parser does not give back what was dropped.
 */
#include "privilege.h"
#include "clean.h"

#include <errno.h>
#include <linux/capability.h>
#include <stdbool.h>
#include <sys/capability.h>
#include <sys/prctl.h>

#define KEPT_MAX 8

struct kept {
	cap_value_t list[KEPT_MAX];
	size_t count;
};

static struct kept kept_of(const struct privilege_needs *needs)
{
	struct kept kept = {{CAP_BPF, CAP_PERFMON, CAP_NET_ADMIN, CAP_DAC_READ_SEARCH, CAP_SYS_RESOURCE}, 5};

	if (needs->look_at_programs) {
		kept.list[kept.count++] = CAP_SYS_PTRACE;
		kept.list[kept.count++] = CAP_CHECKPOINT_RESTORE;
	}
	if (needs->end_programs)
		kept.list[kept.count++] = CAP_KILL;
	return kept;
}

static void clean_cap(cap_t *at)
{
	if (*at)
		(void)cap_free(*at); /* fails only for what is not a cap_t */
}

static bool is_kept(const struct kept *kept, cap_value_t cap)
{
	for (size_t i = 0; i < kept->count; i++)
		if (kept->list[i] == cap)
			return true;
	return false;
}

/* Outside a full root (a container, a trial) some of them are not there to be kept. */
static int keep_what_is_there(const struct kept *kept, cap_t have, cap_t want)
{
	for (size_t i = 0; i < kept->count; i++) {
		const cap_value_t *cap = &kept->list[i];
		cap_flag_value_t there = CAP_CLEAR;

		if (cap_get_flag(have, *cap, CAP_PERMITTED, &there) < 0 || there != CAP_SET)
			continue;
		if (cap_set_flag(want, CAP_PERMITTED, 1, cap, CAP_SET) < 0 ||
		    cap_set_flag(want, CAP_EFFECTIVE, 1, cap, CAP_SET) < 0)
			return -errno;
	}
	return 0;
}

int privilege_drop(const struct privilege_needs *needs)
{
	const struct kept kept = kept_of(needs);
	CLEANUP(clean_cap) cap_t have = cap_get_proc();
	CLEANUP(clean_cap) cap_t want = cap_init();
	cap_flag_value_t can_bound = CAP_CLEAR;
	int err;

	if (!have || !want)
		return -errno;
	(void)cap_get_flag(have, CAP_SETPCAP, CAP_EFFECTIVE, &can_bound);
	for (cap_value_t cap = 0; can_bound == CAP_SET && cap_get_bound(cap) >= 0; cap++)
		if (!is_kept(&kept, cap) && cap_drop_bound(cap) < 0)
			return -errno;
	err = keep_what_is_there(&kept, have, want);
	if (err < 0)
		return err;
	if (cap_set_proc(want) < 0)
		return -errno;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return -errno;
	return 0;
}
