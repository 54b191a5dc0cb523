/* SPDX-License-Identifier: MIT */
/*
 * host.c - see host.h
 */
#include "host.h"
#include "clean.h"

#include <errno.h>
#include <pwd.h>
#include <time.h>

#define USER_BYTES 16384 /* of one entry; glibc suggests 1024 (_SC_GETPW_R_SIZE_MAX) */

/* See struct policy_host. */
static int user_id(void *context, const char *name, __u32 *out_uid)
{
	AUTO_FREE char *buffer = malloc(USER_BYTES);
	struct passwd entry, *found = NULL;
	int err;

	if (!buffer)
		return -ENOMEM;
	/* a positive errno; some sources of users say "not found" in that way: getpwnam_r(3) */
	err = getpwnam_r(name, &entry, buffer, USER_BYTES, &found);
	if (found) {
		*out_uid = entry.pw_uid;
		return 0;
	}
	return !err || err == ESRCH || err == EBADF || err == EPERM ? -ENOENT : -err;
}

struct policy_host host_describe(const struct host_labels *labels)
{
	return (struct policy_host){
		.label_names = labels->names,
		.label_values = labels->values,
		.label_count = labels->count,
		.labels_known = labels->known,
		.now_s = time(NULL),
		.user_id = user_id,
	};
}

struct host_labels host_labels_of(const struct agent_config *config)
{
	if (!config)
		return (struct host_labels){.known = true};
	return (struct host_labels){
		.names = (const char *const *)config->label_names,
		.values = (const char *const *)config->label_values,
		.count = config->label_count,
		.known = true,
	};
}
