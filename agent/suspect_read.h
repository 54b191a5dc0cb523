/* SPDX-License-Identifier: MIT */
/*
 * suspect_read.h - the part of suspects.h that runs in a process of its own: reach the very file that an attempt was
 * about, and read it.
 */
#ifndef EMBARGO_SUSPECT_READ_H
#define EMBARGO_SUSPECT_READ_H

#include "content.h"
#include "still_runs.h"

struct kernel;

/* Everything is borrowed. */
struct suspect_question {
	struct kernel *kernel;
	const struct learned_key *key;			/* of the file */
	struct event *const *events;			/* attempts with it; any of them may lead to it */
	size_t event_count;
};

struct suspect_answer {
	__s32 err;		/* 0; -ENOENT (the file could not be reached); another errno */
	__u32 zero;
	struct content content;
	struct still_file file;
};

/**
 * suspect_read() - find, open and hash it
 * @question:   borrowed
 * @out_answer: content and file are filled on success
 *
 * Waits up to a quarter of a second for an exec that is under way. Return: 0; -ENOENT; -ENOMEM; as content_hash().
 */
int suspect_read(const struct suspect_question *question, struct suspect_answer *out_answer);

#endif
