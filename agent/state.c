/* SPDX-License-Identifier: MIT */
/*
 * state.c - what the agent says of itself: the state for status and coverage events, what is wrong with
 * it, and readiness for systemd.
 */
#include "clean.h"
#include "daemon.h"
#include "log.h"

#include "../policy/policy.h"

#include <stdarg.h>
#include <string.h>
#include <systemd/sd-daemon.h>

static int note(json_t *list, const char *format, ...) __attribute__((format(printf, 2, 3)));
static int note(json_t *list, const char *format, ...)
{
	char text[1024];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	return json_array_append_new(list, json_string(text));
}

/* Which processes are decided about hangs on cgroup v2, and on a host without it all are in its root. */
static bool scope_needs_cgroups(const struct generation *generation)
{
	const struct gen_key key = {.kind = GEN_SCOPE};
	const union gen_value *value = generation_find(generation, &key);

	for (unsigned i = 0; value && i < SCOPE_LIST_MAX; i++)
		if (value->scope.root[i])
			return true;
	return false;
}

/* Code load and modules are carried by no backend on some hosts, for good: status and doctor say so, but nothing is wrong. */
static bool is_never_there(const struct hook_report *hook)
{
	return hook->backend == BACKEND_NONE &&
	       (hook->hook == HOOK_LOAD || hook->hook == HOOK_MODULE);
}

static json_t *degraded(struct daemon *daemon, const struct kernel_report *report, int report_err)
{
	AUTO_JSON json_t *list = json_array();
	char text[256];
	int err = 0;

	if (daemon->activation.fell_back)
		err |= note(list,
			    "the last good policy is used, because the configured one cannot be");
	if (daemon->activation.trouble[0])
		err |= note(list, "%s", daemon->activation.trouble);
	if (report_err < 0)
		err |= note(list, "the kernel cannot be asked what is attached: %s",
			    strerror(-report_err));
	for (unsigned i = HOOK_NONE + 1; report_err == 0 && i < HOOK_MAX; i++)
		if (report->hooks[i].hook && !report->hooks[i].attached && !report->hooks[i].unneeded &&
		    !is_never_there(&report->hooks[i]))
			err |= note(list,
				    "%s: nothing is attached, so nothing of it is refused or "
				    "recorded. %s",
				    hook_word(i), report->hooks[i].why);
	if (report_err == 0 && report->generation != daemon->activation.active->number)
		err |= note(list,
			    "the policy in the kernel is not the one of this agent; is another "
			    "agent running? Reload (systemctl reload embargod)");
	if (report_err == 0 && !report->cgroup[0] && scope_needs_cgroups(daemon->activation.active))
		err |= note(
			list,
			"the scope of the policy names cgroups or containers, but cgroup v2 is not "
			"mounted: only-cgroups and containers: only match nothing here, and nothing is "
			"excluded");
	if (names_trouble(daemon->names, text, sizeof(text)))
		err |= note(list, "%s", text);
	for (size_t i = 0; i < daemon->deliver.sink_count; i++)
		if (daemon->deliver.sinks[i]->failing)
			err |= note(list, "events cannot be written to \"%s\": %s",
				    daemon->deliver.sinks[i]->target,
				    strerror(-daemon->deliver.sinks[i]->failing));
	return err ? NULL : take_ptr(list);
}

/* Nobody is contained by a policy that contains nothing. */
static int add_contained(struct daemon *daemon, const struct kernel_report *report, json_t *state)
{
	json_t *contained = contain_state(daemon->contain, &daemon->context);
	enum backend exec = report->hooks[HOOK_EXEC].backend;
	bool beyond = exec == BACKEND_LSM || exec == BACKEND_FMOD_RET;

	if (!contained)
		return 0;
	return json_object_set_new(state, "contained", contained) ||
	       json_object_set_new(contained, "beyond",
				   json_string(beyond ? backend_word(exec) : "none"));
}

json_t *daemon_state(struct daemon *daemon)
{
	AUTO_FREE struct kernel_report *report = calloc(1, sizeof(*report));
	AUTO_FREE struct summary_pauses *pauses = calloc(1, sizeof(*pauses));
	AUTO_JSON json_t *state = NULL;
	struct stats stats;
	struct summary in = {
		.generation = daemon->activation.active,
		.requirements = requirements_asked(&daemon->activation.active->requires)
					? &daemon->activation.requirements
					: NULL,
		.within = daemon->kernel_options.within,
		.audit_only = daemon->kernel_options.audit_only,
		.now_boot_ns = deliver_now(),
	};
	int err;

	if (!report || !pauses)
		return NULL;
	deliver_clock(&daemon->context);
	in.boot_to_real_ns = daemon->context.boot_to_real_ns;
	err = kernel_report(daemon->kernel, report);
	if (err == 0)
		in.report = report;
	if (kernel_stats(daemon->kernel, &stats) == 0)
		in.stats = &stats;
	summary_pauses_read(daemon->kernel_options.pins, pauses);
	if (pauses->count >= 0)
		in.pauses = pauses;
	state = summary_state(&in);
	if (state && daemon->learn &&
	    json_object_set_new(state, "learned", learn_state(daemon->learn)))
		return NULL;
	if (state && daemon->names && json_object_set_new(state, "names", names_state(daemon->names)))
		return NULL;
	if (state && daemon->suspects &&
	    json_object_set_new(state, "suspects", suspects_state(daemon->suspects)))
		return NULL;
	if (state && add_contained(daemon, report, state))
		return NULL;
	if (!state || json_object_set_new(state, "degraded", degraded(daemon, report, err)))
		return NULL;
	return take_ptr(state);
}

void daemon_coverage(struct daemon *daemon, const char *reason)
{
	AUTO_JSON json_t *state = daemon_state(daemon);
	__u64 real_ns = deliver_now() + daemon->context.boot_to_real_ns;

	deliver_object(&daemon->deliver,
		       state ? record_coverage(&daemon->context, real_ns, reason, state) : NULL);
}

/* A pause ends in the kernel by itself: new connections are refused from then on, so those that came meanwhile go, too. */
static void arm_pause_timer(struct daemon *daemon)
{
	AUTO_FREE struct summary_pauses *pauses = calloc(1, sizeof(*pauses));
	__u64 now = deliver_now(), next = 0;

	if (pauses)
		summary_pauses_read(daemon->kernel_options.pins, pauses);
	for (int i = 0; pauses && i < pauses->count; i++)
		if (pauses->list[i].until_boot_ns > now && (!next || pauses->list[i].until_boot_ns < next))
			next = pauses->list[i].until_boot_ns;
	(void)sd_event_source_set_time(daemon->pause_timer, next / 1000 + 1);
	(void)sd_event_source_set_enabled(daemon->pause_timer, next ? SD_EVENT_ONESHOT : SD_EVENT_OFF);
}

void daemon_look_at_open(struct daemon *daemon)
{
	int found;

	if (!daemon->open)
		return;
	arm_pause_timer(daemon);
	found = open_look(daemon->open, daemon->activation.active);
	if (found < 0)
		log_error("open connections could not be looked at: %s. New ones are decided about all the same; reload "
			  "(systemctl reload embargod)",
			  strerror(-found));
	if (found > 0)
		evidence_woken(daemon->evidence);
}

void daemon_use_names(struct daemon *daemon)
{
	daemon->context.generations[0] = daemon->activation.active;
	daemon->context.generations[1] = daemon->activation.previous;
}

void daemon_ready(struct daemon *daemon)
{
	const struct generation *active = daemon->activation.active;

	(void)sd_notifyf(0, "READY=1\nSTATUS=policy %s revision %u%s", active->policy,
			 active->revision,
			 daemon->activation.trouble[0] ? ", degraded: see embargo status" : "");
}

void daemon_changed(struct daemon *daemon)
{
	daemon_use_names(daemon);
	conditions_changed(daemon);
	daemon_coverage(daemon, "change");
	evidence_switched(daemon->evidence);
	daemon_look_at_open(daemon);
	daemon_ready(daemon);
}
