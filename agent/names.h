/* SPDX-License-Identifier: MIT */
/*
 * names.h - the agent's half of knowing which addresses denied names have. The kernel learns them of DNS answers; here what
 * is over is removed, /etc/hosts is followed, and a new policy gets what was seen before it and what systemd-resolved has in its cache.
 */
#ifndef EMBARGO_NAMES_H
#define EMBARGO_NAMES_H

#include "../bpf/abi.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <systemd/sd-event.h>

struct generation;
struct kernel;
struct names;

/**
 * names_new() - begin to follow /etc/hosts; does nothing else before names_generation()
 * @loop, @kernel: borrowed; must outlive it
 * @resolver_fd: of resolver_open(), or its error; taken
 * @found: called with @userdata when /etc/hosts has changed or a resolver's cache was read: more may be known than a moment ago
 *
 * Return: 0; -ENOMEM; -errno of the loop.
 */
int names_new(sd_event *loop, struct kernel *kernel, int resolver_fd, void (*found)(void *userdata), void *userdata,
	      struct names **out_names);
/** names_free() - what is in the kernel stays; accepts NULL */
void names_free(struct names *names);

/**
 * names_generation() - another policy is active: look through what is known for names that it denies
 * @names:      borrowed; NULL does nothing
 * @generation: borrowed until the next call
 */
void names_generation(struct names *names, const struct generation *generation);

/** names_denied() - does a rule of the generation deny this name? @generation: borrowed */
bool names_denied(const struct generation *generation, const struct domain_text *name);

/** names_key() - its key in the kernel's maps */
__u64 names_key(const struct domain_text *name);

/** names_state() - what is known, and the room for it; new reference or NULL */
json_t *names_state(struct names *names);

/** names_trouble() - is there soon no room any more? Then in words. @names: NULL: no */
bool names_trouble(struct names *names, char *out_text, size_t room);

#endif
