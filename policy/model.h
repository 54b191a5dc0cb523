/* SPDX-License-Identifier: MIT */
/*
 * model.h - a policy as it was written, and the flat rules that it means. policy.c reads it with one
 * file for each large key (policy_line.c, policy_allow.c, policy_scope.c), resolve.c joins it with the
 * catalogue, lint.c looks at what came out.
 */
#ifndef EMBARGO_MODEL_H
#define EMBARGO_MODEL_H

#include "catalog.h"

/* One entry of "embargo": a vendor of the catalogue, or a name with matchers in place. */
struct policy_line {
	struct policy_line *next;
	struct place place;
	struct field_text vendor, name; /* exactly one of them */
	struct field_texts products;    /* of the vendor; none: its commercial and legacy ones */
	bool subsidiaries;
	unsigned mode;      /* enum mode; MODE_NONE: the policy's */
	unsigned action;    /* enum action */
	unsigned scripts;   /* enum script_rule */
	struct place action_place, scripts_place;
	struct facts facts; /* of a name */
	size_t list_first, list_count; /* of a name: rules of its lists in files */
};

/* Whether a file counts also when an interpreter opens it. */
enum script_rule {
	SCRIPT_RULE_NONE = 0, /* not said */
	SCRIPT_RULE_STRICT = 1,
	SCRIPT_RULE_MAX,
};

/* One label of "hosts" with the values that are meant. */
struct host_label {
	struct host_label *next;
	const char *name;
	struct place place;
	const struct yaml_node *first; /* the values, all text; the first of @count */
	size_t count;
};

/* One entry of "allow". */
struct policy_allow {
	struct policy_allow *next;
	struct place place;
	struct facts facts;        /* one matcher */
	struct field_text product; /* or vendor/product */
	struct field_text reason, until;
	__u64 until_s;             /* Unix seconds; 0: never ends */
	struct host_label *hosts;  /* NULL: on every host */
	struct place hosts_place;
};

/* What is done with a name that is not there, with QUIC; with programs that run already. */
enum name_rule {
	NAME_RULE_NONE = 0,
	NAME_RULE_ALLOW = 1,
	NAME_RULE_DENY = 2,
	NAME_RULE_MAX,
};

enum running_rule {
	RUNNING_RULE_NONE = 0,
	RUNNING_RULE_REPORT = 1,
	RUNNING_RULE_TERMINATE = 2,
	RUNNING_RULE_MAX,
};

struct policy_names {
	unsigned no_name, quic; /* enum name_rule */
};

/* An id of "accept-risk"; a rule has it, or the policy is refused. */
struct accepted_risk {
	struct accepted_risk *next;
	const char *id;
	struct place place;
	bool found; /* it is the id of a rule */
};

/* A product that a line reaches. */
struct reach {
	const struct product *product;
	const struct policy_line *line;
	struct place place; /* of the word that reaches it */
	unsigned rank;      /* 0: the product is named, 1: its vendor, 2: the parent, ... */
};

struct policy {
	struct yaml_tree *tree;        /* owned; everything but rules.list and reached lives in it */
	const struct catalog *catalog; /* borrowed; NULL: references are not checked */
	struct field_text name;
	unsigned revision;
	unsigned mode;           /* enum mode */
	unsigned min_confidence; /* enum confidence */
	struct policy_line *lines, *last_line;
	struct policy_allow *allows, *last_allow;
	struct facts internal;       /* networks */
	struct policy_names names;
	struct place names_place;    /* .line 0: the key is not there */
	unsigned running;            /* enum running_rule */
	struct accepted_risk *risks;
	struct reach *reached;       /* owned; by vendor and product, of each the line that decides first */
	size_t reached_count;
	struct rules rules; /* what it means; the list is owned */
	const struct policy_host *host; /* borrowed while it is read; NULL: nothing is known */
};

/**
 * policy_read() - read and resolve a policy that is YAML already
 * @tree:       taken, also on failure
 * @catalog, @host: as in policy_load()
 * @diags:      borrowed
 * @out_policy: owned by the caller; untouched on failure
 *
 * Return: 0; -EINVAL (there are errors in @diags); -ENOMEM.
 */
int policy_read(struct yaml_tree *tree, const struct catalog *catalog, const struct policy_host *host,
		struct diagnostics *diags, struct policy **out_policy);

/* Functions for rows of struct field; the member is struct policy itself. */
void policy_lines_read(struct reader *, const struct field *, const struct yaml_node *, void *);
void policy_allows_read(struct reader *, const struct field *, const struct yaml_node *, void *);
void policy_scope_read(struct reader *, const struct field *, const struct yaml_node *, void *);
void policy_risks_read(struct reader *, const struct field *, const struct yaml_node *, void *);

/** mapping_key() - the node of a key in a mapping, or NULL */
const struct yaml_node *mapping_key(const struct yaml_node *node, const char *key);

/**
 * policy_resolve() - find the vendors and products a policy names and fill in its rules
 * @policy: borrowed
 * @diags:  borrowed; references to nothing, lines that reach nothing
 *
 * Return: 0, also when @diags got errors; -ENOMEM.
 */
int policy_resolve(struct policy *policy, struct diagnostics *diags);

/** allow_applies() - is an entry for this host? Where the host's labels are not known, yes. */
bool allow_applies(const struct policy_allow *allow, const struct policy_host *host);

/** allow_same_hosts() - are two entries for the same hosts? */
bool allow_same_hosts(const struct policy_allow *a, const struct policy_allow *b);

/**
 * agent_config_read() - read an agent document that is YAML already
 * @tree:       taken, also on failure
 * @diags:      borrowed
 * @out_config: owned by the caller; untouched on failure
 *
 * Return: as policy_read().
 */
int agent_config_read(struct yaml_tree *tree, struct diagnostics *diags,
		      struct agent_config **out_config);

#endif
