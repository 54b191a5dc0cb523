/* SPDX-License-Identifier: MIT */
/*
 * diagnostics.h - what is wrong with a document, where, and what was expected. Every reader of a
 * document collects all of them and goes on; nothing is printed by the library.
 */
#ifndef EMBARGO_DIAGNOSTICS_H
#define EMBARGO_DIAGNOSTICS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

enum severity {
	SEVERITY_ERROR,		/* the document is refused */
	SEVERITY_WARNING,	/* accepted, but probably not what was meant, or about to change */
	SEVERITY_NOTE,		/* belongs to the diagnostic before it, or is a remark */
	SEVERITY_MAX,
};

/* Where something stands in a document. */
struct place {
	const char *file;	/* borrowed from the document or catalogue that owns it */
	unsigned line;		/* from 1; 0: the file as a whole */
	unsigned column;	/* from 1, in characters */
};

struct diagnostic {
	enum severity severity;
	bool attached;		/* a note of the diagnostic before it */
	char *file;		/* owned */
	unsigned line, column;
	char *message;		/* owned; one sentence, no line break */
};

struct diagnostics {
	struct diagnostic *list;	/* in the order of the report: by file, line, column */
	size_t count;
	size_t errors;			/* how many of them are errors */
	size_t warnings;
	size_t last;			/* index of the latest addition: a note goes behind it */
};

#define DIAGNOSTICS_MAX 1000 /* more are counted, and the last of the list says so */

/**
 * diagnostics_add() - note a finding
 * @diags:    borrowed
 * @severity: how bad
 * @place:    where; borrowed, copied
 * @format:   the sentence: what is wrong, what was expected, what to write instead
 *
 * Running out of memory is counted as an error without a message, so that it is never lost.
 */
void diagnostics_add(struct diagnostics *diags, enum severity severity, struct place place,
		     const char *format, ...) __attribute__((format(printf, 4, 5)));

/**
 * diagnostics_remark() - a note that belongs to nothing before it: something to know, that is not wrong
 * @diags, @place, @format: as above
 */
void diagnostics_remark(struct diagnostics *diags, struct place place, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/** diagnostics_full() - is nothing listed any more? Then looking for a near miss is wasted. */
static inline bool diagnostics_full(const struct diagnostics *diags)
{
	return diags->count >= DIAGNOSTICS_MAX;
}

/**
 * diagnostics_print() - one line each: "file:line:column: error: message"
 * @diags: borrowed
 * @out:   borrowed
 */
void diagnostics_print(const struct diagnostics *diags, FILE *out);

/* Text of a document as a message may show it. */
struct quoted {
	char text[100];
};

/**
 * quoted() - shorten for a message what somebody wrote
 * @text: borrowed
 *
 * Return: at most 80 bytes of it, cut between characters and then ending in "...".
 */
struct quoted quoted(const char *text);

/** diagnostics_done() - free what the list owns and make it empty; accepts an empty one. */
void diagnostics_done(struct diagnostics *diags);

#endif
