/* SPDX-License-Identifier: MIT */
/*
 * on_host_diff.c - both policies look at the host, and both are asked about everything that one of them
 * recognises there.
 */
#include "on_host.h"
#include "clean.h"
#include "compiled.h"

#include "../policy/diff.h"
#include <errno.h>
#include <string.h>

/* What both are asked with. */
struct asking {
	struct diff_asker before, after;
	struct arena arena;		/* of the things */
	struct on_host_changes changes;
};

static void clean_scan(struct scan **at)
{
	scan_free(*at);
}

static void clean_index(struct match_index **at)
{
	match_index_free(*at);
}

/* How the finding is named as a thing; NULL: nothing is ever decided about it. */
static const char *word_of(const struct scan_finding *finding)
{
	if (matcher_is_finding(finding->rule->matcher))
		return NULL;
	switch (finding->source) {
	case INVENTORY_PACKAGES:
		return finding->rule->matcher == MATCHER_PACKAGE ? "package" : NULL;
	case INVENTORY_MODULES:
		return finding->rule->matcher == MATCHER_MODULE ? "module" : "exec";
	case INVENTORY_CONNECTIONS:
		return "connect";
	case INVENTORY_FILES:
	case INVENTORY_PROCESSES:
		return "exec";
	default:
		return NULL;
	}
}

/* Return: as thing_read(); -ENOENT: it is nothing that is decided about. */
static int read_thing(struct asking *asking, const struct scan_finding *finding, struct thing *out_thing)
{
	const struct scan_example *example = &finding->examples[0];
	const char *word = word_of(finding);
	AUTO_FREE char *text = NULL;
	struct problem problem;

	/* rules never see a link, only what it points to */
	if (!word || !finding->example_count || example->link)
		return -ENOENT;
	if (finding->source == INVENTORY_CONNECTIONS) {
		if (asprintf(&text, "%s/%.3s", example->what, example->detail) < 0)
			return -ENOMEM;
	} else {
		text = strdup(example->what);
		if (!text)
			return -ENOMEM;
	}
	return thing_read(thing_kind(word, strlen(word)), text, &asking->arena, out_thing, &problem);
}

static const char *rule_of(const struct diff_answer *answer)
{
	const struct generation_rule *rule = answer->after.decision.match.rule;

	if (!rule)
		rule = answer->before.decision.match.rule;
	return rule ? rule->id : "";
}

static int add_change(struct on_host_changes *changes, const struct thing *thing,
		      const struct scan_finding *finding, const struct diff_answer *answer)
{
	struct on_host_change *list;
	char *what = NULL;
	size_t bytes;
	FILE *out = open_memstream(&what, &bytes);

	if (!out)
		return -ENOMEM;
	thing_format(thing, out);
	if (fclose(out))
		return -ENOMEM;
	list = reallocarray(changes->list, changes->count + 1, sizeof(*list));
	if (!list) {
		free(what);
		return -ENOMEM;
	}
	changes->list = list;
	list[changes->count++] = (struct on_host_change){
		.what = what,
		.count = finding->count,
		.live = finding->live,
		.before = outcome_word(answer->before.outcome),
		.after = outcome_word(answer->after.outcome),
		.rule = rule_of(answer),
	};
	return 0;
}

static int ask_about(struct asking *asking, const struct scan *scan)
{
	const struct match_subject anyone = {.anyone = true};
	int err = 0;

	for (size_t i = 0; i < scan->count && err == 0; i++) {
		struct diff_answer answer;
		struct thing thing;

		err = read_thing(asking, &scan->findings[i], &thing);
		if (err == -ENOENT || err == -EINVAL) { /* nothing that a policy can be asked about */
			err = 0;
			continue;
		}
		if (err < 0)
			break;
		answer = diff_ask(&asking->before, &asking->after, &thing, &anyone);
		if (answer.before.outcome != answer.after.outcome)
			err = add_change(&asking->changes, &thing, &scan->findings[i], &answer);
	}
	asking->changes.complete &= scan_is_complete(scan);
	return err;
}

static int compare_changes(const void *left, const void *right)
{
	const struct on_host_change *a = left, *b = right;

	return strcmp(a->what, b->what);
}

/* Both sides found most of it. */
static void sort_and_unite(struct on_host_changes *changes)
{
	size_t kept = 0;

	if (changes->count)
		qsort(changes->list, changes->count, sizeof(*changes->list), compare_changes);
	for (size_t i = 0; i < changes->count; i++) {
		struct on_host_change *last = kept ? &changes->list[kept - 1] : NULL;

		if (last && !strcmp(last->what, changes->list[i].what)) {
			last->live |= changes->list[i].live;
			free(changes->list[i].what);
		} else {
			changes->list[kept++] = changes->list[i];
		}
	}
	changes->count = kept;
}

void on_host_changes_done(struct on_host_changes *changes)
{
	for (size_t i = 0; i < changes->count; i++)
		free(changes->list[i].what);
	free(changes->list);
	memset(changes, 0, sizeof(*changes));
}

int on_host_diff(const struct compiled *before, const struct compiled *after, const char *root,
		 struct on_host_changes *out_changes)
{
	const struct scan_options look = {.root = root, .quick = true, .examples = 1};
	CLEANUP(clean_scan) struct scan *first = NULL;
	CLEANUP(clean_scan) struct scan *second = NULL;
	CLEANUP(clean_index) struct match_index *index_before = NULL;
	CLEANUP(clean_index) struct match_index *index_after = NULL;
	struct asking asking = {.changes.complete = true};
	int err;

	err = match_index_new(before->generation, &index_before);
	if (err == 0)
		err = match_index_new(after->generation, &index_after);
	if (err == 0)
		err = scan_run(&look, before->generation, before->catalog, &first);
	if (err == 0)
		err = scan_run(&look, after->generation, after->catalog, &second);
	if (err < 0)
		return err;
	asking.before = (struct diff_asker){before->generation, index_before};
	asking.after = (struct diff_asker){after->generation, index_after};
	err = ask_about(&asking, first);
	if (err == 0)
		err = ask_about(&asking, second);
	arena_done(&asking.arena);
	if (err < 0) {
		on_host_changes_done(&asking.changes);
		return err;
	}
	sort_and_unite(&asking.changes);
	*out_changes = asking.changes;
	return 0;
}
