/* SPDX-License-Identifier: MIT */
/*
 * cmd_policy.c - embargo policy: the table of its commands, and their command line.
 */
#include "cmd_policy.h"
#include "clean.h"

#include "../policy/date.h"
#include <getopt.h>
#include <string.h>

static const struct policy_command *const commands[] = {
	&policy_check,
	&policy_test,
	&policy_explain,
	&policy_diff_command,
	&policy_compile_command,
	&policy_apply,
};

static const struct option options[] = {
	{"json", no_argument, NULL, POLICY_OPTION_JSON},
	{"catalog", required_argument, NULL, POLICY_OPTION_CATALOG},
	{"config", required_argument, NULL, POLICY_OPTION_CONFIG},
	{"label", required_argument, NULL, POLICY_OPTION_LABEL},
	{"date", required_argument, NULL, POLICY_OPTION_DATE},
	{"output", required_argument, NULL, POLICY_OPTION_OUT},
	{"policy", required_argument, NULL, POLICY_OPTION_POLICY},
	{"all", no_argument, NULL, POLICY_OPTION_ALL},
	{"rollback", no_argument, NULL, POLICY_OPTION_ROLLBACK},
	{"reason", required_argument, NULL, POLICY_OPTION_REASON},
	{"host", no_argument, NULL, POLICY_OPTION_HOST},
	{"root", required_argument, NULL, POLICY_OPTION_ROOT},
	{"help", no_argument, NULL, 'h'},
	{NULL, 0, NULL, 0},
};

static void help(FILE *out)
{
	fputs("embargo policy - write, test and understand a policy, and make it the active one\n"
	      "\n"
	      "usage: embargo policy COMMAND [options] ...\n"
	      "\n",
	      out);
	for (size_t i = 0; i < ARRAY_LENGTH(commands); i++)
		fprintf(out, "  %-8s %s\n", commands[i]->name, commands[i]->what);
	fputs("\n"
	      "All but apply need neither root nor an agent and change nothing.\n"
	      "embargo policy COMMAND --help says more, with examples.\n"
	      "\n"
	      "Exit status: 0 good, 1 findings (the policy has errors, a test failed, a difference),\n"
	      "2 usage, 3 could not do it.\n",
	      out);
}

static const struct policy_command *find_command(const char *name)
{
	for (size_t i = 0; i < ARRAY_LENGTH(commands); i++)
		if (!strcmp(commands[i]->name, name))
			return commands[i];
	return NULL;
}

static const char *option_name(int key)
{
	for (const struct option *option = options; option->name; option++)
		if (option->val == key)
			return option->name;
	return "";
}

/* NAME=VALUE; the arguments are ours to cut. */
static int add_label(const char *full_name, struct policy_arguments *arguments, char *text)
{
	char *equals = strchr(text, '=');

	if (!equals || equals == text)
		return command_usage(full_name, "\"%s\" is no label: expected NAME=VALUE", text);
	if (arguments->label_count == POLICY_LABELS_MAX)
		return command_usage(full_name, "more than %d times --label", POLICY_LABELS_MAX);
	*equals = '\0';
	arguments->label_names[arguments->label_count] = text;
	arguments->label_values[arguments->label_count++] = equals + 1;
	return COMMAND_GOOD;
}

static int add_catalog(const char *full_name, struct policy_arguments *arguments, char *directory)
{
	if (arguments->catalog_count == CATALOGS_MAX)
		return command_usage(full_name, "more than %d times --catalog", CATALOGS_MAX);
	arguments->catalogs[arguments->catalog_count++] = directory;
	return COMMAND_GOOD;
}

/* The beginning of the day: an exception that ends with a day still holds on it. */
static int set_date(const char *full_name, struct policy_arguments *arguments, const char *text)
{
	struct problem problem;
	__u64 end_s;

	if (date_parse(text, &end_s, &problem) < 0)
		return command_usage(full_name, "%s", problem.text);
	arguments->date_s = (__s64)(end_s - DAY_SECONDS);
	return COMMAND_GOOD;
}

int policy_take_option(const char *full_name, int key, char *value,
		       struct policy_arguments *arguments)
{
	switch (key) {
	case POLICY_OPTION_JSON:
		arguments->json = true;
		break;
	case POLICY_OPTION_CATALOG:
		return add_catalog(full_name, arguments, value);
	case POLICY_OPTION_CONFIG:
		arguments->config = value;
		break;
	case POLICY_OPTION_LABEL:
		return add_label(full_name, arguments, value);
	case POLICY_OPTION_DATE:
		return set_date(full_name, arguments, value);
	case POLICY_OPTION_OUT:
		arguments->out = value;
		break;
	case POLICY_OPTION_POLICY:
		arguments->policy = value;
		break;
	case POLICY_OPTION_ALL:
		arguments->all = true;
		break;
	case POLICY_OPTION_ROLLBACK:
		arguments->rollback = true;
		break;
	case POLICY_OPTION_REASON:
		arguments->reason = value;
		break;
	case POLICY_OPTION_HOST:
		arguments->host = true;
		break;
	case POLICY_OPTION_ROOT:
		arguments->host = true;
		arguments->root = value;
		break;
	}
	return COMMAND_GOOD;
}

static int take_files(const struct policy_command *command, const char *full_name, char **files,
		      size_t count, struct policy_arguments *arguments)
{
	if (count < command->files_min)
		return command_usage(full_name, "%s needs %s", command->name, command->files);
	if (count > command->files_max)
		return command_usage(full_name, "\"%s\" is not expected: %s takes %s",
				     files[command->files_max], command->name,
				     command->files_max ? command->files : "no file");
	for (size_t i = 0; i < count; i++)
		arguments->files[arguments->file_count++] = files[i];
	return COMMAND_GOOD;
}

/* Return: COMMAND_GOOD; COMMAND_USAGE; -1 after the help. */
static int parse(const struct policy_command *command, int argc, char **argv,
		 struct policy_arguments *arguments)
{
	char full_name[32];
	int key, result;

	snprintf(full_name, sizeof(full_name), "policy %s", command->name);
	optind = 0; /* glibc: begin anew with this command's own arguments */
	while ((key = getopt_long(argc, argv, ":ho:", options, NULL)) != -1) {
		if (key == 'h') {
			fputs(command->help, stdout);
			return -1;
		}
		if (key == ':' || key == '?')
			return command_option(full_name, key, argv, optind);
		if (key != POLICY_OPTION_JSON && !strchr(command->options, key))
			return command_usage(full_name, "--%s is not an option of this command",
					     option_name(key));
		result = policy_take_option(full_name, key, optarg, arguments);
		if (result != COMMAND_GOOD)
			return result;
	}
	if (!arguments->catalog_count) {
		memcpy(arguments->catalogs, default_catalogs,
		       default_catalog_count * sizeof(*default_catalogs));
		arguments->catalog_count = default_catalog_count;
	}
	return take_files(command, full_name, argv + optind, argc - optind, arguments);
}

int cmd_policy(const struct command_context *context, int argc, char **argv)
{
	struct policy_arguments arguments = {0};
	const struct policy_command *command;
	int result;

	if (argc < 2)
		return command_usage("policy", "say what to do with a policy");
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h")) {
		help(stdout);
		return COMMAND_GOOD;
	}
	command = find_command(argv[1]);
	if (!command)
		return command_usage("policy", "\"%s\" is nothing that can be done with a policy",
				     argv[1]);
	result = parse(command, argc - 1, argv + 1, &arguments);
	if (result != COMMAND_GOOD)
		return result < 0 ? COMMAND_GOOD : result;
	return command->run(context, &arguments);
}
