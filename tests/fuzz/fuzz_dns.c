/* SPDX-License-Identifier: MIT */
/*
 * fuzz_dns.c - any bytes as an answer of DNS. What is found must not depend on what lies in memory behind the message, must be names, and,
 * where the C library's own parser reads the message to its end, must have every address that this finds for the question.
 */
#include "../unit/domain_nodes.h"
#include "../../bpf/decide.h"

#include <arpa/nameser.h>
#include <resolv.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include "../unit/dns_read.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Some names are denied. */
static __u32 judge(const char *name)
{
	return name[0] == 'd' ? 1 + strlen(name) % 3 : 0;
}

static struct dns_result *read_with(const uint8_t *data, size_t size, int behind)
{
	size_t bytes = size < DNS_BYTES_MAX ? size : DNS_BYTES_MAX;
	struct dns_result *result = malloc(sizeof(*result));
	__u8 *message = malloc(DNS_BYTES_MAX);	/* so that a byte outside is seen */

	if (!result || !message)
		abort();
	memset(message, behind, DNS_BYTES_MAX);
	memcpy(message, data, bytes);
	dns_read(message, bytes, size > bytes, judge, result);
	free(message);
	return result;
}

static void check_name(const char *name)
{
	if (strlen(name) > DOMAIN_BYTES)
		abort();
	for (; *name; name++)
		if (*name >= 'A' && *name <= 'Z')
			abort();
}

static void check_result(const struct dns_result *result)
{
	if (result->turns > DNS_TURNS_MAX)
		abort();
	for (size_t i = 0; i < result->count; i++) {
		const struct dns_address *one = &result->list[i];

		check_name(one->name);
		check_name(one->through);
		if (one->ttl < TTL_MIN_S || one->ttl > TTL_MAX_S || (one->through[0] && !one->deny))
			abort();
	}
}

static bool has_address(const struct dns_result *result, const __u8 *address, size_t bytes)
{
	for (size_t i = 0; i < result->count; i++)
		if (!memcmp(result->list[i].address + 16 - bytes, address, bytes))
			return true;
	return false;
}

/* Only a message with one question of class IN, whose records have its name. */
static void check_against_library(const uint8_t *data, size_t size, const struct dns_result *result)
{
	char question[NS_MAXDNAME];
	ns_msg message;
	ns_rr record;

	if (ns_initparse(data, size, &message) || ns_msg_count(message, ns_s_qd) != 1 ||
	    ns_parserr(&message, ns_s_qd, 0, &record) || ns_rr_class(record) != ns_c_in)
		return;
	snprintf(question, sizeof(question), "%s", ns_rr_name(record));
	for (int i = 0; i < ns_msg_count(message, ns_s_an); i++) {
		size_t bytes;

		if (ns_parserr(&message, ns_s_an, i, &record))
			return;
		bytes = ns_rr_type(record) == ns_t_a ? 4 : ns_rr_type(record) == ns_t_aaaa ? 16 : 0;
		if (bytes && ns_rr_class(record) == ns_c_in && ns_rr_rdlen(record) == bytes &&
		    !strcasecmp(ns_rr_name(record), question) && !has_address(result, ns_rr_rdata(record), bytes))
			abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct dns_result *one = read_with(data, size, 0), *other = read_with(data, size, 0xc0);

	if (one->answer != other->answer || one->unreadable != other->unreadable || one->count != other->count ||
	    memcmp(one->list, other->list, one->count * sizeof(one->list[0])))
		abort();
	check_result(one);
	if (one->answer && !one->unreadable)
		check_against_library(data, size, one);
	free(one);
	free(other);
	return 0;
}
