/* SPDX-License-Identifier: MIT */
/*
 * options.h - the command line of embargod as a struct. Parsing prints nothing and opens nothing.
 */
#ifndef EMBARGO_OPTIONS_H
#define EMBARGO_OPTIONS_H

#include "../bpf/abi.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#define DEFAULT_CONFIG	"/etc/embargo/agent.yaml"
#define DEFAULT_POLICY	"/etc/embargo/policy.yaml"
#define DEFAULT_STATE	"/var/lib/embargo"
#define DEFAULT_RUN	"/run/embargo"
#define DEFAULT_PINS	"/sys/fs/bpf/embargo"
#define DEFAULT_EVENTS	"/var/log/embargo/events.jsonl"
#define CATALOGS_MAX	8
#define OPTIONS_ERROR_BYTES 512

/* The directories that are read when no --catalog is given, the first one wins. */
extern const char *const default_catalogs[];
extern const size_t default_catalog_count;

enum options_job {
	OPTIONS_JOB_RUN,	/* the agent */
	OPTIONS_JOB_ATTACH,	/* attach and pin, then end */
	OPTIONS_JOB_DETACH,	/* take everything away, then end */
	OPTIONS_JOB_HELP,
	OPTIONS_JOB_VERSION,
};

/* All strings are borrowed from the arguments or static. */
struct options {
	enum options_job job;
	const char *config;
	bool config_named;		/* --config was given: the file must exist */
	const char *policy;		/* NULL: the configuration says */
	const char *catalogs[CATALOGS_MAX];
	size_t catalog_count;
	const char *state, *run, *pins;
	const char *within;		/* NULL: the configuration says */
	bool audit_only;		/* or the configuration says so */
	enum backend forced[HOOK_MAX];	/* as in struct kernel_options */
	const char *events;		/* a file, "-" for standard output; NULL: the configuration says */
};

/**
 * options_parse() - read the arguments of embargod
 * @argc, @argv: as main() gets them; the order may be changed (getopt)
 * @out_options: filled on success
 * @out_error:   OPTIONS_ERROR_BYTES; what is wrong and what to write, on failure
 *
 * Return: 0; -EINVAL (see @out_error).
 */
int options_parse(int argc, char **argv, struct options *out_options, char *out_error);

/** options_help() - print what embargod is and how to call it */
void options_help(FILE *out);

#endif
