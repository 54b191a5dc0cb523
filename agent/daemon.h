/* SPDX-License-Identifier: MIT */
/*
 * daemon.h - the agent as a whole: start order, loop, end. daemon.c has the life of it, daemon_loop.c what wakes it,
 * daemon_parts.c what it is made of, state.c what it says of itself, requests.c what it answers on its control socket.
 */
#ifndef EMBARGO_DAEMON_H
#define EMBARGO_DAEMON_H

#include "activate.h"
#include "apart.h"
#include "closer.h"
#include "conditions.h"
#include "contain.h"
#include "control.h"
#include "deliver.h"
#include "evidence.h"
#include "learn.h"
#include "open_connections.h"
#include "names.h"
#include "options.h"
#include "summary.h"
#include "suspects.h"

#define ID_BYTES 40

struct daemon {
	const struct options *options;		/* borrowed */
	struct agent_config *config;		/* owned; NULL: none */
	struct kernel_options kernel_options;
	struct activation activation;
	struct kernel *kernel;			/* owned */
	struct record_context context;
	struct deliver deliver;
	struct apart rest;			/* loads what only other policies need */
	struct control *control;		/* owned */
	sd_event *loop;				/* owned */
	sd_event_source *fold_timer;		/* owned by the loop */
	struct conditions conditions;
	struct learn *learn;			/* owned */
	struct suspects *suspects;		/* owned */
	struct closer *closer;			/* owned; NULL: connections cannot be ended */
	int closing_err;			/* why the latest one could not be ended; told once */
	struct open_connections *open;		/* owned */
	sd_event_source *pause_timer;		/* at the end of the next pause */
	struct evidence_book *evidence;		/* owned */
	struct names *names;			/* owned */
	int resolver_fd;			/* owned, until there is .names; negative: none */
	struct contain *contain;		/* owned */
	char host_name[256];
	char host_id[ID_BYTES], boot_id[ID_BYTES];
};

/**
 * daemon_run() - do the job that the options name, until it is done or a signal ends it
 * @options: borrowed
 *
 * Return: exit status: 0, or 3 when it could not be done (the log says why and what to do).
 */
int daemon_run(const struct options *options);

/** daemon_wire() - what wakes the agent, into its loop. Return: 0 or a negative errno. */
int daemon_wire(struct daemon *daemon);

/** daemon_parts_start() - once the loop and the kernel are there. Return: 0 or a negative errno; for daemon_parts_end(), too. */
int daemon_parts_start(struct daemon *daemon);
/** daemon_parts_end() - all of them, and the closer */
void daemon_parts_end(struct daemon *daemon);

/**
 * daemon_state() - what is watched and enforced now, with what is wrong in "degraded"
 * @daemon: borrowed
 *
 * Return: new reference or NULL.
 */
json_t *daemon_state(struct daemon *daemon);

/** daemon_coverage() - send a coverage event; @reason as record_coverage() */
void daemon_coverage(struct daemon *daemon, const char *reason);

/** daemon_changed() - another generation is active: names, coverage, readiness */
void daemon_changed(struct daemon *daemon);

/** daemon_look_at_open() - more is embargoed than before: which connections are open already */
void daemon_look_at_open(struct daemon *daemon);

/** daemon_use_names() - events take their words from what is active now */
void daemon_use_names(struct daemon *daemon);

/** daemon_ready() - tell systemd that the agent is ready, and with which policy */
void daemon_ready(struct daemon *daemon);

/* What the control socket understands; requests.c. */
extern const struct control_request daemon_requests[];
extern const size_t daemon_request_count;

#endif
