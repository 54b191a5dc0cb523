/* SPDX-License-Identifier: MIT */
/* test_hosts.c - /etc/hosts: agent/hosts.c. */
#include "../../agent/hosts.h"

#include <stddef.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <cmocka.h>
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char found[4096];

/* "address name; " for each. */
static int note(void *context, const struct address_key *address, const struct domain_text *name)
{
	char text[INET6_ADDRSTRLEN];
	size_t used = strlen(found);

	inet_ntop(AF_INET6, address->address, text, sizeof(text));
	snprintf(found + used, sizeof(found) - used, "%s %.*s; ", text, name->bytes, name->text);
	for (size_t i = name->bytes; i < sizeof(name->text); i++)
		assert_int_equal(name->text[i], 0);
	return 0;
}

static void check_line(const char *line, const char *expected, int number)
{
	char copy[1024];

	found[0] = '\0';
	snprintf(copy, sizeof(copy), "%s", line);
	assert_int_equal(hosts_line(copy, note, NULL), 0);
	if (strcmp(found, expected))
		fail_msg("line %d: \"%s\"", number, found);
}

#define assert_line(line, expected) check_line(line, expected, __LINE__)

static void lines_that_give_names(void **state)
{
	assert_line("192.0.2.1 a.example.com", "::ffff:192.0.2.1 a.example.com; ");
	assert_line("\t192.0.2.1\t A.Example.COM.  b\n",
		    "::ffff:192.0.2.1 a.example.com; ::ffff:192.0.2.1 b; ");
	assert_line("2001:db8::1 six # and a comment", "2001:db8::1 six; ");
	assert_line("2001:db8::1 six#seven", "2001:db8::1 six; ");
	assert_line("fe80::1%eth0 local", "fe80::1 local; ");
	assert_line("::ffff:192.0.2.1 mapped\r\n", "::ffff:192.0.2.1 mapped; ");
}

static void lines_that_do_not(void **state)
{
	char line[400] = "192.0.2.1 ";

	assert_line("", "");
	assert_line("# 192.0.2.1 a", "");
	assert_line("192.0.2.1", "");
	assert_line("192.0.2 a", "");
	assert_line("a.example.com 192.0.2.1", "");
	assert_line("192.0.2.1 .", "");
	/* the host itself, and what filters of names write */
	assert_line("127.0.0.1 localhost a.example.com", "");
	assert_line("0.0.0.0 a.example.com", "");
	assert_line("::1 a.example.com", "");
	memset(line + 10, 'n', DOMAIN_BYTES + 1);
	strcpy(line + 10 + DOMAIN_BYTES + 1, " short");
	assert_line(line, "::ffff:192.0.2.1 short; ");
}

static int stop(void *context, const struct address_key *address, const struct domain_text *name)
{
	return ++*(int *)context == 2 ? -E2BIG : 0;
}

static void files(void **state)
{
	char path[] = "/tmp/test-hosts-XXXXXX";
	int fd = mkstemp(path), calls = 0;

	assert_true(fd >= 0);
	assert_true(dprintf(fd, "127.0.0.1 localhost\n192.0.2.1 a b\n\n192.0.2.2 c") > 0);
	close(fd);
	found[0] = '\0';
	assert_int_equal(hosts_each(path, note, NULL), 0);
	assert_string_equal(found, "::ffff:192.0.2.1 a; ::ffff:192.0.2.1 b; ::ffff:192.0.2.2 c; ");
	assert_int_equal(hosts_each(path, stop, &calls), -E2BIG);
	assert_int_equal(calls, 2);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(hosts_each(path, note, NULL), -ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_that_give_names),
		cmocka_unit_test(lines_that_do_not),
		cmocka_unit_test(files),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
