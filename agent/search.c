/* SPDX-License-Identifier: MIT */
/*
 * search.c - see search.h: the phases of a search, and what the kernel is told of the files that were found.
 */
#include "search.h"
#include "clean.h"
#include "content.h"
#include "inventory/belongs.h"
#include "search_internal.h"

#include <errno.h>
#include <string.h>

/* ---------------------------------------------------------------- telling the kernel */

static const struct generation_rule *rule_of(const struct work *work, __u32 number)
{
	const struct generation *generation = work->search->generation;

	return number && number <= generation->rule_count ? &generation->rules[number - 1] : NULL;
}

static bool is_of_package(const struct work *work, __u32 number)
{
	const struct generation_rule *rule = rule_of(work, number);

	return rule &&
	       (rule->matcher == MATCHER_PACKAGE || rule->matcher == MATCHER_PACKAGE_VENDOR);
}

/* Would this search have found the file again, if the rule still meant it? */
static bool would_be_found(const struct work *work, __u32 number)
{
	if (is_of_package(work, number))
		return !work->packages_missed;
	return work->walked || !belongs_needs_walk(work->search->generation, number);
}

/* What is true of a file: what was found now, and what is known of it for other reasons. */
static int merge_file(struct work *work, const struct learned_key *key, struct learned learned)
{
	const struct search *search = work->search;
	struct learned old = {0};
	int err = kernel_learned_get(search->kernel, key, &old);

	if (err < 0 && err != -ENOENT)
		return err;
	if (old.flags & LEARNED_BY_CONTENT && !learned.deny) {
		learned.deny = old.deny;
		learned.flags |= LEARNED_BY_CONTENT;
	} else if (!(old.flags & LEARNED_BY_CONTENT) &&
		   (!is_of_package(work, old.deny) || work->packages_missed)) {
		learned.deny = learned_best(learned.deny, old.deny);
	}
	if (old.allow && !would_be_found(work, old.allow))
		learned.allow = learned_best(learned.allow, old.allow);
	learned.flags |= old.flags & LEARNED_HASHED;
	learned.change_ns = old.change_ns;
	learned.size = old.size;
	learned.round = search->round;
	return kernel_learned_put(search->kernel, key, &learned);
}

static int put_file(struct work *work, size_t at)
{
	struct learned *learned = &work->facts.values[at];
	int err;

	if (work->facts.files[at].unfit)
		return 0;
	/* another name of it may be that of an innocent program */
	if (!learned_file_is_whole(&work->facts.files[at])) {
		work->result.linked += learned->deny != work->facts.files[at].by_package;
		learned->deny = work->facts.files[at].by_package;
	}
	kernel_learned_lock(work->search->kernel);
	err = merge_file(work, &work->facts.keys[at], *learned);
	kernel_learned_unlock(work->search->kernel);
	return err;
}

static int put_files(struct work *work)
{
	int err = 0;

	for (size_t i = 0; i < work->facts.count && !err; i++)
		err = put_file(work, i);
	if (!err)
		work->result.files = work->facts.count;
	return err;
}

/*
 * A fact of an earlier search: what it says of packages, exceptions and protection is not so any more. What the
 * kernel or a content added (round 0) is no search's to judge.
 */
static int sweep_one(void *context, const struct learned_key *key, const struct learned *old)
{
	struct work *work = context;
	struct kernel *kernel = work->search->kernel;
	struct learned learned = *old;

	if (key->kind != LEARNED_FILE || !old->round || old->round == work->search->round ||
	    learned_set_find(&work->facts, key) >= 0)
		return 0;
	if (is_of_package(work, old->deny) && would_be_found(work, old->deny))
		learned.deny = 0;
	if (old->allow && would_be_found(work, old->allow))
		learned.allow = 0;
	if (!work->host_missed)
		learned.flags &= ~LEARNED_PROTECTED;
	if (!memcmp(&learned, old, sizeof(learned)))
		return 0;
	work->result.gone++;
	if (learned.deny || learned.allow || learned.flags & LEARNED_PROTECTED)
		return kernel_learned_put(kernel, key, &learned);
	(void)kernel_learned_remove(kernel, key); /* -ENOENT: gone already */
	return 0;
}

/* ---------------------------------------------------------------- phases */

static int find(struct work *work, unsigned parts)
{
	int err;

	work->walked = parts & BELONGS_WALK;
	err = search_find(work, parts);
	if (!err)
		err = put_files(work);
	if (!err)
		err = kernel_learned_each(work->search->kernel, sweep_one, work);
	return err;
}

static int phase(struct work *work, enum search_phase phase)
{
	const struct search *search = work->search;
	int err, told;

	if (!(search->phases & phase))
		return 0;
	work->result = (struct search_result){.phase = phase};
	if (phase == SEARCH_HASH)
		err = search_contents(work);
	else if (phase == SEARCH_WALK)
		err = find(work, BELONGS_WALK);
	else
		err = find(work, BELONGS_QUICK);
	work->result.err = err;
	told = search->done ? search->done(search->context, &work->result) : 0;
	return err ? err : told;
}

int search_run(const struct search *search)
{
	struct work work = {.search = search, .guard = content_guard_new()};
	int err = work.guard ? 0 : -ENOMEM;

	if (!err)
		err = phase(&work, SEARCH_QUICK);
	if (!err)
		err = phase(&work, SEARCH_WALK);
	if (!err)
		err = phase(&work, SEARCH_HASH);
	learned_set_done(&work.facts);
	content_guard_free(work.guard);
	return err;
}
