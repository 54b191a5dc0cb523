/* SPDX-License-Identifier: MIT */
/* daemon_parts.c - what the agent is made of beside its loop: each part begun, and what one asks of the others. */
#include "daemon.h"
#include "clean.h"

static void on_learned(void *context)
{
	daemon_coverage(context, "learned");
}

static bool is_unmet(void *context)
{
	const struct daemon *daemon = context;

	return requirements_asked(&daemon->activation.active->requires) &&
	       !requirements_met(&daemon->activation.requirements);
}

static void on_prepare(void *context, const struct event *event)
{
	struct daemon *daemon = context;

	deliver_prepare(&daemon->deliver, event);
}

static void on_late(void *context, const struct suspects_late *late)
{
	struct daemon *daemon = context;

	deliver_late(&daemon->deliver, late);
}

static void on_seen(void *context, const char *path)
{
	struct daemon *daemon = context;

	learn_seen(daemon->learn, path);
}

static void on_found(void *context)
{
	struct daemon *daemon = context;

	contain_look(daemon->contain);
}

static void on_more(void *context)
{
	daemon_look_at_open(context);
}

static int on_contain(void *context, const struct event_subject *subject, __u32 rule)
{
	struct daemon *daemon = context;

	return contain_late(daemon->contain, subject, rule);
}

static void on_full(void *context)
{
	struct daemon *daemon = context;

	learn_full(daemon->learn);
}

static void on_traffic(void *context, json_t *taken)
{
	struct daemon *daemon = context;

	deliver_clock(&daemon->context);
	deliver_object(&daemon->deliver, taken);
}

static void on_open(void *context, const struct event *event, bool closed)
{
	struct daemon *daemon = context;

	deliver_open(&daemon->deliver, event, closed);
}

static int on_pause_end(sd_event_source *source, uint64_t usec, void *userdata)
{
	daemon_look_at_open(userdata);
	return 0;
}

static int start_counting(struct daemon *daemon)
{
	const struct evidence_options counting = {
		.loop = daemon->loop,
		.kernel = daemon->kernel,
		.context = &daemon->context,
		.tell = on_traffic,
		.userdata = daemon,
	};
	const struct open_options opening = {
		.kernel = daemon->kernel,
		.closer = daemon->closer,
		.pins = daemon->kernel_options.pins,
		.cgroup_fd = daemon->deliver.cgroup_fd,
		.audit_only = daemon->kernel_options.audit_only,
		.unmet = is_unmet,
		.tell = on_open,
		.userdata = daemon,
	};
	int err = evidence_new(&counting, &daemon->evidence);

	daemon->deliver.evidence = daemon->evidence;
	if (err >= 0)
		err = open_new(&opening, &daemon->open);
	if (err >= 0)
		err = sd_event_add_time_relative(daemon->loop, &daemon->pause_timer, CLOCK_BOOTTIME, 0, 1000000,
						 on_pause_end, daemon);
	if (err >= 0)
		daemon_look_at_open(daemon);
	return err;
}

static int start_learning(struct daemon *daemon)
{
	const struct learn_options learning = {
		.loop = daemon->loop,
		.kernel = daemon->kernel,
		.complete = on_learned,
		.found = on_found,
		.context = daemon,
	};
	const struct suspects_options suspecting = {
		.loop = daemon->loop,
		.kernel = daemon->kernel,
		.pins = daemon->kernel_options.pins,
		.cgroup_fd = daemon->deliver.cgroup_fd,
		.audit_only = daemon->kernel_options.audit_only,
		.unmet = is_unmet,
		.prepare = on_prepare,
		.late = on_late,
		.seen = on_seen,
		.contain = on_contain,
		.full = on_full,
		.context = daemon,
	};
	const struct contain_options containing = {
		.loop = daemon->loop,
		.kernel = daemon->kernel,
		.found = on_more,
		.context = daemon,
	};
	int err = learn_new(&learning, &daemon->learn);

	if (err >= 0)
		err = suspects_new(&suspecting, &daemon->suspects);
	if (err >= 0)
		err = names_new(daemon->loop, daemon->kernel, take_fd(daemon->resolver_fd), on_more, daemon, &daemon->names);
	if (err >= 0)
		err = contain_new(&containing, &daemon->contain);
	if (err < 0)
		return err;
	daemon->activation.contain = daemon->contain;
	daemon->activation.learn = daemon->learn;
	daemon->activation.names = daemon->names;
	daemon->activation.suspects = daemon->deliver.suspects = daemon->suspects;
	activate_follow(&daemon->activation);
	return 0;
}

int daemon_parts_start(struct daemon *daemon)
{
	int err = start_learning(daemon);

	return err < 0 ? err : start_counting(daemon);
}

void daemon_parts_end(struct daemon *daemon)
{
	contain_free(daemon->contain);
	suspects_free(daemon->suspects);
	learn_free(daemon->learn);
	evidence_free(daemon->evidence);
	open_free(daemon->open);
	sd_event_source_disable_unref(daemon->pause_timer);
	closer_end(daemon->closer);
	names_free(daemon->names);
}
