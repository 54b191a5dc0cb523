/* SPDX-License-Identifier: MIT */
/*
 * requests.c - what the agent answers on its control socket. The peer was checked by control.c; the
 * arguments are checked here.
 */
#include "clean.h"
#include "daemon.h"
#include "log.h"
#include "table.h"

#include <errno.h>
#include <string.h>

#define DIAGNOSTICS_SENT 200

static json_t *active_policy(const struct activation *activation)
{
	const struct generation *active = activation->active;

	return json_pack("{s:s, s:I, s:s, s:o, s:s}", "name", active->policy, "revision",
			 (json_int_t)active->revision, "mode",
			 mode_word(active->mode) ? mode_word(active->mode) : "unknown",
			 "generation", json_sprintf("%016llx", (unsigned long long)active->number),
			 "file", activation->policy);
}

static json_t *sinks_status(const struct deliver *deliver)
{
	AUTO_JSON json_t *list = json_array();

	for (size_t i = 0; i < deliver->sink_count; i++)
		if (json_array_append_new(list, sink_status(deliver->sinks[i])))
			return NULL;
	return take_ptr(list);
}

static json_t *on_status(void *context, const json_t *request, const struct control_peer *peer)
{
	struct daemon *daemon = context;

	return json_pack("{s:b, s:s, s:i, s:o, s:o, s:o, s:o, s:o}", "ok", 1, "version", EMBARGO_VERSION,
			 "pid", (int)getpid(), "policy", active_policy(&daemon->activation),
			 "vendors", summary_vendors(daemon->activation.active), "state",
			 daemon_state(daemon), "sinks", sinks_status(&daemon->deliver), "traffic",
			 evidence_json(daemon->evidence));
}

static json_t *diagnostics_list(const struct diagnostics *diags)
{
	AUTO_JSON json_t *list = json_array();
	bool escaped = false;

	for (size_t i = 0; i < diags->count && i < DIAGNOSTICS_SENT; i++) {
		const struct diagnostic *one = &diags->list[i];
		const char *file = one->file ? one->file : "", *message = one->message;
		json_t *item =
			json_pack("{s:i, s:o, s:i, s:i, s:o}", "severity", (int)one->severity,
				  "file", record_text(file, strlen(file), &escaped), "line",
				  (int)one->line, "column", (int)one->column, "message",
				  record_text(message ? message : "", message ? strlen(message) : 0,
					      &escaped));

		if (json_array_append_new(list, item))
			return NULL;
	}
	return take_ptr(list);
}

static json_t *refuse_with(const struct diagnostics *diags, const char *error)
{
	AUTO_FREE char *safe = text_safe(error, strlen(error));

	if (!safe)
		return NULL;
	return json_pack("{s:b, s:s, s:o}", "ok", 0, "error", safe, "diagnostics",
			 diagnostics_list(diags));
}

/* What the answer tells of a change: from which policy to which. */
static json_t *changed(struct daemon *daemon, json_t *before, const struct diagnostics *diags)
{
	return json_pack("{s:b, s:O, s:o, s:o}", "ok", 1, "before", before, "policy",
			 active_policy(&daemon->activation), "diagnostics",
			 diagnostics_list(diags));
}

static json_t *on_apply(void *context, const json_t *request, const struct control_peer *peer)
{
	CLEANUP(diagnostics_done) struct diagnostics diags = {0};
	struct daemon *daemon = context;
	const char *file = json_string_value(json_object_get(request, "file"));
	const char *reason = json_string_value(json_object_get(request, "reason"));
	bool rollback = json_is_true(json_object_get(request, "rollback"));
	AUTO_JSON json_t *before = active_policy(&daemon->activation);
	char error[ACTIVATE_TEXT_BYTES] = "";
	int err;

	if (file && file[0] != '/')
		return control_refuse("\"file\" has to be a path from the root: the agent runs in "
				      "another directory");
	if (rollback && (!reason || !*reason))
		return control_refuse("a rollback needs a reason: --reason TEXT");
	if (rollback && !file)
		err = activate_previous(&daemon->activation, daemon->kernel, error);
	else
		err = activate_file(&daemon->activation, daemon->kernel, file, rollback, &diags,
				    error);
	if (err < 0) {
		log_error("policy apply by process %d: %s", (int)peer->pid, error);
		return refuse_with(&diags, error);
	}
	log_notice("policy \"%s\" revision %u is active; applied by user %u, process %d%s%s",
		   daemon->activation.active->policy, daemon->activation.active->revision,
		   peer->uid, (int)peer->pid, rollback ? ", rollback: " : "",
		   rollback ? reason : "");
	daemon_changed(daemon);
	return changed(daemon, before, &diags);
}

/* Somebody paused or resumed in the maps directly: put it on record. */
static json_t *on_paused(void *context, const json_t *request, const struct control_peer *peer)
{
	daemon_coverage(context, "change");
	daemon_look_at_open(context);
	return json_pack("{s:b}", "ok", 1);
}

const struct control_request daemon_requests[] = {
	{"status", false, on_status},
	{"apply", true, on_apply},
	{"paused", true, on_paused},
};
const size_t daemon_request_count = ARRAY_LENGTH(daemon_requests);
