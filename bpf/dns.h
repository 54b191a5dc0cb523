/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * dns.h - an answer of DNS as the names it was asked for and the addresses it gives for them. Functions over plain memory: the
 * kernel, the tests and the fuzzer compile the same lines. Nothing here knows rules or maps. Includes nothing, because
 * decide.h, which has to be there, wants to be told about its surroundings.
 *
 * A message is read turn by turn: dns_expand() makes the name at .at a text, dns_take() does what is next with it. First the
 * questions, then once over the records for aliases, which may come in any order; from the questions along the aliases to
 * all names that belong to them; each of these names for the caller to judge; and once more over the records for their addresses.
 * What could be read before a message turns out to be cut off or malformed counts.
 *
 * Source: RFC 1035 sections 3 and 4, RFC 3596 (AAAA), RFC 6891 (OPT records, which are passed over like any other),
 * RFC 9460 (SVCB and HTTPS: their hints are addresses, too).
 */
#ifndef EMBARGO_DNS_H
#define EMBARGO_DNS_H

/* Of a message. EDNS lets clients ask for 4,096; 1,232 is usual (DNS flag day 2020). What is behind is not read. */
#define DNS_BYTES_MAX 4096		/* a power of two: masking is a bound that every verifier understands */
#define DNS_HEADER_BYTES 12
#define DNS_QUESTIONS_MAX 4		/* nobody asks more than one; a bit each in dns_name.roots */
#define DNS_NAMES_MAX 16		/* of questions and all that they are aliases of; resolvers follow 8 to 17 */
#define DNS_RECORDS_MAX 256		/* in each pass */
/* Bytes of names that are read for one message, however often pointers lead to them: what a hostile one can cost. */
#define DNS_BUDGET 32768
#define DNS_NAME_STEPS 512		/* of one name: 253 bytes, their labels and pointers */
/* Questions, two passes, an alias or a hint with many of them, the rounds along the aliases, the names. */
#define DNS_TURNS_MAX 1024

enum {
	DNS_TYPE_A = 1,
	DNS_TYPE_CNAME = 5,
	DNS_TYPE_AAAA = 28,
	DNS_TYPE_SVCB = 64,
	DNS_TYPE_HTTPS = 65,
	DNS_CLASS_IN = 1,
	DNS_HINT_IPV4 = 4,		/* SvcParamKeys */
	DNS_HINT_IPV6 = 6,
};

/* A name that the answer is about: a question, or what one is an alias of. Questions come first. */
struct dns_name {
	__u64 hash;
	__u32 at;			/* in the message */
	__u32 roots;			/* bit by question: which it belongs to */
	/* the caller's */
	__u64 key;			/* under which it has put the name */
	__u32 ttl;			/* for how long */
	__u32 zero;
};

/* A question, by its index. */
struct dns_root {
	__u32 deny;			/* best rule of all names that belong to it; 0: none */
	__u32 through;			/* index of the one that it is an alias of and that a rule denies; if .through_deny */
	__u32 through_deny;		/* the best rule of those */
	__u32 zero;
};

struct dns_alias {
	__u64 owner, target;		/* hashes */
	__u32 at;			/* of the target */
	__u32 zero;
};

enum dns_phase {
	DNS_QUESTION,
	DNS_OWNER,			/* first pass: of a record */
	DNS_TARGET,			/* of an alias */
	DNS_CHAIN,			/* along the aliases; no name is read */
	DNS_JUDGE,			/* a name that belongs to a question */
	DNS_ADDRESS,			/* second pass: of a record */
	DNS_HINT_TARGET,		/* the name in front of hints */
	DNS_HINT,			/* a parameter or an address of it; no name is read */
	DNS_END,
};

/* What a turn has found. */
enum dns_found {
	DNS_FOUND_END = 0,
	DNS_FOUND_NOTHING,		/* go on */
	DNS_FOUND_NAME,			/* the text at hand belongs to a question: dns_judged() goes on */
	DNS_FOUND_ADDRESS,		/* .address, .ttl and .found_roots; the text at hand is another */
};

struct dns {
	__u32 bytes;			/* of the message, as far as it is here */
	__u32 phase;			/* enum dns_phase */
	__u32 at;			/* of the name that is next; after dns_expand(): behind it */
	__u32 began;			/* of the name that was read last */
	__u32 next;			/* of the record that is next, while something in one is read */
	__u32 questions, records;	/* still to be read */
	__u32 record_count, first_record;
	__u32 budget;
	__u32 failed;			/* the name at .at cannot be read */
	__u32 unreadable;		/* cut off, malformed, or too much of something */
	/* of the name that is being read */
	__u32 cursor, label, jumped;
	/* along the aliases */
	__u32 alias, changed;
	__u32 name_count, alias_count, root_count;
	__u32 hint_key, hint_left;
	/* found */
	__u32 name;			/* index */
	__u32 ttl;			/* as the answer has it */
	__u32 found_roots;		/* bit by question that the address is for */
	__u32 found_name;		/* of dns_name_find() */
	struct address_key address;
	__u64 hash;			/* of the text that was read last */
	struct dns_name names[DNS_NAMES_MAX];
	struct dns_alias aliases[DNS_NAMES_MAX];
	struct dns_root roots[DNS_QUESTIONS_MAX];
};

#define DNS_INLINE static inline __attribute__((always_inline))

/* An offset that is too large is another byte of the message and nothing worse; who asks has compared it before. */
DNS_INLINE __u32 dns_byte(const __u8 *message, __u32 at)
{
	return message[at & (DNS_BYTES_MAX - 1)];
}

DNS_INLINE __u32 dns_word(const __u8 *message, __u32 at)
{
	return dns_byte(message, at) << 8 | dns_byte(message, at + 1);
}

/* ---------------------------------------------------------------- a name */

DNS_INLINE void dns_expand_begin(struct dns *dns, struct domain_text *text)
{
	typedef __u64 __attribute__((may_alias)) word;
	word *words = (word *)text;

	for (unsigned i = 0; i < sizeof(*text) / sizeof(word); i++)
		words[i] = 0;
	dns->began = dns->at;
	dns->cursor = dns->at;
	dns->label = 0;
	dns->jumped = 0;
	dns->failed = 0;
}

/* The name ends, or cannot be read. Returns 0. */
DNS_INLINE int dns_expand_end(struct dns *dns, __u32 failed)
{
	dns->failed = failed;
	if (!dns->jumped)
		dns->at = dns->cursor + 1;
	return 0;
}

DNS_INLINE int dns_text_add(struct dns *dns, struct domain_text *text, __u32 byte)
{
	__u32 at = text->bytes;

	if (at >= DOMAIN_BYTES)
		return dns_expand_end(dns, 1);
	((__u8 *)text)[(__builtin_offsetof(struct domain_text, text) + at) & 255] = byte;
	text->bytes = at + 1;
	return 1;
}

/*
 * One byte of a name. A pointer may lead anywhere in the message, as stub resolvers let it; a circle ends by the steps. A dot
 * inside a label is none between two: it becomes a byte that no rule contains. Returns 0 when the name ends.
 */
DNS_INLINE int dns_expand_step(struct dns *dns, const __u8 *message, struct domain_text *text)
{
	__u32 cursor = dns->cursor, byte;

	if (cursor >= dns->bytes || !dns->budget)
		return dns_expand_end(dns, 1);
	dns->budget--;
	byte = dns_byte(message, cursor);
	if (dns->label) {
		dns->label--;
		dns->cursor = cursor + 1;
		if (byte >= 'A' && byte <= 'Z')
			byte += 'a' - 'A';
		return dns_text_add(dns, text, byte == '.' ? '\\' : byte);
	}
	if (!byte)
		return dns_expand_end(dns, 0);
	if (byte >= 0xc0) {
		if (cursor + 1 >= dns->bytes)
			return dns_expand_end(dns, 1);
		if (!dns->jumped)
			dns->at = cursor + 2;
		dns->jumped = 1;
		dns->cursor = dns_word(message, cursor) & 0x3fff;
		return 1;
	}
	if (byte > DOMAIN_LABEL_BYTES)
		return dns_expand_end(dns, 1);
	dns->label = byte;
	dns->cursor = cursor + 1;
	return text->bytes ? dns_text_add(dns, text, '.') : 1;
}

/**
 * dns_expand() - the name at .at as text
 * @text: filled in, in lower case; "" for the root
 *
 * Afterwards .at is behind it, .hash is of it; .failed says whether it could be read.
 */
DNS_INLINE void dns_expand(struct dns *dns, const __u8 *message, struct domain_text *text)
{
	int more = 1;

	dns_expand_begin(dns, text);
#ifdef __clang__
#pragma clang loop unroll(disable)
#endif
	for (int i = 0; i < DNS_NAME_STEPS && more; i++)
		more = dns_expand_step(dns, message, text);
	if (more)
		dns->failed = 1;
	dns->hash = domain_hash(text);
}

/* ---------------------------------------------------------------- tables */

/* The index of a name that belongs to a question; DNS_NAMES_MAX: it does not. */
DNS_INLINE __u32 dns_name_find(struct dns *dns, __u64 hash)
{
	__u32 i;

#ifdef __clang__
#pragma clang loop unroll(disable)
#endif
	for (i = 0; i < DNS_NAMES_MAX; i++)
		if (dns->names[i].hash == hash)
			break;
	/* read back, because of memory a verifier knows nothing: else it would follow all that comes for each turn of the loop */
	dns->found_name = i;
	i = *(volatile __u32 *)&dns->found_name;
	return i < dns->name_count ? i : DNS_NAMES_MAX;	/* behind the last is what another answer has left */
}

/* Returns 1 when something has changed. */
DNS_INLINE int dns_name_add(struct dns *dns, __u64 hash, __u32 at, __u32 roots)
{
	__u32 index = dns_name_find(dns, hash), before;
	struct dns_name *name;

	if (index == DNS_NAMES_MAX) {
		index = *(volatile __u32 *)&dns->name_count;	/* read again, too: 6.1 gets lost otherwise */
		if (index >= DNS_NAMES_MAX) {
			dns->unreadable = 1;
			return 0;
		}
		name = &dns->names[index & (DNS_NAMES_MAX - 1)];
		name->hash = hash;
		name->at = at;
		name->roots = roots;
		name->ttl = 0;
		name->key = 0;
		dns->name_count = index + 1;
		return 1;
	}
	name = &dns->names[index & (DNS_NAMES_MAX - 1)];
	before = name->roots;
	name->roots = before | roots;
	return name->roots != before;
}

/* ---------------------------------------------------------------- turns */

/* What is malformed ends a pass, and the next one will end there, too. */
DNS_INLINE void dns_pass_end(struct dns *dns)
{
	dns->alias = 0;
	dns->changed = 0;
	dns->phase = dns->phase == DNS_OWNER || dns->phase == DNS_TARGET || dns->phase == DNS_QUESTION ? DNS_CHAIN :
													 DNS_END;
}

DNS_INLINE void dns_pass_begin(struct dns *dns, __u32 phase)
{
	dns->phase = phase;
	dns->at = dns->first_record;
	dns->records = dns->record_count;
	if (!dns->records)
		dns_pass_end(dns);
}

DNS_INLINE void dns_record_next(struct dns *dns, __u32 phase)
{
	dns->phase = phase;
	dns->at = dns->next;
	if (!--dns->records)
		dns_pass_end(dns);
}

DNS_INLINE void dns_take_question(struct dns *dns, const __u8 *message)
{
	__u32 at = dns->at;

	if (at + 4 > dns->bytes) {
		dns->unreadable = 1;
		dns_pass_end(dns);
		return;
	}
	dns->at = at + 4;
	if (dns_word(message, at + 2) == DNS_CLASS_IN && dns->root_count < DNS_QUESTIONS_MAX &&
	    dns_name_find(dns, dns->hash) == DNS_NAMES_MAX) {
		dns_name_add(dns, dns->hash, dns->began, 1u << (dns->root_count & 31));
		dns->root_count = dns->name_count;
	}
	if (--dns->questions)
		return;
	dns->first_record = dns->at;
	dns_pass_begin(dns, DNS_OWNER);
}

DNS_INLINE int dns_is_service(__u32 type)
{
	return type == DNS_TYPE_HTTPS || type == DNS_TYPE_SVCB;
}

/* Behind the name of a record: type, class, time, length. Returns its type, or 0 when it says nothing here. */
DNS_INLINE __u32 dns_record(struct dns *dns, const __u8 *message)
{
	__u32 at = dns->at;

	dns->ttl = dns_word(message, at + 4) << 16 | dns_word(message, at + 6);
	dns->next = at + 10 + dns_word(message, at + 8);
	dns->at = at + 10;
	if (dns->next > dns->bytes) {	/* also when the ten are not there */
		dns->unreadable = 1;
		dns_pass_end(dns);
		return 0;
	}
	return dns_word(message, at + 2) == DNS_CLASS_IN ? dns_word(message, at) : 0;
}

DNS_INLINE void dns_take_owner(struct dns *dns, const __u8 *message)
{
	__u32 type = dns_record(dns, message), slot = dns->alias_count;

	if (dns->phase != DNS_OWNER)
		return;
	if (type != DNS_TYPE_CNAME && !dns_is_service(type)) {
		dns_record_next(dns, DNS_OWNER);
		return;
	}
	if (slot >= DNS_NAMES_MAX) {
		dns->unreadable = 1;
		dns_record_next(dns, DNS_OWNER);
		return;
	}
	if (dns_is_service(type))
		dns->at += 2;		/* SvcPriority */
	dns->aliases[slot & (DNS_NAMES_MAX - 1)].owner = dns->hash;
	dns->aliases[slot & (DNS_NAMES_MAX - 1)].at = dns->at;
	dns->phase = DNS_TARGET;
}

DNS_INLINE void dns_take_target(struct dns *dns, const struct domain_text *text)
{
	__u32 slot = dns->alias_count;

	if (text->bytes) {		/* the root is the owner itself, in a service record */
		dns->aliases[slot & (DNS_NAMES_MAX - 1)].target = dns->hash;
		dns->alias_count = slot + 1;
	}
	dns_record_next(dns, DNS_OWNER);
}

/* One alias; round after round, until one changes nothing. */
DNS_INLINE void dns_take_chain(struct dns *dns)
{
	__u32 index = dns->alias, owner;

	if (index >= dns->alias_count) {
		dns->alias = 0;
		if (dns->changed) {
			dns->changed = 0;
			return;
		}
		dns->name = 0;
		dns->phase = dns->name_count ? DNS_JUDGE : DNS_END;
		dns->at = dns->names[0].at;
		return;
	}
	dns->alias = index + 1;
	owner = dns_name_find(dns, dns->aliases[index & (DNS_NAMES_MAX - 1)].owner);
	if (owner < DNS_NAMES_MAX)
		dns->changed |= dns_name_add(dns, dns->aliases[index & (DNS_NAMES_MAX - 1)].target,
					     dns->aliases[index & (DNS_NAMES_MAX - 1)].at,
					     dns->names[owner & (DNS_NAMES_MAX - 1)].roots);
}

/**
 * dns_judged() - go on behind the name in .name
 * @deny: what rules say of it; 0: nothing
 */
DNS_INLINE void dns_judged(struct dns *dns, __u32 deny)
{
	__u32 index = dns->name, roots = dns->names[index & (DNS_NAMES_MAX - 1)].roots, next;

#ifdef __clang__
#pragma clang loop unroll(disable)
#endif
	for (__u32 i = 0; i < DNS_QUESTIONS_MAX; i++) {
		struct dns_root *root = &dns->roots[i];

		if (!deny || !(roots & 1u << i))
			continue;
		root->deny = better(root->deny, deny);
		if (index == i || (root->through_deny && root->through_deny <= deny))
			continue;
		root->through_deny = deny;
		root->through = index;
	}
	next = *(volatile __u32 *)&dns->name + 1;	/* as in dns_name_find() */
	dns->name = next;
	if (next < dns->name_count)
		dns->at = dns->names[next & (DNS_NAMES_MAX - 1)].at;
	else
		dns_pass_begin(dns, DNS_ADDRESS);
}

/* An address of four or sixteen bytes, as a key has it. */
DNS_INLINE void dns_address(struct dns *dns, const __u8 *message, __u32 at, __u32 bytes)
{
	__u8 *out = dns->address.address;

	if (bytes == 16) {
#ifdef __clang__
#pragma clang loop unroll(full)
#endif
		for (__u32 i = 0; i < 16; i++)
			out[i] = dns_byte(message, at + i);
		return;
	}
#ifdef __clang__
#pragma clang loop unroll(full)
#endif
	for (__u32 i = 0; i < 12; i++)
		out[i] = i < 10 ? 0 : 0xff;
	for (__u32 i = 0; i < 4; i++)
		out[12 + i] = dns_byte(message, at + i);
}

DNS_INLINE int dns_take_address(struct dns *dns, const __u8 *message)
{
	__u32 type = dns_record(dns, message), owner, bytes, at = dns->at;

	if (dns->phase != DNS_ADDRESS)
		return DNS_FOUND_NOTHING;
	owner = dns_name_find(dns, dns->hash);
	bytes = dns->next - at;
	if (owner < DNS_NAMES_MAX)
		dns->found_roots = dns->names[owner & (DNS_NAMES_MAX - 1)].roots;
	if (owner < DNS_NAMES_MAX && dns_is_service(type)) {
		dns->at = at + 2;
		dns->hint_left = 0;
		dns->phase = DNS_HINT_TARGET;
		return DNS_FOUND_NOTHING;
	}
	dns_record_next(dns, DNS_ADDRESS);
	if (owner >= DNS_NAMES_MAX)
		return DNS_FOUND_NOTHING;
	if (!(type == DNS_TYPE_A && bytes == 4) && !(type == DNS_TYPE_AAAA && bytes == 16))
		return DNS_FOUND_NOTHING;
	dns_address(dns, message, at, bytes);
	return DNS_FOUND_ADDRESS;
}

/* A parameter of a service record, or an address in one. */
DNS_INLINE int dns_take_hint(struct dns *dns, const __u8 *message)
{
	__u32 at = dns->at, bytes = dns->hint_key == DNS_HINT_IPV4 ? 4 : 16;

	if (dns->hint_left >= bytes) {
		dns_address(dns, message, at, bytes);
		dns->at = at + bytes;
		dns->hint_left -= bytes;
		return DNS_FOUND_ADDRESS;
	}
	at += dns->hint_left;		/* what is less than an address */
	dns->hint_left = 0;
	if (at + 4 > dns->next) {
		dns_record_next(dns, DNS_ADDRESS);
		return DNS_FOUND_NOTHING;
	}
	dns->hint_key = dns_word(message, at);
	bytes = dns_word(message, at + 2);
	dns->at = at + 4;
	if (dns->at + bytes > dns->next) {
		dns->unreadable = 1;
		dns_record_next(dns, DNS_ADDRESS);
		return DNS_FOUND_NOTHING;
	}
	if (dns->hint_key == DNS_HINT_IPV4 || dns->hint_key == DNS_HINT_IPV6)
		dns->hint_left = bytes;
	else
		dns->at += bytes;
	return DNS_FOUND_NOTHING;
}

/** dns_reads_name() - does the next turn begin with a name? Then dns_expand() comes first. Return: 1 or 0. */
DNS_INLINE int dns_reads_name(const struct dns *dns)
{
	return dns->phase != DNS_CHAIN && dns->phase != DNS_HINT && dns->phase != DNS_END;
}

/* A name that cannot be read: inside a record that is the end of the record, elsewhere nobody knows what follows. */
DNS_INLINE void dns_take_failed(struct dns *dns)
{
	dns->unreadable = 1;
	if (dns->phase == DNS_TARGET)
		dns_record_next(dns, DNS_OWNER);
	else if (dns->phase == DNS_HINT_TARGET)
		dns_record_next(dns, DNS_ADDRESS);
	else
		dns_pass_end(dns);
}

/**
 * dns_take() - one turn
 * @text: the name that was read
 *
 * Return: enum dns_found.
 */
DNS_INLINE int dns_take(struct dns *dns, const __u8 *message, const struct domain_text *text)
{
	if (dns->failed && dns_reads_name(dns)) {
		dns_take_failed(dns);
		return DNS_FOUND_NOTHING;
	}
	switch (dns->phase) {
	case DNS_QUESTION:
		dns_take_question(dns, message);
		break;
	case DNS_OWNER:
		dns_take_owner(dns, message);
		break;
	case DNS_TARGET:
		dns_take_target(dns, text);
		break;
	case DNS_CHAIN:
		dns_take_chain(dns);
		break;
	case DNS_JUDGE:
		return DNS_FOUND_NAME;
	case DNS_ADDRESS:
		return dns_take_address(dns, message);
	case DNS_HINT_TARGET:
		dns->phase = DNS_HINT;
		break;
	case DNS_HINT:
		return dns_take_hint(dns, message);
	default:
		return DNS_FOUND_END;
	}
	return DNS_FOUND_NOTHING;
}

/**
 * dns_begin() - look at the header
 * @bytes:   of the message that are here, at most DNS_BYTES_MAX
 * @cut_off: there is more of it that is not here
 *
 * Return: 1, or 0 when it is no answer to a query.
 */
DNS_INLINE int dns_begin(struct dns *dns, const __u8 *message, __u32 bytes, __u32 cut_off)
{
	__u32 flags, records;

	if (bytes < DNS_HEADER_BYTES)
		return 0;
	flags = dns_word(message, 2);
	if (!(flags & 0x8000) || flags & 0x7800)	/* QR, OPCODE */
		return 0;
	dns->bytes = bytes;
	dns->unreadable = cut_off || flags & 0x0200;	/* TC */
	dns->phase = DNS_QUESTION;
	dns->at = DNS_HEADER_BYTES;
	dns->questions = dns_word(message, 4);
	records = dns_word(message, 6) + dns_word(message, 8) + dns_word(message, 10);
	if (records > DNS_RECORDS_MAX || dns->questions > DNS_QUESTIONS_MAX)
		dns->unreadable = 1;
	dns->record_count = records > DNS_RECORDS_MAX ? DNS_RECORDS_MAX : records;
	dns->budget = DNS_BUDGET;
	dns->failed = 0;
	dns->alias = 0;
	dns->changed = 0;
	dns->name_count = 0;
	dns->alias_count = 0;
	dns->root_count = 0;
	dns->hint_left = 0;
	__builtin_memset(dns->roots, 0, sizeof(dns->roots));
	return dns->questions && dns->questions <= DNS_TURNS_MAX;
}

/** dns_ttl() - how long an answer is believed, in seconds; see abi.h */
DNS_INLINE __u32 dns_ttl(__u32 ttl)
{
	if (ttl & 0x80000000u)		/* RFC 2181, section 8 */
		ttl = 0;
	return ttl < TTL_MIN_S ? TTL_MIN_S : ttl > TTL_MAX_S ? TTL_MAX_S : ttl;
}

#endif
