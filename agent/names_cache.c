/* SPDX-License-Identifier: MIT */
/*
 * names_cache.c - see names_cache.h. A resolver that hangs, or says something endless or malformed, costs the agent's loop nothing: all
 * that is done in the process beside it, which has a time and an amount of memory.
 */
#include "names_cache.h"
#include "apart.h"
#include "cached.h"
#include "clean.h"
#include "deliver.h"
#include "kernel.h"
#include "log.h"
#include "names.h"
#include "resolver.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>

#define ASK_MS	    5000
#define DONE_US	    10000000ull	/* all of it; then the process is ended */
#define ACCURACY_US 100000ull
#define MEMORY_MAX  (384ul << 20)	/* a tree of JSON takes some ten times its text */
#define US_PER_S    1000000ull

/* What the process says at its end. */
struct result {
	int err;
	bool kept_used;		/* and err: that connection is good for nothing any more */
	char why[128];
	size_t denied;		/* names, each with an address */
	size_t failed;		/* of those: did not fit */
};

struct names_cache {
	sd_event *loop;				/* borrowed */
	struct kernel *kernel;			/* borrowed */
	const struct generation *generation;	/* borrowed; NULL: it has no names, or there is none */
	void (*found)(void *userdata);
	void *userdata;
	int fd;					/* owned: the connection from the start; -1: none */
	bool again;
	long long began_ms;
	struct apart apart;
	sd_event_source *pipe, *deadline;	/* owned, while it is under way */
	const char *state;
	struct result last;
};

/* ---------------------------------------------------------------- in the process */

struct reading {
	struct names_cache *cache;
	const struct cached *cached;
	struct result *result;
	__u64 now_boot_ns;
};

static bool judge(void *context, const struct domain_text *name)
{
	const struct reading *reading = context;

	return names_denied(reading->cache->generation, name);
}

/* What is left of its time, as long as an answer is believed (bpf/abi.h): it may be used after that, too. */
static __u64 believed_until(__u64 now_boot_ns, __u64 until_us)
{
	__u64 now_us = now_boot_ns / 1000, left_us = until_us > now_us ? until_us - now_us : 0;

	if (left_us < TTL_MIN_S * US_PER_S)
		left_us = TTL_MIN_S * US_PER_S;
	if (left_us > TTL_MAX_S * US_PER_S)
		left_us = TTL_MAX_S * US_PER_S;
	return now_boot_ns + left_us * 1000;
}

static int put_denied(void *context, const struct cached_name *one)
{
	const struct reading *reading = context;
	__u64 until = believed_until(reading->now_boot_ns, one->until_us), key = names_key(one->name);
	struct kernel *kernel = reading->cache->kernel;
	int err;

	if (!one->denied)
		return 0;
	err = kernel_resolved_put(kernel, &one->address, key, one->name, until, reading->now_boot_ns);
	if (!err && one->through)
		err = kernel_resolved_through(kernel, key, names_key(one->through), one->through, until);
	reading->result->denied++;
	reading->result->failed += err < 0;
	return 0;
}

/* An address that is known is shared; of another one that may turn out later. More than fit say nothing more. */
static int put_innocent(void *context, const struct cached_name *one)
{
	const struct reading *reading = context;
	__u64 until = believed_until(reading->now_boot_ns, one->until_us);
	struct kernel *kernel = reading->cache->kernel;

	if (one->denied)
		return 0;
	if (kernel_address_known(kernel, &one->address))
		(void)kernel_resolved_put(kernel, &one->address, names_key(one->name), one->name, until, reading->now_boot_ns);
	else
		(void)kernel_seen_put(kernel, &one->address, one->name, until);
	return 0;
}

/* Innocent names that answers gave before, of addresses that are known only now. */
static int share_seen(void *context, const struct address_key *address, const struct seen_address *known)
{
	const struct reading *reading = context;
	struct kernel *kernel = reading->cache->kernel;

	if (known->until_boot_ns > reading->now_boot_ns && kernel_address_known(kernel, address) && !judge(context, &known->name))
		(void)kernel_resolved_put(kernel, address, names_key(&known->name), &known->name, known->until_boot_ns,
					  reading->now_boot_ns);
	return 0;
}

/* By a connection of its own if that is allowed: the other one may be to a resolver that was restarted since. */
static int ask(struct names_cache *cache, struct result *result, char **out_text, size_t *out_bytes)
{
	AUTO_FD int fd = resolver_connect();
	int err = fd;

	result->kept_used = (fd == -EACCES || fd == -EPERM) && cache->fd >= 0;
	if (fd >= 0 || result->kept_used)
		err = resolver_ask(fd >= 0 ? fd : cache->fd, apart_now_ms() + ASK_MS, out_text, out_bytes);
	if (err == -ETIMEDOUT)
		snprintf(result->why, sizeof(result->why), "it does not answer");
	else if (err == -E2BIG)
		snprintf(result->why, sizeof(result->why), "its answer has more than %u MiB", RESOLVER_REPLY_MAX >> 20);
	else if (err < 0)
		snprintf(result->why, sizeof(result->why), "%s", strerror(-err));
	return err;
}

static void put(struct reading *reading)
{
	int err = cached_each(reading->cached, judge, put_denied, reading) ?:
		  kernel_seen_each(reading->cache->kernel, share_seen, reading) ?:
		  cached_each(reading->cached, judge, put_innocent, reading);

	(void)err;	/* no callback ends it */
}

static int look(struct names_cache *cache, struct result *result)
{
	AUTO_FREE char *text = NULL;
	struct cached *cached = NULL;
	const char *why = "";
	size_t bytes = 0;
	int err = ask(cache, result, &text, &bytes);

	if (err < 0)
		return err;
	result->kept_used = false;	/* the answer was whole */
	err = cached_parse(text, bytes, &why, &cached);
	if (err < 0) {
		snprintf(result->why, sizeof(result->why), "%s", why);
		return err;
	}
	put(&(struct reading){cache, cached, result, deliver_now()});
	cached_free(cached);
	return 0;
}

static int work(void *context, int fd)
{
	const struct rlimit memory = {MEMORY_MAX, MEMORY_MAX};
	struct result result = {0};

	(void)setrlimit(RLIMIT_DATA, &memory);	/* without it only the size of the answer bounds it */
	result.err = look(context, &result);
	return apart_write(fd, &result, sizeof(result));
}

/* ---------------------------------------------------------------- in the loop */

/* A host without it, where it was stopped, or with one before version 252, has nothing to say of it. */
static void say(struct names_cache *cache)
{
	const struct result *last = &cache->last;

	if (last->err == -ENOENT || last->err == -ECONNREFUSED) {
		cache->state = "absent";
		return;
	}
	cache->state = last->err ? "unreadable" : "read";
	if (last->err)
		log_print(last->err == -EOPNOTSUPP ? LOG_LEVEL_NOTICE : LOG_LEVEL_WARNING,
			  "the cache of systemd-resolved could not be read: %s. Addresses of denied names that it has in there are not "
			  "known until it asks for them again; \"resolvectl flush-caches\" makes it", last->why);
	else
		log_info("the cache of systemd-resolved was read after %lld ms: it had %zu addresses of denied names",
			 apart_now_ms() - cache->began_ms, last->denied);
	if (last->failed)
		log_warning("%zu addresses of the cache of systemd-resolved did not fit into the kernel: see embargo status, names",
			    last->failed);
}

static void begin(struct names_cache *cache);

static void finish(struct names_cache *cache, bool kill_it)
{
	struct result result = {.err = -EIO, .kept_used = true, .why = "the process that reads it ended early"};

	if (kill_it)
		snprintf(result.why, sizeof(result.why), "it takes too long");
	else
		(void)apart_read(cache->apart.fd, &result, sizeof(result), 0);	/* untouched: as it is */
	cache->pipe = sd_event_source_disable_unref(cache->pipe);
	cache->deadline = sd_event_source_disable_unref(cache->deadline);
	(void)apart_end(&cache->apart, kill_it);	/* what it said is all that counts */
	cache->last = result;
	if (result.err && result.kept_used) {
		clean_fd(&cache->fd);
		cache->fd = -1;
	}
	say(cache);
	if (result.denied || result.err == -EIO)	/* nobody knows how far it came */
		cache->found(cache->userdata);
	if (cache->again)
		begin(cache);
}

static int on_pipe(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
	finish(userdata, false);
	return 0;
}

static int on_deadline(sd_event_source *source, uint64_t usec, void *userdata)
{
	finish(userdata, true);
	return 0;
}

static void begin(struct names_cache *cache)
{
	int err = apart_start_with(work, cache, cache->fd, &cache->apart);

	cache->began_ms = apart_now_ms();
	cache->again = false;
	cache->state = "waiting";
	if (!err)
		err = sd_event_add_io(cache->loop, &cache->pipe, cache->apart.fd, EPOLLIN, on_pipe, cache);
	if (err >= 0)
		err = sd_event_add_time_relative(cache->loop, &cache->deadline, CLOCK_BOOTTIME, DONE_US, ACCURACY_US, on_deadline,
						 cache);
	if (err >= 0)
		return;
	cache->pipe = sd_event_source_disable_unref(cache->pipe);
	(void)apart_end(&cache->apart, true);	/* never started, or nobody would hear it */
	cache->last = (struct result){.err = err};
	snprintf(cache->last.why, sizeof(cache->last.why), "%s", strerror(-err));
	say(cache);
}

void names_cache_read(struct names_cache *cache, const struct generation *generation)
{
	cache->generation = generation;
	cache->again = generation && cache->apart.pid;	/* what is under way has the one before */
	if (cache->apart.pid)
		return;
	cache->last = (struct result){0};
	cache->state = "not needed";
	if (generation)
		begin(cache);
}

int names_cache_new(sd_event *loop, struct kernel *kernel, int resolver_fd, void (*found)(void *userdata), void *userdata,
		    struct names_cache **out_cache)
{
	struct names_cache *cache = calloc(1, sizeof(*cache));

	if (!cache) {
		clean_fd(&resolver_fd);
		return -ENOMEM;
	}
	*cache = (struct names_cache){.loop = loop, .kernel = kernel, .found = found, .userdata = userdata, .state = "not needed",
				      .apart = {.fd = -1}, .fd = resolver_fd};
	*out_cache = cache;
	return 0;
}

void names_cache_free(struct names_cache *cache)
{
	if (!cache)
		return;
	sd_event_source_disable_unref(cache->pipe);
	sd_event_source_disable_unref(cache->deadline);
	(void)apart_end(&cache->apart, true);	/* never started, or in vain */
	clean_fd(&cache->fd);
	free(cache);
}

int names_cache_state(const struct names_cache *cache, json_t *state)
{
	int err = json_object_set_new(state, "cache", json_string(cache->state)) ||
		  json_object_set_new(state, "from_cache", json_integer((json_int_t)cache->last.denied)) ||
		  json_object_set_new(state, "cache_failed", json_integer((json_int_t)cache->last.failed));

	if (!err && !strcmp(cache->state, "unreadable"))
		err = json_object_set_new(state, "cache_why", json_string(cache->last.why));
	return err ? -1 : 0;
}
