/* SPDX-License-Identifier: MIT */
/*
 * cmd_policy.c - embargo policy check and apply. Check is what the agent does with a policy, without
 * the kernel; apply asks the agent and then puts the file where the agent looks at its next start.
 */
#include "activate.h"
#include "clean.h"
#include "client.h"
#include "command.h"
#include "options.h"
#include "record.h"
#include "summary.h"
#include "table.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <string.h>
#include <sys/stat.h>

static void help(void)
{
	fputs("usage: embargo policy check FILE [--catalog DIR]... [--json]\n"
	      "       embargo policy apply [FILE] [--catalog DIR]... [--json]\n"
	      "       embargo policy apply [FILE] --rollback --reason TEXT\n"
	      "\n"
	      "check prints everything that is wrong with a policy, with line and column, and what\n"
	      "it would do. It changes nothing and needs neither root nor an agent.\n"
	      "\n"
	      "apply checks first, then the agent compiles the file and switches to it in one step;\n"
	      "then the file becomes the configured policy. Without FILE the configured policy is\n"
	      "read again. A lower revision is refused, unless --rollback says that going back is\n"
	      "meant; --rollback without FILE goes back to the policy before the active one.\n"
	      "Whatever fails, the policy before stays active.\n"
	      "\n"
	      "Examples:\n"
	      "  embargo policy check policy.yaml\n"
	      "  embargo policy apply policy.yaml\n"
	      "  embargo policy apply --rollback --reason \"backup server could not start\"\n"
	      "\n"
	      "Exit status: 0 good; 1 the policy has errors or is older; 3 could not do it.\n",
	      stdout);
}

struct arguments {
	const char *file;
	const char *catalogs[CATALOGS_MAX];
	size_t catalog_count;
	const char *reason;
	bool json, rollback;
};

static void clean_generation(struct generation **at)
{
	generation_free(*at);
}

/* ---------------------------------------------------------------- check */

static const char *severity_word(long long severity)
{
	return severity == SEVERITY_ERROR     ? "error"
	       : severity == SEVERITY_WARNING ? "warning"
					      : "note";
}

static void print_diagnostics(const struct diagnostics *diags, FILE *out)
{
	for (size_t i = 0; i < diags->count; i++) {
		const struct diagnostic *one = &diags->list[i];
		const char *file = one->file ? one->file : "";
		const char *message = one->message ? one->message : "out of memory";
		AUTO_FREE char *safe_file = text_safe(file, strlen(file));
		AUTO_FREE char *safe = text_safe(message, strlen(message));
		enum colour shade = one->severity == SEVERITY_ERROR     ? COLOUR_BAD
				    : one->severity == SEVERITY_WARNING ? COLOUR_WARN
									: COLOUR_STRONG;

		fprintf(out, "%s:%u:%u: %s%s%s: %s\n", safe_file ? safe_file : "", one->line,
			one->column, colour(out, shade), severity_word(one->severity),
			colour(out, COLOUR_PLAIN), safe ? safe : "");
	}
}

static json_t *diagnostics_json(const struct diagnostics *diags)
{
	AUTO_JSON json_t *list = json_array();

	for (size_t i = 0; i < diags->count; i++) {
		const struct diagnostic *one = &diags->list[i];
		const char *file = one->file ? one->file : "", *message = one->message;
		bool escaped = false;
		json_t *item = json_pack("{s:s, s:o, s:i, s:i, s:o}", "severity",
					 severity_word(one->severity), "file",
					 record_text(file, strlen(file), &escaped), "line",
					 (int)one->line, "column", (int)one->column, "message",
					 record_text(message ? message : "",
						     message ? strlen(message) : 0, &escaped));

		if (json_array_append_new(list, item))
			return NULL;
	}
	return take_ptr(list);
}

static void print_plan(const struct generation *generation)
{
	static const char *const heads[] = {"vendor", "name", "rules", "not enforced yet"};
	size_t counts[MATCHER_MAX][MODE_MAX] = {0}, allows = 0, i;
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
	printf("allow entries: %zu\n", allows);
	json_array_foreach (missing, i, one)
		printf("not enforced yet: %lld %s: %s\n", number_of(one, "count"),
		       text_of(one, "matcher"), text_of(one, "why"));
}

static int print_check_json(const struct generation *generation, const struct diagnostics *diags)
{
	struct summary in = {.generation = generation};
	AUTO_JSON json_t *object = json_pack("{s:b, s:o}", "ok", generation != NULL, "diagnostics",
					     diagnostics_json(diags));

	if (object && generation) {
		AUTO_JSON json_t *more = json_pack(
			"{s:s, s:I, s:s, s:o, s:o, s:o, s:o}", "policy", generation->policy,
			"revision", (json_int_t)generation->revision, "mode",
			mode_word(generation->mode), "generation",
			json_sprintf("%016llx", (unsigned long long)generation->number), "rules",
			summary_rules(&in), "vendors", summary_vendors(generation), "unenforced",
			summary_unenforced(generation));

		if (!more || json_object_update(object, more))
			return COMMAND_FAILED;
	}
	return command_json(object);
}

static int check(const struct arguments *arguments, bool quiet)
{
	CLEANUP(diagnostics_done) struct diagnostics diags = {0};
	CLEANUP(clean_generation) struct generation *generation = NULL;
	int err, result;

	err = activate_compile(arguments->file, arguments->catalogs, arguments->catalog_count,
			       &diags, &generation);
	result = err == 0 ? COMMAND_GOOD : err == -EINVAL ? COMMAND_FINDINGS : COMMAND_FAILED;
	if (result == COMMAND_FAILED) {
		print_diagnostics(&diags, stderr);
		command_say("\"%s\" or its catalogue cannot be read: %s", arguments->file,
			    strerror(-err));
		return result;
	}
	if (arguments->json && !quiet)
		return print_check_json(generation, &diags) == COMMAND_GOOD ? result
									    : COMMAND_FAILED;
	print_diagnostics(&diags, stderr);
	if (result == COMMAND_FINDINGS)
		command_say(
			"\"%s\" has %zu error%s and would be refused; the policy before would stay "
			"active",
			arguments->file, diags.errors, diags.errors == 1 ? "" : "s");
	else if (!quiet)
		print_plan(generation);
	return result;
}

/* ---------------------------------------------------------------- apply */

/* The kept copy is a copy and not a rename: at no moment the configured policy is missing. */
static int copy_file(const char *from, const char *to)
{
	AUTO_FREE char *temporary = NULL;
	AUTO_FD int in = open(from, O_RDONLY | O_CLOEXEC), out = -1;
	char buffer[65536];
	ssize_t bytes;
	int err = 0;

	if (in < 0)
		return -errno;
	if (asprintf(&temporary, "%s.XXXXXX", to) < 0)
		return -ENOMEM;
	out = mkostemp(temporary, O_CLOEXEC);
	if (out < 0)
		return -errno;
	while (err == 0 && (bytes = read(in, buffer, sizeof(buffer))) != 0) {
		if (bytes < 0)
			err = -errno;
		else if (write(out, buffer, bytes) != bytes)
			err = errno ? -errno : -ENOSPC;
	}
	if (err == 0 && (fchmod(out, 0644) < 0 || fsync(out) < 0 || rename(temporary, to) < 0))
		err = -errno;
	if (err < 0)
		(void)unlink(temporary); /* the failure is told already */
	(void)close(take_fd(out));
	return err;
}

static bool same_file(const char *one, const char *other)
{
	struct stat a, b;

	return stat(one, &a) == 0 && stat(other, &b) == 0 && a.st_dev == b.st_dev &&
	       a.st_ino == b.st_ino;
}

/* Make what is active now the configured policy, and keep the one before beside it. */
static int install(const char *file, const char *configured)
{
	AUTO_FREE char *before = NULL;
	int err;

	if (same_file(file, configured))
		return 0;
	if (asprintf(&before, "%s.previous", configured) < 0)
		return -ENOMEM;
	/* Going back to the kept one itself: it must not be overwritten before it is read. */
	if (!same_file(file, before)) {
		err = copy_file(configured, before);
		if (err < 0 && err != -ENOENT)
			return err;
	}
	return copy_file(file, configured);
}

static void print_change(const json_t *reply)
{
	const json_t *before = json_object_get(reply, "before"),
		     *now = json_object_get(reply, "policy");

	printf("active: %s revision %lld (%s), generation %s\n", text_of(now, "name"),
	       number_of(now, "revision"), text_of(now, "mode"), text_of(now, "generation"));
	printf("before: %s revision %lld (%s), generation %s\n", text_of(before, "name"),
	       number_of(before, "revision"), text_of(before, "mode"),
	       text_of(before, "generation"));
	if (!strcmp(text_of(before, "generation"), text_of(now, "generation")))
		printf("The rules are the same.\n");
}

static int install_and_say(const struct arguments *arguments, const char *file, const json_t *reply)
{
	const char *configured = text_of(json_object_get(reply, "policy"), "file");
	AUTO_FREE char *kept = NULL;
	int err;

	if (!arguments->file && !arguments->rollback)
		return COMMAND_GOOD; /* it was the configured one */
	if (!file) {
		if (asprintf(&kept, "%s.previous", configured) < 0)
			return COMMAND_FAILED;
		file = kept;
	}
	err = install(file, configured);
	if (err == 0)
		return COMMAND_GOOD;
	command_say(
		"the policy is active, but \"%s\" could not be replaced by \"%s\": %s. Put the right "
		"file there, or the next reload brings the other one back",
		configured, file, strerror(-err));
	return COMMAND_FAILED;
}

static int print_refusal(const json_t *reply)
{
	const json_t *one;
	size_t i;

	json_array_foreach (json_object_get(reply, "diagnostics"), i, one)
		fprintf(stderr, "%s:%lld:%lld: %s: %s\n", text_of(one, "file"),
			number_of(one, "line"), number_of(one, "column"),
			severity_word(number_of(one, "severity")), text_of(one, "message"));
	command_say("%s", text_of(reply, "error"));
	return COMMAND_FINDINGS;
}

static int apply(const struct command_context *context, const struct arguments *arguments)
{
	AUTO_JSON json_t *request =
		json_pack("{s:s, s:b}", "do", "apply", "rollback", arguments->rollback);
	AUTO_JSON json_t *reply = NULL;
	AUTO_FREE char *file = NULL;
	int err, result;

	if (arguments->file) {
		file = realpath(arguments->file, NULL);
		if (!file) {
			command_say("\"%s\" cannot be read: %s", arguments->file, strerror(errno));
			return COMMAND_FAILED;
		}
		result = check(arguments, true);
		if (result != COMMAND_GOOD)
			return result;
	}
	if (!request || (file && json_object_set_new(request, "file", json_string(file))) ||
	    (arguments->reason &&
	     json_object_set_new(request, "reason", json_string(arguments->reason)))) {
		command_say("the file name or the reason is not valid UTF-8 text");
		return COMMAND_FAILED;
	}
	err = client_call(context->run, request, &reply);
	if (err < 0) {
		command_no_agent(context, err);
		return COMMAND_FAILED;
	}
	if (!json_is_true(json_object_get(reply, "ok")))
		return print_refusal(reply);
	if (arguments->json)
		result = command_json(reply);
	else
		print_change(reply);
	return install_and_say(arguments, file, reply);
}

static int parse(int argc, char **argv, struct arguments *arguments)
{
	static const struct option options[] = {
		{"json", no_argument, NULL, 'j'},     {"catalog", required_argument, NULL, 'c'},
		{"rollback", no_argument, NULL, 'b'}, {"reason", required_argument, NULL, 'r'},
		{"help", no_argument, NULL, 'h'},     {NULL, 0, NULL, 0},
	};
	int key;

	while ((key = getopt_long(argc, argv, ":h", options, NULL)) != -1) {
		switch (key) {
		case 'j':
			arguments->json = true;
			break;
		case 'c':
			if (arguments->catalog_count == CATALOGS_MAX)
				return command_usage("policy", "more than %d times --catalog",
						     CATALOGS_MAX);
			arguments->catalogs[arguments->catalog_count++] = optarg;
			break;
		case 'b':
			arguments->rollback = true;
			break;
		case 'r':
			arguments->reason = optarg;
			break;
		case 'h':
			help();
			return -1;
		default:
			return command_option("policy", key, argv, optind);
		}
	}
	if (!arguments->catalog_count) {
		memcpy(arguments->catalogs, default_catalogs,
		       default_catalog_count * sizeof(*default_catalogs));
		arguments->catalog_count = default_catalog_count;
	}
	return COMMAND_GOOD;
}

int cmd_policy(const struct command_context *context, int argc, char **argv)
{
	struct arguments arguments = {0};
	const char *what;
	int result;

	result = parse(argc, argv, &arguments);
	if (result < 0)
		return COMMAND_GOOD;
	if (result != COMMAND_GOOD)
		return result;
	what = optind < argc ? argv[optind++] : "";
	if (optind < argc)
		arguments.file = argv[optind++];
	if (optind < argc)
		return command_usage("policy", "\"%s\" is not expected: one FILE only",
				     argv[optind]);
	if (!strcmp(what, "check")) {
		if (!arguments.file)
			return command_usage("policy", "check needs a FILE");
		if (arguments.rollback || arguments.reason)
			return command_usage("policy", "--rollback and --reason belong to apply");
		return check(&arguments, false);
	}
	if (strcmp(what, "apply"))
		return command_usage("policy", "say what to do with a policy: check or apply");
	if (arguments.rollback && (!arguments.reason || !*arguments.reason))
		return command_usage("policy",
				     "going back needs a reason for the record: --reason TEXT");
	if (arguments.reason && !arguments.rollback)
		return command_usage("policy", "--reason belongs to --rollback");
	return apply(context, &arguments);
}
