/* SPDX-License-Identifier: MIT */
/*
 * embargod.c - main of the agent: options in, exit status out.
 */
#include "daemon.h"

#include "../policy/memory.h"

int main(int argc, char **argv)
{
	char error[OPTIONS_ERROR_BYTES];
	struct options options;

	memory_give_back();
	if (options_parse(argc, argv, &options, error) < 0) {
		fprintf(stderr, "embargod: %s\n", error);
		return 2;
	}
	switch (options.job) {
	case OPTIONS_JOB_HELP:
		options_help(stdout);
		return 0;
	case OPTIONS_JOB_VERSION:
		printf("embargod %s\n", EMBARGO_VERSION);
		return 0;
	default:
		return daemon_run(&options);
	}
}
