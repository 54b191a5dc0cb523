/* SPDX-License-Identifier: MIT */
/*
 * embargo.c - main of the command: a table of commands, and the options that all of them have.
 */
#include "clean.h"
#include "command.h"
#include "options.h"

#include "../policy/memory.h"

#include <getopt.h>
#include <locale.h>
#include <signal.h>
#include <sodium.h>
#include <string.h>

static const struct {
	const char *name;
	command_fn run;
	const char *what;
} commands[] = {
	{"status", cmd_status, "what is refused and recorded on this host now"},
	{"doctor", cmd_doctor, "what this host can do, and how to get more; needs no agent"},
	{"scan", cmd_scan, "what on this host belongs to the vendors; needs no agent"},
	{"policy", cmd_policy, "test and understand a policy, make it the active one"},
	{"events", cmd_events, "show, follow and verify what was recorded"},
	{"pause", cmd_pause, "turn enforcement to audit for a while; works without an agent"},
	{"resume", cmd_resume, "end a pause"},
};

static void help(FILE *out)
{
	fputs("embargo - keeps embargoed vendors' software off this host\n"
	      "\n"
	      "usage: embargo [--run DIR] [--pins DIR] [--state DIR] COMMAND [options]\n"
	      "\n",
	      out);
	for (size_t i = 0; i < ARRAY_LENGTH(commands); i++)
		fprintf(out, "  %-10s %s\n", commands[i].name, commands[i].what);
	fputs("\n"
	      "  --run DIR    where the agent's socket is (" DEFAULT_RUN ")\n"
	      "  --pins DIR   where the kernel objects are pinned (" DEFAULT_PINS ")\n"
	      "  --state DIR  what the agent keeps (" DEFAULT_STATE ")\n"
	      "  --version, --help; embargo COMMAND --help says more, with examples\n"
	      "\n"
	      "Try first:\n"
	      "  embargo scan\n"
	      "  embargo doctor\n"
	      "  embargo policy check /etc/embargo/policy.yaml\n"
	      "  embargo status\n"
	      "\n"
	      "Exit status: 0 good, 1 findings, 2 usage, 3 could not do it.\n",
	      out);
}

static int run_command(const struct command_context *context, int argc, char **argv)
{
	for (size_t i = 0; i < ARRAY_LENGTH(commands); i++) {
		if (strcmp(argv[0], commands[i].name))
			continue;
		optind = 0; /* glibc: begin anew with the command's own arguments */
		return commands[i].run(context, argc, argv);
	}
	command_say("\"%s\" is not a command", argv[0]);
	fputs("See: embargo --help\n", stderr);
	return COMMAND_USAGE;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{"run", required_argument, NULL, 'r'},   {"pins", required_argument, NULL, 'p'},
		{"state", required_argument, NULL, 's'}, {"version", no_argument, NULL, 'V'},
		{"help", no_argument, NULL, 'h'},        {NULL, 0, NULL, 0},
	};
	struct command_context context = {
		.run = DEFAULT_RUN,
		.pins = DEFAULT_PINS,
		.state = DEFAULT_STATE,
	};
	int key;

	memory_give_back();
	(void)setlocale(LC_CTYPE, "");
	(void)signal(SIGPIPE, SIG_DFL); /* "embargo events | head" ends quietly */
	if (sodium_init() < 0)
		return COMMAND_FAILED;
	opterr = 0;
	while ((key = getopt_long(argc, argv, "+:h", options, NULL)) != -1) {
		switch (key) {
		case 'r':
			context.run = optarg;
			break;
		case 'p':
			context.pins = optarg;
			break;
		case 's':
			context.state = optarg;
			break;
		case 'V':
			printf("embargo %s\n", EMBARGO_VERSION);
			return COMMAND_GOOD;
		case 'h':
			help(stdout);
			return COMMAND_GOOD;
		default:
			return command_option("", key, argv, optind);
		}
	}
	if (optind == argc) {
		help(stderr);
		return COMMAND_USAGE;
	}
	return run_command(&context, argc - optind, argv + optind);
}
