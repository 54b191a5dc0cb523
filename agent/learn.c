/* SPDX-License-Identifier: MIT */
/*
 * learn.c - see learn.h. What is due is a set of phases; a search does all of them, the quick one first. When
 * packages change while a quick one runs it is done again after it; while the slow ones run they make way, for what
 * they have put stays and is not done twice.
 */
#include "learn.h"
#include "apart.h"
#include "clean.h"
#include "follow.h"
#include "inventory/belongs.h"
#include "log.h"
#include "record.h"
#include "search.h"
#include "trust.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>

#define PAUSE_US    200000ull   /* between two searches */
#define RETRY_US    10000000ull /* after a failure */
#define VAIN_FREE   3
#define VAIN_MAX    8
#define VAIN_US     100000ull
#define COUNTED_MAX 50000 /* facts that are counted anew for every status */
#define NAMED_MAX   64    /* paths that wait for the next search; others are met again */

struct learn {
	struct learn_options options;
	const struct generation *generation; /* borrowed; NULL: nothing to search for */
	struct follow *follow;
	sd_event_source *timer; /* owned: the next search begins */
	sd_event_source *pipe;  /* owned: of the search that runs */
	struct apart apart;
	unsigned due, running; /* enum search_phase, ORed */
	bool full;             /* room has to be made before the next search */
	__u32 round;
	__u64 began_ms, ended_ms;
	__u64 began_real_ns, read_before_ns; /* as in struct search */
	bool was_complete;                   /* told for this generation */
	bool cannot;                         /* the kernel side cannot tell what files are */
	struct timespec complete;            /* when a search was through last; 0 */
	struct search_result last[3];        /* by phase */
	__u64 counts[LEARNED_MAX];
	unsigned grown;
	__u64 found;      /* by the last complete search */
	unsigned in_vain; /* searches after a change that found nothing new, one after the other */
	size_t watched;
	char *named[NAMED_MAX];            /* owned */
	size_t named_count, named_running; /* those of the search that runs come first */
};

static unsigned index_of(__u32 phase)
{
	return phase == SEARCH_QUICK ? 0 : phase == SEARCH_WALK ? 1 : 2;
}

/* ---------------------------------------------------------------- the child */

static int tell(void *context, const struct search_result *result)
{
	if (result->phase == SEARCH_QUICK)
		apart_low_priority();
	return apart_write(*(int *)context, result, sizeof(*result));
}

static int run(void *context, int fd)
{
	const struct learn *learn = context;
	const struct search search = {
		.kernel = learn->options.kernel,
		.generation = learn->generation,
		.phases = learn->running,
		.round = learn->round,
		.read_before_ns = learn->read_before_ns,
		.named = (char *const *)learn->named,
		.named_count = learn->named_running,
		.done = tell,
		.context = &fd,
	};

	return search_run(&search);
}

/* ---------------------------------------------------------------- begin and end */

static void arm(struct learn *learn, uint64_t delay_us)
{
	int state = SD_EVENT_OFF;

	(void)sd_event_source_get_enabled(learn->timer, &state);
	if (state != SD_EVENT_OFF || !learn->due || learn->apart.pid || !learn->generation)
		return;
	(void)sd_event_source_set_time_relative(learn->timer, delay_us);
	(void)sd_event_source_set_enabled(learn->timer, SD_EVENT_ONESHOT);
}

static int count(void *context, const struct learned_key *key, const struct learned *learned)
{
	__u64 *counts = context;

	if (key->kind < LEARNED_MAX)
		counts[key->kind]++;
	return 0;
}

static void count_facts(struct learn *learn)
{
	__u64 counts[LEARNED_MAX] = {0};

	if (kernel_learned_each(learn->options.kernel, count, counts) == 0)
		memcpy(learn->counts, counts, sizeof(counts));
}

static void make_room(struct learn *learn)
{
	int err = kernel_learned_grow(learn->options.kernel);

	learn->full = false;
	if (err < 0) {
		log_error(
			"the kernel has no room for more facts about files: %s. What is known is enforced; "
			"other files are recognised by their path only",
			strerror(-err));
		return;
	}
	learn->grown++;
}

/* The first ones have been looked at. */
static void forget_named(struct learn *learn, size_t count)
{
	for (size_t i = 0; i < count; i++)
		free(learn->named[i]);
	memmove(learn->named, &learn->named[count],
		(learn->named_count - count) * sizeof(learn->named[0]));
	learn->named_count -= count;
	learn->named_running = 0;
}

static void complete(struct learn *learn)
{
	const struct search_result *quick = &learn->last[0], *hash = &learn->last[2];
	double seconds = (double)hash->hashed_ns / 1e9;
	bool vain;

	(void)clock_gettime(CLOCK_REALTIME, &learn->complete); /* exists */
	count_facts(learn);
	forget_named(learn, learn->named_running);
	vain = learn->was_complete && !quick->gone && !hash->hashed && quick->files == learn->found;
	learn->found = quick->files;
	if (hash->phase)
		learn->read_before_ns = learn->began_real_ns;
	learn->in_vain = vain ? learn->in_vain + 1 : 0;
	log_print(
		vain                  ? LOG_LEVEL_DEBUG
		: learn->was_complete ? LOG_LEVEL_INFO
				      : LOG_LEVEL_NOTICE,
		"the search for the policy's files is complete after %llu ms: %llu files and %llu contents are known; "
		"%llu files with %.1f MB were read in %.2f s, %llu facts are gone%s",
		(unsigned long long)(learn->ended_ms - learn->began_ms),
		(unsigned long long)learn->counts[LEARNED_FILE],
		(unsigned long long)learn->counts[LEARNED_DIGEST], (unsigned long long)hash->hashed,
		(double)hash->hashed_bytes / 1e6, seconds, (unsigned long long)quick->gone,
		quick->missed ? "; some places could not be looked at, embargo scan says which"
			      : "");
	if (!learn->was_complete) {
		learn->was_complete = true;
		learn->options.complete(learn->options.context);
	}
}

static void failed(struct learn *learn, int err)
{
	if (err == -E2BIG) {
		learn->full = true;
		arm(learn, 0);
		return;
	}
	if (err == -EOPNOTSUPP) {
		if (!learn->cannot)
			log_warning(
				"this kernel cannot tell the agent what files are, so files are recognised by "
				"their path only");
		learn->cannot = true;
		learn->due = 0;
		return;
	}
	log_warning("the search for the policy's files ended early: %s. Trying again in %llu s",
		    err ? strerror(-err) : "its process was ended", RETRY_US / 1000000);
	arm(learn, RETRY_US);
}

/* Take what the search wrote. Return: 0, or what a phase failed with. */
static int take_results(struct learn *learn)
{
	struct search_result result;

	while (apart_read(learn->apart.fd, &result, sizeof(result), 0) == 1) {
		learn->last[index_of(result.phase)] = result;
		if (result.err)
			return result.err;
		learn->running &= ~result.phase;
	}
	return 0;
}

static int on_pipe(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
	struct learn *learn = userdata;
	unsigned before = learn->running;
	int err = take_results(learn);

	if (learn->last[0].phase && before & SEARCH_QUICK && !(learn->running & SEARCH_QUICK))
		log_debug("%llu files of the policy are known",
			  (unsigned long long)learn->last[0].files);
	if (before != learn->running)
		learn->options.found(learn->options.context);
	if (!err && !(revents & (EPOLLHUP | EPOLLERR)))
		return 0;
	learn->pipe = sd_event_source_disable_unref(learn->pipe);
	if (!apart_end(&learn->apart, err != 0) && !err)
		err = learn->running ? -ECHILD : 0;
	learn->due |= learn->running; /* what is not done is still to be done */
	learn->running = 0;
	learn->ended_ms = (__u64)apart_now_ms();
	if (err == -ENOENT)
		return 0; /* another generation: learn_generation() comes */
	if (err)
		failed(learn, err == -ECHILD ? 0 : err);
	else if (learn->due)
		arm(learn, PAUSE_US);
	else
		complete(learn);
	return 0;
}

void learn_stop(struct learn *learn)
{
	if (!learn || !learn->apart.pid)
		return;
	(void)take_results(learn);
	learn->pipe = sd_event_source_disable_unref(learn->pipe);
	(void)apart_end(&learn->apart, true); /* nobody waits for its end */
	learn->due |= learn->running;
	learn->running = 0;
}

static __u64 real_ns(void)
{
	struct timespec now = {0};

	(void)clock_gettime(CLOCK_REALTIME, &now); /* exists */
	return now.tv_sec * 1000000000ull + now.tv_nsec;
}

static __u32 next_round(const struct learn *learn)
{
	struct timespec now = {0};

	/* Also another one than those of agents before this one, whose facts were adopted. */
	(void)clock_gettime(CLOCK_BOOTTIME, &now); /* exists */
	return (__u32)now.tv_sec + 1 > learn->round ? (__u32)now.tv_sec + 1 : learn->round + 1;
}

static int on_timer(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct learn *learn = userdata;
	int err;

	if (learn->apart.pid || !learn->due || !learn->generation)
		return 0;
	if (learn->full)
		make_room(learn);
	learn->round = next_round(learn);
	/* Contents and what a walk finds hang on what the quick phase finds. */
	learn->running = learn->due | SEARCH_QUICK;
	learn->due = 0;
	learn->named_running = learn->named_count;
	learn->began_ms = (__u64)apart_now_ms();
	learn->began_real_ns = real_ns();
	err = apart_start(run, learn, &learn->apart);
	if (!err)
		err = sd_event_add_io(learn->options.loop, &learn->pipe, learn->apart.fd, EPOLLIN,
				      on_pipe, learn);
	if (err < 0) {
		(void)apart_end(&learn->apart, true);
		learn->due = learn->running;
		learn->running = 0;
		failed(learn, err);
	}
	return 0;
}

/* ---------------------------------------------------------------- when */

static void search(struct learn *learn, unsigned phases, uint64_t delay_us)
{
	if (learn->cannot)
		return;
	if (learn->apart.pid && !(learn->running & SEARCH_QUICK)) {
		(void)take_results(learn);
		learn_stop(learn);
	}
	learn->due |= phases;
	arm(learn, delay_us);
}

/* A storm of changes must not keep a processor busy: as much rest as a search took. */
static uint64_t rest_us(const struct learn *learn)
{
	__u64 now = (__u64)apart_now_ms(), spent = learn->ended_ms - learn->began_ms;

	return learn->ended_ms && spent < 1000 && now - learn->ended_ms < spent ? spent * 1000 : 0;
}

static void on_change(void *context)
{
	struct learn *learn = context;
	uint64_t delay = rest_us(learn);

	/* and changes that never mean anything are followed less and less closely, but within a second */
	if (learn->in_vain > VAIN_FREE)
		delay += (learn->in_vain < VAIN_MAX ? learn->in_vain - VAIN_FREE
						    : VAIN_MAX - VAIN_FREE) *
			 VAIN_US;
	search(learn, SEARCH_QUICK | SEARCH_HASH, delay);
}

/* Others than the host's owner may have given it that name: then it says nothing of other files. */
static bool is_worth_a_search(const char *path)
{
	AUTO_FREE struct trust *trust = calloc(1, sizeof(*trust));
	struct stat st;

	return trust && trust_begin(trust, NULL) == 0 && lstat(path, &st) == 0 &&
	       S_ISREG(st.st_mode) && st.st_nlink == 1 && trust_has(trust, path, &st);
}

void learn_seen(struct learn *learn, const char *path)
{
	if (!learn || learn->cannot || learn->named_count == NAMED_MAX)
		return;
	for (size_t i = 0; i < learn->named_count; i++)
		if (!strcmp(learn->named[i], path))
			return;
	if (!is_worth_a_search(path))
		return;
	learn->named[learn->named_count] = strdup(path);
	if (!learn->named[learn->named_count])
		return; /* it is met again */
	learn->named_count++;
	search(learn, SEARCH_QUICK | SEARCH_HASH, rest_us(learn));
}

void learn_generation(struct learn *learn, const struct generation *generation)
{
	if (!learn)
		return;
	learn_stop(learn);
	forget_named(learn, learn->named_count);
	learn->generation = generation;
	learn->was_complete = false;
	learn->read_before_ns = 0;
	learn->due = 0;
	memset(learn->last, 0, sizeof(learn->last));
	if (learn->follow)
		learn->watched = follow_rules(learn->follow, generation);
	search(learn, SEARCH_QUICK | SEARCH_HASH | (belongs_any_walk(generation) ? SEARCH_WALK : 0),
	       0);
}

void learn_full(struct learn *learn)
{
	if (!learn)
		return;
	learn->full = true;
	search(learn, SEARCH_QUICK | SEARCH_HASH, 0);
}

int learn_new(const struct learn_options *options, struct learn **out_learn)
{
	struct learn *learn = calloc(1, sizeof(*learn));
	int err;

	if (!learn)
		return -ENOMEM;
	learn->options = *options;
	learn->apart.fd = -1;
	err = sd_event_add_time_relative(options->loop, &learn->timer, CLOCK_MONOTONIC, 0, 1000,
					 on_timer, learn);
	if (err >= 0)
		err = sd_event_source_set_enabled(learn->timer, SD_EVENT_OFF);
	if (err < 0) {
		learn_free(learn);
		return err;
	}
	err = follow_new(options->loop, on_change, learn, &learn->follow);
	if (err < 0)
		log_warning(
			"the package databases cannot be watched: %s. Packages that come are found at the next reload "
			"(systemctl reload embargod)",
			strerror(-err));
	*out_learn = learn;
	return 0;
}

void learn_free(struct learn *learn)
{
	if (!learn)
		return;
	learn_stop(learn);
	forget_named(learn, learn->named_count);
	follow_free(learn->follow);
	sd_event_source_disable_unref(learn->timer);
	free(learn);
}

/* ---------------------------------------------------------------- status */

json_t *learn_state(struct learn *learn)
{
	const struct search_result *quick = &learn->last[0], *hash = &learn->last[2];
	AUTO_JSON json_t *state = NULL;
	char time[RECORD_TIME_BYTES];

	if (learn->counts[LEARNED_FILE] < COUNTED_MAX)
		count_facts(learn);
	state = json_pack(
		"{s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I}",
		"search",
		learn->cannot                    ? "impossible"
		: learn->apart.pid || learn->due ? "running"
		: learn->complete.tv_sec         ? "complete"
						 : "none",
		"files", (json_int_t)learn->counts[LEARNED_FILE], "contents",
		(json_int_t)learn->counts[LEARNED_DIGEST], "sizes",
		(json_int_t)learn->counts[LEARNED_SIZE], "found", (json_int_t)quick->files, "gone",
		(json_int_t)quick->gone, "missed", (json_int_t)quick->missed, "hashed",
		(json_int_t)hash->hashed, "hashed_bytes", (json_int_t)hash->hashed_bytes,
		"unreadable", (json_int_t)hash->unreadable, "shared", (json_int_t)hash->shared,
		"doubtful", (json_int_t)hash->doubtful, "linked", (json_int_t)quick->linked, "room",
		(json_int_t)kernel_learned_room(learn->options.kernel), "directories_watched",
		(json_int_t)learn->watched);
	if (!learn->complete.tv_sec)
		return take_ptr(state);
	record_time(learn->complete.tv_sec * 1000000000ull + learn->complete.tv_nsec, time);
	if (json_object_set_new(state, "complete_since", json_string(time)))
		return NULL;
	return take_ptr(state);
}
