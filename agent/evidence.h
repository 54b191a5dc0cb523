/* SPDX-License-Identifier: MIT */
/*
 * evidence.h - what leaves through connections that a rule names and that were let through: by vendor, program, destination and
 * name, how many, how much, since when. The kernel counts (bpf/flow.h); here the sums become rows, with what is open, and events:
 * one for each pair when it is over, and of what goes on one an hour or when it has grown much.
 */
#ifndef EMBARGO_EVIDENCE_H
#define EMBARGO_EVIDENCE_H

#include "kernel.h"
#include "record.h"
#include <jansson.h>
#include <systemd/sd-event.h>

#define EVIDENCE_PATH_BYTES 256
#define EVIDENCE_ROWS_TOLD  1000	/* of a status */

struct evidence_row {
	struct evidence_key key;
	struct evidence sums;		/* with what is open */
	__u64 open;			/* connections of it */
	char path[EVIDENCE_PATH_BYTES];	/* of the executable; "": not known */
	char domain[DOMAIN_BYTES + 1];	/* "": by address, or not known any more */
	/* what the latest event said */
	__u64 told_connections, told_sent, told_received, told_boot_ns;
	bool told_final;
};

enum evidence_due {
	EVIDENCE_NOT_YET,
	EVIDENCE_GOES_ON,
	EVIDENCE_FINAL,		/* nothing is open, and for a while nothing new has come */
};

struct evidence_options {
	sd_event *loop;				/* borrowed, as all here */
	struct kernel *kernel;
	const struct record_context *context;
	void (*tell)(void *userdata, json_t *taken);	/* one event; NULL: there was no memory for it */
	void *userdata;
};

struct evidence_book;

/** evidence_new() - go on with what the kernel has. @out_book: owned by the caller. Return: 0; -errno. */
int evidence_new(const struct evidence_options *options, struct evidence_book **out_book);
/** evidence_free() - accepts NULL; what was counted stays in the kernel */
void evidence_free(struct evidence_book *book);

/** evidence_event() - a connection was recorded: there may be something to count from now on. @book may be NULL */
void evidence_event(struct evidence_book *book, const struct event *event);
/** evidence_woken() - something was counted, without more to know of it. @book may be NULL */
void evidence_woken(struct evidence_book *book);

/**
 * evidence_switched() - another generation is active
 *
 * What was counted for rules that it does not have any more is told with the words of the one before, and then forgotten.
 */
void evidence_switched(struct evidence_book *book);

/**
 * evidence_json() - the rows, the most bytes first, at most EVIDENCE_ROWS_TOLD
 *
 * Return: new reference to {rows: [...], left_out, unlearned}; NULL without memory.
 */
json_t *evidence_json(struct evidence_book *book);

/** evidence_pinned_json() - the same of what is pinned, where no agent runs: without what is open */
json_t *evidence_pinned_json(const char *pins, const struct record_context *context);

/** evidence_due() - is an event of this row due? @now_boot_ns: CLOCK_BOOTTIME */
enum evidence_due evidence_due(const struct evidence_row *row, __u64 now_boot_ns);

#endif
