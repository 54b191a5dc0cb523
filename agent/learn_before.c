/* SPDX-License-Identifier: MIT */
/*
 * learn_before.c - what learn.h says of the moment before a generation is active: what is carried over, what is
 * protected, what is excepted.
 */
#include "apart.h"
#include "clean.h"
#include "learn.h"
#include "log.h"
#include "search.h"

#include <errno.h>
#include <string.h>

#define BEFORE_MS 2000

struct allowed {
	struct kernel *kernel;
	const struct generation *generation;
};

struct told {
	struct learned_key key;
	struct learned learned;
};

static int find_allowed(void *context, int fd)
{
	const struct allowed *allowed = context;
	struct learned_set facts = {0};
	int err = search_allowed(allowed->kernel, allowed->generation, NULL, &facts);

	for (size_t i = 0; i < facts.count && !err; i++) {
		const struct told told = {facts.keys[i], facts.values[i]};

		err = apart_write(fd, &told, sizeof(told));
	}
	return err;
}

static int merge(struct learned_set *facts, const struct learned_key *key,
		 const struct learned *learned)
{
	ssize_t at = learned_set_at(facts, key);

	if (at < 0)
		return (int)at;
	facts->values[at].deny = learned_best(facts->values[at].deny, learned->deny);
	facts->values[at].allow = learned_best(facts->values[at].allow, learned->allow);
	facts->values[at].flags |= learned->flags;
	return 0;
}

static int add_allowed(struct kernel *kernel, const struct generation *generation,
		       struct learned_set *facts)
{
	struct allowed allowed = {kernel, generation};
	struct apart apart = {.fd = -1};
	long long deadline = apart_now_ms() + BEFORE_MS;
	struct told told;
	int err, got;

	err = apart_start(find_allowed, &allowed, &apart);
	if (err < 0)
		return err;
	while ((got = apart_read(apart.fd, &told, sizeof(told), deadline)) == 1 && !err)
		err = merge(facts, &told.key, &told.learned);
	if (!apart_end(&apart, got != 0) && !err)
		err = got ? got : -EIO;
	return err;
}

static bool has_exceptions(const struct generation *generation)
{
	for (size_t i = 0; i < generation->rule_count; i++)
		if (generation->rules[i].action == ACTION_ALLOW &&
		    (generation->rules[i].matcher == MATCHER_PATH ||
		     generation->rules[i].matcher == MATCHER_PACKAGE ||
		     generation->rules[i].matcher == MATCHER_PACKAGE_VENDOR))
			return true;
	return false;
}

/* Protection is found out anew each time. */
static void without_protection(struct learned_set *facts)
{
	for (size_t i = 0; i < facts->count; i++)
		facts->values[i].flags &= ~LEARNED_PROTECTED;
}

void learn_before(struct kernel *kernel, const struct generation *from, const struct generation *to,
		  char *const *paths, size_t count, struct learned_set *facts)
{
	int err = from ? learned_set_carry(kernel, from, to, facts) : 0;

	if (err < 0)
		log_warning(
			"what was learned of files could not be carried over to the new policy: %s. It is searched "
			"for again",
			strerror(-err));
	without_protection(facts);
	err = search_protected(kernel, paths, count, facts);
	if (err < 0 && err != -EOPNOTSUPP)
		log_warning(
			"the files that this host cannot lose could not be told to the kernel: %s. The policy does "
			"not hit them by path, that was checked",
			strerror(-err));
	if (err == 0 && has_exceptions(to))
		err = add_allowed(kernel, to, facts);
	if (err < 0 && err != -EOPNOTSUPP)
		log_warning(
			"the files of the exceptions are not known yet: %s. Until the search is complete they count "
			"by their path only",
			strerror(-err));
}

size_t learn_put(struct kernel *kernel, const struct learned_set *facts)
{
	size_t failed = 0;

	for (size_t i = 0; i < facts->count; i++) {
		struct learned learned = facts->values[i], old = {0};

		kernel_learned_lock(kernel);
		/* an adopted generation knows more of it */
		if (kernel_learned_get(kernel, &facts->keys[i], &old) == 0) {
			learned.deny = learned_best(learned.deny, old.deny);
			learned.flags |= old.flags & (LEARNED_HASHED | LEARNED_BY_CONTENT);
			learned.change_ns = old.change_ns;
			learned.size = old.size;
			learned.round = old.round;
		}
		failed += kernel_learned_put(kernel, &facts->keys[i], &learned) < 0;
		kernel_learned_unlock(kernel);
	}
	return failed;
}
