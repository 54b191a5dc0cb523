/* SPDX-License-Identifier: MIT */
/*
 * cmd_policy_work.c - from the command line of a policy command to a compiled policy, and how what is wrong
 * with it is told.
 */
#include "cmd_policy.h"
#include "clean.h"
#include "record.h"
#include "table.h"

#include <errno.h>
#include <string.h>

static const char *const severity_words[SEVERITY_MAX] = {
	[SEVERITY_ERROR] = "error",
	[SEVERITY_WARNING] = "warning",
	[SEVERITY_NOTE] = "note",
};

void policy_print_diagnostics(const struct diagnostics *diags, FILE *out)
{
	static const enum colour shades[SEVERITY_MAX] = {
		[SEVERITY_ERROR] = COLOUR_BAD,
		[SEVERITY_WARNING] = COLOUR_WARN,
		[SEVERITY_NOTE] = COLOUR_STRONG,
	};

	for (size_t i = 0; i < diags->count; i++) {
		const struct diagnostic *one = &diags->list[i];
		const char *file = one->file ? one->file : "";
		const char *message = one->message ? one->message : "out of memory";
		AUTO_FREE char *safe_file = text_safe(file, strlen(file));
		AUTO_FREE char *safe = text_safe(message, strlen(message));
		char place[32] = ""; /* of the file as a whole: none */

		if (one->line)
			snprintf(place, sizeof(place), "%u:%u:", one->line, one->column);
		fprintf(out, "%s:%s %s%s%s: %s\n", safe_file ? safe_file : "", place,
			colour(out, shades[one->severity]), severity_words[one->severity],
			colour(out, COLOUR_PLAIN), safe ? safe : "");
	}
}

json_t *policy_text_json(const char *text)
{
	bool escaped = false;

	return text ? record_text(text, strlen(text), &escaped) : json_null();
}

json_t *policy_diagnostics_json(const struct diagnostics *diags)
{
	AUTO_JSON json_t *list = json_array();

	for (size_t i = 0; i < diags->count; i++) {
		const struct diagnostic *one = &diags->list[i];
		json_t *item = json_pack("{s:s, s:o, s:i, s:i, s:o}", "severity",
					 severity_words[one->severity], "file",
					 policy_text_json(one->file ? one->file : ""), "line",
					 (int)one->line, "column", (int)one->column, "message",
					 policy_text_json(one->message ? one->message : ""));

		if (json_array_append_new(list, item))
			return NULL;
	}
	return take_ptr(list);
}

/* The usual configuration need not be there: a policy is also written on machines without an agent. */
static int read_config(const struct policy_arguments *arguments, struct policy_work *work)
{
	const char *file = arguments->config ? arguments->config : DEFAULT_CONFIG;
	int err = agent_config_load(file, &work->diags, &work->config);

	if (err == -ENOENT && !arguments->config) {
		diagnostics_done(&work->diags);
		return COMMAND_GOOD;
	}
	if (err == 0) {
		work->labels = host_labels_of(work->config);
		return COMMAND_GOOD;
	}
	policy_print_diagnostics(&work->diags, stderr);
	command_say(
		"the labels of this host are not known, because \"%s\" cannot be read%s%s; name "
		"another file with --config, or the labels with --label",
		file, err == -EINVAL ? "" : ": ", err == -EINVAL ? "" : strerror(-err));
	return COMMAND_FAILED;
}

int policy_work_open(const struct policy_arguments *arguments, struct policy_work *out_work)
{
	int result = COMMAND_GOOD;

	*out_work = (struct policy_work){0};
	if (arguments->label_count)
		out_work->labels =
			(struct host_labels){arguments->label_names, arguments->label_values,
					     arguments->label_count, true};
	else
		result = read_config(arguments, out_work);
	out_work->host = host_describe(&out_work->labels);
	if (arguments->date_s)
		out_work->host.now_s = arguments->date_s;
	return result;
}

int policy_work_read(const struct policy_arguments *arguments, const char *file,
		     struct policy_work *work)
{
	int err = compiled_read(file, arguments->catalogs, arguments->catalog_count, &work->host,
				&work->diags, &work->compiled);

	if (err == 0)
		return COMMAND_GOOD;
	if (err == -EINVAL)
		return COMMAND_FINDINGS;
	policy_print_diagnostics(&work->diags, stderr);
	command_say("\"%s\" or its catalogue cannot be read: %s", file, strerror(-err));
	return COMMAND_FAILED;
}

int policy_work_good(const struct policy_arguments *arguments, const char *file,
		     struct policy_work *work)
{
	int result = policy_work_read(arguments, file, work);

	if (result == COMMAND_FINDINGS && arguments->json) {
		AUTO_JSON json_t *refused = json_pack("{s:b, s:o}", "ok", false, "diagnostics",
						      policy_diagnostics_json(&work->diags));

		return command_json(refused) == COMMAND_GOOD ? result : COMMAND_FAILED;
	}
	if (result == COMMAND_FINDINGS) {
		policy_print_diagnostics(&work->diags, stderr);
		command_say("\"%s\" has %zu error%s: correct %s first", file, work->diags.errors,
			    work->diags.errors == 1 ? "" : "s",
			    work->diags.errors == 1 ? "it" : "them");
	}
	return result;
}

int policy_work_begin(const struct policy_arguments *arguments, const char *file,
		      struct policy_work *out_work)
{
	int result = policy_work_open(arguments, out_work);

	return result == COMMAND_GOOD ? policy_work_good(arguments, file, out_work) : result;
}

void policy_work_done(struct policy_work *work)
{
	compiled_done(&work->compiled);
	diagnostics_done(&work->diags);
	agent_config_free(work->config);
	work->config = NULL;
}
