/* SPDX-License-Identifier: MIT */
/*
 * cmd_policy.h - what the commands of "embargo policy" share: one struct for each command, one for what the
 * command line says, and the way from there to a compiled policy. Each command is in its own file.
 */
#ifndef EMBARGO_CMD_POLICY_H
#define EMBARGO_CMD_POLICY_H

#include "command.h"
#include "compiled.h"
#include "host.h"
#include "options.h"

#define POLICY_FILES_MAX  2
#define POLICY_LABELS_MAX 32

/* The options of all of them; struct policy_command says which one has which. */
enum policy_option {
	POLICY_OPTION_JSON = 'j',
	POLICY_OPTION_CATALOG = 'c',
	POLICY_OPTION_CONFIG = 'C',
	POLICY_OPTION_LABEL = 'l',
	POLICY_OPTION_DATE = 'd',
	POLICY_OPTION_OUT = 'o',
	POLICY_OPTION_POLICY = 'p',
	POLICY_OPTION_ALL = 'a',
	POLICY_OPTION_ROLLBACK = 'b',
	POLICY_OPTION_REASON = 'r',
	POLICY_OPTION_HOST = 'H',
	POLICY_OPTION_ROOT = 'R',
};

/* Those that every command has that compiles a policy, and their help. */
#define POLICY_COMPILES "cCld"
#define POLICY_COMPILES_HELP                                                                       \
	"  --catalog DIR        vendors from here instead; several: the first one that has it wins\n"  \
	"  --config FILE        whose labels this host has (" DEFAULT_CONFIG ", if it is there)\n"     \
	"  --label NAME=VALUE   a host with these labels instead; as often as needed\n"                \
	"  --date YYYY-MM-DD    as if it were the beginning of that day, UTC\n"

/* What the command line says; borrowed from it. */
struct policy_arguments {
	const char *files[POLICY_FILES_MAX];
	size_t file_count;
	const char *catalogs[CATALOGS_MAX];
	size_t catalog_count;
	const char *config;	/* NULL: the usual one, if it is there */
	const char *label_names[POLICY_LABELS_MAX], *label_values[POLICY_LABELS_MAX];
	size_t label_count;
	__s64 date_s;		/* 0: now */
	const char *out, *policy, *reason;
	const char *root;	/* NULL: this host */
	bool json, all, rollback, host;
};

struct policy_command {
	const char *name;
	const char *what;	/* one line */
	const char *options;	/* which of enum policy_option it has */
	size_t files_min, files_max;
	const char *files;	/* what they are, for "check needs a FILE" */
	const char *help;
	int (*run)(const struct command_context *context, const struct policy_arguments *arguments);
};

extern const struct policy_command policy_check, policy_test, policy_explain, policy_diff_command,
	policy_compile_command,
	policy_apply;

/**
 * policy_take_option() - take over one option that getopt found
 * @full_name: of the command, for what is told
 * @key:       enum policy_option
 * @value:     of the option, or NULL; borrowed, and cut in two for a label
 *
 * Return: COMMAND_GOOD; COMMAND_USAGE after saying why.
 */
int policy_take_option(const char *full_name, int key, char *value,
		       struct policy_arguments *arguments);

/* A policy that a command works on, and what it was read with. */
struct policy_work {
	struct agent_config *config;	/* owned; NULL: none */
	struct host_labels labels;	/* borrowed from it, or from the arguments */
	struct policy_host host;	/* borrows from labels */
	struct diagnostics diags;
	struct compiled compiled;
};

/**
 * policy_work_open() - describe the host that the arguments mean
 * @arguments: borrowed until the work is done
 * @out_work:  policy_work_done(), also on failure
 *
 * Return: COMMAND_GOOD; COMMAND_FAILED after saying why.
 */
int policy_work_open(const struct policy_arguments *arguments, struct policy_work *out_work);

/**
 * policy_work_read() - read and compile a policy
 * @work: opened; its diagnostics and what is compiled are filled
 * @file: borrowed
 *
 * Return: COMMAND_GOOD; COMMAND_FINDINGS (it is refused: the diagnostics say why, nothing is printed);
 * COMMAND_FAILED after saying why.
 */
int policy_work_read(const struct policy_arguments *arguments, const char *file,
		     struct policy_work *work);

/**
 * policy_work_good() - the same for a command that needs a good policy: a refused one is told
 *
 * Return: COMMAND_GOOD; or what the command ends with: with --json the diagnostics are printed already.
 */
int policy_work_good(const struct policy_arguments *arguments, const char *file,
		     struct policy_work *work);

/** policy_work_begin() - policy_work_open(), then policy_work_good() */
int policy_work_begin(const struct policy_arguments *arguments, const char *file,
		      struct policy_work *out_work);

/** policy_work_done() - free what it owns */
void policy_work_done(struct policy_work *work);

/** policy_print_diagnostics() - one line each, in colours on a terminal */
void policy_print_diagnostics(const struct diagnostics *diags, FILE *out);

/** policy_diagnostics_json() - [{severity, file, line, column, message}]; new reference or NULL */
json_t *policy_diagnostics_json(const struct diagnostics *diags);

/** policy_text_json() - a text as JSON, whatever its bytes are; new reference or NULL. NULL is null */
json_t *policy_text_json(const char *text);

#endif
