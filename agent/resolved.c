/* SPDX-License-Identifier: MIT */
/*
 * resolved.c - names and the addresses that were resolved to them, in the kernel's maps: listed, added to, cleared of what is
 * over. See kernel.h and the borders in bpf/abi.h.
 *
 * The kernel program that reads answers writes the same entries and holds a lock that user space cannot take. What comes from here
 * is rare (/etc/hosts, a resolver's cache, another policy), and a whole entry replaces the one before: a name that an answer puts into the entry of the same
 * address in these microseconds is lost until it is resolved again. What is removed is looked at once more.
 */
#include "kernel_internal.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <string.h>

/*
 * One key after the other, and the next one is known before the callback sees this one, which it may remove. Somebody else may remove
 * the next one, then the kernel begins again at the first: not for ever, therefore.
 */
typedef int (*entry_fn)(void *context, const void *key, const void *value);

static int each_entry(int map, size_t most, void *keys[2], void *value, size_t key_bytes, entry_fn fn, void *context)
{
	bool more = bpf_map_get_next_key(map, NULL, keys[1]) == 0;
	int err = 0;

	for (size_t i = 0; more && !err && i < 2 * most; i++) {
		memcpy(keys[0], keys[1], key_bytes);
		more = bpf_map_get_next_key(map, keys[0], keys[1]) == 0;
		if (bpf_map_lookup_elem(map, keys[0], value) == 0)
			err = fn(context, keys[0], value);
	}
	return err;
}

struct address_each {
	kernel_address_fn fn;
	void *context;
};

static int on_address(void *context, const void *key, const void *value)
{
	const struct address_each *each = context;

	return each->fn(each->context, key, value);
}

int kernel_addresses_each(struct kernel *kernel, kernel_address_fn fn, void *context)
{
	struct address_each each = { fn, context };
	struct address_key keys[2];
	struct learned_address value;

	return each_entry(kernel->maps.addresses, ADDRESSES_MAX, (void *[]){ &keys[0], &keys[1] }, &value, sizeof(keys[0]),
			  on_address, &each);
}

struct seen_each {
	kernel_seen_fn fn;
	void *context;
};

static int on_seen(void *context, const void *key, const void *value)
{
	const struct seen_each *each = context;

	return each->fn(each->context, key, value);
}

int kernel_seen_each(struct kernel *kernel, kernel_seen_fn fn, void *context)
{
	struct seen_each each = { fn, context };
	struct address_key keys[2];
	struct seen_address value;

	return each_entry(kernel->maps.seen, SEEN_MAX, (void *[]){ &keys[0], &keys[1] }, &value, sizeof(keys[0]), on_seen,
			  &each);
}

/* ---------------------------------------------------------------- add and take back */

static int name_put(int map, __u64 key, const struct domain_text *name, __u64 until_boot_ns)
{
	struct learned_name known = { .until_boot_ns = until_boot_ns, .name = *name };

	if (!bpf_map_update_elem(map, &key, &known, BPF_NOEXIST))
		return 0;
	if (errno != EEXIST)
		return -errno;
	if (bpf_map_lookup_elem(map, &key, &known))
		return -errno;
	if (memcmp(&known.name, name, sizeof(*name)))
		return -EEXIST;
	if (known.until_boot_ns >= until_boot_ns)
		return 0;
	known.until_boot_ns = until_boot_ns;
	return bpf_map_update_elem(map, &key, &known, BPF_ANY) ? -errno : 0;
}

/* The place of a name, or one that is free. */
static struct address_name *place_find(struct learned_address *known, __u64 name, __u64 now_boot_ns)
{
	struct address_name *free_place = NULL;

	for (size_t i = 0; i < ADDRESS_NAMES_MAX; i++) {
		struct address_name *one = &known->names[i];

		if (one->name == name)
			return one;
		if (!one->name || one->until_boot_ns <= now_boot_ns)
			free_place = one;
	}
	if (free_place)
		*free_place = (struct address_name){ .name = name };
	return free_place;
}

int kernel_resolved_put(struct kernel *kernel, const struct address_key *address, __u64 key,
			const struct domain_text *name, __u64 until_boot_ns, __u64 now_boot_ns)
{
	struct learned_address known = {};
	struct address_name *place;
	int err = name_put(kernel->maps.names, key, name, until_boot_ns);

	if (err)
		return err;
	if (bpf_map_lookup_elem(kernel->maps.addresses, address, &known) && errno != ENOENT)
		return -errno;
	place = place_find(&known, key, now_boot_ns);
	if (!place)
		return -E2BIG;
	if (place->until_boot_ns >= until_boot_ns)
		return 0;
	place->until_boot_ns = until_boot_ns;
	return bpf_map_update_elem(kernel->maps.addresses, address, &known, BPF_ANY) ? -errno : 0;
}

int kernel_resolved_through(struct kernel *kernel, __u64 key, __u64 through, const struct domain_text *name,
			    __u64 until_boot_ns)
{
	struct learned_name known;
	int err = name_put(kernel->maps.names, through, name, until_boot_ns);

	if (err)
		return err;
	if (bpf_map_lookup_elem(kernel->maps.names, &key, &known))
		return -errno;
	known.through = through;
	return bpf_map_update_elem(kernel->maps.names, &key, &known, BPF_EXIST) ? -errno : 0;
}

bool kernel_address_known(struct kernel *kernel, const struct address_key *address)
{
	struct learned_address known;

	return bpf_map_lookup_elem(kernel->maps.addresses, address, &known) == 0;
}

int kernel_resolved_forget(struct kernel *kernel, const struct address_key *address, __u64 key,
			   __u64 name_until_boot_ns)
{
	struct learned_address known;
	struct learned_name name;

	if (bpf_map_lookup_elem(kernel->maps.addresses, address, &known))
		return -errno;
	for (size_t i = 0; i < ADDRESS_NAMES_MAX; i++)
		if (known.names[i].name == key)
			known.names[i] = (struct address_name){};
	if (bpf_map_update_elem(kernel->maps.addresses, address, &known, BPF_EXIST))
		return -errno;
	if (bpf_map_lookup_elem(kernel->maps.names, &key, &name))
		return 0;
	name.until_boot_ns = name_until_boot_ns;
	return bpf_map_update_elem(kernel->maps.names, &key, &name, BPF_EXIST) ? -errno : 0;
}

int kernel_seen_put(struct kernel *kernel, const struct address_key *address, const struct domain_text *name,
		    __u64 until_boot_ns)
{
	const struct seen_address first = {.until_boot_ns = until_boot_ns, .name = *name};

	return bpf_map_update_elem(kernel->maps.seen, address, &first, BPF_NOEXIST) && errno != EEXIST ? -errno : 0;
}

void kernel_seen_forget(struct kernel *kernel, const struct address_key *address)
{
	(void)bpf_map_delete_elem(kernel->maps.seen, address);	/* the oldest go anyway */
}

/* ---------------------------------------------------------------- what is over */

static bool address_is_over(const struct learned_address *known, __u64 now_boot_ns)
{
	for (size_t i = 0; i < ADDRESS_NAMES_MAX; i++)
		if (known->names[i].name && known->names[i].until_boot_ns > now_boot_ns)
			return false;
	return true;
}

/*
 * Remove, and see what it was: if an answer has prolonged it meanwhile it is put back, unless there is one again. Before 5.14
 * (3e87f192b405) the kernel removes a hash's entry without showing it.
 */
static int take_out(int map, const void *key, void *out_value)
{
	if (!bpf_map_lookup_and_delete_elem(map, key, out_value))
		return 1;
	return bpf_map_delete_elem(map, key) ? -errno : 0;
}

struct sweep {
	struct kernel *kernel;
	__u64 now_boot_ns;
	struct kernel_resolved *counts;
};

static int sweep_address(void *context, const struct address_key *key, const struct learned_address *known)
{
	const struct sweep *sweep = context;
	struct learned_address last;

	sweep->counts->addresses++;
	if (!address_is_over(known, sweep->now_boot_ns))
		return 0;
	sweep->counts->addresses--;
	if (take_out(sweep->kernel->maps.addresses, key, &last) == 1 && !address_is_over(&last, sweep->now_boot_ns))
		(void)bpf_map_update_elem(sweep->kernel->maps.addresses, key, &last, BPF_NOEXIST);	/* or it is there again */
	return 0;
}

static int sweep_name(void *context, const void *key, const void *value)
{
	const struct sweep *sweep = context;
	const struct learned_name *known = value;
	struct learned_name last;

	sweep->counts->names++;
	if (known->until_boot_ns > sweep->now_boot_ns)
		return 0;
	sweep->counts->names--;
	if (take_out(sweep->kernel->maps.names, key, &last) == 1 && last.until_boot_ns > sweep->now_boot_ns)
		(void)bpf_map_update_elem(sweep->kernel->maps.names, key, &last, BPF_NOEXIST);	/* likewise */
	return 0;
}

int kernel_resolved_sweep(struct kernel *kernel, __u64 now_boot_ns, struct kernel_resolved *out_counts)
{
	struct sweep sweep = { kernel, now_boot_ns, out_counts };
	struct learned_name name;
	__u64 keys[2];
	int err;

	memset(out_counts, 0, sizeof(*out_counts));
	err = kernel_addresses_each(kernel, sweep_address, &sweep);
	return err ?: each_entry(kernel->maps.names, NAMES_MAX, (void *[]){ &keys[0], &keys[1] }, &name, sizeof(keys[0]),
				 sweep_name, &sweep);
}
