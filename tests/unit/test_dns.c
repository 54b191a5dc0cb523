/* SPDX-License-Identifier: MIT */
/*
 * test_dns.c - answers of DNS (bpf/dns.h), put together by hand: what resolvers send, in every order, and what only
 * somebody hostile does. Then answers of real servers: tests/fuzz/corpus/dns.
 */
#include "domain_nodes.h"
#include "../../bpf/decide.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <cmocka.h>
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "dns_read.h"

/* ---------------------------------------------------------------- making one */

struct packet {
	__u8 bytes[DNS_BYTES_MAX];
	size_t count;
};

static void put(struct packet *packet, const void *bytes, size_t count)
{
	assert_true(packet->count + count <= sizeof(packet->bytes));
	memcpy(packet->bytes + packet->count, bytes, count);
	packet->count += count;
}

static void put_word(struct packet *packet, unsigned word)
{
	const __u8 bytes[] = {word >> 8, word};

	put(packet, bytes, 2);
}

/* "a.example.com" in full; "a.example.com@12" as a and a pointer to 12; "@12" as a pointer. */
static void put_name(struct packet *packet, const char *name)
{
	const char *pointer = strchr(name, '@');

	while (*name && *name != '@') {
		__u8 bytes = strcspn(name, ".@");

		put(packet, &bytes, 1);
		put(packet, name, bytes);
		name += bytes;
		if (*name == '.')
			name++;
	}
	if (pointer)
		put_word(packet, 0xc000 | atoi(pointer + 1));
	else
		put(packet, "", 1);
}

static struct packet begin(unsigned flags, unsigned questions, unsigned answers, unsigned more)
{
	struct packet packet = {0};

	put_word(&packet, 0x1234);
	put_word(&packet, flags);
	put_word(&packet, questions);
	put_word(&packet, answers);
	put_word(&packet, 0);
	put_word(&packet, more);
	return packet;
}

static size_t ask(struct packet *packet, const char *name, unsigned type)
{
	size_t at = packet->count;

	put_name(packet, name);
	put_word(packet, type);
	put_word(packet, DNS_CLASS_IN);
	return at;
}

/* The head of a record; returns where its length is, for record_end(). */
static size_t record(struct packet *packet, const char *owner, unsigned type, unsigned ttl)
{
	put_name(packet, owner);
	put_word(packet, type);
	put_word(packet, DNS_CLASS_IN);
	put_word(packet, ttl >> 16);
	put_word(packet, ttl & 0xffff);
	put_word(packet, 0);
	return packet->count - 2;
}

static void record_end(struct packet *packet, size_t length_at)
{
	size_t bytes = packet->count - length_at - 2;

	packet->bytes[length_at] = bytes >> 8;
	packet->bytes[length_at + 1] = bytes;
}

static void put_address(struct packet *packet, const char *address)
{
	__u8 bytes[16];
	bool six = strchr(address, ':');

	assert_int_equal(inet_pton(six ? AF_INET6 : AF_INET, address, bytes), 1);
	put(packet, bytes, six ? 16 : 4);
}

static void give(struct packet *packet, const char *owner, unsigned ttl, const char *address)
{
	size_t at = record(packet, owner, strchr(address, ':') ? DNS_TYPE_AAAA : DNS_TYPE_A, ttl);

	put_address(packet, address);
	record_end(packet, at);
}

static void alias(struct packet *packet, const char *owner, const char *target)
{
	size_t at = record(packet, owner, DNS_TYPE_CNAME, 300);

	put_name(packet, target);
	record_end(packet, at);
}

static void edns(struct packet *packet)
{
	static const __u8 option[] = {0, 0, 41, 0x04, 0xd0, 0, 0, 0, 0, 0, 8, 0, 10, 0, 4, 1, 2, 3, 4};

	put(packet, option, sizeof(option));
}

/* ---------------------------------------------------------------- reading it */

/* Rules of these tests: 1 denies api.denied.com, 2 all below denied.com, 3 below cdn.net. */
static __u32 judge(const char *name)
{
	static struct domain_nodes nodes;
	struct domain_text text = domain_text_of(name);
	struct domain_match match;

	if (!nodes.count) {
		domain_nodes_add(&nodes, "api.denied.com", 1, 0);
		domain_nodes_add(&nodes, "*.denied.com", 2, 0);
		domain_nodes_add(&nodes, "*.cdn.net", 3, 0);
	}
	domain_match_init(&match, &text, DOMAIN_ROOT);
	domain_match_run(&nodes, &text, &match);
	return match.deny;
}

static struct dns_result result;

static void read_packet(const struct packet *packet)
{
	dns_read(packet->bytes, packet->count, false, judge, &result);
}

static void check_address(size_t i, const char *name, const char *through, __u32 deny, const char *address, int line)
{
	const struct dns_address *one = &result.list[i];
	char text[INET6_ADDRSTRLEN] = "-";

	if (i < result.count)
		inet_ntop(AF_INET6, one->address, text, sizeof(text));
	if (i >= result.count || strcmp(one->name, name) || strcmp(one->through, through) || one->deny != deny ||
	    strcmp(text, address))
		fail_msg("line %d: %zu of %zu: \"%s\" through \"%s\", rule %u, %s", line, i, result.count, one->name,
			 one->through, one->deny, text);
}

#define assert_address(i, name, through, deny, address) check_address(i, name, through, deny, address, __LINE__)

static void assert_read(size_t count, bool unreadable)
{
	assert_true(result.answer);
	assert_int_equal(result.count, count);
	assert_int_equal(result.unreadable, unreadable);
}

/* ---------------------------------------------------------------- what resolvers send */

static void several_addresses(void **state)
{
	struct packet packet = begin(0x8180, 1, 3, 1);

	ask(&packet, "x.denied.com", DNS_TYPE_A);
	give(&packet, "@12", 60, "192.0.2.1");
	give(&packet, "@12", 3600, "192.0.2.2");
	give(&packet, "@12", 100000, "2001:db8::1");
	edns(&packet);
	read_packet(&packet);
	assert_read(3, false);
	assert_address(0, "x.denied.com", "", 2, "::ffff:192.0.2.1");
	assert_address(1, "x.denied.com", "", 2, "::ffff:192.0.2.2");
	assert_address(2, "x.denied.com", "", 2, "2001:db8::1");
	assert_int_equal(result.list[0].ttl, TTL_MIN_S);
	assert_int_equal(result.list[1].ttl, 3600);
	assert_int_equal(result.list[2].ttl, TTL_MAX_S);
}

static void innocent_answers(void **state)
{
	struct packet packet = begin(0x8180, 1, 1, 0);

	ask(&packet, "www.example.org", DNS_TYPE_A);
	give(&packet, "@12", 0x80000001, "192.0.2.1");	/* a time that is negative is none: RFC 2181, section 8 */
	read_packet(&packet);
	assert_read(1, false);
	assert_address(0, "www.example.org", "", 0, "::ffff:192.0.2.1");
	assert_int_equal(result.list[0].ttl, TTL_MIN_S);
}

static void case_says_nothing(void **state)
{
	struct packet packet = begin(0x8180, 1, 1, 0);

	ask(&packet, "X.DeNiEd.CoM", DNS_TYPE_A);	/* 0x20 */
	give(&packet, "x.dEnIeD.cOm", 60, "192.0.2.1");
	read_packet(&packet);
	assert_read(1, false);
	assert_address(0, "x.denied.com", "", 2, "::ffff:192.0.2.1");
}

static void aliases_in_any_order(void **state)
{
	static const int orders[][4] = {{0, 1, 2, 3}, {3, 2, 1, 0}, {2, 0, 3, 1}, {3, 0, 2, 1}};

	for (size_t order = 0; order < 4; order++) {
		struct packet packet = begin(0x8180, 1, 4, 0);

		ask(&packet, "www.customer.org", DNS_TYPE_A);
		for (size_t i = 0; i < 4; i++)
			switch (orders[order][i]) {
			case 0:
				alias(&packet, "@12", "a.other.com");
				break;
			case 1:
				alias(&packet, "a.other.com", "api.denied.com");
				break;
			case 2:
				alias(&packet, "api.denied.com", "end.other.com");
				break;
			default:
				give(&packet, "end.other.com", 60, "192.0.2.7");
			}
		read_packet(&packet);
		assert_read(1, false);
		assert_address(0, "www.customer.org", "api.denied.com", 1, "::ffff:192.0.2.7");
	}
}

static void denied_name_with_innocent_alias(void **state)
{
	struct packet packet = begin(0x8180, 1, 2, 0);

	ask(&packet, "x.denied.com", DNS_TYPE_A);
	alias(&packet, "@12", "shared.example.org");
	give(&packet, "shared.example.org", 60, "192.0.2.1");
	read_packet(&packet);
	assert_read(1, false);
	assert_address(0, "x.denied.com", "", 2, "::ffff:192.0.2.1");
}

static void best_rule_of_the_chain(void **state)
{
	struct packet packet = begin(0x8180, 1, 3, 0);

	ask(&packet, "x.denied.com", DNS_TYPE_A);
	alias(&packet, "@12", "x.cdn.net");
	alias(&packet, "x.cdn.net", "api.denied.com");
	give(&packet, "api.denied.com", 60, "192.0.2.1");
	read_packet(&packet);
	assert_read(1, false);
	assert_address(0, "x.denied.com", "api.denied.com", 1, "::ffff:192.0.2.1");
}

static void best_rule_comes_first(void **state)
{
	struct packet packet = begin(0x8180, 1, 3, 0);

	ask(&packet, "x.denied.com", DNS_TYPE_A);
	alias(&packet, "@12", "api.denied.com");
	alias(&packet, "api.denied.com", "x.cdn.net");
	give(&packet, "x.cdn.net", 60, "192.0.2.1");
	read_packet(&packet);
	assert_read(1, false);
	assert_address(0, "x.denied.com", "api.denied.com", 1, "::ffff:192.0.2.1");
}

static void records_of_others_are_none_of_the_question(void **state)
{
	struct packet packet = begin(0x8180, 1, 3, 0);

	ask(&packet, "www.example.org", DNS_TYPE_A);
	give(&packet, "@12", 60, "192.0.2.1");
	give(&packet, "x.denied.com", 60, "192.0.2.2");
	alias(&packet, "other.example.org", "x.denied.com");
	read_packet(&packet);
	assert_read(1, false);
	assert_address(0, "www.example.org", "", 0, "::ffff:192.0.2.1");
}

static void several_questions(void **state)
{
	struct packet packet = begin(0x8180, 3, 4, 0);

	ask(&packet, "www.example.org", DNS_TYPE_A);
	ask(&packet, "x.denied.com", DNS_TYPE_A);
	ask(&packet, "WWW.example.org", DNS_TYPE_AAAA);
	give(&packet, "www.example.org", 60, "192.0.2.1");
	alias(&packet, "x.denied.com", "www.example.net");
	give(&packet, "www.example.net", 60, "192.0.2.2");
	give(&packet, "www.example.org", 60, "2001:db8::1");
	read_packet(&packet);
	assert_read(3, false);
	assert_address(0, "www.example.org", "", 0, "::ffff:192.0.2.1");
	assert_address(1, "x.denied.com", "", 2, "::ffff:192.0.2.2");
	assert_address(2, "www.example.org", "", 0, "2001:db8::1");
}

/* Two questions that lead to one name: its address is one of both. */
static void one_address_of_two_questions(void **state)
{
	struct packet packet = begin(0x8180, 2, 3, 0);

	ask(&packet, "www.example.org", DNS_TYPE_A);
	ask(&packet, "x.denied.com", DNS_TYPE_A);
	alias(&packet, "www.example.org", "both.example.net");
	alias(&packet, "x.denied.com", "both.example.net");
	give(&packet, "both.example.net", 60, "192.0.2.1");
	read_packet(&packet);
	assert_read(2, false);
	assert_address(0, "www.example.org", "", 0, "::ffff:192.0.2.1");
	assert_address(1, "x.denied.com", "", 2, "::ffff:192.0.2.1");
}

static void only_class_in(void **state)
{
	struct packet packet = begin(0x8180, 1, 2, 0);
	size_t at;

	at = ask(&packet, "x.denied.com", DNS_TYPE_A);
	at = packet.count;
	give(&packet, "@12", 60, "192.0.2.1");
	packet.bytes[at + 5] = 3;	/* CHAOS */
	give(&packet, "@12", 60, "192.0.2.2");
	read_packet(&packet);
	assert_read(1, false);
	assert_address(0, "x.denied.com", "", 2, "::ffff:192.0.2.2");
	packet.bytes[at - 1] = 3;
	read_packet(&packet);
	assert_read(0, false);
}

static void hints_of_service_records(void **state)
{
	static const __u8 before[] = {0, 1, 0, 3, 2, 'h', '2'};	/* alpn */
	struct packet packet = begin(0x8180, 1, 2, 0);
	size_t at;

	ask(&packet, "www.customer.org", DNS_TYPE_HTTPS);
	at = record(&packet, "@12", DNS_TYPE_HTTPS, 900);
	put_word(&packet, 1);
	put_name(&packet, "svc.denied.com");
	put(&packet, before, sizeof(before));
	put_word(&packet, DNS_HINT_IPV4);
	put_word(&packet, 8);
	put_address(&packet, "192.0.2.1");
	put_address(&packet, "192.0.2.2");
	put_word(&packet, DNS_HINT_IPV4);	/* with two bytes that are no address */
	put_word(&packet, 6);
	put_address(&packet, "192.0.2.4");
	put(&packet, "xx", 2);
	put_word(&packet, 5);	/* ech */
	put_word(&packet, 4);
	put(&packet, "abcd", 4);
	put_word(&packet, DNS_HINT_IPV6);
	put_word(&packet, 16);
	put_address(&packet, "2001:db8::1");
	record_end(&packet, at);
	give(&packet, "svc.denied.com", 60, "192.0.2.3");
	read_packet(&packet);
	assert_read(5, false);
	assert_address(0, "www.customer.org", "svc.denied.com", 2, "::ffff:192.0.2.1");
	assert_address(1, "www.customer.org", "svc.denied.com", 2, "::ffff:192.0.2.2");
	assert_address(2, "www.customer.org", "svc.denied.com", 2, "::ffff:192.0.2.4");
	assert_address(3, "www.customer.org", "svc.denied.com", 2, "2001:db8::1");
	assert_address(4, "www.customer.org", "svc.denied.com", 2, "::ffff:192.0.2.3");
	assert_int_equal(result.list[0].ttl, 900);
}

static void service_of_the_owner_itself(void **state)
{
	struct packet packet = begin(0x8180, 1, 2, 0);
	size_t at;

	ask(&packet, "x.denied.com", DNS_TYPE_HTTPS);
	at = record(&packet, "@12", DNS_TYPE_HTTPS, 900);
	put_word(&packet, 1);
	put_name(&packet, "");
	put_word(&packet, DNS_HINT_IPV4);
	put_word(&packet, 4);
	put_address(&packet, "192.0.2.1");
	record_end(&packet, at);
	give(&packet, "", 60, "192.0.2.2");	/* of the root, which is no alias here */
	read_packet(&packet);
	assert_read(1, false);
	assert_address(0, "x.denied.com", "", 2, "::ffff:192.0.2.1");
}

/* ---------------------------------------------------------------- cut off, malformed, too much */

static void cut_off_anywhere(void **state)
{
	struct packet packet = begin(0x8180, 1, 3, 1);
	size_t first, whole;

	ask(&packet, "x.denied.com", DNS_TYPE_A);
	give(&packet, "@12", 60, "192.0.2.1");
	first = packet.count;
	alias(&packet, "y.example.org", "x.example.org");
	give(&packet, "@12", 60, "192.0.2.2");
	whole = packet.count;
	edns(&packet);
	for (size_t bytes = DNS_HEADER_BYTES; bytes < packet.count; bytes++) {
		struct packet cut = packet;

		memset(cut.bytes + bytes, 0xc0, sizeof(cut.bytes) - bytes);	/* of the message before */
		dns_read(cut.bytes, bytes, false, judge, &result);
		assert_true(result.answer);
		assert_true(result.unreadable);
		assert_int_equal(result.count, bytes >= whole ? 2 : bytes >= first ? 1 : 0);
	}
	for (size_t bytes = 0; bytes < DNS_HEADER_BYTES; bytes++) {
		dns_read(packet.bytes, bytes, false, judge, &result);
		assert_false(result.answer);
	}
}

static void truncated_flag_counts(void **state)
{
	struct packet packet = begin(0x8380, 1, 1, 0);

	ask(&packet, "x.denied.com", DNS_TYPE_A);
	give(&packet, "@12", 60, "192.0.2.1");
	read_packet(&packet);
	assert_read(1, true);
	packet.bytes[2] = 0x81;
	read_packet(&packet);
	assert_read(1, false);
	dns_read(packet.bytes, packet.count, true, judge, &result);
	assert_read(1, true);
}

static void what_is_no_answer(void **state)
{
	struct packet packet = begin(0x0100, 1, 0, 0);

	ask(&packet, "x.denied.com", DNS_TYPE_A);
	read_packet(&packet);
	assert_false(result.answer);	/* a query */
	packet.bytes[2] = 0xa8;		/* an update */
	read_packet(&packet);
	assert_false(result.answer);
	packet = begin(0x8180, 0, 1, 0);
	give(&packet, "x.denied.com", 60, "192.0.2.1");
	read_packet(&packet);
	assert_false(result.answer);	/* to nothing */
}

static void pointers_in_circles(void **state)
{
	struct packet packet = begin(0x8180, 1, 2, 0);
	size_t at;

	ask(&packet, "x.denied.com", DNS_TYPE_A);
	give(&packet, "@12", 60, "192.0.2.1");
	at = packet.count;
	put_word(&packet, 0xc000 | at);		/* itself */
	put_word(&packet, DNS_TYPE_A);
	put_word(&packet, DNS_CLASS_IN);
	read_packet(&packet);
	assert_read(1, true);
	/* two that lead to each other, with labels in between */
	packet.bytes[at] = 1;
	packet.bytes[at + 1] = 'a';
	packet.bytes[at + 2] = 0xc0;
	packet.bytes[at + 3] = at + 4;
	packet.bytes[at + 4] = 0xc0;
	packet.bytes[at + 5] = at;
	read_packet(&packet);
	assert_read(1, true);
}

/* Stub resolvers follow a pointer that leads forward, and many in a row. */
static void pointers_that_lead_anywhere(void **state)
{
	struct packet packet = begin(0x8180, 1, 1, 0);
	char forward[8];
	size_t at;

	snprintf(forward, sizeof(forward), "@%u", 12 + 2 + 4 + 2 + 10 + 4);
	ask(&packet, forward, DNS_TYPE_A);
	give(&packet, "@12", 60, "192.0.2.1");
	at = packet.count;
	for (int i = 1; i <= 100; i++)
		put_word(&packet, 0xc000 | (at + 2 * i));
	put_name(&packet, "x.denied.com");
	read_packet(&packet);
	assert_read(1, false);
	assert_address(0, "x.denied.com", "", 2, "::ffff:192.0.2.1");
}

static void names_that_are_none(void **state)
{
	static const __u8 kinds[] = {0x40, 0x80, 0xbf};

	for (size_t i = 0; i < sizeof(kinds); i++) {
		struct packet packet = begin(0x8180, 1, 3, 0);
		char label[0xbf];

		ask(&packet, "x.denied.com", DNS_TYPE_A);
		give(&packet, "@12", 60, "192.0.2.1");
		memset(label, 'l', sizeof(label));
		put(&packet, &kinds[i], 1);
		put(&packet, label, kinds[i]);
		give(&packet, "", 60, "192.0.2.2");
		give(&packet, "@12", 60, "192.0.2.3");
		read_packet(&packet);
		assert_read(1, true);
	}
}

static void longest_name(void **state)
{
	struct packet packet = begin(0x8180, 1, 1, 0);
	char name[300], label[64];

	memset(label, 'l', 63);
	label[63] = '\0';
	/* 3 * 64 + 49 + 12 = 253 */
	snprintf(name, sizeof(name), "%s.%s.%s.%.48s.x.denied.com", label, label, label, label);
	assert_int_equal(strlen(name), DOMAIN_BYTES);
	ask(&packet, name, DNS_TYPE_A);
	give(&packet, "@12", 60, "192.0.2.1");
	read_packet(&packet);
	assert_read(1, false);
	assert_address(0, name, "", 2, "::ffff:192.0.2.1");

	packet = begin(0x8180, 1, 1, 0);
	snprintf(name, sizeof(name), "%s.%s.%s.%.49s.x.denied.com", label, label, label, label);
	ask(&packet, name, DNS_TYPE_A);
	give(&packet, "@12", 60, "192.0.2.1");
	read_packet(&packet);
	assert_read(0, true);	/* no resolver takes it for a name either */
}

/* One label "x.denied" is not two. */
static void dots_inside_labels(void **state)
{
	struct packet packet = begin(0x8180, 1, 1, 0);
	const __u8 label[] = {8, 'x', '.', 'd', 'e', 'n', 'i', 'e', 'd', 3, 'c', 'o', 'm', 0, 0, 1, 0, 1};

	put(&packet, label, sizeof(label));
	give(&packet, "@12", 60, "192.0.2.1");
	read_packet(&packet);
	assert_read(1, false);
	assert_address(0, "x\\denied.com", "", 0, "::ffff:192.0.2.1");
}

static void aliases_in_circles(void **state)
{
	struct packet packet = begin(0x8180, 1, 4, 0);

	ask(&packet, "www.example.org", DNS_TYPE_A);
	alias(&packet, "@12", "x.denied.com");
	alias(&packet, "x.denied.com", "@12");
	alias(&packet, "x.denied.com", "x.denied.com");
	give(&packet, "x.denied.com", 60, "192.0.2.1");
	read_packet(&packet);
	assert_read(1, false);
	assert_address(0, "www.example.org", "x.denied.com", 2, "::ffff:192.0.2.1");
}

static void chain_that_is_too_long(void **state)
{
	struct packet packet = begin(0x8180, 1, 22, 0);
	char owner[32] = "@12", target[32];

	ask(&packet, "www.denied.com", DNS_TYPE_A);
	give(&packet, "@12", 60, "192.0.2.1");
	for (int i = 0; i < 20; i++) {
		snprintf(target, sizeof(target), "a%d.example.org", i);
		alias(&packet, owner, target);
		memcpy(owner, target, sizeof(owner));
	}
	give(&packet, "a19.example.org", 60, "192.0.2.2");
	read_packet(&packet);
	assert_read(1, true);
	assert_address(0, "www.denied.com", "", 2, "::ffff:192.0.2.1");
}

static void as_many_addresses_as_fit(void **state)
{
	struct packet packet = begin(0x8180, 1, 240, 0);

	ask(&packet, "x.denied.com", DNS_TYPE_A);
	for (int i = 0; i < 240; i++)
		give(&packet, "@12", 60, "192.0.2.1");
	read_packet(&packet);
	assert_read(240, false);
}

static void more_records_than_are_read(void **state)
{
	struct packet packet = begin(0x8180, 1, 300, 0);

	ask(&packet, "x.denied.com", DNS_TYPE_A);
	give(&packet, "@12", 60, "192.0.2.1");
	for (int i = 0; i < 299; i++) {
		const __u8 empty[] = {0, 0, 99, 0, 1, 0, 0, 0, 0, 0, 0};

		put(&packet, empty, sizeof(empty));
	}
	read_packet(&packet);
	assert_read(1, true);
}

/* Names that are long because of pointers cost what they cost once, not for each record. */
static void hostile_work_is_bounded(void **state)
{
	struct packet packet = begin(0x8180, 1, 255, 0);
	struct timespec before, after;
	double ms;
	size_t at;

	ask(&packet, "x.denied.com", DNS_TYPE_A);
	at = packet.count;
	for (int i = 0; i < 255; i++) {
		char circle[8];

		snprintf(circle, sizeof(circle), "@%zu", at + 12 + 2);	/* into each other's middle */
		record_end(&packet, record(&packet, i ? circle : "@12", 99, 60));
	}
	clock_gettime(CLOCK_MONOTONIC, &before);
	for (int i = 0; i < 100; i++)
		read_packet(&packet);
	clock_gettime(CLOCK_MONOTONIC, &after);
	ms = (after.tv_sec - before.tv_sec) * 1e3 + (after.tv_nsec - before.tv_nsec) / 1e6;
	assert_true(result.turns <= DNS_TURNS_MAX);
	assert_true(ms < 1000);
}

/* Each name is one, but all of them together are more than anybody sends. */
static void names_without_end(void **state)
{
	struct packet packet = begin(0x8180, 1, 200, 0);
	char name[DOMAIN_BYTES + 1];

	memset(name, 'l', sizeof(name));
	for (size_t i = 60; i < 240; i += 60)
		name[i] = '.';
	name[240] = '\0';
	ask(&packet, name, DNS_TYPE_A);
	for (int i = 0; i < 200; i++)
		give(&packet, "@12", 60, "192.0.2.1");
	read_packet(&packet);
	assert_true(result.unreadable);
	assert_true(result.count < 200);
}

static void pointers_that_lead_far(void **state)
{
	struct packet packet = begin(0x8180, 1, 32, 0);
	char far[8];

	ask(&packet, "www.example.org", DNS_TYPE_A);
	for (int i = 0; i < 30; i++)
		give(&packet, "www.example.net", 60, "192.0.2.9");
	snprintf(far, sizeof(far), "@%zu", packet.count + 12);	/* behind this record's head */
	alias(&packet, "@12", "x.denied.com");
	assert_true(atoi(far + 1) > 255);
	give(&packet, far, 60, "192.0.2.1");
	read_packet(&packet);
	assert_read(1, false);
	assert_address(0, "www.example.org", "x.denied.com", 2, "::ffff:192.0.2.1");
}

static void addresses_of_another_length(void **state)
{
	static const unsigned types[] = {DNS_TYPE_A, DNS_TYPE_AAAA};

	for (size_t i = 0; i < 2; i++) {
		struct packet packet = begin(0x8180, 1, 1, 0);
		size_t at;

		ask(&packet, "x.denied.com", DNS_TYPE_A);
		at = record(&packet, "@12", types[i], 60);
		put_address(&packet, i ? "192.0.2.1" : "2001:db8::1");
		record_end(&packet, at);
		read_packet(&packet);
		assert_read(0, false);
	}
}

static void hints_that_are_longer_than_their_record(void **state)
{
	struct packet packet = begin(0x8180, 1, 2, 0);
	size_t at;

	ask(&packet, "x.denied.com", DNS_TYPE_HTTPS);
	at = record(&packet, "@12", DNS_TYPE_HTTPS, 900);
	put_word(&packet, 1);
	put_name(&packet, "");
	put_word(&packet, DNS_HINT_IPV4);
	put_word(&packet, 400);
	put_address(&packet, "192.0.2.1");
	record_end(&packet, at);
	give(&packet, "@12", 60, "192.0.2.3");
	read_packet(&packet);
	assert_read(1, true);
	assert_address(0, "x.denied.com", "", 2, "::ffff:192.0.2.3");
}

/* ---------------------------------------------------------------- the entry of an address */

static void places_of_an_address(void **state)
{
	struct learned_address known = {0};
	const __u64 none[ADDRESS_NAMES_MAX] = {0};
	__u64 before[ADDRESS_NAMES_MAX];

	for (__u64 name = 1; name <= ADDRESS_NAMES_MAX; name++)
		assert_true(address_place(&known, name, 100 + name, 50, 0, none));
	assert_false(address_place(&known, 9, 200, 50, 0, none));
	/* prolonged, never shortened */
	assert_true(address_place(&known, 2, 300, 50, 0, none));
	assert_true(address_place(&known, 2, 10, 50, 0, none));
	/* what is over goes first, then what may be evicted, if it still is what it was */
	assert_true(address_place(&known, 9, 400, 101, 0, none));
	for (size_t i = 0; i < ADDRESS_NAMES_MAX; i++) {
		before[i] = known.names[i].name;
		assert_int_not_equal(before[i], 1);
		assert_true(before[i] != 2 || known.names[i].until_boot_ns == 300);
	}
	assert_false(address_place(&known, 10, 400, 101, 0, before));
	assert_true(address_place(&known, 10, 400, 101, 1u << 3, before));
	assert_int_equal(known.names[3].name, 10);
	assert_false(address_place(&known, 11, 400, 101, 1u << 3, before));
}

/* ---------------------------------------------------------------- what real servers send */

static void read_file(const char *name)
{
	char path[4096];
	struct packet packet = {0};
	FILE *file;

	snprintf(path, sizeof(path), CORPUS "/%s", name);
	file = fopen(path, "re");
	if (!file)
		fail_msg("%s: %s", path, strerror(errno));
	packet.count = fread(packet.bytes, 1, sizeof(packet.bytes), file);
	fclose(file);
	read_packet(&packet);
}

static void answers_of_real_servers(void **state)
{
	static const struct {
		const char *file, *question, *address;
		size_t count;
	} cases[] = {
		{"unbound-a-a", "a.test.example", "::ffff:192.0.2.1", 1},
		{"unbound-c1-a", "c1.test.example", "::ffff:192.0.2.1", 1},
		{"unbound-caps-chain", "c1.test.example", "::ffff:192.0.2.1", 1},
		{"unbound-chain-tcp", "c1.test.example", "::ffff:192.0.2.1", 1},
		{"unbound-d1-aaaa", "d1.test.example", "2001:db8::1", 1},
		{"unbound-x-wild-a", "x.wild.test.example", "::ffff:192.0.2.99", 1},
		{"unbound-many-a", "many.test.example", NULL, 8},
		{"unbound-huge-4096", "huge.test.example", NULL, 200},
		{"unbound-huge-tcp", "huge.test.example", NULL, 200},
		{"unbound-svc-https", "svc.test.example", NULL, 3},
		{"dnsmasq-a-aaaa", "a.dm.example", "2001:db8::1", 1},
		{"dnsmasq-www-a", "www.dm.example", "::ffff:192.0.2.1", 1},
		{"dnsmasq-one-aaaa", "one.dm.example", "2001:db8::1", 1},
		{"dnsmasq-svc-https", "svc.dm.example", "::ffff:192.0.2.70", 1},
		{"dnsmasq-blocked-a", "blocked.dm.example", "::ffff:0.0.0.0", 1},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		read_file(cases[i].file);
		assert_read(cases[i].count, false);
		assert_string_equal(result.list[0].name, cases[i].question);
		if (cases[i].address)
			assert_address(0, cases[i].question, "", 0, cases[i].address);
	}
}

static void every_real_answer_is_read_to_its_end(void **state)
{
	DIR *directory = opendir(CORPUS);
	struct dirent *entry;
	size_t count = 0;

	assert_non_null(directory);
	while ((entry = readdir(directory))) {
		if (entry->d_name[0] == '.' || !strcmp(entry->d_name, "README.md"))
			continue;
		read_file(entry->d_name);
		if (!result.answer || result.unreadable != !!strstr(entry->d_name, "truncated"))
			fail_msg("%s", entry->d_name);
		count++;
	}
	closedir(directory);
	assert_true(count > 50);
}

static void own_addresses(void **state)
{
	static const struct {
		const char *text;
		int own;
	} cases[] = {
		{"0.0.0.0", 1},	     {"0.1.2.3", 1},	{"127.0.0.1", 1},    {"127.255.0.9", 1}, {"1.0.0.0", 0},
		{"128.0.0.1", 0},    {"::", 1},		{"::1", 1},	     {"::2", 0},	 {"::1:0:1", 0},
		{"2001:db8::1", 0},  {"::100", 0},	{"8000::1", 0},	     {"::fffe:7f00:1", 0},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct packet packet = begin(0x8180, 1, 1, 0);

		ask(&packet, "x.denied.com", DNS_TYPE_A);
		give(&packet, "@12", 60, cases[i].text);
		read_packet(&packet);
		assert_read(1, false);
		if (address_is_own((struct address_key *)result.list[0].address) != cases[i].own)
			fail_msg("%s", cases[i].text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(several_addresses),
		cmocka_unit_test(innocent_answers),
		cmocka_unit_test(case_says_nothing),
		cmocka_unit_test(aliases_in_any_order),
		cmocka_unit_test(denied_name_with_innocent_alias),
		cmocka_unit_test(best_rule_of_the_chain),
		cmocka_unit_test(best_rule_comes_first),
		cmocka_unit_test(records_of_others_are_none_of_the_question),
		cmocka_unit_test(several_questions),
		cmocka_unit_test(one_address_of_two_questions),
		cmocka_unit_test(only_class_in),
		cmocka_unit_test(hints_of_service_records),
		cmocka_unit_test(service_of_the_owner_itself),
		cmocka_unit_test(cut_off_anywhere),
		cmocka_unit_test(truncated_flag_counts),
		cmocka_unit_test(what_is_no_answer),
		cmocka_unit_test(pointers_in_circles),
		cmocka_unit_test(pointers_that_lead_anywhere),
		cmocka_unit_test(names_that_are_none),
		cmocka_unit_test(longest_name),
		cmocka_unit_test(dots_inside_labels),
		cmocka_unit_test(aliases_in_circles),
		cmocka_unit_test(chain_that_is_too_long),
		cmocka_unit_test(as_many_addresses_as_fit),
		cmocka_unit_test(more_records_than_are_read),
		cmocka_unit_test(hostile_work_is_bounded),
		cmocka_unit_test(names_without_end),
		cmocka_unit_test(pointers_that_lead_far),
		cmocka_unit_test(addresses_of_another_length),
		cmocka_unit_test(hints_that_are_longer_than_their_record),
		cmocka_unit_test(places_of_an_address),
		cmocka_unit_test(own_addresses),
		cmocka_unit_test(answers_of_real_servers),
		cmocka_unit_test(every_real_answer_is_read_to_its_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
