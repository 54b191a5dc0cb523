/* SPDX-License-Identifier: GPL-2.0 */
/*
 * domain.h - what rules say of a domain name, and of an address by the names that were resolved to it. Names and rules
 * meet only here: what is learned of the network has no rule in it.
 */
#ifndef EMBARGO_DOMAIN_H
#define EMBARGO_DOMAIN_H

#include "maps.h"
#include "match.h"

/**
 * domain_ask() - match a name
 * @slot: index of a claimed slot whose .generation is set; .domain is the name, in lower case. .domain_match.deny and
 *        .allow are filled in, the latter also if it is over
 *
 * Return: MATCH_DONE or MATCH_SWITCHED.
 */
extern int domain_ask(__u32 slot);

/**
 * domain_key() - the key of a name in "names"
 * @slot: as above
 */
extern __u64 domain_key(__u32 slot);

/**
 * alias_ask() - the same as domain_ask(), also by what the name was resolved through
 * @slot: as above; an allow entry that is over is left out
 *
 * Return: MATCH_DONE or MATCH_SWITCHED.
 */
extern int alias_ask(__u32 slot);

/**
 * address_ask() - what the names say that were resolved to an address and are not over
 * @slot: as above; .address is the address. .resolved is filled in, and .domain is the text of the name that denies
 *
 * For an address that is not in "addresses", or where all is over, .resolved is zero. Return: MATCH_DONE or MATCH_SWITCHED.
 */
extern int address_ask(__u32 slot);

/**
 * address_name_ask() - one of these names
 * @slot: as above, without .address; what the name says is added to .resolved, and .domain is its text
 * @name: its key
 *
 * Return: MATCH_DONE or MATCH_SWITCHED.
 */
extern int address_name_ask(__u32 slot, __u64 name);

/* The cheap question before all others: was a denied name ever resolved to it? */
static __always_inline bool address_known(const struct address_key *address)
{
	return bpf_map_lookup_elem(&addresses, address) != NULL;
}

/* @a, @b: as in struct address of decide.h */
static __always_inline void address_key_fill(struct address_key *out, __u32 family, __u64 a, __u64 b)
{
	__u64 high = family == 4 ? 0 : bpf_cpu_to_be64(a);
	__u64 low = family == 4 ? bpf_cpu_to_be64(0xffffull << 32 | a) : bpf_cpu_to_be64(b);

	__builtin_memcpy(out->address, &high, sizeof(high));
	__builtin_memcpy(out->address + sizeof(high), &low, sizeof(low));
}

#endif
