/* SPDX-License-Identifier: MIT */
/*
 * suspects.c - see suspects.h. The parent decides, because it knows the policy, pauses and requirements of now; the
 * child only opens and reads. What the child says is believed only for the very file that the kernel asked about.
 */
#include "suspects.h"
#include "apart.h"
#include "clean.h"
#include "content.h"
#include "learned_set.h"
#include "log.h"
#include "suspect_read.h"
#include "suspect_verdict.h"

#include "../policy/generation.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/stat.h>
#include <time.h>

#define SUSPECTS_MAX 256 /* files that wait or are being read */
#define WORKERS_MAX  4
#define EVENTS_MAX   32 /* processes that attempted to use one file */
#define DEADLINE_US  20000000ull /* for a worker; a file system in user space may keep it for ever */

struct suspect {
	struct suspects *owner;
	struct learned_key key;
	struct event *events[EVENTS_MAX]; /* owned */
	size_t event_count;
	size_t reading; /* of these, the ones from before the worker began: its answer is about them */
	bool seen_only; /* nobody waits: refused already, read because it has changed */
	struct apart apart;
	sd_event_source *pipe, *timer; /* owned */
};

struct suspects {
	struct suspects_options options;
	const struct generation *generation; /* borrowed */
	struct suspect *list[SUSPECTS_MAX];  /* owned; oldest first */
	size_t count, workers, doubtful;     /* doubtful: workers with files that are not identified */
	__u64 asked, read, embargoed, ended, unreachable, overflow, hung;
};

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

static bool is_identified(const struct suspect *suspect)
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
	if (suspect->event_count == EVENTS_MAX)
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
	suspects->doubtful += !is_identified(suspect);
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
	suspects->doubtful -= !is_identified(suspect);
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
		    (!is_identified(one) && suspects->doubtful >= WORKERS_MAX / 2))
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

static void add(struct suspects *suspects, const struct event *event, bool seen_only)
{
	const struct learned_key key = learned_key_of_file(&event->file);
	struct suspect *suspect = find(suspects, &key);

	if (!suspect && suspects->count < SUSPECTS_MAX) {
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

/* ---------------------------------------------------------------- the answer */

static void conclude(struct suspects *suspects, const struct suspect *suspect,
		     const struct suspect_court *court, const struct suspect_answer *answer,
		     const struct learned *file)
{
	for (size_t i = 0; i < suspect->reading; i++) {
		bool ended = false;

		/* the others were refused already */
		if (!(suspect->events[i]->decision.flags & EVENT_WANTS_CONTENT))
			continue;
		if (!suspect_conclude(court, suspect->events[i], answer, file, &ended))
			continue;
		suspects->embargoed++;
		suspects->ended += ended;
	}
}

static void take(struct suspects *suspects, struct suspect *suspect,
		 const struct suspect_answer *answer)
{
	const struct suspect_court court = {&suspects->options, suspects->generation};
	struct suspect_verdict verdict = {0};
	int err;

	if (answer->err) {
		suspects->unreachable++;
		return;
	}
	err = suspect_judge(&court, &suspect->key, is_identified(suspect), answer, &verdict);
	if (err == -E2BIG)
		suspects->options.full(suspects->options.context);
	suspects->read++;
	/* also when the fact could not be put: what runs now runs now */
	if (verdict.deny)
		conclude(suspects, suspect, &court, answer, &verdict.file);
}

static int on_answer(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
	struct suspect *suspect = userdata;
	struct suspects *suspects = suspect->owner;
	struct suspect_answer answer;

	if (apart_read(fd, &answer, sizeof(answer), 0) != 1)
		answer = (struct suspect_answer){.err = -EIO};
	end(suspect, false); /* it has nothing left to do */
	take(suspects, suspect, &answer);
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

/* ---------------------------------------------------------------- from outside */

void suspects_ask(struct suspects *suspects, const struct event *event)
{
	/* a question that names no generation is about the one that is active */
	if (!suspects || !suspects->generation ||
	    (event->decision.generation &&
	     event->decision.generation != suspects->generation->number))
		return;
	suspects->asked++;
	add(suspects, event, false);
}

/* As far as its path tells: is the file still in the state that was read? */
static bool is_unchanged(const char *path, const struct learned *known)
{
	struct stat st;

	return lstat(path, &st) == 0 && (__u64)st.st_size == known->size &&
	       st.st_ctim.tv_sec * 1000000000ull + st.st_ctim.tv_nsec == known->change_ns;
}

/* Is that path the same file as this process sees it? In a container or below another root it is another one. */
static bool is_here(const char *path, const struct event *event)
{
	struct stat st;

	return lstat(path, &st) == 0 && st.st_ino == event->file.inode;
}

/* What is known of its file; nothing may be. */
static int known_of(struct suspects *suspects, const struct event *event, struct learned *out)
{
	const struct learned_key key = learned_key_of_file(&event->file);
	int err = kernel_learned_get(suspects->options.kernel, &key, out);

	return err == -ENOENT ? 0 : err;
}

/* The path of an event, from the root of its process; false if it is not whole. */
static bool path_of(const struct event *event, char *out_path)
{
	if (event->path_flags || event->path_bytes >= PATH_MAX)
		return false;
	memcpy(out_path, event->path, event->path_bytes);
	out_path[event->path_bytes] = 0;
	return *out_path == '/';
}

void suspects_seen(struct suspects *suspects, const struct event *event)
{
	struct learned known = {0};
	char path[PATH_MAX];

	if (!suspects || !suspects->generation || !event->decision.rule ||
	    event->decision.let_through || !event->file.size ||
	    !(event->file.flags & FILE_IDENTIFIED) ||
	    event->decision.generation != suspects->generation->number)
		return;
	if (!path_of(event, path) || known_of(suspects, event, &known) ||
	    known.flags & LEARNED_PROTECTED)
		return;
	/*
	 * A file that was renamed or written to stays refused until it was read again: the other way round every rename
	 * of an embargoed copy would let it run once more.
	 */
	if (event->decision.recognised == RECOGNISED_IDENTITY && known.flags & LEARNED_BY_CONTENT &&
	    !is_unchanged(path, &known))
		add(suspects, event, true);
	if (event->decision.recognised == RECOGNISED_PATH && is_here(path, event) &&
	    !(known.flags & LEARNED_HASHED && known.size == event->file.size))
		suspects->options.seen(suspects->options.context, path);
}

int suspects_new(const struct suspects_options *options, struct suspects **out_suspects)
{
	struct suspects *suspects = calloc(1, sizeof(*suspects));

	if (!suspects)
		return -ENOMEM;
	suspects->options = *options;
	*out_suspects = suspects;
	return 0;
}

static void give_up(struct suspects *suspects)
{
	for (size_t i = 0; i < suspects->count; i++)
		suspect_free(suspects->list[i]);
	suspects->count = suspects->workers = suspects->doubtful = 0;
}

void suspects_free(struct suspects *suspects)
{
	if (!suspects)
		return;
	give_up(suspects);
	free(suspects);
}

void suspects_generation(struct suspects *suspects, const struct generation *generation)
{
	if (!suspects)
		return;
	give_up(suspects);
	suspects->generation = generation;
}

json_t *suspects_state(const struct suspects *suspects)
{
	return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "asked", (json_int_t)suspects->asked,
			 "read", (json_int_t)suspects->read, "embargoed",
			 (json_int_t)suspects->embargoed, "ended", (json_int_t)suspects->ended,
			 "unreachable", (json_int_t)suspects->unreachable, "overflow",
			 (json_int_t)suspects->overflow, "hung", (json_int_t)suspects->hung);
}

bool suspects_by_agent(const struct kernel_report *report)
{
	return !report->hooks[HOOK_EXEC].hashes;
}
