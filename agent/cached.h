/* SPDX-License-Identifier: MIT */
/*
 * cached.h - what systemd-resolved says that it has in its cache (method DumpCache of io.systemd.Resolve.Monitor, version 254 and
 * later): names and their addresses, along their aliases. Nothing here asks it; that is resolver.h.
 */
#ifndef EMBARGO_CACHED_H
#define EMBARGO_CACHED_H

#include "../bpf/abi.h"

#include <stdbool.h>
#include <stddef.h>

#define CACHED_RECORDS_MAX 65536	/* it keeps 4,096 for each protocol and interface */
#define CACHED_NAMES_MAX   32		/* along the aliases of one name */

struct cached;

/**
 * cached_parse() - read an answer
 * @text:     without the zero byte at its end; borrowed
 * @out_why:  in words, for a log line, what is wrong with it
 * @out:      untouched on failure
 *
 * Only what came by DNS counts: what others on the network have said of themselves (LLMNR, mDNS) is passed over, as are records that
 * are neither addresses nor aliases and names that the kernel could not have.
 *
 * Return: 0; -EOPNOTSUPP (it does not know the method); -EPROTO (no answer to this question); -E2BIG; -ENOMEM.
 * Source: src/resolve/resolved-dns-cache.c and resolved-dns-rr.c of systemd 257; https://varlink.org
 */
int cached_parse(const char *text, size_t bytes, const char **out_why, struct cached **out);
void cached_free(struct cached *cached);

/** cached_count() - records that were taken */
size_t cached_count(const struct cached *cached);

/* A name and one of its addresses. */
struct cached_name {
	const struct domain_text *name;
	const struct domain_text *through;	/* the first denied one that it is an alias of; NULL: none */
	bool denied;				/* it, or what it is an alias of */
	struct address_key address;
	__u64 until_us;				/* CLOCK_BOOTTIME; may be over */
};

typedef bool (*cached_judge)(void *context, const struct domain_text *name);
/* Not 0 ends it. */
typedef int (*cached_fn)(void *context, const struct cached_name *one);

/**
 * cached_each() - each name that somebody may have asked for, with each of its addresses
 * @judge: is this name denied?
 *
 * That is each denied name, and of the others those that no other name is an alias of: the rest may only be there because an
 * alias led to it, and would make what is behind a denied alias look innocent. Addresses that never leave the host
 * (address_is_own()) are passed over.
 *
 * Return: 0; what @fn returned; -ENOMEM.
 */
int cached_each(const struct cached *cached, cached_judge judge, cached_fn fn, void *context);

#endif
