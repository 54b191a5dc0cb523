/* SPDX-License-Identifier: MIT */
/*
 * cmd_policy_check.c - embargo policy check: what the agent does with a policy, without the kernel.
 */
#include "cmd_policy.h"
#include "clean.h"
#include "exceptions.h"
#include "on_host.h"
#include "summary.h"
#include "table.h"

#include "../policy/settings.h"
#include <errno.h>
#include <string.h>
#include <time.h>

#define SETTING_COLUMNS 16

/* Whom the policy is about, what it requires, which risks it takes: what is not said is left out. */
static void print_settings(const struct policy *policy)
{
	bool some = false;

	for (unsigned i = SETTING_MODE + 1; i < SETTING_MAX; i++) {
		AUTO_FREE char *text = setting_text(policy, i);

		if (!text || !*text)
			continue;
		if (!some)
			putchar('\n');
		some = true;
		(void)text_paragraph(stdout, setting_word(i), SETTING_COLUMNS, text);
	}
}

/* An exception ends when a day is over; people name the day. */
static void last_day(const char *end, char *out, size_t bytes)
{
	struct tm day = {0};
	time_t last;

	*out = '\0';
	if (!strptime(end, "%Y-%m-%dT%H:%M:%S", &day))
		return;
	last = timegm(&day) - 1;
	if (gmtime_r(&last, &day))
		(void)strftime(out, bytes, "%Y-%m-%d", &day); /* long enough */
}

static void print_exceptions(const json_t *exceptions)
{
	static const char *const heads[] = {"exception for", "last day", "days left", "reason"};
	struct table *table = table_new(ARRAY_LENGTH(heads), heads);
	const json_t *one;
	size_t i;

	json_array_foreach (exceptions, i, one) {
		bool over = json_is_true(json_object_get(one, "over"));
		char left[24], day[24];
		const char *cells[] = {text_of(one, "allows"), day, left, text_of(one, "reason")};

		last_day(text_of(one, "until"), day, sizeof(day));
		snprintf(left, sizeof(left), "%lld", number_of(one, "days_left"));
		if (over)
			cells[2] = "over";
		(void)table_row(table, cells); /* without memory a row is missing */
	}
	if (json_array_size(exceptions)) {
		putchar('\n');
		table_print(table, stdout);
	}
	table_free(table);
}

static void print_plan(const struct policy_work *work)
{
	const struct generation *generation = work->compiled.generation;
	AUTO_JSON json_t *exceptions = exceptions_list(generation, work->host.now_s);
	static const char *const heads[] = {"vendor", "name", "rules", "not enforced yet"};
	size_t counts[MATCHER_MAX][MODE_MAX] = {0}, allows = 0, contain = 0, i;
	struct table *table = table_new(ARRAY_LENGTH(heads), heads);
	AUTO_JSON json_t *vendors = summary_vendors(generation);
	AUTO_JSON json_t *missing = summary_unenforced(generation);
	const json_t *one;

	for (i = 0; i < generation->rule_count; i++) {
		const struct generation_rule *rule = &generation->rules[i];

		if (rule->action == ACTION_ALLOW)
			allows++;
		else if (rule->matcher < MATCHER_MAX && rule->target < MODE_MAX)
			counts[rule->matcher][rule->target]++;
		contain += rule->action == ACTION_CONTAIN;
	}
	printf("policy %s revision %u (%s), generation %016llx\n\n", generation->policy,
	       generation->revision, mode_word(generation->mode),
	       (unsigned long long)generation->number);
	json_array_foreach (vendors, i, one) {
		char rules[24], rest[24];
		const char *cells[] = {text_of(one, "id"), text_of(one, "name"), rules, rest};

		snprintf(rules, sizeof(rules), "%lld", number_of(one, "rules"));
		snprintf(rest, sizeof(rest), "%lld", number_of(one, "unenforced"));
		(void)table_row(table, cells);
	}
	table_print(table, stdout);
	table_free(table);
	putchar('\n');
	for (unsigned matcher = 1; matcher < MATCHER_MAX; matcher++)
		if (counts[matcher][MODE_AUDIT] || counts[matcher][MODE_ENFORCE])
			printf("%s rules: %zu to enforce, %zu to audit\n", matcher_word(matcher),
			       counts[matcher][MODE_ENFORCE], counts[matcher][MODE_AUDIT]);
	if (contain)
		printf("of these %zu contain: what they mean runs, and reaches what is internal\n",
		       contain);
	printf("allow entries: %zu\n", allows);
	json_array_foreach (missing, i, one)
		printf("not enforced yet: %lld %s: %s\n", number_of(one, "count"),
		       text_of(one, "matcher"), text_of(one, "why"));
	print_settings(work->compiled.policy);
	print_exceptions(exceptions);
}

static json_t *settings_json(const struct policy *policy)
{
	AUTO_JSON json_t *object = json_object();

	for (unsigned i = SETTING_MODE + 1; i < SETTING_MAX; i++) {
		AUTO_FREE char *text = setting_text(policy, i);

		if (!text ||
		    (*text && json_object_set_new(object, setting_word(i), policy_text_json(text))))
			return NULL;
	}
	return take_ptr(object);
}

static int print_check_json(const struct policy_work *work, bool good, const struct scan *scan)
{
	const struct generation *generation = work->compiled.generation;
	struct summary in = {.generation = generation};
	AUTO_JSON json_t *object = json_pack("{s:b, s:o}", "ok", good, "diagnostics",
					     policy_diagnostics_json(&work->diags));

	if (object && good) {
		AUTO_JSON json_t *more = json_pack(
			"{s:s, s:I, s:s, s:o, s:o, s:o, s:o, s:o, s:o}", "policy",
			generation->policy, "revision", (json_int_t)generation->revision, "mode",
			mode_word(generation->mode), "generation",
			json_sprintf("%016llx", (unsigned long long)generation->number), "rules",
			summary_rules(&in), "vendors", summary_vendors(generation), "unenforced",
			summary_unenforced(generation), "settings",
			settings_json(work->compiled.policy), "exceptions",
			exceptions_list(generation, work->host.now_s));

		if (!more || json_object_update(object, more))
			return COMMAND_FAILED;
	}
	if (object && scan && json_object_set_new(object, "host", on_host_json(scan)))
		return COMMAND_FAILED;
	return command_json(object);
}

static void clean_scan(struct scan **at)
{
	scan_free(*at);
}

/* Return: as policy_work_read(). */
static int look_at_host(const struct policy_arguments *arguments, struct policy_work *work,
			struct scan **out_scan)
{
	int err = on_host_look(&work->compiled, arguments->root, &work->diags, out_scan);

	if (err == 0)
		return COMMAND_GOOD;
	if (err == -EINVAL)
		return COMMAND_FINDINGS;
	command_say("\"%s\" cannot be looked at: %s", arguments->root ? arguments->root : "/",
		    strerror(-err));
	return COMMAND_FAILED;
}

static int run(const struct command_context *context, const struct policy_arguments *arguments)
{
	CLEANUP(policy_work_done) struct policy_work work = {0};
	CLEANUP(clean_scan) struct scan *scan = NULL;
	const char *file = arguments->files[0];
	int result = policy_work_open(arguments, &work);

	if (result == COMMAND_GOOD)
		result = policy_work_read(arguments, file, &work);
	if (result == COMMAND_GOOD && arguments->host)
		result = look_at_host(arguments, &work, &scan);
	if (result == COMMAND_FAILED)
		return result;
	if (arguments->json)
		return print_check_json(&work, result == COMMAND_GOOD, scan) == COMMAND_GOOD
			       ? result
			       : COMMAND_FAILED;
	policy_print_diagnostics(&work.diags, stderr);
	if (result == COMMAND_FINDINGS)
		command_say(
			"\"%s\" has %zu error%s and would be refused; the policy before would stay "
			"active",
			file, work.diags.errors, work.diags.errors == 1 ? "" : "s");
	else
		print_plan(&work);
	if (scan)
		on_host_print(scan, stdout);
	return result;
}

const struct policy_command policy_check = {
	.name = "check",
	.what = "everything that is wrong with a policy, and what it would do",
	.options = POLICY_COMPILES "HR",
	.files_min = 1,
	.files_max = 1,
	.files = "a FILE",
	.help = "usage: embargo policy check FILE [options]\n"
		"\n"
		"Prints everything that is wrong with a policy, with line and column, and what it would\n"
		"do. It changes nothing and needs neither root nor an agent.\n"
		"\n"
		"  --host               hold it against this host, too: refuse what would hit what the\n"
		"                       host needs (init, shells, libraries, sshd, ..., its addresses), and\n"
		"                       list what each rule hits now. The agent refuses the same.\n"
		"  --root DIR           the same for an image or a mounted disk\n" POLICY_COMPILES_HELP
		"  --json               the same for programs\n"
		"\n"
		"Examples:\n"
		"  embargo policy check policy.yaml\n"
		"  embargo policy check --host policy.yaml                     # before it is applied\n"
		"  embargo policy check policy.yaml --label role=hypervisor    # as on another host\n"
		"\n"
		"Exit status: 0 good; 1 the policy has errors and would be refused; 3 could not do it.\n",
	.run = run,
};
