/* SPDX-License-Identifier: MIT */
/*
 * diff_print.c - the difference of two policies for people. The rules of a product are summed up in one line,
 * because a changed mode changes hundreds of them alike.
 */
#include "diff_output.h"
#include "clean.h"
#include "explain_words.h"
#include "table.h"

#include <string.h>

#define CHANGES_TOLD 3 /* different ones of one product; more are "and others" */

/* "enforce", "audit", "audit (confidence)"; with @listed: "audit, not enforced yet" */
static char *state_text(const struct generation_rule *rule, bool listed)
{
	bool held = rule->target_held_by && rule->target_held_by != HELD_BY_POLICY;
	char *text;

	if (asprintf(&text, "%s%s%s%s%s", mode_word(rule->target), held ? " (" : "",
		     held ? held_by_word(rule->target_held_by) : "", held ? ")" : "",
		     listed ? ", not enforced yet" : "") < 0)
		return NULL;
	return text;
}

/* "before -> after" where they differ, behind what is there already. */
static void put_change(FILE *out, const char *before, const char *after)
{
	if (before && after && strcmp(before, after))
		fprintf(out, "%s%s -> %s", ftell(out) ? ", " : "", before, after);
}

/* What changed of a rule that both sides have: "audit -> enforce, seen -> documented". */
static char *change_text(const struct diff_rule *rule)
{
	bool told = rule->differs & DIFFERS_ENFORCED;
	AUTO_FREE char *before = state_text(rule->before, told && !rule->before_enforced);
	AUTO_FREE char *after = state_text(rule->after, told && !rule->after_enforced);
	char *text = NULL;
	size_t bytes;
	FILE *out = open_memstream(&text, &bytes);

	if (!out)
		return NULL;
	if (rule->after->action != ACTION_ALLOW)
		put_change(out, before, after);
	put_change(out, action_word(rule->before->action), action_word(rule->after->action));
	put_change(out, confidence_word(rule->before->confidence),
		   confidence_word(rule->after->confidence));
	if (rule->differs & DIFFERS_UNTIL) {
		AUTO_FREE char *ended = words_until(rule->before->until_s, 0);
		AUTO_FREE char *ends = words_until(rule->after->until_s, 0);

		put_change(out, ended, ends);
	}
	if (rule->differs & DIFFERS_REASON)
		put_change(out, "its reason", "another one");
	if (rule->differs & DIFFERS_STRICT)
		put_change(out, rule->before->strict ? "scripts strict" : "scripts as ever",
			   rule->after->strict ? "scripts strict" : "scripts as ever");
	if (rule->differs & DIFFERS_SIZE && rule->before_size && rule->after_size) {
		fprintf(out, "%ssize %llu -> %llu", ftell(out) ? ", " : "",
			(unsigned long long)rule->before_size,
			(unsigned long long)rule->after_size);
	}
	return fclose(out) ? NULL : text;
}

/* "+3 -1 ~2"; what is none is left out. */
static void count_text(const struct diff_count *count, char *out, size_t bytes)
{
	const struct {
		char sign;
		size_t count;
	} parts[] = {{'+', count->added}, {'-', count->removed}, {'~', count->changed}};
	size_t used = 0;

	*out = '\0';
	for (size_t i = 0; i < ARRAY_LENGTH(parts); i++)
		if (parts[i].count && used < bytes)
			used += snprintf(out + used, bytes - used, "%s%c%zu", used ? " " : "",
					 parts[i].sign, parts[i].count);
}

/* ---------------------------------------------------------------- products */

static bool same_product(const struct diff_rule *a, const struct diff_rule *b)
{
	const struct generation_rule *x = diff_rule_of(a), *y = diff_rule_of(b);

	return x->action != ACTION_ALLOW && y->action != ACTION_ALLOW &&
	       !strcmp(x->vendor, y->vendor) && !strcmp(x->product, y->product);
}

/* The different changes of some rules, each with how many have it. */
static char *changes_text(const struct diff_rule *rules, size_t count)
{
	char *told[CHANGES_TOLD] = {0}, *text = NULL;
	size_t counts[CHANGES_TOLD] = {0}, kinds = 0, bytes;
	FILE *out = open_memstream(&text, &bytes);
	bool more = false;

	for (size_t i = 0; out && i < count; i++) {
		char *one = rules[i].before && rules[i].after ? change_text(&rules[i]) : NULL;
		size_t at = 0;

		while (one && at < kinds && strcmp(told[at], one))
			at++;
		if (one && at == kinds && kinds < CHANGES_TOLD)
			told[kinds++] = take_ptr(one);
		if (at < kinds)
			counts[at] += rules[i].before && rules[i].after;
		else
			more |= one != NULL;
		free(one);
	}
	for (size_t i = 0; i < kinds; i++) {
		fprintf(out, "%s%s (%zu)", i ? "; " : "", told[i], counts[i]);
		free(told[i]);
	}
	if (more)
		fputs("; and others", out);
	if (out && fclose(out))
		return NULL;
	return text;
}

static void add_product(struct table *table, struct diff_rule *rules, size_t count)
{
	const struct generation_rule *first = diff_rule_of(rules);
	struct policy_diff sums = {0};
	AUTO_FREE char *name = NULL, *changes = changes_text(rules, count);
	char enforced[72], listed[72], finding[72];
	const char *cells[] = {NULL, enforced, listed, finding, changes};

	for (size_t i = 0; i < count; i++) {
		struct diff_count *sum = diff_count_of(&sums, &rules[i]);

		sum->added += !rules[i].before;
		sum->removed += !rules[i].after;
		sum->changed += rules[i].before && rules[i].after;
	}
	count_text(&sums.enforced, enforced, sizeof(enforced));
	count_text(&sums.listed, listed, sizeof(listed));
	count_text(&sums.finding, finding, sizeof(finding));
	if (asprintf(&name, "%s/%s", first->vendor, first->product) < 0)
		name = NULL;
	cells[0] = name;
	(void)table_row(table, cells); /* without memory a row is missing */
}

static void print_products(const struct policy_diff *changes)
{
	static const char *const heads[] = {"product", "rules", "not enforced", "for finding",
					    "what changes"};
	struct table *table = table_new(ARRAY_LENGTH(heads), heads);
	size_t rows = 0, n;

	for (size_t i = 0; i < changes->rule_count; i += n) {
		n = 1;
		if (diff_rule_of(&changes->rules[i])->action == ACTION_ALLOW)
			continue;
		while (i + n < changes->rule_count &&
		       same_product(&changes->rules[i], &changes->rules[i + n]))
			n++;
		add_product(table, &changes->rules[i], n);
		rows++;
	}
	if (rows) {
		putchar('\n');
		table_print(table, stdout);
	}
	table_free(table);
}

/* ---------------------------------------------------------------- exceptions */

/* What an exception is for, as its author wrote it: a product, or one matcher. */
static char *subject_text(const struct generation_rule *rule)
{
	bool product = strcmp(rule->product, "-");
	char *text;

	if (asprintf(&text, "%s%s%s", product ? rule->vendor : matcher_word(rule->matcher),
		     product ? "/" : " ", product ? rule->product : rule->value) < 0)
		return NULL;
	return text;
}

static bool same_text(const struct generation_rule *a, const struct generation_rule *b)
{
	return !strcmp(a->reason, b->reason) && a->until_s == b->until_s &&
	       !strcmp(a->vendor, b->vendor) && !strcmp(a->product, b->product) &&
	       (strcmp(a->product, "-") || !strcmp(a->value, b->value));
}

/* The matchers of one product's exception change together: only the first one is told. */
static bool is_told(const struct policy_diff *changes, size_t at)
{
	const struct diff_rule *one = &changes->rules[at];

	for (size_t i = 0; i < at; i++) {
		const struct diff_rule *other = &changes->rules[i];

		if (diff_rule_of(other)->action != ACTION_ALLOW || !one->before != !other->before ||
		    !one->after != !other->after)
			continue;
		if ((!one->before || same_text(one->before, other->before)) &&
		    (!one->after || same_text(one->after, other->after)))
			return true;
	}
	return false;
}

static void add_exception(struct table *table, const struct diff_rule *rule)
{
	const struct generation_rule *one = diff_rule_of(rule);
	AUTO_FREE char *subject = subject_text(one), *until = words_until(one->until_s, 0);
	AUTO_FREE char *before = rule->before ? words_until(rule->before->until_s, 0) : NULL;
	AUTO_FREE char *ends = NULL;
	const char *cells[] = {!rule->before  ? "added"
			       : !rule->after ? "removed"
					      : "changed",
			       subject, until, one->reason};

	if (rule->differs & DIFFERS_UNTIL && asprintf(&ends, "%s -> %s", before, until) < 0)
		ends = NULL;
	if (rule->differs & DIFFERS_UNTIL)
		cells[2] = ends;
	(void)table_row(table, cells); /* without memory a row is missing */
}

static void print_exceptions(const struct policy_diff *changes)
{
	static const char *const heads[] = {"exception", "for", "holds", "reason"};
	struct table *table = table_new(ARRAY_LENGTH(heads), heads);
	size_t rows = 0;

	for (size_t i = 0; i < changes->rule_count; i++) {
		if (diff_rule_of(&changes->rules[i])->action != ACTION_ALLOW || is_told(changes, i))
			continue;
		add_exception(table, &changes->rules[i]);
		rows++;
	}
	if (rows) {
		putchar('\n');
		table_print(table, stdout);
	}
	table_free(table);
}

/* ---------------------------------------------------------------- everything */

static void print_settings(const struct policy_diff *changes)
{
	static const char *const heads[] = {"setting", "before", "after"};
	struct table *table = table_new(ARRAY_LENGTH(heads), heads);

	for (size_t i = 0; i < changes->setting_count; i++) {
		const struct diff_setting *one = &changes->settings[i];
		const char *cells[] = {setting_word(one->setting),
				       *one->before ? one->before : "(not said)",
				       *one->after ? one->after : "(not said)"};

		(void)table_row(table, cells); /* without memory a row is missing */
	}
	if (changes->setting_count)
		table_print(table, stdout);
	table_free(table);
}

static void print_every_rule(const struct policy_diff *changes)
{
	static const char *const heads[] = {"rule", "matcher", "change"};
	struct table *table = table_new(ARRAY_LENGTH(heads), heads);

	for (size_t i = 0; i < changes->rule_count; i++) {
		const struct diff_rule *rule = &changes->rules[i];
		AUTO_FREE char *change = rule->before && rule->after ? change_text(rule) : NULL;
		const char *cells[] = {diff_rule_of(rule)->id, diff_rule_of(rule)->value,
				       !rule->before  ? "added"
				       : !rule->after ? "removed"
						      : change};

		(void)table_row(table, cells); /* without memory a row is missing */
	}
	if (changes->rule_count) {
		putchar('\n');
		table_print(table, stdout);
	}
	table_free(table);
}

void diff_print(const struct policy_diff *changes, bool all)
{
	if (policy_diff_empty(changes)) {
		printf("Nothing would change: %zu rules, all the same.\n", changes->same);
		return;
	}
	print_settings(changes);
	if (all)
		print_every_rule(changes);
	else
		print_products(changes);
	print_exceptions(changes);
	printf("\nrules: %zu added, %zu removed, %zu changed, %zu the same\n",
	       changes->enforced.added, changes->enforced.removed, changes->enforced.changed,
	       changes->same);
	printf("matchers of exceptions: %zu added, %zu removed, %zu changed\n",
	       changes->exceptions.added, changes->exceptions.removed, changes->exceptions.changed);
}

/* ---------------------------------------------------------------- this host */

void diff_print_host(const struct on_host_changes *changes)
{
	static const char *const heads[] = {"on this host now", "files", "before", "after", "rule"};
	struct table *table = table_new(ARRAY_LENGTH(heads), heads);

	for (size_t i = 0; i < changes->count; i++) {
		const struct on_host_change *one = &changes->list[i];
		AUTO_FREE char *safe = text_safe(one->what, strlen(one->what)), *what = NULL;
		char number[32] = "";
		const char *cells[] = {NULL, number, one->before, one->after, one->rule};

		if (one->count > 1)
			snprintf(number, sizeof(number), "%llu", one->count);
		if (asprintf(&what, "%s%s", safe ? safe : "", one->live ? " (runs)" : "") < 0)
			what = NULL;
		cells[0] = what;
		(void)table_row(table, cells); /* without memory a row is missing */
	}
	if (changes->count) {
		putchar('\n');
		table_print(table, stdout);
	} else {
		printf("\nOn this host nothing would be treated differently now.\n");
	}
	table_free(table);
	if (!changes->complete)
		printf("Not everything could be looked at; embargo scan --policy tells what.\n");
}
