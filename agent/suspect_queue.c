/* SPDX-License-Identifier: MIT */
/*
 * suspect_queue.c - see suspect_queue.h. Each file is read in a process of its own.
 */
#include "suspect_queue.h"
#include "clean.h"
#include "learned_set.h"
#include "log.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>

#define WORKERS_MAX 4
#define DEADLINE_US 20000000ull /* for a worker; a file system in user space may keep it for ever */

/* ---------------------------------------------------------------- the child */

static int work(void *context, int fd)
{
	const struct suspect *suspect = context;
	const struct suspect_question question = {
		.kernel = suspect->owner->options.kernel,
		.key = &suspect->key,
		.events = suspect->events,
		.event_count = suspect->event_count,
	};
	struct suspect_answer answer = {0};

	if (suspect->seen_only)
		apart_low_priority();
	answer.err = suspect_read(&question, &answer);
	return apart_write(fd, &answer, sizeof(answer));
}

/* ---------------------------------------------------------------- the queue */

bool suspect_is_identified(const struct suspect *suspect)
{
	return suspect->events[0]->file.flags & FILE_IDENTIFIED;
}

static void suspect_free(struct suspect *suspect)
{
	if (!suspect)
		return;
	sd_event_source_disable_unref(suspect->timer);
	sd_event_source_disable_unref(suspect->pipe);
	(void)apart_end(&suspect->apart, true);
	for (size_t i = 0; i < suspect->event_count; i++)
		free(suspect->events[i]);
	free(suspect);
}

static void forget(struct suspects *suspects, struct suspect *suspect)
{
	for (size_t i = 0; i < suspects->count; i++) {
		if (suspects->list[i] != suspect)
			continue;
		memmove(&suspects->list[i], &suspects->list[i + 1],
			(suspects->count - i - 1) * sizeof(suspects->list[0]));
		suspects->count--;
		break;
	}
	suspect_free(suspect);
}

/* Its worker has answered. What came while it read may be about another content: that is read once more. */
static void forget_read(struct suspects *suspects, struct suspect *suspect)
{
	size_t left = suspect->event_count - suspect->reading;

	if (!left) {
		forget(suspects, suspect);
		return;
	}
	for (size_t i = 0; i < suspect->reading; i++)
		free(suspect->events[i]);
	memmove(suspect->events, &suspect->events[suspect->reading],
		left * sizeof(suspect->events[0]));
	suspect->event_count = left;
	suspect->reading = 0;
}

static struct event *copy_of(const struct event *event)
{
	struct event *copy = malloc(event->header.size);

	if (copy)
		memcpy(copy, event, event->header.size);
	return copy;
}

/* One process may map a file in many pieces. What is being read may be what was there before. */
static bool is_known(const struct suspect *suspect, const struct event *event)
{
	for (size_t i = suspect->reading; i < suspect->event_count; i++) {
		const struct event *one = suspect->events[i];

		if (one->subject.pid == event->subject.pid &&
		    one->subject.start_boot_ns == event->subject.start_boot_ns &&
		    one->header.kind == event->header.kind)
			return true;
	}
	return false;
}

static int add_event(struct suspect *suspect, const struct event *event)
{
	if (is_known(suspect, event))
		return 0;
	if (suspect->event_count == SUSPECT_EVENTS_MAX)
		return -E2BIG;
	suspect->events[suspect->event_count] = copy_of(event);
	if (!suspect->events[suspect->event_count])
		return -ENOMEM;
	suspect->event_count++;
	return 0;
}

static struct suspect *find(struct suspects *suspects, const struct learned_key *key)
{
	for (size_t i = 0; i < suspects->count; i++)
		if (!memcmp(&suspects->list[i]->key, key, sizeof(*key)))
			return suspects->list[i];
	return NULL;
}

static int on_answer(sd_event_source *source, int fd, uint32_t revents, void *userdata);
static int on_deadline(sd_event_source *source, uint64_t usec, void *userdata);

static int begin(struct suspect *suspect)
{
	struct suspects *suspects = suspect->owner;
	__u32 deadline_ms = suspects->options.deadline_ms;
	int err = apart_start(work, suspect, &suspect->apart);

	if (err < 0)
		return err;
	suspect->reading = suspect->event_count;
	suspects->workers++;
	suspects->doubtful += !suspect_is_identified(suspect);
	err = sd_event_add_io(suspects->options.loop, &suspect->pipe, suspect->apart.fd, EPOLLIN,
			      on_answer, suspect);
	if (err < 0)
		return err;
	return sd_event_add_time_relative(suspects->options.loop, &suspect->timer, CLOCK_MONOTONIC,
					  deadline_ms ? deadline_ms * 1000ull : DEADLINE_US, 0,
					  on_deadline, suspect);
}

/* Its worker is at its end, or is given up. */
static void end(struct suspect *suspect, bool kill_it)
{
	struct suspects *suspects = suspect->owner;

	/* before the descriptor is closed: other children hold the same pipe, so the loop would go on hearing of it */
	suspect->pipe = sd_event_source_disable_unref(suspect->pipe);
	suspect->timer = sd_event_source_disable_unref(suspect->timer);
	if (!suspect->apart.pid)
		return;
	(void)apart_end(&suspect->apart, kill_it);
	suspects->workers--;
	suspects->doubtful -= !suspect_is_identified(suspect);
}

/*
 * Those that somebody waits for come first. Only half of the workers read what is not identified: it may be on a file
 * system whose owner lets them wait.
 */
static struct suspect *next(struct suspects *suspects)
{
	struct suspect *other = NULL;

	for (size_t i = 0; i < suspects->count; i++) {
		struct suspect *one = suspects->list[i];

		if (one->apart.pid ||
		    (!suspect_is_identified(one) && suspects->doubtful >= WORKERS_MAX / 2))
			continue;
		if (!one->seen_only)
			return one;
		if (!other)
			other = one;
	}
	return other;
}

static void begin_some(struct suspects *suspects)
{
	struct suspect *suspect;

	while (suspects->workers < WORKERS_MAX && (suspect = next(suspects))) {
		int err = begin(suspect);

		if (err >= 0)
			continue;
		log_warning(
			"a file could not be read for its content: %s. It is asked for again when it runs next",
			strerror(-err));
		end(suspect, true);
		suspects->unreachable++;
		forget(suspects, suspect);
	}
}

static void overflow(struct suspects *suspects)
{
	suspects->overflow++;
	if (!(suspects->overflow & (suspects->overflow - 1)))
		log_warning(
			"%llu attempts could not be looked at for the content of their file, because too many came at "
			"a time; each is asked for again when it runs next",
			(unsigned long long)suspects->overflow);
}

/* What is not identified gets half of the places: it must not keep the others out for as long as its owner likes. */
static bool has_room(const struct suspects *suspects, const struct event *event)
{
	size_t doubtful = 0;

	if (event->file.flags & FILE_IDENTIFIED)
		return suspects->count < SUSPECTS_MAX;
	for (size_t i = 0; i < suspects->count; i++)
		doubtful += !suspect_is_identified(suspects->list[i]);
	return suspects->count < SUSPECTS_MAX && doubtful < SUSPECTS_MAX / 2;
}

void suspect_queue_add(struct suspects *suspects, const struct event *event, bool seen_only)
{
	const struct learned_key key = learned_key_of_file(&event->file);
	struct suspect *suspect = find(suspects, &key);

	if (!suspect && has_room(suspects, event)) {
		suspect = calloc(1, sizeof(*suspect));
		if (suspect) {
			*suspect = (struct suspect){.owner = suspects,
						    .key = key,
						    .seen_only = seen_only,
						    .apart.fd = -1};
			suspects->list[suspects->count++] = suspect;
		}
	}
	if (!suspect || add_event(suspect, event)) {
		overflow(suspects);
		if (suspect && !suspect->event_count)
			forget(suspects, suspect);
		return;
	}
	suspect->seen_only &= seen_only;
	begin_some(suspects);
}

/* ---------------------------------------------------------------- its end */

static int on_answer(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
	struct suspect *suspect = userdata;
	struct suspects *suspects = suspect->owner;
	struct suspect_answer answer;

	if (apart_read(fd, &answer, sizeof(answer), 0) != 1)
		answer = (struct suspect_answer){.err = -EIO};
	end(suspect, false); /* it has nothing left to do */
	suspect_answered(suspects, suspect, &answer);
	forget_read(suspects, suspect);
	begin_some(suspects);
	return 0;
}

static int on_deadline(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct suspect *suspect = userdata;
	struct suspects *suspects = suspect->owner;

	if (!suspects->hung++)
		log_warning(
			"a file that process %u uses could not be read within %u s, so its content is not known: "
			"its file system does not answer. This is said once; embargo status counts",
			suspect->events[0]->subject.pid, (unsigned)(DEADLINE_US / 1000000));
	end(suspect, true);
	forget(suspects, suspect);
	begin_some(suspects);
	return 0;
}

void suspect_queue_clear(struct suspects *suspects)
{
	for (size_t i = 0; i < suspects->count; i++)
		suspect_free(suspects->list[i]);
	suspects->count = suspects->workers = suspects->doubtful = 0;
}
