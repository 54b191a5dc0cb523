/* SPDX-License-Identifier: MIT */
/*
 * hooks.h - the kernel programs as data: which hook each serves, by which backend, and what it needs. A
 * new program is one row here.
 */
#ifndef EMBARGO_HOOKS_H
#define EMBARGO_HOOKS_H

#include "../bpf/abi.h"
#include <stdbool.h>
#include <stddef.h>

/* What a program needs of the kernel; see probe.h. */
enum feature {
	FEATURE_NONE = 0,
	FEATURE_LSM,		/* LSM programs load, attach and are run */
	FEATURE_FMOD_RET,	/* programs that replace a security hook's return value */
	FEATURE_TRACEPOINT,
	FEATURE_PERF_LINK,	/* tracefs, and links of perf events, which can be pinned: 5.15 */
	FEATURE_FENTRY,		/* programs at a function's entry */
	FEATURE_CGROUP,		/* cgroup v2 and programs on it */
	FEATURE_FILE_HASH,	/* LSM programs that may sleep and can hash a file: 5.18 */
	FEATURE_UNGUARDED,	/* LSM programs are called also while another task is inside them: 6.2 */
	FEATURE_SOCK_DESTROY,	/* connections can be found by netlink, to be ended */
	FEATURE_MAX,
};

struct program_row {
	const char *name;		/* as in the object; also the name of its pinned link */
	enum hook hook;
	enum backend backend;
	enum feature needs;
	enum feature needs_not;		/* only where this is missing */
	bool optional;			/* the backend stands without it */
	bool on_cgroup;			/* attached to a cgroup */
	bool hashes;			/* decides nothing; hashes files for the one before it in the table */
	bool counts;			/* decides nothing; counts what others have let through */
	bool only_reads;		/* decides nothing; reads what others decide by */
	bool tracks;			/* decides nothing; carries marks from process to process. With any backend of its hook */
	bool on_fork_event;		/* attached to that perf event: fork_event_open() */
	enum gen_flag only_with;	/* attached only while the policy has this flag; 0: always */
	int attach_type;		/* with .only_with and .on_cgroup: enum bpf_attach_type */
};

#define PROGRAM_ROWS_MAX 64

extern const struct program_row program_rows[];
extern const size_t program_row_count;

/* Programs of no hook, attached nowhere: the agent calls them. */
struct iterator_row {
	const char *name;		/* as in the object */
	enum gen_flag only_with;	/* loaded with the programs of that flag */
};

extern const struct iterator_row iterator_rows[];
extern const size_t iterator_row_count;

/* What a backend of a hook achieves, in words, for people. Strongest first for each hook. */
struct backend_row {
	enum hook hook;
	enum backend backend;
	enum feature needs;
	const char *achieves;
};

extern const struct backend_row backend_rows[];
extern const size_t backend_row_count;

#endif
