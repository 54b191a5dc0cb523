/* SPDX-License-Identifier: GPL-2.0 */
/* names.h - what is decided about a connection by the names that were resolved to its address, and by its first bytes. */
#ifndef EMBARGO_NAMES_H
#define EMBARGO_NAMES_H

#include "maps.h"

enum names_answer {
	NAMES_FREE,		/* let through, nothing more to look at */
	NAMES_AWAIT,		/* the first bytes will say */
	NAMES_REFUSED,
	NAMES_SWITCHED,		/* undecided, counted: two new policies came in the middle */
};

enum names_question {
	NAMES_CONNECTS,		/* nothing was sent yet: is there anything to await? Only what an allow entry lets through is recorded */
	NAMES_SENDS,		/* something that has no name: not TLS */
	NAMES_NAMELESS,		/* TLS without a name */
	NAMES_QUIC,		/* UDP to port 443: the name cannot be seen */
	NAMES_SERVER,		/* a server name */
	NAMES_HIDDEN,		/* bytes that the peer reads otherwise than they look: never shared */
	NAMES_NETWORK,		/* the address itself, by rules of networks; recorded as a connection */
};

/**
 * names_decide() - decide, and record it
 * @slot: index of a claimed slot; .address, .recalled and event.destination are set, for NAMES_SERVER also .tls.name
 * @what: enum names_question
 *
 * NAMES_CONNECTS answers NAMES_AWAIT where anything could be refused, or would be; .decision then says in which mode. Only
 * this question has that answer. Return: enum names_answer.
 */
extern int names_decide(__u32 slot, __u32 what);

/**
 * names_begin() - the generation that a decision begins with
 * @slot: index of a claimed slot; .generation, .number and .flags are filled in, and .known and what of the event is of files is
 *        emptied
 *
 * Return: 1; 0: there is none.
 */
extern int names_begin(__u32 slot);

#endif
