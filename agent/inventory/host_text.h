/* SPDX-License-Identifier: MIT */
/*
 * host_text.h - what a host's own configuration names: PAM and NSS modules, sudo's plug-ins, preloaded libraries,
 * libraries of the loader's cache, resolvers, routes.
 */
#ifndef EMBARGO_HOST_TEXT_H
#define EMBARGO_HOST_TEXT_H

#include <linux/types.h>
#include <stdbool.h>
#include <stddef.h>

typedef int (*word_fn)(void *context, const char *word);

/*
 * Each gives words to @fn, which ends it by anything but 0. @text is changed and has a byte behind its end that may
 * be written. Longer words than a path can be are passed over.
 */
int pam_modules(char *text, size_t bytes, word_fn fn, void *context);	  /* pam.conf(5): "pam_unix.so", or a path */
int nss_services(char *text, size_t bytes, word_fn fn, void *context);	  /* nsswitch.conf(5): "files" */
int sudo_plugins(char *text, size_t bytes, word_fn fn, void *context);	  /* sudo.conf(5): "sudoers.so", or a path */
int preload_entries(char *text, size_t bytes, word_fn fn, void *context); /* ld.so(8) */
int shell_lines(char *text, size_t bytes, word_fn fn, void *context);	  /* shells(5) */
int root_shells(char *text, size_t bytes, word_fn fn, void *context);	  /* passwd(5): of every user 0 */
int resolvers(char *text, size_t bytes, word_fn fn, void *context);	  /* resolv.conf(5): "192.0.2.1" */
int search_domains(char *text, size_t bytes, word_fn fn, void *context);  /* the same: "corp.example" */

/**
 * ldcache_find() - the files that the loader's cache knows for a library
 * @data:  of /etc/ld.so.cache, the format of glibc 2.2 and later (sysdeps/generic/dl-cache.h); hostile bytes are fine
 * @name:  "libc.so.6"
 * @fn:    gets paths, in the order of the cache
 */
int ldcache_find(const char *data, size_t bytes, const char *name, word_fn fn, void *context);

struct route {
	unsigned family;	/* 4 or 6 */
	__u64 a, b;		/* gateway, host order */
	char device[64];
};

/** routes_parse() - default gateways in /proc/net/route (family 4) or /proc/net/ipv6_route (6) */
int routes_parse(char *text, size_t bytes, unsigned family, int (*fn)(void *context, const struct route *route),
		 void *context);

/** address_parse() - "192.0.2.1", "2001:db8::1%eth0"; v4-mapped is 4; false: none */
bool address_parse(const char *text, unsigned *out_family, __u64 *out_a, __u64 *out_b);

#endif
