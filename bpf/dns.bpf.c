// SPDX-License-Identifier: GPL-2.0
/*
 * dns.bpf.c - answers of DNS, before who asked can see them: at the cgroup, as the packet reaches the socket. Nothing is decided
 * here and nothing refused; what is learned has no rule in it (abi.h). Runs in softirq: the current task is anybody.
 *
 * An answer is what comes from port 53, by UDP, or by TCP as far as one segment holds it. What ordinary packets pay is the
 * look at their protocol and source port.
 */
#include "maps.h"
#include <bpf/bpf_endian.h>

#include "answer.h"
#include "dns.h"
#include "domain.h"
#include "emit.h"
#include "learned.h"
#include "scratch.h"

#define EEXIST 17

#define DNS_PORT 53
#define NS_PER_S 1000000000ull

enum { CGROUP_ALLOW = 1 };

/* ---------------------------------------------------------------- what is learned */

static __always_inline void unlearned(void)
{
	count(HOOK_NAME, STAT_UNLEARNED);
}

/*
 * The name of the slot into "names", or its time prolonged. Another name of the same hash stays as it is. Returns the key, or 0
 * when it is not there afterwards.
 */
__noinline __u64 name_put(__u32 index, __u64 through, __u64 until_boot_ns)
{
	struct scratch *slot = scratch_get(index);
	__u64 key = domain_key(index);
	struct learned_name *known;

	if (!slot || !key)
		return 0;
	slot->named_until = until_boot_ns;
	slot->named_through = through;
	known = bpf_map_lookup_elem(&names, &key);
	if (!known && !bpf_map_update_elem(&names, &key, &slot->named, BPF_NOEXIST))
		return key;
	if (!known)
		known = bpf_map_lookup_elem(&names, &key);	/* another processor was first */
	if (!known || !domain_equal(&known->name, &slot->domain)) {
		unlearned();
		return 0;
	}
	if (known->until_boot_ns < until_boot_ns)
		known->until_boot_ns = until_boot_ns;
	if (through)
		known->through = through;
	return key;
}

/* One byte of a name; see match_step(). */
__noinline int expand_step(__u32 index)
{
	struct scratch *slot = scratch_get(index);

	return slot ? dns_expand_step(&slot->dns, (__u8 *)slot->path, &slot->domain) : 0;
}

/* See match_steps(). */
__noinline int expand_steps(__u32 index)
{
	int more = 1;

#pragma clang loop unroll(disable)
	for (int i = 0; i < DNS_NAME_STEPS / 16 && more; i++)
		more = expand_step(index);
	return more;
}

/* dns_expand() in steps, into the slot's name. */
__noinline int expand(__u32 index)
{
	struct scratch *slot = scratch_get(index);
	int more = 1;

	if (!slot)
		return 0;
	dns_expand_begin(&slot->dns, &slot->domain);
#pragma clang loop unroll(disable)
	for (int part = 0; part < 16 && more; part++)
		more = expand_steps(index);
	if (more)
		slot->dns.failed = 1;
	slot->dns.hash = domain_key(index);
	return 0;
}

/* The name at a place of the message, as the slot's. */
static __always_inline void name_read(struct scratch *slot, __u32 at)
{
	slot->dns.at = at;
	expand(slot->index);
}

/* Under the lock of the address. Returns 1, or 0 when there is no place. */
__noinline int place_try(__u32 index, __u64 name, __u64 until_boot_ns, __u32 evict)
{
	struct scratch *slot = scratch_get(index);
	__u64 before[ADDRESS_NAMES_MAX], now = bpf_ktime_get_boot_ns();
	struct learned_address *known;
	struct address_lock *lock;
	__u32 number;
	int done;

	if (!slot)
		return 0;
	number = slot->dns.address.address[15] & (ADDRESS_LOCKS - 1);
	lock = bpf_map_lookup_elem(&address_locks, &number);
	known = bpf_map_lookup_elem(&addresses, &slot->dns.address);
	if (!lock || !known)
		return 0;
	__builtin_memcpy(before, slot->places, sizeof(before));
	bpf_spin_lock(&lock->lock);
	done = address_place(known, name, until_boot_ns, now, evict, before);
	bpf_spin_unlock(&lock->lock);
	return done;
}

/* Which places of the address have a name that no rule denies: a bit each; the names are left in the slot's .places. */
__noinline int places_innocent(__u32 index)
{
	struct scratch *slot = scratch_get(index);
	struct learned_address *known;
	__u32 innocent = 0;

	if (!slot)
		return 0;
	known = bpf_map_lookup_elem(&addresses, &slot->dns.address);
	if (!known)
		return 0;
#pragma clang loop unroll(disable)
	for (__u32 i = 0; i < ADDRESS_NAMES_MAX; i++) {
		__u64 name = known->names[i & (ADDRESS_NAMES_MAX - 1)].name;

		__builtin_memset(&slot->resolved, 0, sizeof(slot->resolved));
		slot->places[i & (ADDRESS_NAMES_MAX - 1)] = name;
		if (address_name_ask(index, name) == MATCH_DONE && !slot->resolved.deny)
			innocent |= 1 << i;
	}
	return innocent;
}

enum { PLACE_DONE, PLACE_FULL };

/* A name into the entry of the address that was found. */
__noinline int place_put(__u32 index, __u64 name, __u64 until_boot_ns)
{
	struct scratch *slot = scratch_get(index);
	struct learned_address first = {};
	int err;

	if (!slot || !name || place_try(index, name, until_boot_ns, 0))
		return PLACE_DONE;
	first.names[0].name = name;
	first.names[0].until_boot_ns = until_boot_ns;
	err = bpf_map_update_elem(&addresses, &slot->dns.address, &first, BPF_NOEXIST);
	if (!err || (err == -EEXIST && place_try(index, name, until_boot_ns, 0)))
		return PLACE_DONE;
	return PLACE_FULL;
}

/* The text of the latest innocent name of the address, and what it is good for; 0: there is none. */
__noinline __u64 seen_recall(__u32 index)
{
	struct scratch *slot = scratch_get(index);
	struct seen_address *before;

	if (!slot)
		return 0;
	before = bpf_map_lookup_elem(&seen, &slot->dns.address);
	if (!before || before->until_boot_ns <= bpf_ktime_get_boot_ns() ||
	    bpf_probe_read_kernel(&slot->domain, sizeof(slot->domain), &before->name))
		return 0;
	return before->until_boot_ns;
}

/* A name that belongs to the answer into "names", unless it has just been put for as long. Returns its key or 0. */
__noinline __u64 answer_name_put(__u32 index, __u32 number, __u64 through, __u32 ttl)
{
	struct scratch *slot = scratch_get(index);
	struct dns_name *name;

	if (!slot)
		return 0;
	name = &slot->dns.names[number & (DNS_NAMES_MAX - 1)];
	if (name->ttl >= ttl)
		return name->key;
	name_read(slot, name->at);
	name->key = name_put(index, through, bpf_ktime_get_boot_ns() + ttl * NS_PER_S);
	name->ttl = ttl;
	return name->key;
}

/*
 * The address that was found belongs to a question that rules deny, by its name or by what it is an alias of. An innocent name
 * that was seen for it before comes along: it is shared.
 */
static __always_inline void learn_denied(struct scratch *slot, __u32 number, __u32 ttl)
{
	const struct dns_root *root = &slot->dns.roots[number & (DNS_QUESTIONS_MAX - 1)];
	__u64 until = bpf_ktime_get_boot_ns() + ttl * NS_PER_S, key, alias_of = 0;
	__u32 index = slot->index;

	if (root->through_deny)
		alias_of = answer_name_put(index, root->through, 0, ttl);
	key = answer_name_put(index, number, alias_of, ttl);
	if (place_put(index, key, until) == PLACE_FULL && !place_try(index, key, until, places_innocent(index)))
		unlearned();
	until = seen_recall(index);
	if (until)
		place_put(index, name_put(index, 0, until), until);
}

/* It belongs to an innocent one: that matters where denied ones are, too, or may come. */
__noinline int learn_innocent(__u32 index, __u32 root, __u32 ttl)
{
	__u64 until = bpf_ktime_get_boot_ns() + ttl * NS_PER_S;
	struct scratch *slot = scratch_get(index);

	if (!slot)
		return 0;
	if (address_known(&slot->dns.address)) {
		place_put(index, answer_name_put(index, root, 0, ttl), until);
		return 0;
	}
	name_read(slot, slot->dns.names[root & (DNS_NAMES_MAX - 1)].at);
	slot->innocent.until_boot_ns = until;
	bpf_map_update_elem(&seen, &slot->dns.address, &slot->innocent, BPF_ANY);
	return 0;
}

static __always_inline void address_found(struct scratch *slot)
{
	__u32 back = slot->dns.at, ttl = dns_ttl(slot->dns.ttl);

	if (address_is_own(&slot->dns.address))
		return;
#pragma clang loop unroll(disable)
	for (__u32 root = 0; root < DNS_QUESTIONS_MAX; root++) {
		if (!(slot->dns.found_roots & 1u << root))
			continue;
		if (slot->dns.roots[root & (DNS_QUESTIONS_MAX - 1)].deny)
			learn_denied(slot, root, ttl);
		else
			learn_innocent(slot->index, root, ttl);
	}
	slot->dns.at = back;
}

/* ---------------------------------------------------------------- an answer */

__noinline int answer_take(__u32 index)
{
	struct scratch *slot = scratch_get(index);

	return slot ? dns_take(&slot->dns, (__u8 *)slot->path, &slot->domain) : DNS_FOUND_END;
}

/* A name that belongs to a question: what do rules say of it? Returns enum match_answer. */
static __always_inline int answer_judge(struct scratch *slot)
{
	int answer = domain_ask(slot->index);

	dns_judged(&slot->dns, slot->domain_match.deny);
	return answer == MATCH_DONE ? MATCH_GOES_ON : answer;
}

/* Returns enum match_answer: MATCH_GOES_ON, or how the answer ended. */
__noinline int answer_turn(__u32 index)
{
	struct scratch *slot = scratch_get(index);
	int found;

	if (!slot)
		return MATCH_DONE;
	if (dns_reads_name(&slot->dns))
		expand(index);
	found = answer_take(index);
	if (found == DNS_FOUND_END)
		return MATCH_DONE;
	if (found == DNS_FOUND_NAME)
		return answer_judge(slot);
	if (found == DNS_FOUND_ADDRESS)
		address_found(slot);
	return MATCH_GOES_ON;
}

/* A part of them; see match_steps(). Returns enum match_answer. */
__noinline int answer_turns(__u32 index)
{
	int answer = MATCH_GOES_ON;

#pragma clang loop unroll(disable)
	for (int turn = 0; turn < DNS_TURNS_MAX / 8 && answer == MATCH_GOES_ON; turn++)
		answer = answer_turn(index);
	return answer;
}

/*
 * Begin with the active generation, and with the message in the slot's .path, of which so many bytes are there. Returns enum
 * match_answer.
 */
__noinline int answer_begin(__u32 index, __u32 bytes, __u32 cut_off)
{
	struct scratch *slot = scratch_get(index);
	__u32 active = 0;
	void *entries = bpf_map_lookup_elem(&generation, &active);

	if (!slot)
		return MATCH_DONE;
	slot->dns.unreadable = 1;	/* what is no answer at all */
	if (!entries || !dns_begin(&slot->dns, (__u8 *)slot->path, bytes, cut_off))
		return MATCH_DONE;
	slot->generation = (__u64)entries;
	return MATCH_GOES_ON;
}

/* @answer: enum match_answer; MATCH_GOES_ON: the turns did not suffice */
__noinline int answer_end(__u32 index, int answer)
{
	struct scratch *slot = scratch_get(index);

	if (!slot)
		return 0;
	if (slot->dns.unreadable || answer != MATCH_DONE)
		count(HOOK_NAME, STAT_UNREADABLE);
	scratch_release(slot);
	return 0;
}

/* A part of its callers, because a chain of calls has eight functions. */
static __always_inline void answer_read(__u32 index, __u32 bytes, __u32 cut_off)
{
	int answer = MATCH_SWITCHED;

	/* a new policy in the middle: once more, with that one */
#pragma clang loop unroll(disable)
	for (int i = 0; i < 2 && answer == MATCH_SWITCHED; i++) {
		answer = answer_begin(index, bytes, cut_off);
#pragma clang loop unroll(disable)
		for (int part = 0; part < 8 && answer == MATCH_GOES_ON; part++)
			answer = answer_turns(index);
	}
	answer_end(index, answer);
}

/* ---------------------------------------------------------------- the packet */

/*
 * Copy a message into a slot: reading it piece by piece in the packet would cost a helper for each piece. Returns the slot's
 * index + 1, or 0 when that was not possible, which is counted.
 */
__noinline __u32 message_load(struct __sk_buff *skb, __u32 offset, __u32 bytes)
{
	struct scratch *slot = scratch_claim();

	count(HOOK_NAME, STAT_ANSWERS);
	/* 5.10 does not learn from bytes != 0 that the size is positive */
	bytes = ((bytes - 1) & (DNS_BYTES_MAX - 1)) + 1;
	if (slot && !bpf_skb_load_bytes(skb, offset, slot->path, bytes))
		return slot->index + 1;
	if (slot)
		scratch_release(slot);
	count(HOOK_NAME, STAT_UNREADABLE);
	return 0;
}

static __always_inline void message_read(struct __sk_buff *skb, __u32 offset, __u32 bytes, __u32 cut_off)
{
	__u32 here = bytes > DNS_BYTES_MAX ? DNS_BYTES_MAX : bytes, index;

	if (!here)
		return;
	index = message_load(skb, offset, here);
	if (!index)
		return;
	answer_read(index - 1, here, cut_off || bytes > here);
}

/* Messages in one segment of TCP, or behind it: the answers for both kinds of addresses may come together. */
#define TCP_MESSAGES_MAX 4
#define TCP_LENGTH_BYTES 2	/* RFC 1035, section 4.2.2 */

struct tcp_begin {
	__u8 length[2], id[2], flags[2], questions[2];
};

/*
 * Where the message begins: behind its length, or where that came in a segment of its own, at once. Returns the bytes that it has,
 * with the bytes in front of it << 32; 0: this is the middle of something.
 */
__noinline __u64 tcp_message(struct __sk_buff *skb, __u32 offset, __u32 left)
{
	struct tcp_begin begin = {};

	if (left < DNS_HEADER_BYTES || bpf_skb_load_bytes(skb, offset, &begin, sizeof(begin)))
		return 0;
	if (begin.flags[0] & 0x80 && !begin.questions[0])
		return (__u64)TCP_LENGTH_BYTES << 32 | begin.length[0] << 8 | begin.length[1];
	/* two bytes less in front: what is "id" here are its flags, "flags" its questions */
	if (begin.id[0] & 0x80 && !begin.flags[0])
		return left;
	return 0;
}

static __always_inline void tcp_read(struct __sk_buff *skb, __u32 offset)
{
#pragma clang loop unroll(disable)
	for (int i = 0; i < TCP_MESSAGES_MAX && offset < skb->len; i++) {
		__u32 left = skb->len - offset, bytes;
		__u64 message;

		if (left == TCP_LENGTH_BYTES)	/* of the message in the next segment */
			return;
		message = tcp_message(skb, offset, left);
		bytes = message;
		if (!bytes) {
			count(HOOK_NAME, STAT_ANSWERS);
			count(HOOK_NAME, STAT_UNREADABLE);
			return;
		}
		offset += message >> 32;
		left -= message >> 32;
		message_read(skb, offset, bytes > left ? left : bytes, bytes > left);
		offset += bytes;
	}
}

/* Headers between that of IPv6 and the transport's; RFC 8200, section 4. */
enum { NEXT_HOP = 0, NEXT_ROUTING = 43, NEXT_FRAGMENT = 44, NEXT_AUTHENTICATION = 51, NEXT_DESTINATION = 60 };
#define EXTENSIONS_MAX 8

static __always_inline bool is_extension(__u8 next)
{
	return next == NEXT_HOP || next == NEXT_ROUTING || next == NEXT_FRAGMENT || next == NEXT_AUTHENTICATION ||
	       next == NEXT_DESTINATION;
}

/* Where the transport's header begins, with the protocol << 32; 0: it cannot be found. */
__noinline __u64 transport_find(struct __sk_buff *skb)
{
	__u8 head[10], part[2];
	__u32 at = 40;
	__u8 next;

	if (bpf_skb_load_bytes(skb, 0, head, sizeof(head)))
		return 0;
	if (head[0] >> 4 == 4)
		return (__u64)head[9] << 32 | (head[0] & 15) * 4;
	next = head[6];
#pragma clang loop unroll(disable)
	for (int i = 0; i < EXTENSIONS_MAX; i++) {
		if (!is_extension(next) || bpf_skb_load_bytes(skb, at, part, sizeof(part)))
			break;
		at += next == NEXT_FRAGMENT ? 8 : next == NEXT_AUTHENTICATION ? (part[1] + 2) * 4 : (part[1] + 1) * 8;
		next = part[0];
	}
	return (__u64)next << 32 | at;
}

/* It may be an answer: find out, and read it. */
static __always_inline void packet_read(struct __sk_buff *skb)
{
	__u64 transport = transport_find(skb);
	__u32 at = transport;
	__u8 port[2], words = 0;

	if (!transport || bpf_skb_load_bytes(skb, at, port, sizeof(port)) || port[0] || port[1] != DNS_PORT)
		return;
	if (transport >> 32 == PROTOCOL_UDP) {
		at += 8;
		if (at < skb->len)
			message_read(skb, at, skb->len - at, 0);
	} else if (transport >> 32 == PROTOCOL_TCP && !bpf_skb_load_bytes(skb, at + 12, &words, 1)) {
		tcp_read(skb, at + (words >> 4) * 4);
	}
}

/* What every packet pays. Headers are in one piece by now (udp_rcv(), tcp_v4_rcv()); where they are not, it is read closely. */
static __always_inline bool may_be_answer(const struct __sk_buff *skb)
{
	const __u8 *data = (void *)(long)skb->data, *end = (void *)(long)skb->data_end;

	if (data + 44 > end)
		return skb->len >= 20 + 8 + DNS_HEADER_BYTES;
	if (data[0] == 0x45)		/* IPv4 without options */
		return (data[9] == PROTOCOL_UDP || data[9] == PROTOCOL_TCP) && !data[20] && data[21] == DNS_PORT;
	if (data[0] >> 4 == 6 && (data[6] == PROTOCOL_UDP || data[6] == PROTOCOL_TCP))
		return !data[40] && data[41] == DNS_PORT;
	return data[0] >> 4 == 4 || is_extension(data[6]);
}

SEC("cgroup_skb/ingress")
int names_ingress(struct __sk_buff *skb)
{
	if (may_be_answer(skb) && set_is_active())
		packet_read(skb);
	END_WITH(CGROUP_ALLOW);
}
