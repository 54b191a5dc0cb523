/* SPDX-License-Identifier: MIT */
/*
 * programs.c - the suite "bpf": what can be said about the kernel programs without attaching one. Runs on
 * this machine and, the same file, in every guest.
 *
 * usage: programs CEILINGS
 */
#include "one.h"
#include "tap.h"

#include <bpf/libbpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static int quiet(enum libbpf_print_level level, const char *format, va_list args)
{
	if (getenv("VERBOSE"))
		return vfprintf(stderr, format, args);
	return 0;
}

int main(int argc, char **argv)
{
	if (argc != 2) {
		fprintf(stderr, "usage: programs CEILINGS\n");
		return 2;
	}
	if (geteuid()) {
		printf("1..0 # SKIP loading kernel programs needs root\n");
		return 0;
	}
	libbpf_set_print(quiet);
	test_layouts();
	test_audit_only();
	test_cost(argv[1]);
	return tap_done();
}
