/* SPDX-License-Identifier: MIT */
/*
 * conditions.c - the timers. That an exception ends needs no agent, the kernel compares with its clock; here it
 * is put on record. Requirements are looked at again every half a minute while a policy has some.
 */
#include "conditions.h"
#include "clean.h"
#include "daemon.h"
#include "exceptions.h"
#include "log.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <time.h>

#define REQUIREMENTS_US 30000000ull
#define ACCURACY_US	1000000ull
#define FAR_AWAY_S	(1ll << 40)	/* Unix time; 35,000 years */

/* ---------------------------------------------------------------- requirements */

static void say_requirements(const struct requirements *requirements, bool met)
{
	AUTO_JSON json_t *list = requirements_json(requirements);
	const json_t *one;
	size_t i;

	if (met) {
		log_notice("all requirements of the policy are met: its rules act as they say");
		return;
	}
	json_array_foreach (list, i, one)
		if (!json_is_true(json_object_get(one, "met")))
			log_warning("the policy requires %s \"%s\": %s. Its rules only record until then",
				    json_string_value(json_object_get(one, "requires")),
				    json_string_value(json_object_get(one, "value")),
				    json_string_value(json_object_get(one, "found")));
}

static void arm_requirements(struct daemon *daemon)
{
	bool asked = requirements_asked(&daemon->activation.active->requires);

	(void)sd_event_source_set_time_relative(daemon->conditions.requirements, REQUIREMENTS_US);
	(void)sd_event_source_set_enabled(daemon->conditions.requirements,
					  asked ? SD_EVENT_ONESHOT : SD_EVENT_OFF);
}

static int on_requirements(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct daemon *daemon = userdata;
	struct activation *activation = &daemon->activation;
	bool before = requirements_met(&activation->requirements);

	activate_require(activation, daemon->kernel);
	if (requirements_met(&activation->requirements) != before) {
		say_requirements(&activation->requirements, !before);
		daemon_coverage(daemon, "change");
		daemon_look_at_open(daemon);
	}
	arm_requirements(daemon);
	return 0;
}

/* ---------------------------------------------------------------- exceptions */

static __s64 now_s(void)
{
	return time(NULL);
}

/* Say what ends soon, or has just ended: once at a start or a change, then at each end. */
static void say_exceptions(const struct daemon *daemon)
{
	AUTO_JSON json_t *list = exceptions_list(daemon->activation.active, now_s());
	const json_t *one;
	size_t i;

	json_array_foreach (list, i, one) {
		long long days = json_integer_value(json_object_get(one, "days_left"));
		const char *what = json_string_value(json_object_get(one, "allows"));
		const char *until = json_string_value(json_object_get(one, "until"));
		const char *reason = json_string_value(json_object_get(one, "reason"));

		if (json_is_true(json_object_get(one, "over")))
			log_warning("the exception for \"%s\" (%s) is over since %s: it allows nothing any more",
				    what, reason, until);
		else if (days <= EXCEPTIONS_SOON_DAYS)
			log_warning("the exception for \"%s\" (%s) ends at %s, in %lld days; then its rules act again",
				    what, reason, until, days);
	}
}

static void arm_exceptions(struct daemon *daemon)
{
	__u64 next = exceptions_next(daemon->activation.active, now_s());

	(void)sd_event_source_set_time(daemon->conditions.exceptions, next * 1000000);
	(void)sd_event_source_set_enabled(daemon->conditions.exceptions,
					  next ? SD_EVENT_ONESHOT : SD_EVENT_OFF);
}

static int on_exception(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct daemon *daemon = userdata;

	say_exceptions(daemon);
	daemon_coverage(daemon, "change");
	daemon_look_at_open(daemon);
	arm_exceptions(daemon);
	return 0;
}

/* ---------------------------------------------------------------- the clock */

/*
 * Readable when the time of day was set (ECANCELED), or at the end of time. The kernel programs know only the
 * time since boot and the distance that this gives them; between two settings the distance drifts by what NTP
 * slews, which the hourly coverage mends.
 * Source: TFD_TIMER_CANCEL_ON_SET, timerfd_create(2).
 */
static int clock_fd_arm(int fd)
{
	struct itimerspec far = {.it_value.tv_sec = FAR_AWAY_S};

	return timerfd_settime(fd, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, &far, NULL) < 0 ? -errno
												 : 0;
}

void conditions_clock(struct daemon *daemon)
{
	int err;

	deliver_clock(&daemon->context);
	err = kernel_set_clock(daemon->kernel, daemon->context.boot_to_real_ns);
	if (err < 0)
		log_error("the kernel programs could not be told the time of day: %s. Exceptions end by "
			  "the time they knew before; restart embargod",
			  strerror(-err));
}

static int on_clock(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
	struct daemon *daemon = userdata;
	uint64_t ticks;

	(void)!read(fd, &ticks, sizeof(ticks)); /* that it was set is all that is to be known */
	log_notice("the time of day was set");
	conditions_clock(daemon);
	conditions_changed(daemon);
	daemon_coverage(daemon, "change");
	return clock_fd_arm(fd);
}

static int wire_clock(struct daemon *daemon)
{
	AUTO_FD int fd = timerfd_create(CLOCK_REALTIME, TFD_NONBLOCK | TFD_CLOEXEC);
	int err;

	if (fd < 0)
		return -errno;
	err = clock_fd_arm(fd);
	if (err == 0)
		err = sd_event_add_io(daemon->loop, &daemon->conditions.clock, fd, EPOLLIN, on_clock,
				      daemon);
	if (err >= 0)
		err = sd_event_source_set_io_fd_own(daemon->conditions.clock, true);
	if (err < 0)
		return err;
	(void)take_fd(fd);
	conditions_clock(daemon);
	return 0;
}

/* ---------------------------------------------------------------- all of them */

void conditions_changed(struct daemon *daemon)
{
	const struct generation *active = daemon->activation.active;

	if (requirements_asked(&active->requires))
		say_requirements(&daemon->activation.requirements,
				 requirements_met(&daemon->activation.requirements));
	say_exceptions(daemon);
	arm_requirements(daemon);
	arm_exceptions(daemon);
}

int conditions_wire(struct daemon *daemon)
{
	struct conditions *conditions = &daemon->conditions;
	int err;

	err = sd_event_add_time_relative(daemon->loop, &conditions->requirements, CLOCK_BOOTTIME,
					 REQUIREMENTS_US, ACCURACY_US, on_requirements, daemon);
	if (err >= 0)
		err = sd_event_add_time(daemon->loop, &conditions->exceptions, CLOCK_REALTIME, 0,
					ACCURACY_US, on_exception, daemon);
	if (err >= 0)
		err = sd_event_source_set_enabled(conditions->exceptions, SD_EVENT_OFF);
	if (err >= 0)
		err = wire_clock(daemon);
	if (err < 0)
		return err;
	conditions_changed(daemon);
	return 0;
}

void conditions_done(struct conditions *conditions)
{
	conditions->requirements = sd_event_source_disable_unref(conditions->requirements);
	conditions->exceptions = sd_event_source_disable_unref(conditions->exceptions);
	conditions->clock = sd_event_source_disable_unref(conditions->clock);
}
