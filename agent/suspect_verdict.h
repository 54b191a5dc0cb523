/* SPDX-License-Identifier: MIT */
/*
 * suspect_verdict.h - the part of suspects.h that decides: what the content of a file that was read says, what the
 * kernel is told of the file, and what becomes of the attempts with it.
 */
#ifndef EMBARGO_SUSPECT_VERDICT_H
#define EMBARGO_SUSPECT_VERDICT_H

#include "suspect_read.h"
#include "suspects.h"

/* Everything is borrowed. */
struct suspect_court {
	const struct suspects_options *options;
	const struct generation *generation;
};

struct suspect_verdict {
	struct learned file;	/* what is known of the file now */
	__u32 deny;		/* rule by which it is embargoed; 0: it is not */
};

/**
 * suspect_judge() - what is the file, and tell the kernel
 * @key:         of the file
 * @identified:  FILE_IDENTIFIED: there may be a fact about it
 * @out_verdict: filled also when the fact could not be put
 *
 * That its content is known is noted only when the file had been left alone for a second: else it is asked for again.
 * Return: 0; -E2BIG (no room for the fact); another negative errno.
 */
int suspect_judge(const struct suspect_court *court, const struct learned_key *key, bool identified,
		  const struct suspect_answer *answer, struct suspect_verdict *out_verdict);

/**
 * suspect_conclude() - an attempt with an embargoed file: end the process if the policy enforces, and tell of it
 * @event: gets the decision and the content
 * @out_ended: was it ended?
 * Return: is the process in scope? If not, nothing was done.
 */
bool suspect_conclude(const struct suspect_court *court, struct event *event, const struct suspect_answer *answer,
		      const struct learned *file, bool *out_ended);

#endif
