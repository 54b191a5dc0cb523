/* SPDX-License-Identifier: MIT */
/*
 * begin.c - the part of a start that needs no policy: what the kernel can do, whether what is pinned may go on, and if not,
 * the programs loaded. The verifier takes longer over them than everything else takes together, so that is done in a thread
 * while the agent reads its policy, and in another one for what only this policy needs, once it is read. Attaches nothing and
 * takes nothing away; kernel.c does.
 */
#include "kernel_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Which set it is to be. */
static int choose(struct kernel *kernel)
{
	int err;

	probe_features(&kernel->features);
	err = load_choose(&kernel->features, kernel->options.forced, kernel->backends);
	err = err ?: load_config_fill(&kernel->options, &kernel->features, kernel->backends, &kernel->config);
	kernel->set = kernel->config.set;
	return err;
}

static void prepare(struct kernel_begun *begun)
{
	struct kernel *kernel = begun->kernel;
	__u64 sets[SETS_MAX];
	int count;

	begun->err = choose(kernel);
	begun->err = begun->err ?: pin_prepare(kernel->pins);
	if (begun->err)
		return;
	begun->lock = pin_lock(kernel->pins);
	if (begun->lock < 0) {
		begun->err = begun->lock;
		return;
	}
	fork_event_open(kernel);
	count = pin_sets(kernel->pins, sets, SETS_MAX);
	begun->fresh = count == 0;
	begun->made = count >= 0;
	for (int i = 0; i < count; i++)
		begun->made &= sets[i] != kernel->set;
	begun->err = set_open(kernel);
	maps_close(&kernel->maps);	/* adopted later, if nobody took them out meanwhile */
	if (begun->err == -ESTALE || begun->err == -ENOENT)
		begun->err = load_open(kernel, 0, &begun->loaded);
}

void begun_run(struct kernel_begun *begun)
{
	prepare(begun);
	(void)sem_post(&begun->prepared);	/* fails only beyond two thousand million posts */
	if (begun->loaded)
		begun->load_err = load_programs(begun->loaded);
}

struct kernel_begun *begun_new(const struct kernel_options *options)
{
	struct kernel_begun *begun = calloc(1, sizeof(*begun));

	if (!begun)
		return NULL;
	begun->lock = -1;
	(void)sem_init(&begun->prepared, 0, 0);	/* private, and 0 is no large value */
	begun->kernel = kernel_new(options);
	if (begun->kernel)
		return begun;
	free(begun);
	return NULL;
}

void begun_wait_prepared(struct kernel_begun *begun)
{
	while (sem_wait(&begun->prepared) && errno == EINTR)
		;
}

static void *run(void *begun)
{
	begun_run(begun);
	return NULL;
}

void begun_wait(struct kernel_begun *begun)
{
	if (begun->threaded)
		pthread_join(begun->thread, NULL);
	begun->threaded = false;
}

static void *need(void *data)
{
	struct kernel_begun *begun = data;

	begun->needed_err = load_programs(begun->needed);
	return NULL;
}

void begun_need(struct kernel_begun *begun, __u32 flags)
{
	__u32 own = begun->loaded ? load_flags(begun->kernel, flags) : 0;

	if (!own || load_open(begun->kernel, own, &begun->needed))
		return;
	begun->needing = !pthread_create(&begun->needed_thread, NULL, need, begun);
	if (!begun->needing)
		need(begun);
}

static void wait_needed(struct kernel_begun *begun)
{
	if (begun->needing)
		pthread_join(begun->needed_thread, NULL);
	begun->needing = false;
}

int begun_keep_needed(struct kernel_begun *begun)
{
	wait_needed(begun);
	if (!begun->needed)
		return 0;
	return begun->needed_err ?: load_keep(begun->needed, begun->kernel);
}

struct kernel_begun *kernel_begin(const struct kernel_options *options)
{
	struct kernel_begun *begun = begun_new(options);

	if (!begun)
		return NULL;
	begun->threaded = !pthread_create(&begun->thread, NULL, run, begun);
	if (begun->threaded)
		return begun;
	kernel_begin_end(begun);
	return NULL;
}

void kernel_begin_end(struct kernel_begun *begun)
{
	if (!begun)
		return;
	begun_wait(begun);
	wait_needed(begun);
	if (begun->kernel && begun->fresh)	/* it came to nothing, and there was nothing before */
		(void)pin_remove_all(begun->kernel->pins);
	else if (begun->kernel && begun->made)
		(void)pin_set_remove(begun->kernel->pins, begun->kernel->set);
	load_close(begun->needed);
	load_close(begun->loaded);
	pin_unlock(begun->lock);
	kernel_close(begun->kernel);
	(void)sem_destroy(&begun->prepared);	/* nobody waits any more */
	free(begun);
}
