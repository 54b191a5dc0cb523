/* SPDX-License-Identifier: MIT */
/*
 * cmd_policy_test.c - embargo policy test: a policy against a document of cases, without a kernel. Cases that
 * name labels mean another host, for which the policy is compiled once more.
 */
#include "cmd_policy.h"
#include "clean.h"
#include "table.h"

#include "../policy/cases.h"
#include <errno.h>
#include <string.h>

/* The policy as a host with certain labels has it. */
struct variant {
	const struct yaml_node *labels; /* NULL: the host of the command line */
	struct compiled compiled;       /* of another host; the first one's is in the work */
	const struct generation *generation;
	struct match_index *index;
};

struct test {
	const struct policy_arguments *arguments;
	struct policy_work work;
	struct cases *cases;
	struct variant *variants; /* the first is that of the command line */
	size_t variant_count;
	size_t passed, failed;
	struct table *table;
	json_t *list;
};

static void test_done(struct test *test)
{
	for (size_t i = 0; i < test->variant_count; i++) {
		match_index_free(test->variants[i].index);
		compiled_done(&test->variants[i].compiled);
	}
	free(test->variants);
	cases_free(test->cases);
	policy_work_done(&test->work);
	table_free(test->table);
	json_decref(test->list);
}

/* ---------------------------------------------------------------- hosts */

static const char *label_of(const struct yaml_node *labels, const char *name)
{
	for (const struct yaml_node *value = labels->first; value; value = value->next)
		if (!strcmp(value->key->text, name))
			return value->text;
	return NULL;
}

static bool same_labels(const struct yaml_node *a, const struct yaml_node *b)
{
	if (!a || !b)
		return a == b;
	for (const struct yaml_node *value = a->first; value; value = value->next) {
		const char *other = label_of(b, value->key->text);

		if (!other || strcmp(other, value->text))
			return false;
	}
	return a->count == b->count;
}

/* The policy was read without errors before; what differs are the exceptions for certain hosts. */
static int compile_for(const struct test *test, const struct yaml_node *labels,
		       struct compiled *out_compiled)
{
	CLEANUP(diagnostics_done) struct diagnostics diags = {0};
	AUTO_FREE const char **names = calloc(labels->count + 1, sizeof(*names));
	AUTO_FREE const char **values = calloc(labels->count + 1, sizeof(*values));
	struct policy_host host = test->work.host;
	size_t count = 0;

	if (!names || !values)
		return -ENOMEM;
	for (const struct yaml_node *value = labels->first; value; value = value->next) {
		names[count] = value->key->text;
		values[count++] = value->text;
	}
	host.label_names = names;
	host.label_values = values;
	host.label_count = count;
	host.labels_known = true;
	return compiled_read(test->arguments->files[0], test->arguments->catalogs,
			     test->arguments->catalog_count, &host, &diags, out_compiled);
}

static int add_variant(struct test *test, const struct yaml_node *labels,
		       const struct variant **out_variant)
{
	struct variant *variants =
		reallocarray(test->variants, test->variant_count + 1, sizeof(*variants));
	struct variant *one;
	int err = 0;

	if (!variants)
		return -ENOMEM;
	test->variants = variants;
	one = &variants[test->variant_count];
	*one = (struct variant){.labels = labels, .generation = test->work.compiled.generation};
	if (labels) {
		err = compile_for(test, labels, &one->compiled);
		one->generation = one->compiled.generation;
	}
	if (err < 0)
		return err;
	test->variant_count++;
	*out_variant = one;
	return match_index_new(one->generation, &one->index);
}

static int find_variant(struct test *test, const struct yaml_node *labels,
			const struct variant **out_variant)
{
	for (size_t i = 0; i < test->variant_count; i++) {
		if (same_labels(test->variants[i].labels, labels)) {
			*out_variant = &test->variants[i];
			return 0;
		}
	}
	return add_variant(test, labels, out_variant);
}

/* ---------------------------------------------------------------- telling */

static char *thing_text(const struct thing *thing)
{
	char *text = NULL;
	size_t bytes;
	FILE *out = open_memstream(&text, &bytes);

	if (!out)
		return NULL;
	thing_format(thing, out);
	return fclose(out) ? NULL : text;
}

static char *expected_text(const struct policy_case *one)
{
	char *text;

	if (asprintf(&text, "%s%s%s%s%s", outcome_word(one->expect), one->rule ? " by " : "",
		     one->rule ?: "", one->held_by ? ", held by " : "",
		     one->held_by ? held_by_word(one->held_by) : "") < 0)
		return NULL;
	return text;
}

/* What there is to say besides the outcome; NULL: nothing. */
static int why_text(const struct policy_case *one, const struct case_result *result, char **out_why)
{
	int bytes = 0;

	if (!result->contained_good)
		bytes = asprintf(out_why, "no rule of the policy contains as %s",
				 one->as.contained);
	else if (result->answer.why)
		bytes = asprintf(out_why, "%s", result->answer.why);
	return bytes < 0 ? -ENOMEM : 0;
}

static char *got_text(const struct policy_case *one, const struct case_result *result)
{
	const struct answer *answer = &result->answer;
	bool held = answer->outcome == OUTCOME_AUDIT;
	AUTO_FREE char *why = NULL;
	char *text = NULL;
	size_t bytes;
	FILE *out;

	if (why_text(one, result, &why) < 0)
		return NULL;
	out = open_memstream(&text, &bytes);
	if (!out)
		return NULL;
	fputs(outcome_word(answer->outcome), out);
	if (result->rule && !answer->decision.in_scope)
		fprintf(out, ": out of scope, else by %s", result->rule);
	else if (result->rule)
		fprintf(out, " by %s", result->rule);
	if (held)
		fprintf(out, ", held by %s", held_by_word(answer->decision.held_by));
	if (why)
		fprintf(out, ": %s", why);
	return fclose(out) ? NULL : text;
}

static int add_row(struct test *test, const struct policy_case *one,
		   const struct case_result *result)
{
	AUTO_FREE char *tried = thing_text(&one->thing), *expected = expected_text(one);
	AUTO_FREE char *got = got_text(one, result), *label = NULL;
	char line[16];
	const char *cells[] = {line, NULL, expected, got};

	snprintf(line, sizeof(line), "%u", one->place.line);
	if (!tried || !expected || !got ||
	    asprintf(&label, "%s%s%s", one->name ?: "", one->name ? ": " : "", tried) < 0)
		return -ENOMEM;
	cells[1] = label;
	return table_row(test->table, cells);
}

static int add_json(struct test *test, const struct policy_case *one,
		    const struct case_result *result)
{
	const struct match_decision *decision = &result->answer.decision;
	AUTO_FREE char *tried = thing_text(&one->thing), *why = NULL;
	json_t *item;

	if (!tried || why_text(one, result, &why) < 0)
		return -ENOMEM;
	item = json_pack("{s:b, s:o, s:i, s:i, s:o, s:s, s:s, s:o, s:o, s:o, s:b}", "passed",
			 result->passed, "name", policy_text_json(one->name), "line",
			 (int)one->place.line, "column", (int)one->place.column, "tried",
			 policy_text_json(tried), "expected", outcome_word(one->expect), "got",
			 outcome_word(result->answer.outcome), "rule",
			 policy_text_json(result->rule), "held_by",
			 result->answer.outcome == OUTCOME_AUDIT
				 ? json_string(held_by_word(decision->held_by))
				 : json_null(),
			 "why", policy_text_json(why), "in_scope", decision->in_scope);
	return json_array_append_new(test->list, item) ? -ENOMEM : 0;
}

/* ---------------------------------------------------------------- running */

static int run_case(struct test *test, const struct policy_case *one)
{
	const struct variant *variant;
	struct case_result result;
	int err = find_variant(test, one->as.labels, &variant);

	if (err < 0)
		return err;
	result = case_judge(one, variant->generation, variant->index, test->work.host.now_s);
	test->passed += result.passed;
	test->failed += !result.passed;
	if (test->arguments->json)
		return add_json(test, one, &result);
	return result.passed && !test->arguments->all ? 0 : add_row(test, one, &result);
}

/* What is wrong with the cases is told like what is wrong with a policy. */
static int read_cases(struct test *test, const char *file)
{
	CLEANUP(diagnostics_done) struct diagnostics diags = {0};
	int err = cases_load(file, &test->work.host, &diags, &test->cases);

	if (err == 0)
		return COMMAND_GOOD;
	if (err == -EINVAL && test->arguments->json) {
		AUTO_JSON json_t *refused = json_pack("{s:b, s:o}", "ok", false, "diagnostics",
						      policy_diagnostics_json(&diags));

		return command_json(refused) == COMMAND_GOOD ? COMMAND_FINDINGS : COMMAND_FAILED;
	}
	policy_print_diagnostics(&diags, stderr);
	if (err == -EINVAL)
		return COMMAND_FINDINGS;
	command_say("\"%s\" cannot be read: %s", file, strerror(-err));
	return COMMAND_FAILED;
}

static int tell(struct test *test)
{
	if (test->arguments->json) {
		AUTO_JSON json_t *all = json_pack("{s:b, s:i, s:i, s:O}", "ok", !test->failed,
						  "passed", (int)test->passed, "failed",
						  (int)test->failed, "cases", test->list);

		if (command_json(all) != COMMAND_GOOD)
			return COMMAND_FAILED;
	} else {
		if (test->failed || test->arguments->all) {
			table_print(test->table, stdout);
			putchar('\n');
		}
		printf("%zu passed, %s%zu failed%s\n", test->passed,
		       test->failed ? colour(stdout, COLOUR_BAD) : "", test->failed,
		       test->failed ? colour(stdout, COLOUR_PLAIN) : "");
	}
	return test->failed ? COMMAND_FINDINGS : COMMAND_GOOD;
}

static int run(const struct command_context *context, const struct policy_arguments *arguments)
{
	static const char *const heads[] = {"line", "tried", "expected", "got"};
	CLEANUP(test_done) struct test test = {.arguments = arguments};
	int err = 0, result;

	result = policy_work_begin(arguments, arguments->files[0], &test.work);
	if (result == COMMAND_GOOD)
		result = read_cases(&test, arguments->files[1]);
	if (result != COMMAND_GOOD)
		return result;
	test.table = table_new(ARRAY_LENGTH(heads), heads);
	test.list = json_array();
	for (const struct policy_case *one = test.cases->first; one && err == 0; one = one->next)
		err = run_case(&test, one);
	if (err < 0) {
		command_say("the cases could not be tried: %s", strerror(-err));
		return COMMAND_FAILED;
	}
	return tell(&test);
}

const struct policy_command policy_test = {
	.name = "test",
	.what = "does a policy do what its cases expect?",
	.options = POLICY_COMPILES "a",
	.files_min = 2,
	.files_max = 2,
	.files = "a FILE and a file of CASES",
	.help = "usage: embargo policy test FILE CASES [options]\n"
		"\n"
		"Tries what a document of cases lists, with the decision code of the kernel, and prints\n"
		"what came out otherwise than expected. It needs neither root nor an agent.\n"
		"\n"
		"  kind: Cases\n"
		"  cases:\n"
		"    - exec: /opt/CrowdStrike/falcond          # or load, connect, package, domain, ...\n"
		"      expect: deny                            # audit, allow, none, not-enforced\n"
		"      rule: crowdstrike/falcon-sensor         # which rule; may be left out\n"
		"    - name: the hypervisor keeps its tools\n"
		"      exec: /usr/bin/vmtoolsd\n"
		"      as: {labels: {role: hypervisor}, date: 2027-03-31}\n"
		"      expect: allow\n"
		"    - connect: [203.0.113.7:443, \"[2001:db8::1]:443\"]\n"
		"      expect: none\n"
		"\n"
		"\"as\" may say: cgroup, user, date, labels, paused, audit-only, requires-met.\n"
		"\n" POLICY_COMPILES_HELP "  --all                list the cases that passed, too\n"
		"  --json               every case, for programs\n"
		"\n"
		"Examples:\n"
		"  embargo policy test policy.yaml policy.cases.yaml\n"
		"  embargo policy test policy.yaml policy.cases.yaml --date 2027-04-01\n"
		"\n"
		"Exit status: 0 all passed; 1 a case failed, or a document has errors; 3 could not do it.\n",
	.run = run,
};
