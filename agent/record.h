/* SPDX-License-Identifier: MIT */
/*
 * record.h - an event record of the kernel as a JSON object in the words of the Elastic Common Schema.
 * agent/events.schema.json is the same in the language of JSON Schema; change both together. Pure: what
 * it needs of the running system comes in.
 */
#ifndef EMBARGO_RECORD_H
#define EMBARGO_RECORD_H

#include "../policy/generation.h"
#include <jansson.h>
#include <stdbool.h>

#define RECORD_GENERATIONS 2
#define RECORD_TIME_BYTES  40
#define ENRICH_TEXT_BYTES  2048
#define CONTAINER_ID_BYTES 65

/* What turns numbers into words. Everything is borrowed. */
struct record_context {
	const struct generation *generations[RECORD_GENERATIONS]; /* active one first; NULL: none */
	const char *host_name;
	const char *host_id;	/* machine id, or NULL */
	const char *boot_id;	/* or NULL */
	__s64 boot_to_real_ns;	/* to be added to CLOCK_BOOTTIME to get CLOCK_REALTIME */
};

/* What only the running system knows of a process. Empty strings: not known. */
struct enrichment {
	char command_line[ENRICH_TEXT_BYTES];	/* arguments joined by spaces */
	char parent_executable[ENRICH_TEXT_BYTES];
	char container_id[CONTAINER_ID_BYTES];
	char executable[ENRICH_TEXT_BYTES];	/* what the subject runs, where the event's path does not say: HOOK_LOAD, HOOK_MODULE, a recalled one */
	bool late, ended;			/* recognised after it had begun; the program was ended then */
	__u64 late_ns;				/* how long it had run by then */
	bool was_open, closed;			/* a connection that was there when the policy came; it was ended then */
};

/* What was said of the first attempt of a window of repeats; the kernel's count does not keep it. */
struct record_repeat {
	__u32 allow;		/* as in struct event_decision */
	__u8 let_through;
	__u8 backend;
	__u8 matcher;
	__u8 recognised;
	__u8 flags;
	__u16 path_bytes;
	__u16 name_bytes;	/* HOOK_NAME */
	const char *path;	/* borrowed */
	const char *name;	/* borrowed */
};

/**
 * record_event() - make the object of one event
 * @context: borrowed
 * @event:   borrowed, checked (kernel.h)
 * @more:    borrowed; NULL: nothing is known
 *
 * Return: new reference, "embargo" is its last member; NULL without memory or for an unknown kind.
 */
json_t *record_event(const struct record_context *context, const struct event *event,
		     const struct enrichment *more);

/**
 * record_fold() - make the object that sums up folded repeats
 * @context: borrowed
 * @key, @fold: borrowed
 * @repeat:  borrowed; NULL: the first attempt was not seen by this agent
 *
 * Return: as record_event().
 */
json_t *record_fold(const struct record_context *context, const struct fold_key *key,
		    const struct fold *fold, const struct record_repeat *repeat);

/* What leaves through the connections of one program to one destination. Everything is borrowed. */
struct record_traffic {
	const struct evidence_key *key;
	const struct evidence *sums;	/* with what is open */
	const struct generation *generation;	/* that has the rule; NULL: not kept any more, as the next */
	const struct generation_rule *rule;
	const char *path;		/* of the executable, or "" */
	const char *domain;		/* or NULL: by its address */
	__u64 open;			/* connections of it */
	__u64 now_boot_ns;
	bool final;
};

/** record_traffic() - make the event that tells of it. Return: as record_event(). */
json_t *record_traffic(const struct record_context *context, const struct record_traffic *traffic);

/** record_traffic_row() - the same as a row of a status. Return: new reference; NULL without memory. */
json_t *record_traffic_row(const struct record_context *context, const struct record_traffic *traffic);

/**
 * record_coverage() - make the object that says what is watched and enforced
 * @context: borrowed
 * @real_ns: now, CLOCK_REALTIME
 * @reason:  "start", "change", "learned", "hourly", "stop"
 * @state:   what summary_state() made; borrowed
 *
 * Return: as record_event().
 */
json_t *record_coverage(const struct record_context *context, __u64 real_ns, const char *reason,
			json_t *state);

/**
 * record_time() - a point in time as RFC 3339, UTC, to the microsecond
 * @real_ns:  CLOCK_REALTIME
 * @out_text: RECORD_TIME_BYTES
 */
void record_time(__u64 real_ns, char *out_text);

/**
 * record_text() - bytes of unknown origin as a JSON string
 * @text:    borrowed
 * @bytes:   its length
 * @escaped: set to true if it was not UTF-8: then \xNN stands for a broken byte and \\ for a backslash
 *
 * Return: new reference; NULL without memory.
 */
json_t *record_text(const char *text, size_t bytes, bool *escaped);

/** record_rule() - the rule with this number in this generation, or NULL if it is not kept any more */
const struct generation_rule *record_rule(const struct record_context *context, __u64 generation,
					  __u32 number);

#endif
