/* SPDX-License-Identifier: MIT */
/*
 * names_cache.h - what systemd-resolved has in its cache when a policy with names becomes active: resolved before anybody looked
 * at answers, and used without another one. Read and put into the kernel by a process of its own.
 */
#ifndef EMBARGO_NAMES_CACHE_H
#define EMBARGO_NAMES_CACHE_H

#include <jansson.h>
#include <systemd/sd-event.h>

struct generation;
struct kernel;
struct names_cache;

/**
 * names_cache_new() - nothing is asked before names_cache_read()
 * @loop, @kernel: borrowed; must outlive it
 * @resolver_fd: of resolver_open(), or its error; taken
 * @found: called with @userdata when denied names were found
 *
 * Return: 0; -ENOMEM.
 */
int names_cache_new(sd_event *loop, struct kernel *kernel, int resolver_fd, void (*found)(void *userdata), void *userdata,
		    struct names_cache **out_cache);
/** names_cache_free() - also ends what is under way; accepts NULL */
void names_cache_free(struct names_cache *cache);

/**
 * names_cache_read() - begin; if it is under way, once more afterwards
 * @generation: whose names matter; borrowed until the next call. NULL: none has any, and nothing is read
 */
void names_cache_read(struct names_cache *cache, const struct generation *generation);

/** names_cache_state() - add to the state of names what became of it. Return: 0; -1 */
int names_cache_state(const struct names_cache *cache, json_t *state);

#endif
