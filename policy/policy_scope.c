/* SPDX-License-Identifier: MIT */
/*
 * policy_scope.c - the key "scope" of a policy: whose attempts are decided.
 */
#include "containers.h"
#include "model.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

enum containers_rule {
	CONTAINERS_NOT_SAID = 0,
	CONTAINERS_ALL = 1,
	CONTAINERS_NONE = 2,
	CONTAINERS_ONLY = 3,
	CONTAINERS_MAX,
};

/* As it is written. */
struct scope_text {
	const struct yaml_node *only, *exclude, *users; /* lists */
	unsigned containers;                            /* enum containers_rule */
};

static const char *containers_word(unsigned value)
{
	static const char *const words[] = {
		[CONTAINERS_NOT_SAID] = "not said",
		[CONTAINERS_ALL] = "all",
		[CONTAINERS_NONE] = "none",
		[CONTAINERS_ONLY] = "only",
	};
	_Static_assert(sizeof(words) / sizeof(*words) == CONTAINERS_MAX, "a word for each value");

	return value < CONTAINERS_MAX ? words[value] : NULL;
}

static void scope_node(struct reader *reader, const struct field *field,
		       const struct yaml_node *node, void *member)
{
	if (reader_expect(reader, node, YAML_TYPE_SEQUENCE, NULL))
		*(const struct yaml_node **)member = node;
}

#define SCOPE(key, read, member)                                                                   \
	{                                                                                          \
		key, 0, read, offsetof(struct scope_text, member)                                  \
	}

static const struct field scope_fields[] = {
	SCOPE("only-cgroups", scope_node, only),
	SCOPE("exclude-cgroups", scope_node, exclude),
	SCOPE("users", scope_node, users),
	{"containers", 0, field_word, offsetof(struct scope_text, containers), 0, containers_word},
	{0},
};

/* ---------------------------------------------------------------- cgroups */

static void refuse_mount(struct reader *reader, const struct yaml_node *node)
{
	static const char mount[] = "/sys/fs/cgroup";
	const char *rest = node->text + sizeof(mount) - 1;

	/* the v2 tree of a hybrid host */
	if (!strncmp(rest, "/unified/", 9))
		rest += 8;
	if (*rest && rest[1])
		reader_error(
			reader, node,
			"'%s' is a path of the file system; cgroups are named from the cgroup root, write '%s'",
			quoted(node->text).text, quoted(rest).text);
	else
		reader_error(reader, node,
			     "'%s' is the root of all cgroups; name those that are meant",
			     quoted(node->text).text);
}

/*
 * A subtree would say less than its root alone, which covers what is below it. And a name that counts at any
 * depth is one that everybody can use who has a cgroup of his own: a way out of the scope.
 */
static void refuse_stars(struct reader *reader, const struct yaml_node *node)
{
	const char *first = strstr(node->text, "**"), *end = node->text + strlen(node->text);
	char shorter[sizeof(struct quoted)];

	if (first < node->text + 2 || first[-1] != '/' || first + 2 != end) {
		reader_error(
			reader, node,
			"'%s': '**' is not for cgroups; write '*' for each level, as '/user.slice/user-*.slice'",
			quoted(node->text).text);
		return;
	}
	(void)snprintf(shorter, sizeof(shorter), "%.*s", (int)strlen(node->text) - 3,
		       node->text); /* may be cut */
	reader_error(reader, node, "'%s': a cgroup covers what is below it; write '%s'",
		     quoted(node->text).text, quoted(shorter).text);
}

/* Return: the canonical pattern, or NULL after an error. */
static const char *read_cgroup(struct reader *reader, const struct yaml_node *node)
{
	const char *text = reader_text_up_to(reader, node, CANONICAL_INPUT_MAX);
	char trimmed[CANONICAL_INPUT_MAX + 1], out[CANONICAL_BYTES];
	struct problem problem;

	if (!text)
		return NULL;
	if (!strncmp(text, "/sys/fs/cgroup", 14) && (text[14] == '/' || !text[14])) {
		refuse_mount(reader, node);
		return NULL;
	}
	if (text[strspn(text, "/*")] == '\0') {
		reader_error(reader, node, "'%s' is every cgroup; name those that are meant",
			     quoted(text).text);
		return NULL;
	}
	if (strstr(text, "**")) {
		refuse_stars(reader, node);
		return NULL;
	}
	if (*text != '/') {
		bool whole = strchr(text, '/') || strstr(text, ".slice");

		reader_error(
			reader, node,
			"'%s' does not begin with '/'; write the path from the cgroup root, as '%s%s'",
			quoted(text).text, whole ? "/" : "/system.slice/", quoted(text).text);
		return NULL;
	}
	/* of a file it would be a slip, "/system.slice/" is one cgroup */
	strcpy(trimmed, text);
	for (size_t bytes = strlen(text); bytes && trimmed[bytes - 1] == '/';)
		trimmed[--bytes] = '\0';
	if (fact_canonical(MATCHER_PATH, trimmed, out, &problem) < 0) {
		reader_error(reader, node, "%s", problem.text);
		return NULL;
	}
	return strcmp(out, text) ? reader_copy(reader, out) : text;
}

static bool in_list(const char *const *list, size_t count, const char *text)
{
	for (size_t i = 0; i < count; i++) {
		if (!strcmp(list[i], text))
			return true;
	}
	return false;
}

/* More would make the search for doubles slow, and nobody could read them. */
#define SCOPE_VALUES_MAX 1024

static bool check_count(struct reader *reader, const struct yaml_node *node, bool only)
{
	const char *key = node->key->text;

	if (only && !node->count) {
		reader_error(
			reader, node,
			"'%s' is empty: nothing would be decided; remove the key if everything is meant",
			key);
		return false;
	}
	if (node->count > SCOPE_VALUES_MAX) {
		reader_error(reader, node,
			     "'%s' has more than %d values; name cgroups above them, or '*'", key,
			     SCOPE_VALUES_MAX);
		return false;
	}
	return true;
}

static const char *const *read_cgroups(struct reader *reader, const struct yaml_node *node,
				       bool only, size_t *out_count)
{
	const char **list;
	size_t count = 0;

	if (!node || !check_count(reader, node, only))
		return NULL;
	list = reader_alloc(reader, node->count * sizeof(*list));
	if (!list)
		return NULL;
	for (const struct yaml_node *one = node->first; one; one = one->next) {
		const char *pattern = read_cgroup(reader, one);

		if (!pattern)
			continue;
		if (in_list(list, count, pattern))
			diagnostics_add(reader->diags, SEVERITY_WARNING,
					yaml_place(reader->tree, one),
					"'%s' is there twice; remove one", quoted(pattern).text);
		else
			list[count++] = pattern;
	}
	*out_count = count;
	return list;
}

static void refuse_both(struct reader *reader, const struct yaml_node *node,
			const struct rule_scope *scope)
{
	for (size_t i = 0; i < scope->exclude_cgroup_count; i++) {
		if (in_list(scope->only_cgroups, scope->only_cgroup_count,
			    scope->exclude_cgroups[i]))
			reader_error(
				reader, node,
				"'%s' is in 'only-cgroups' and in 'exclude-cgroups'; remove one",
				quoted(scope->exclude_cgroups[i]).text);
	}
}

/* ---------------------------------------------------------------- users */

/* 4294967295 is "no user" to the kernel: (uid_t)-1, setreuid(2). */
static bool read_number(struct reader *reader, const struct yaml_node *node, __u32 *out)
{
	unsigned long long value = 0;
	const char *at = node->text;

	while (*at >= '0' && *at <= '9' && value < UINT32_MAX)
		value = value * 10 + (unsigned)(*at++ - '0');
	if (*at || value >= UINT32_MAX) {
		reader_error(reader, node,
			     "'%s' is no user id; expected a number from 0 to %u, or a name",
			     quoted(node->text).text, UINT32_MAX - 1);
		return false;
	}
	*out = (__u32)value;
	return true;
}

static bool find_user(struct reader *reader, const struct policy_host *host,
		      const struct yaml_node *node, __u32 *out)
{
	struct place place = yaml_place(reader->tree, node);
	int err;

	if (!host || !host->user_id) {
		diagnostics_remark(
			reader->diags, place,
			"the id of the user '%s' is looked up on each host; here it is not known",
			quoted(node->text).text);
		return false;
	}
	err = host->user_id(host->context, node->text, out);
	if (err == -ENOENT)
		diagnostics_add(reader->diags, SEVERITY_WARNING, place,
				"this host has no user '%s'; nobody is meant by it",
				quoted(node->text).text);
	else if (err < 0)
		reader_error(reader, node,
			     "the user '%s' cannot be looked up: %s; write the number",
			     quoted(node->text).text, strerror(-err));
	return err == 0;
}

static bool read_user(struct reader *reader, const struct policy_host *host,
		      const struct yaml_node *node, __u32 *out)
{
	const char *text;

	if (node->type == YAML_TYPE_INTEGER)
		return read_number(reader, node, out);
	text = reader_text(reader, node);
	if (!text)
		return false;
	if (!text[strspn(text, "0123456789")])
		return read_number(reader, node, out);
	if (strlen(text) > 256 || strpbrk(text, ":/ *")) {
		reader_error(reader, node, "'%s' is no user; expected a name or a number",
			     quoted(text).text);
		return false;
	}
	return find_user(reader, host, node, out);
}

static void read_users(struct reader *reader, const struct yaml_node *node,
		       const struct policy_host *host, struct rule_scope *scope)
{
	__u32 *list;

	if (!node || !check_count(reader, node, true))
		return;
	list = reader_alloc(reader, node->count * sizeof(*list));
	if (!list)
		return;
	for (const struct yaml_node *one = node->first; one; one = one->next) {
		size_t at = 0;
		__u32 uid;

		if (!read_user(reader, host, one, &uid))
			continue;
		while (at < scope->user_count && list[at] != uid)
			at++;
		list[at] = uid; /* a name and its number are one user */
		scope->user_count += at == scope->user_count;
	}
	scope->users = list;
	scope->flags |= SCOPE_ONLY_USERS;
}

/* ---------------------------------------------------------------- all of it */

void policy_scope_read(struct reader *reader, const struct field *field,
		       const struct yaml_node *node, void *member)
{
	struct policy *policy = member;
	struct rule_scope *scope = &policy->rules.scope;
	struct scope_text text = {0};

	fields_read(reader, node, scope_fields, "'scope'", &text);
	scope->only_cgroups = read_cgroups(reader, text.only, true, &scope->only_cgroup_count);
	scope->exclude_cgroups =
		read_cgroups(reader, text.exclude, false, &scope->exclude_cgroup_count);
	if (scope->only_cgroup_count)
		scope->flags |= SCOPE_ONLY_CGROUPS;
	if (text.exclude)
		refuse_both(reader, text.exclude, scope);
	read_users(reader, text.users, policy->host, scope);
	if (text.containers > CONTAINERS_ALL) {
		scope->flags |= text.containers == CONTAINERS_NONE ? SCOPE_NO_CONTAINERS
								   : SCOPE_ONLY_CONTAINERS;
		scope->container_cgroups = container_cgroups(&scope->container_cgroup_count);
	}
}
