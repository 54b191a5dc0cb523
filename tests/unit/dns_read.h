/* SPDX-License-Identifier: MIT */
/*
 * dns_read.h - an answer through bpf/dns.h as the kernel reads it (answer_turn() in dns.bpf.c), for tests on the host. To be
 * included behind bpf/decide.h.
 */
#ifndef EMBARGO_DNS_READ_H
#define EMBARGO_DNS_READ_H

#include "../../bpf/dns.h"

#include <stddef.h>
#include <string.h>

#define DNS_FOUND_MAX 1024

struct dns_address {
	char name[DOMAIN_BYTES + 1];	/* the question */
	char through[DOMAIN_BYTES + 1]; /* "": it is named itself, or innocent */
	__u32 deny;
	__u32 ttl;
	__u8 address[16];
};

struct dns_result {
	bool answer;	 /* it is one */
	bool unreadable; /* not to its end */
	size_t turns;
	size_t count;
	struct dns_address list[DNS_FOUND_MAX];
};

typedef __u32 (*dns_judge_fn)(const char *name);

static inline void dns_text(struct dns *dns, const __u8 *message, __u32 at, char *out)
{
	struct domain_text text;
	__u32 back = dns->at;

	dns->at = at;
	dns_expand(dns, message, &text);
	dns->at = back;
	memcpy(out, text.text, text.bytes);
	out[text.bytes] = '\0';
}

static inline void dns_keep(struct dns *dns, const __u8 *message, __u32 number, struct dns_result *result)
{
	const struct dns_root *root = &dns->roots[number];
	struct dns_address *one = &result->list[result->count++];

	memset(one, 0, sizeof(*one));
	dns_text(dns, message, dns->names[number].at, one->name);
	if (root->through_deny)
		dns_text(dns, message, dns->names[root->through].at, one->through);
	one->deny = root->deny;
	one->ttl = dns_ttl(dns->ttl);
	memcpy(one->address, dns->address.address, 16);
}

/* @message: DNS_BYTES_MAX bytes, of which @bytes are there */
static inline void dns_read(const __u8 *message, __u32 bytes, bool cut_off, dns_judge_fn judge,
			    struct dns_result *result)
{
	struct domain_text text = {0};
	struct dns dns;
	int found = DNS_FOUND_NOTHING;

	memset(&dns, 0xa5, sizeof(dns)); /* as a slot that somebody else had */
	memset(result, 0, offsetof(struct dns_result, list));
	result->answer = dns_begin(&dns, message, bytes, cut_off);
	if (!result->answer)
		return;
	while (found != DNS_FOUND_END && result->turns < DNS_TURNS_MAX && result->count < DNS_FOUND_MAX) {
		char name[DOMAIN_BYTES + 1] = "";

		result->turns++;
		if (dns_reads_name(&dns))
			dns_expand(&dns, message, &text);
		found = dns_take(&dns, message, &text);
		if (found == DNS_FOUND_NAME) {
			memcpy(name, text.text, text.bytes);
			dns_judged(&dns, judge(name));
		}
		for (__u32 i = 0; found == DNS_FOUND_ADDRESS && i < DNS_QUESTIONS_MAX; i++)
			if (dns.found_roots & 1u << i && result->count < DNS_FOUND_MAX)
				dns_keep(&dns, message, i, result);
	}
	result->unreadable = dns.unreadable || found != DNS_FOUND_END;
}

#endif
