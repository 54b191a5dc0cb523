// SPDX-License-Identifier: GPL-2.0
/* domain.bpf.c - see domain.h; the steps of a match are in decide.h. */
#include "maps.h"
#include <bpf/bpf_endian.h>

#include "domain.h"
#include "learned.h"
#include "scratch.h"

/* The number behind GEN_ROOTS.domains. Returns enum match_answer. */
static __always_inline int domain_root(const struct scratch *slot, __u32 *out_root)
{
	struct gen_key key = { .kind = GEN_ROOTS };
	const struct gen_roots *roots;
	__u64 number = 0;
	void *entries = generation_begun(slot, &number);

	if (!entries)
		return MATCH_SWITCHED;
	roots = bpf_map_lookup_elem(entries, &key);
	*out_root = roots ? roots->domains : 0;
	return MATCH_DONE;
}

/* The next label; 0: there is none. */
__noinline int domain_label(__u32 index)
{
	struct scratch *slot = scratch_get(index);

	return slot ? domain_match_label(&slot->domain, &slot->domain_match) : 0;
}

/* One label, as a function of scalars; see match_step(). */
__noinline int domain_step(__u32 index)
{
	struct scratch *slot = scratch_get(index);
	__u32 active = 0;
	void *entries = bpf_map_lookup_elem(&generation, &active);

	if (!slot || !entries || (__u64)entries != slot->generation)
		return MATCH_SWITCHED;
	return domain_match_step(entries, &slot->domain_match) ? MATCH_GOES_ON : MATCH_DONE;
}

__noinline int domain_ask(__u32 index)
{
	struct scratch *slot = scratch_get(index);
	int answer = MATCH_GOES_ON;
	__u32 root = 0;

	if (!slot)
		return MATCH_DONE;
	if (domain_root(slot, &root) == MATCH_SWITCHED)
		return MATCH_SWITCHED;
	domain_match_init(&slot->domain_match, &slot->domain, root);
#pragma clang loop unroll(disable)
	for (int step = 0; step < PATH_COMPONENTS_MAX && answer == MATCH_GOES_ON; step++)
		answer = domain_label(index) ? domain_step(index) : MATCH_DONE;
	return answer == MATCH_SWITCHED ? MATCH_SWITCHED : MATCH_DONE;
}

__noinline __u64 domain_key(__u32 index)
{
	struct scratch *slot = scratch_get(index);

	return slot ? domain_hash(&slot->domain) : 0;
}

/* The text of a name into the slot. False: it is not known any more. */
static __always_inline bool name_recall(struct scratch *slot, __u64 key)
{
	const struct learned_name *known = bpf_map_lookup_elem(&names, &key);

	return known && !bpf_probe_read_kernel(&slot->domain, sizeof(slot->domain), &known->name);
}

/* The allow entry of the slot's match, unless it is over. */
static __always_inline __u32 allow_that_holds(const struct scratch *slot)
{
	__u64 number = 0;
	void *entries;
	struct runtime *now;
	__u32 index = 0;

	if (!slot->domain_match.allow)
		return 0;
	entries = generation_begun(slot, &number);
	now = bpf_map_lookup_elem(&runtime, &index);
	return entries && now ? allow_holds(entries, slot->domain_match.allow,
					    now_seconds(bpf_ktime_get_boot_ns(), now->boot_to_real_ns)) :
				0;
}

/* What the slot's name is an alias of; 0: nothing that a rule named. Another name of the same hash says nothing. */
__noinline __u64 name_through(__u32 index, __u64 key)
{
	const struct scratch *slot = scratch_get(index);
	const struct learned_name *known = bpf_map_lookup_elem(&names, &key);

	return slot && known && domain_equal(&known->name, &slot->domain) ? known->through : 0;
}

__noinline int alias_ask(__u32 index)
{
	struct scratch *slot = scratch_get(index);
	__u32 deny, allow;
	__u64 key, through;
	int answer;

	if (!slot)
		return MATCH_DONE;
	answer = domain_ask(index);
	slot->domain_match.allow = allow_that_holds(slot);
	key = domain_key(index);
	through = name_through(index, key);
	if (answer != MATCH_DONE || !through)
		return answer;
	deny = slot->domain_match.deny;
	allow = slot->domain_match.allow;
	if (!name_recall(slot, through))
		return MATCH_DONE;
	answer = domain_ask(index);
	slot->domain_match.deny = better(deny, slot->domain_match.deny);
	slot->domain_match.allow = better(allow, allow_that_holds(slot));
	name_recall(slot, key);
	return answer;
}

__noinline int address_name_ask(__u32 index, __u64 name)
{
	struct scratch *slot = scratch_get(index);
	int answer;

	/* without its text nothing can be said of it; it does not make the address shared either */
	if (!slot || !name_recall(slot, name))
		return MATCH_DONE;
	answer = alias_ask(index);
	if (answer == MATCH_DONE)
		address_match_add(&slot->resolved, name, slot->domain_match.deny, slot->domain_match.allow);
	return answer;
}

__noinline int address_ask(__u32 index)
{
	struct scratch *slot = scratch_get(index);
	__u64 now = bpf_ktime_get_boot_ns();
	const struct learned_address *known;
	int answer = MATCH_DONE;

	if (!slot)
		return MATCH_DONE;
	__builtin_memset(&slot->resolved, 0, sizeof(slot->resolved));
	known = bpf_map_lookup_elem(&addresses, &slot->address);
	if (!known)
		return MATCH_DONE;
#pragma clang loop unroll(disable)
	for (__u32 i = 0; i < ADDRESS_NAMES_MAX && answer == MATCH_DONE; i++) {
		const struct address_name *one = &known->names[i & (ADDRESS_NAMES_MAX - 1)];

		if (one->name && now < one->until_boot_ns)
			answer = address_name_ask(index, one->name);
	}
	if (slot->resolved.name)
		name_recall(slot, slot->resolved.name);
	return answer;
}
