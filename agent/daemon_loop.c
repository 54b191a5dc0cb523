/* SPDX-License-Identifier: MIT */
/* daemon_loop.c - what wakes the agent: events, refused connections, signals, the hour, repeats. */
#include "daemon.h"
#include "log.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <systemd/sd-daemon.h>

#define HOUR_US 3600000000ull
#define FOLD_US (FOLD_WINDOW_NS / 1000)

static void arm_fold_timer(struct daemon *daemon)
{
	int state = SD_EVENT_OFF;

	(void)sd_event_source_get_enabled(daemon->fold_timer, &state);
	if (state != SD_EVENT_OFF)
		return;
	(void)sd_event_source_set_time_relative(daemon->fold_timer, FOLD_US);
	(void)sd_event_source_set_enabled(daemon->fold_timer, SD_EVENT_ONESHOT);
}

static int on_events(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
	struct daemon *daemon = userdata;
	int count = deliver_events(&daemon->deliver);

	if (count < 0)
		log_warning("events cannot be read: %s", strerror(-count));
	if (count > 0)
		arm_fold_timer(daemon);
	return 0;
}

/*
 * Nothing of it leaves, whatever becomes of this; but without it the program waits until it gives up by itself. That it
 * is gone already is as good; what cannot be looked for now comes again with its next packet.
 */
static void on_closing(void *context, const struct closing *which)
{
	struct daemon *daemon = context;
	int err = closer_close(daemon->closer, which);

	if (err == -ENOENT || err == -EAGAIN || err == 0)
		return;
	if (err != daemon->closing_err)
		log_warning("a refused connection of process %u cannot be ended: %s. Nothing that it sends goes out, but the program "
			    "waits instead of seeing an error",
			    which->pid, strerror(-err));
	daemon->closing_err = err;
}

static int on_closings(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
	struct daemon *daemon = userdata;
	int count = kernel_closings(daemon->kernel, on_closing, daemon);

	if (count < 0)
		log_warning("refused connections cannot be read: %s", strerror(-count));
	return 0;
}

/* Before events, which can wait: somebody else is waiting here. */
static int wire_closings(struct daemon *daemon)
{
	sd_event_source *source = NULL;
	int err = sd_event_add_io(daemon->loop, &source, kernel_closings_fd(daemon->kernel), EPOLLIN, on_closings, daemon);

	if (err < 0)
		return err;
	(void)sd_event_source_set_priority(source, SD_EVENT_PRIORITY_IMPORTANT);
	return sd_event_source_set_floating(source, true);
}

static int on_fold_timer(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct daemon *daemon = userdata;
	int open = deliver_folds(&daemon->deliver, false);

	if (open < 0)
		log_warning("repeats cannot be read: %s; trying again at the next event",
			    strerror(-open));
	(void)sd_event_source_set_enabled(source, SD_EVENT_OFF);
	if (open > 0)
		arm_fold_timer(daemon);
	return 0;
}

static int on_hour(sd_event_source *source, uint64_t usec, void *userdata)
{
	conditions_clock(userdata);
	daemon_coverage(userdata, "hourly");
	(void)sd_event_source_set_time_relative(source, HOUR_US);
	(void)sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
	return 0;
}

static int on_reload(sd_event_source *source, const struct signalfd_siginfo *info, void *userdata)
{
	struct daemon *daemon = userdata;
	struct activation *activation = &daemon->activation;
	struct diagnostics diags = {0};
	char error[ACTIVATE_TEXT_BYTES];
	uint64_t now_us = 0;
	int err;

	(void)sd_event_now(daemon->loop, CLOCK_MONOTONIC, &now_us); /* never fails in a callback */
	(void)sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%llu", (unsigned long long)now_us);
	for (size_t i = 0; i < daemon->deliver.sink_count; i++)
		sink_reopen(daemon->deliver.sinks[i]);
	err = activate_file(activation, daemon->kernel, NULL, false, &diags, error);
	diagnostics_done(&diags);
	if (err < 0) {
		memcpy(activation->trouble, error, sizeof(error));
		log_error("%s; revision %u stays active", error, activation->active->revision);
	} else {
		log_notice("policy \"%s\" revision %u is active", activation->active->policy,
			   activation->active->revision);
	}
	daemon_changed(daemon);
	return 0;
}

static int on_end(sd_event_source *source, const struct signalfd_siginfo *info, void *userdata)
{
	struct daemon *daemon = userdata;

	return sd_event_exit(daemon->loop, 0);
}

static int on_rest(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
	struct daemon *daemon = userdata;

	(void)sd_event_source_set_enabled(source, SD_EVENT_OFF);
	(void)apart_end(&daemon->rest, false); /* it has said itself what is wrong */
	return 0;
}

int daemon_wire(struct daemon *daemon)
{
	sd_event *loop = daemon->loop;
	int err;

	err = sd_event_add_signal(loop, NULL, SIGHUP, on_reload, daemon);
	if (err >= 0)
		err = sd_event_add_signal(loop, NULL, SIGTERM, on_end, daemon);
	if (err >= 0)
		err = sd_event_add_signal(loop, NULL, SIGINT, on_end, daemon);
	if (err >= 0)
		err = sd_event_add_io(loop, NULL, kernel_events_fd(daemon->kernel), EPOLLIN,
				      on_events, daemon);
	if (err >= 0 && daemon->closer)
		err = wire_closings(daemon);
	if (err >= 0 && daemon->rest.pid)
		err = sd_event_add_io(loop, NULL, daemon->rest.fd, EPOLLIN, on_rest, daemon);
	if (err >= 0)
		err = sd_event_add_time_relative(loop, NULL, CLOCK_BOOTTIME, HOUR_US, 60000000,
						 on_hour, daemon);
	if (err >= 0)
		err = sd_event_add_time_relative(loop, &daemon->fold_timer, CLOCK_BOOTTIME, FOLD_US,
						 1000000, on_fold_timer, daemon);
	return err < 0 ? err : conditions_wire(daemon);
}
