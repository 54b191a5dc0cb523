/* SPDX-License-Identifier: MIT */
/*
 * test_tls.c - the server name of a hello: every captured one, cut in every place and sent byte by byte, hellos made here for what
 * no client of today sends, and hostile lengths in every field.
 */
#include "tls_host.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define HELLO_MAX 70000

struct hello {
	uint8_t data[HELLO_MAX];
	size_t bytes;
};

/* ---------------------------------------------------------------- hellos made here */

static void add(struct hello *hello, uint64_t value, unsigned bytes)
{
	while (bytes--)
		hello->data[hello->bytes++] = value >> (8 * bytes);
}

static void add_zeros(struct hello *hello, size_t bytes)
{
	memset(hello->data + hello->bytes, 0, bytes);
	hello->bytes += bytes;
}

static void add_text(struct hello *hello, const char *text, size_t bytes)
{
	memcpy(hello->data + hello->bytes, text, bytes);
	hello->bytes += bytes;
}

static void add_server_name(struct hello *hello, unsigned type, const char *name, size_t bytes)
{
	add(hello, 0, 2);
	add(hello, bytes + 5, 2);
	add(hello, bytes + 3, 2);
	add(hello, type, 1);
	add(hello, bytes, 2);
	add_text(hello, name, bytes);
}

/* Everything before the extensions; hello_ends() fills in the lengths. */
static void hello_begins(struct hello *hello)
{
	hello->bytes = 0;
	add(hello, 0x1603010000, 5);
	add(hello, 0x01000000, 4);
	add(hello, 0x0303, 2);
	add_zeros(hello, 32);
	add(hello, 0, 1);			/* session */
	add(hello, 0x00021301, 4);		/* ciphers */
	add(hello, 0x0100, 2);			/* compression */
	add(hello, 0, 2);
}

#define EXTENSIONS_AT (5 + 4 + 2 + 32 + 1 + 4 + 2)

static void put(struct hello *hello, size_t at, uint32_t value, unsigned bytes)
{
	while (bytes--)
		hello->data[at++] = value >> (8 * bytes);
}

static void hello_ends(struct hello *hello)
{
	put(hello, 3, hello->bytes - 5, 2);
	put(hello, 6, hello->bytes - 9, 3);
	put(hello, EXTENSIONS_AT, hello->bytes - EXTENSIONS_AT - 2, 2);
}

/* ---------------------------------------------------------------- sent whole and in pieces */

static int whole(const struct hello *hello, struct tls_parse *parse)
{
	tls_begin(parse);
	return tls_host_packet(parse, hello->data, hello->bytes, 0, TLS_STEPS_MAX);
}

/* In packets of that many bytes, each in memory of its own, so that a byte outside cannot be read. */
static int in_packets(const struct hello *hello, size_t each, struct tls_parse *parse)
{
	int answer = TLS_MORE;

	tls_begin(parse);
	for (size_t at = 0; at < hello->bytes && answer == TLS_MORE; at += each) {
		size_t bytes = hello->bytes - at < each ? hello->bytes - at : each;

		answer = tls_host_packet(parse, hello->data + at, bytes, (uint32_t)at, TLS_STEPS_MAX);
	}
	return answer;
}

static void assert_name(const struct tls_parse *parse, const char *name)
{
	assert_int_equal(parse->name.bytes, strlen(name));
	assert_memory_equal(parse->name.text, name, strlen(name));
	for (size_t i = strlen(name); i < sizeof(parse->name.text); i++)
		assert_int_equal(parse->name.text[i], 0);
}

static void expect(const struct hello *hello, int answer, const char *name)
{
	static const size_t each[] = {1, 2, 3, 5, 7, 64, 536, 1448};
	struct tls_parse parse;

	assert_int_equal(whole(hello, &parse), answer);
	if (name)
		assert_name(&parse, name);
	for (size_t i = 0; i < sizeof(each) / sizeof(each[0]); i++) {
		assert_int_equal(in_packets(hello, each[i], &parse), answer);
		if (name)
			assert_name(&parse, name);
	}
}

/* ---------------------------------------------------------------- captured ones */

static bool begins(const char *text, const char *with)
{
	return !strncmp(text, with, strlen(with));
}

static void expect_captured(const char *file, const struct hello *hello)
{
	if (begins(file, "none-"))
		expect(hello, TLS_NO_NAME, NULL);
	else if (begins(file, "other-"))
		expect(hello, TLS_OTHER, NULL);
	else if (begins(file, "cut-"))
		expect(hello, TLS_MORE, NULL);
	else
		expect(hello, TLS_NAMED, "www.example.com");
}

static void test_captured(void **state)
{
	static struct hello hello;
	struct dirent *entry;
	char path[512];
	DIR *directory = opendir(HELLOS);
	unsigned count = 0;

	(void)state;
	assert_non_null(directory);
	while ((entry = readdir(directory))) {
		FILE *file;

		if (entry->d_name[0] == '.' || !strcmp(entry->d_name, "README.md"))
			continue;
		snprintf(path, sizeof(path), "%s/%s", HELLOS, entry->d_name);
		file = fopen(path, "re");
		assert_non_null(file);
		hello.bytes = fread(hello.data, 1, sizeof(hello.data), file);
		fclose(file);
		expect_captured(entry->d_name, &hello);
		count++;
	}
	closedir(directory);
	assert_true(count > 25);
}

/* The answer comes with the last byte of the name, and not one byte before. */
static void test_every_cut(void **state)
{
	static struct hello hello;
	struct tls_parse parse;
	size_t end;

	(void)state;
	hello_begins(&hello);
	add(&hello, 0x5a5a0000, 4);		/* GREASE */
	add_server_name(&hello, 0, "a.example", 9);
	end = hello.bytes;
	add(&hello, 0x002b0003020304, 7);
	hello_ends(&hello);
	for (size_t cut = 0; cut <= hello.bytes; cut++) {
		tls_begin(&parse);
		assert_int_equal(tls_host_packet(&parse, hello.data, cut, 0, TLS_STEPS_MAX),
				 cut < end ? TLS_MORE : TLS_NAMED);
		if (cut >= end)
			continue;
		/* and goes on there, also when the packet comes again grown */
		assert_int_equal(tls_host_packet(&parse, hello.data, hello.bytes, 0, TLS_STEPS_MAX), TLS_NAMED);
		assert_name(&parse, "a.example");
	}
}

/* ---------------------------------------------------------------- names */

static void expect_server_name(unsigned type, const char *text, size_t bytes, int answer, const char *name)
{
	static struct hello hello;

	hello_begins(&hello);
	add_server_name(&hello, type, text, bytes);
	hello_ends(&hello);
	expect(&hello, answer, name);
}

static void test_names(void **state)
{
	char longest[256];

	(void)state;
	memset(longest, 'x', sizeof(longest));
	longest[253] = 0;
	expect_server_name(0, "API.Example.NET", 15, TLS_NAMED, "api.example.net");
	expect_server_name(0, "api.example.net.", 16, TLS_NAMED, "api.example.net");
	expect_server_name(0, longest, 253, TLS_NAMED, longest);
	longest[253] = '.';
	longest[254] = 0;
	expect_server_name(0, longest, 254, TLS_NAMED, "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
			   "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
			   "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
			   "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx");
	longest[253] = 'x';
	expect_server_name(0, longest, 254, TLS_NO_NAME, NULL);
	expect_server_name(0, longest, 255, TLS_NO_NAME, NULL);
	expect_server_name(0, ".", 1, TLS_NO_NAME, NULL);
	expect_server_name(0, "", 0, TLS_NO_NAME, NULL);
	expect_server_name(1, "api.example.net", 15, TLS_NO_NAME, NULL);
}

/* A name of a type that nobody has defined goes before the host's. */
static void test_second_name(void **state)
{
	static struct hello hello;

	(void)state;
	hello_begins(&hello);
	add(&hello, 0, 2);
	add(&hello, 2 + 3 + 4 + 3 + 6, 2);
	add(&hello, 3 + 4 + 3 + 6, 2);
	add(&hello, 7, 1);
	add(&hello, 4, 2);
	add_text(&hello, "what", 4);
	add(&hello, 0, 1);
	add(&hello, 6, 2);
	add_text(&hello, "b.test", 6);
	hello_ends(&hello);
	expect(&hello, TLS_NAMED, "b.test");
}

static void test_large(void **state)
{
	static struct hello hello, cut;
	struct tls_parse parse;

	(void)state;
	hello_begins(&hello);
	for (int i = 0; i < 4; i++) {
		add(&hello, 0x0a0a + i, 2);
		add(&hello, 12000, 2);
		add_zeros(&hello, 12000);
	}
	add_server_name(&hello, 0, "large.example", 13);
	hello_ends(&hello);
	cut.bytes = 0;
	for (size_t at = 5; at < hello.bytes; at += 16384) {
		size_t bytes = hello.bytes - at < 16384 ? hello.bytes - at : 16384;

		add(&cut, 0x160301, 3);
		add(&cut, bytes, 2);
		add_text(&cut, (const char *)hello.data + at, bytes);
	}
	assert_int_equal(whole(&cut, &parse), TLS_NAMED);
	assert_name(&parse, "large.example");
	expect(&cut, TLS_NAMED, "large.example");
}

/* ---------------------------------------------------------------- what it is not */

static void expect_bytes(const char *bytes, size_t count, int answer)
{
	struct hello hello = {.bytes = count};

	memcpy(hello.data, bytes, count);
	expect(&hello, answer, NULL);
}

static void test_not_tls(void **state)
{
	(void)state;
	expect_bytes("GET / HTTP/1.1\r\n", 16, TLS_OTHER);
	expect_bytes("\x15\x03\x03\x00\x02\x01\x00", 7, TLS_OTHER);		/* an alert */
	expect_bytes("\x16\x02\x03\x00\x02\x01\x00", 7, TLS_OTHER);		/* no such version */
	expect_bytes("\x16\x03\x01\x00\x00", 5, TLS_OTHER);			/* an empty record */
	expect_bytes("\x16\x03\x01\x40\x01\x01", 6, TLS_OTHER);			/* a record that is too long */
	expect_bytes("\x16\x03\x01\x00\x04\x02\x00\x00\x00", 9, TLS_OTHER);	/* a ServerHello */
	expect_bytes("\x80\x2e\x01\x03\x01", 5, TLS_NO_NAME);			/* in the format of SSL 2.0 */
	expect_bytes("\x80\x2e\x04\x03\x01", 5, TLS_OTHER);
	expect_bytes("\x16\x03\x01", 3, TLS_MORE);
	expect_bytes("\x80", 1, TLS_MORE);
	expect_bytes("\x16\x03\x01\x00\x01\x01\x17\x03\x03\x00\x05", 11, TLS_NO_NAME);	/* breaks off for another record */
}

/* Whatever stands in any field: no byte outside is read (sanitizers see it), and there is an answer. */
static void test_hostile(void **state)
{
	static const uint8_t values[] = {0, 1, 2, 3, 0x7f, 0x80, 0xfe, 0xff};
	static struct hello good, hello;
	struct tls_parse parse;

	(void)state;
	hello_begins(&good);
	add_server_name(&good, 0, "host.example", 12);
	hello_ends(&good);
	for (size_t at = 0; at < good.bytes; at++) {
		for (size_t i = 0; i < sizeof(values); i++) {
			int answer;

			hello = good;
			hello.data[at] = values[i];
			answer = whole(&hello, &parse);
			assert_in_range(answer, TLS_MORE, TLS_OTHER);
			assert_int_equal(in_packets(&hello, 1, &parse), answer);
		}
	}
}

/* Every inner length that is larger than what is around it: no name, at once and not when more comes. */
static void test_lengths_that_lie(void **state)
{
	static const size_t at[] = {EXTENSIONS_AT + 4, EXTENSIONS_AT + 9};	/* of the extension, of the name */
	static struct hello hello;

	(void)state;
	for (size_t i = 0; i < sizeof(at) / sizeof(at[0]); i++) {
		hello_begins(&hello);
		add_server_name(&hello, 0, "host.example", 12);
		hello_ends(&hello);
		put(&hello, at[i], 200, 2);
		expect(&hello, TLS_NO_NAME, NULL);
	}
	hello_begins(&hello);
	add_server_name(&hello, 0, "host.example", 12);
	hello_ends(&hello);
	put(&hello, 6, 50, 3);			/* the message is shorter than its extensions */
	expect(&hello, TLS_NO_NAME, NULL);
}

static void test_without_extensions(void **state)
{
	static struct hello hello;

	(void)state;
	hello_begins(&hello);
	hello.bytes -= 2;
	put(&hello, 3, hello.bytes - 5, 2);
	put(&hello, 6, hello.bytes - 9, 3);
	expect(&hello, TLS_NO_NAME, NULL);
	hello_begins(&hello);
	hello_ends(&hello);
	expect(&hello, TLS_NO_NAME, NULL);
}

/* In records of a byte each the steps of one packet do not suffice: then it goes on for ever for nobody. */
static void test_steps_end(void **state)
{
	static struct hello hello, cut;
	struct tls_parse parse;

	(void)state;
	hello_begins(&hello);
	for (int i = 0; i < 60; i++)
		add(&hello, 0x0a0a0000, 4);
	add_server_name(&hello, 0, "records.example", 15);
	hello_ends(&hello);
	cut.bytes = 0;
	for (size_t at = 5; at < hello.bytes; at++)
		add(&cut, 0x160301000100 | hello.data[at], 6);
	assert_int_equal(whole(&cut, &parse), TLS_GOES_ON);
	assert_int_equal(in_packets(&cut, 600, &parse), TLS_NAMED);
	assert_name(&parse, "records.example");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_captured),       cmocka_unit_test(test_every_cut),
		cmocka_unit_test(test_names),          cmocka_unit_test(test_second_name),
		cmocka_unit_test(test_large),          cmocka_unit_test(test_not_tls),
		cmocka_unit_test(test_hostile),        cmocka_unit_test(test_lengths_that_lie),
		cmocka_unit_test(test_without_extensions), cmocka_unit_test(test_steps_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
