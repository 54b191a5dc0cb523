/* SPDX-License-Identifier: MIT */
/* hosts.h - the names of /etc/hosts (hosts(5)): resolvers answer with them, and no DNS answer is ever seen. */
#ifndef EMBARGO_HOSTS_H
#define EMBARGO_HOSTS_H

#include "../bpf/abi.h"

/* Not 0 ends the reading. @name is in lower case. */
typedef int (*hosts_fn)(void *context, const struct address_key *address, const struct domain_text *name);

/**
 * hosts_line() - the names in one line
 * @line: changed
 *
 * Comments, lines without an address that can be read, and names that are too long are passed over; so are addresses that never leave
 * the host (address_is_own()). Return: 0; what @fn returned.
 */
int hosts_line(char *line, hosts_fn fn, void *context);

/** hosts_each() - the names in a file. Return: 0; what @fn returned; -errno of opening it */
int hosts_each(const char *path, hosts_fn fn, void *context);

#endif
