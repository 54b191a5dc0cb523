/* SPDX-License-Identifier: MIT */
/*
 * conditions.h - what changes how the active policy acts without a new policy: requirements that are met or
 * no longer met, exceptions that end, a clock that is set. Wakes up only where a policy asks for it.
 */
#ifndef EMBARGO_CONDITIONS_H
#define EMBARGO_CONDITIONS_H

#include <systemd/sd-event.h>

struct daemon;

/* Members of the daemon. */
struct conditions {
	sd_event_source *requirements;	/* timer; owned */
	sd_event_source *exceptions;	/* timer; owned */
	sd_event_source *clock;		/* owned, with its descriptor */
};

/**
 * conditions_wire() - add the timers to the loop, and begin
 * @daemon: borrowed; must outlive the loop
 *
 * Return: 0 or a negative errno.
 */
int conditions_wire(struct daemon *daemon);

/** conditions_clock() - tell the kernel programs the time of day */
void conditions_clock(struct daemon *daemon);

/** conditions_changed() - another generation is active: wait for what it asks for */
void conditions_changed(struct daemon *daemon);

/** conditions_done() - before the loop is freed */
void conditions_done(struct conditions *conditions);

#endif
