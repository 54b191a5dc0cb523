/* SPDX-License-Identifier: MIT */
/*
 * activate.h - which compiled policy is active, and how another one takes its place: load, compile,
 * switch the kernel, keep as last good. Whatever fails on the way, the one before stays.
 */
#ifndef EMBARGO_ACTIVATE_H
#define EMBARGO_ACTIVATE_H

#include "host.h"
#include "host_lint.h"
#include "requirements.h"
#include <limits.h>

struct contain;
struct kernel;
struct learn;
struct names;
struct suspects;

#define ACTIVATE_TEXT_BYTES 512

struct activation {
	const char *policy;		/* configured policy file; borrowed */
	const char *const *catalogs;	/* borrowed */
	size_t catalog_count;
	struct host_labels labels;	/* of this host; borrowed */
	const char *state;		/* directory; borrowed */
	struct generation *active;	/* owned */
	struct generation *previous;	/* owned: names for its events, and the way back; NULL: none */
	struct requirements requirements;	/* of the active one, as last looked at */
	struct host_paths protected;	/* owned: what this host cannot lose, as last looked at */
	struct learn *learn;		/* borrowed, as the next; they follow what becomes active; NULL: nobody */
	struct suspects *suspects;
	struct names *names;
	struct contain *contain;
	bool fell_back;			/* the configured policy could not be used: see trouble */
	char trouble[ACTIVATE_TEXT_BYTES];	/* "" when all is well */
};

/**
 * activate_compile() - from files to a generation that this host can bear: see host_lint()
 * @policy:   file; borrowed
 * @catalogs, @catalog_count: directories; borrowed
 * @host:     borrowed; NULL: nothing is known of a host
 * @diags:    borrowed
 * @out_protected: host_paths_done() by the caller; may be NULL
 * @out_gen:  owned by the caller; untouched on failure
 *
 * Return: 0; -EINVAL (errors in @diags); -ENOENT (no such policy); another negative errno.
 */
int activate_compile(const char *policy, const char *const *catalogs, size_t catalog_count,
		     const struct policy_host *host, struct diagnostics *diags,
		     struct host_paths *out_protected, struct generation **out_gen);

/**
 * activate_first() - choose what to start with: the configured policy, else the last good one
 * @activation: borrowed; policy, catalogs and state are set; active and previous are filled
 *
 * What is wrong with the policy goes to the log. Return: 0 (see fell_back); -ENOKEY (neither is there).
 */
int activate_first(struct activation *activation);

/**
 * activate_require() - look whether the requirements of the active generation are met, and tell the kernel
 * @activation, @kernel: borrowed; requirements is overwritten
 *
 * What cannot be told to the kernel is in the log; the rules then stay in audit.
 */
void activate_require(struct activation *activation, struct kernel *kernel);

/**
 * activate_learn() - once the kernel took the first one: tell it what this host cannot lose and what is excepted
 * @activation, @kernel: borrowed
 *
 * The files of the rules are searched for by .learn afterwards.
 */
void activate_learn(struct activation *activation, struct kernel *kernel);

/** activate_follow() - from now on what is learned of files is learned for the active generation */
void activate_follow(struct activation *activation);

/** activate_keep() - once the kernel took the active one: keep it as last good; trouble says if not */
void activate_keep(struct activation *activation);

/**
 * activate_file() - compile a policy and make it the active one
 * @activation, @kernel: borrowed
 * @policy: file; NULL: the configured one
 * @older:  accept a lower revision than the active one (a rollback)
 * @diags:  borrowed
 * @error:  ACTIVATE_TEXT_BYTES; why not, in a sentence
 *
 * Return: 0; -EINVAL (see @diags); -ESTALE (an older revision); another negative errno. On failure
 * nothing has changed.
 */
int activate_file(struct activation *activation, struct kernel *kernel, const char *policy, bool older,
		  struct diagnostics *diags, char *error);

/** activate_previous() - go back to the generation before. Return: as activate_file(); -ENOENT. */
int activate_previous(struct activation *activation, struct kernel *kernel, char *error);

/** activate_done() - free what it owns */
void activate_done(struct activation *activation);

#endif
