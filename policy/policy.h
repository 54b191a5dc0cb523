/* SPDX-License-Identifier: MIT */
/*
 * policy.h - the three kinds of documents and what is made of them. A pure library: text in, model,
 * diagnostics and compiled generation out; no privilege, no libbpf, nothing of the running system.
 */
#ifndef EMBARGO_POLICY_H
#define EMBARGO_POLICY_H

#include "diagnostics.h"
#include "generation.h"
#include <stdbool.h>

/* How well a fact is known, the weakest first. */
enum confidence {
	CONFIDENCE_NONE = 0,		/* not said */
	CONFIDENCE_UNVERIFIED = 1,
	CONFIDENCE_SEEN = 2,
	CONFIDENCE_DOCUMENTED = 3,
	CONFIDENCE_MAX,
};

struct catalog;		/* every vendor known, facts only */
struct policy;		/* what the administrator decided, with places */

/**
 * catalog_load() - read every *.yaml of some directories
 * @directories: borrowed; the first one that has a vendor's id wins; a missing directory is skipped
 * @count:       how many
 * @diags:       borrowed; what is wrong, with places
 * @out_catalog: owned by the caller; untouched on failure
 *
 * Return: 0; -EINVAL (there are errors in @diags); -ENOMEM; errno of an unreadable directory or file,
 * which is in @diags too.
 */
int catalog_load(const char *const *directories, size_t count, struct diagnostics *diags,
		 struct catalog **out_catalog);
void catalog_free(struct catalog *catalog);

/*
 * What the running system brings in, because this library must not look: NULL members are not known. An
 * entry with "hosts" applies where the labels are known and say so. All borrowed, for the time of the call.
 */
struct policy_host {
	const char *const *label_names, *const *label_values;
	size_t label_count;
	bool labels_known;		/* false: entries with "hosts" are kept, with a note that says so */
	__s64 now_s;			/* Unix time, for exceptions that are over; 0: unknown */
	/* The id of a user of this host: 0, or -ENOENT (there is none), or another negative errno. NULL: unknown. */
	int (*user_id)(void *context, const char *name, __u32 *out_uid);
	void *context;
};

/**
 * policy_load() - read and check a policy
 * @path:       borrowed; lists in files are relative to its directory
 * @catalog:    borrowed; must outlive the policy. NULL (it has errors itself): the policy is checked but
 *              for what it refers to, so that all errors come at once, and the return is never 0
 * @host:       borrowed; NULL: nothing is known of a host
 * @diags:      borrowed
 * @out_policy: owned by the caller; untouched on failure
 *
 * Return: as catalog_load(); -ENOENT when there is no such file.
 */
int policy_load(const char *path, const struct catalog *catalog, const struct policy_host *host,
		struct diagnostics *diags, struct policy **out_policy);
void policy_free(struct policy *policy);

/**
 * policy_of_catalog() - everything that the catalogue knows, as a policy in audit: what a scan looks for
 * @catalog:    borrowed; must outlive the policy
 * @vendors:    ids, borrowed; only these, with all their products of every class
 * @count:      of @vendors; 0: all vendors
 * @diags:      borrowed; unknown ids
 * @out_policy: owned by the caller; untouched on failure
 *
 * Return: 0; -EINVAL (see @diags); -ENOMEM.
 */
int policy_of_catalog(const struct catalog *catalog, const char *const *vendors, size_t count,
		      struct diagnostics *diags, struct policy **out_policy);

/**
 * policy_compile() - make the generation
 * @policy:  borrowed
 * @diags:   borrowed; limits that the format has are errors here, with the place of the rule
 * @out_gen: owned by the caller, independent of @policy; untouched on failure
 *
 * Return: 0; -EINVAL (see @diags); -ENOMEM.
 */
int policy_compile(const struct policy *policy, struct diagnostics *diags, struct generation **out_gen);

/* One line of the agent's "events". */
enum sink_kind {
	SINK_FILE,
	SINK_STDOUT,
	SINK_JOURNALD,		/* accepted by the reader later; "not supported yet" now */
	SINK_SYSLOG,
	SINK_MAX,
};

struct sink_config {
	enum sink_kind kind;
	char *path;			/* of a file */
	unsigned long long rotate_bytes;	/* 0: never */
	unsigned keep;			/* rotated files to keep */
	struct place place;
};

struct agent_config {
	char *policy;			/* path; default /etc/embargo/policy.yaml */
	bool audit_only;
	char *within;			/* cgroup directory, or NULL */
	struct sink_config *sinks;
	size_t sink_count;
	char **label_names, **label_values;
	size_t label_count;
	char *file;			/* the document; owns what places point to */
};

/**
 * agent_config_load() - read agent.yaml
 * @path:       borrowed
 * @diags:      borrowed
 * @out_config: owned by the caller; untouched on failure
 *
 * Return: as policy_load().
 */
int agent_config_load(const char *path, struct diagnostics *diags, struct agent_config **out_config);
void agent_config_free(struct agent_config *config);

/**
 * name_hash() - the hash of bpf/abi.h over the bytes of a name
 * @name:  borrowed; need not end with a zero
 * @bytes: its length
 */
__u64 name_hash(const char *name, size_t bytes);

/** matcher_is_finding() - is this kind of fact for finding and reporting only, never a rule? */
bool matcher_is_finding(unsigned matcher);

/* Words of the enums of bpf/abi.h, as documents, events and commands write them. NULL: no such value. */
const char *verdict_word(unsigned verdict);
const char *mode_word(unsigned mode);
const char *held_by_word(unsigned held_by);
const char *let_through_word(unsigned let_through);
const char *action_word(unsigned action);
const char *matcher_word(unsigned matcher);
const char *confidence_word(unsigned confidence);
const char *recognised_word(unsigned recognised);
const char *hook_word(unsigned hook);
const char *backend_word(unsigned backend);

#endif
