/* SPDX-License-Identifier: MIT */
/*
 * cmd_scan.c - embargo scan: what on this host, or below another root, belongs to the vendors.
 */
#include "clean.h"
#include "cmd_policy.h"
#include "scan.h"

#include <errno.h>
#include <getopt.h>
#include <string.h>

#define VENDORS_MAX   256
#define LEAVE_OUT_MAX 256

static void help(void)
{
	fputs("usage: embargo scan [--vendor ID]... [--policy FILE] [--root DIR] [--json] [options]\n"
	      "\n"
	      "Looks for the products of the catalogue's vendors, or for what a policy reaches: packages,\n"
	      "files, running programs and their libraries, units, kernel modules, container images and\n"
	      "what is inside, autostart files, package sources, open connections. Changes nothing, needs\n"
	      "no agent, and no root: but it says what it could not look at, and that is less with root.\n"
	      "\n"
	      "  --vendor ID      only this vendor, with all its products; as often as needed\n"
	      "  --policy FILE    what this policy reaches; what it allows is marked\n"
	      "  --root DIR       an unpacked image or a mounted disk; the running system is left out\n"
	      "  --catalog DIR    vendors from here instead; several: the first one that has it wins\n"
	      "  --quick          no walk of all files: what rules name exactly, and packages' lists\n"
	      "  --digests        compare the contents of all files, too; as slow as reading the disk\n"
	      "  --network        look at network file systems, too\n"
	      "  --leave-out DIR  not below this directory, and that is fine; as often as needed\n"
	      "  --verbose        every file, and what was left out on purpose\n"
	      "  --json           one document, as scan.schema.json says\n"
	      "\n"
	      "With --policy also --config, --label and --date, as in embargo policy check.\n"
	      "\n"
	      "What is on this host?\n"
	      "  sudo embargo scan\n"
	      "Is this image free of two vendors?\n"
	      "  embargo scan --root /mnt/image --vendor crowdstrike --vendor sentinelone && echo yes\n"
	      "Which vendors are there, for a program?\n"
	      "  embargo scan --json | jq -r '[.findings[].vendor] | unique[]'\n"
	      "\n"
	      "Exit status: 0 nothing found, and everything was looked at; 1 findings (what the policy\n"
	      "allows is none); 2 usage; 3 nothing found, but not everything could be looked at, or the\n"
	      "scan could not be done.\n",
	      stdout);
}

struct scan_arguments {
	struct policy_arguments policy; /* catalogues, labels, the policy's file */
	struct scan_options options;
	const char *vendors[VENDORS_MAX];
	size_t vendor_count;
	const char *leave_out[LEAVE_OUT_MAX];
	bool json, verbose;
};

/* ---------------------------------------------------------------- what to look for */

static int by_policy(struct scan_arguments *arguments, struct policy_work *work)
{
	int result = policy_work_open(&arguments->policy, work);

	return result == COMMAND_GOOD
		       ? policy_work_good(&arguments->policy, arguments->policy.policy, work)
		       : result;
}

static int by_catalog(const struct scan_arguments *arguments, struct policy_work *work)
{
	struct compiled *compiled = &work->compiled;
	int err = catalog_load(arguments->policy.catalogs, arguments->policy.catalog_count,
			       &work->diags, &compiled->catalog);

	if (!err)
		err = policy_of_catalog(compiled->catalog, arguments->vendors,
					arguments->vendor_count, &work->diags, &compiled->policy);
	if (!err)
		err = policy_compile(compiled->policy, &work->diags, &compiled->generation);
	if (!err)
		return COMMAND_GOOD;
	policy_print_diagnostics(&work->diags, stderr);
	if (err == -EINVAL)
		command_say("nothing was scanned: correct what is above first");
	else
		command_say("nothing was scanned: the catalogue cannot be read: %s",
			    strerror(-err));
	return COMMAND_FAILED;
}

/* Most likely a mistake of the path to the catalogue: nothing found would look like good news. */
static int refuse_empty(const struct generation *generation)
{
	if (generation->rule_count || generation->unenforced_count)
		return COMMAND_GOOD;
	command_say(
		"there is nothing to look for: no vendor of the catalogue has any facts; name another "
		"directory with --catalog");
	return COMMAND_FAILED;
}

/* ---------------------------------------------------------------- the look */

static int print(const struct scan *scan, const struct scan_arguments *arguments)
{
	AUTO_JSON json_t *document = NULL;

	if (arguments->json) {
		document = scan_json(scan);
		if (command_json(document) != COMMAND_GOOD)
			return COMMAND_FAILED;
	} else {
		scan_print(scan, arguments->verbose, stdout);
	}
	if (scan_findings(scan))
		return COMMAND_FINDINGS;
	return scan_is_complete(scan) ? COMMAND_GOOD : COMMAND_FAILED;
}

static int look(const struct scan_arguments *arguments, const struct compiled *compiled)
{
	const char *root = arguments->options.root ? arguments->options.root : "/";
	struct scan *scan;
	int err, result = refuse_empty(compiled->generation);

	if (result != COMMAND_GOOD)
		return result;
	err = scan_run(&arguments->options, compiled->generation, compiled->catalog, &scan);
	if (err == -ENOSYS)
		command_say(
			"\"%s\" cannot be scanned: the system call openat2 is missing or forbidden here. It "
			"needs Linux 5.6, and in a container a filter that knows it",
			root);
	else if (err)
		command_say("\"%s\" cannot be scanned: %s", root, strerror(-err));
	if (err)
		return COMMAND_FAILED;
	result = print(scan, arguments);
	scan_free(scan);
	return result;
}

/* ---------------------------------------------------------------- the command line */

static int add(const char *option, const char **list, size_t *count, size_t max, const char *value)
{
	if (*count == max)
		return command_usage("scan", "more than %zu times %s", max, option);
	list[(*count)++] = value;
	return COMMAND_GOOD;
}

/* NULL: not absolute. Without '/' at its end. */
static int add_leave_out(struct scan_arguments *arguments, char *directory)
{
	size_t bytes = strlen(directory);

	while (bytes > 1 && directory[bytes - 1] == '/')
		directory[--bytes] = 0;
	if (*directory != '/' || bytes == 1)
		return command_usage(
			"scan",
			"\"%s\" cannot be left out: expected a directory such as /mnt/backup, from "
			"the root that is scanned",
			directory);
	return add("--leave-out", arguments->leave_out, &arguments->options.leave_out_count,
		   LEAVE_OUT_MAX, directory);
}

static int take_option(struct scan_arguments *arguments, int key, char *value)
{
	switch (key) {
	case 'v':
		return add("--vendor", arguments->vendors, &arguments->vendor_count, VENDORS_MAX,
			   value);
	case 'L':
		return add_leave_out(arguments, value);
	case 'r':
		arguments->options.root = value;
		return COMMAND_GOOD;
	case 'q':
		arguments->options.quick = true;
		return COMMAND_GOOD;
	case 'D':
		arguments->options.digests = true;
		return COMMAND_GOOD;
	case 'n':
		arguments->options.network = true;
		return COMMAND_GOOD;
	case 'V':
		arguments->verbose = true;
		return COMMAND_GOOD;
	case POLICY_OPTION_JSON:
		arguments->json = arguments->policy.json = true;
		return COMMAND_GOOD;
	default:
		return policy_take_option("scan", key, value, &arguments->policy);
	}
}

static int parse(int argc, char **argv, struct scan_arguments *arguments, bool *out_help)
{
	static const struct option options[] = {
		{"vendor", required_argument, NULL, 'v'},
		{"policy", required_argument, NULL, POLICY_OPTION_POLICY},
		{"root", required_argument, NULL, 'r'},
		{"catalog", required_argument, NULL, POLICY_OPTION_CATALOG},
		{"config", required_argument, NULL, POLICY_OPTION_CONFIG},
		{"label", required_argument, NULL, POLICY_OPTION_LABEL},
		{"date", required_argument, NULL, POLICY_OPTION_DATE},
		{"quick", no_argument, NULL, 'q'},
		{"digests", no_argument, NULL, 'D'},
		{"network", no_argument, NULL, 'n'},
		{"leave-out", required_argument, NULL, 'L'},
		{"verbose", no_argument, NULL, 'V'},
		{"json", no_argument, NULL, POLICY_OPTION_JSON},
		{"help", no_argument, NULL, 'h'},
		{NULL, 0, NULL, 0},
	};
	int key, result;

	while ((key = getopt_long(argc, argv, ":h", options, NULL)) != -1) {
		if (key == ':' || key == '?')
			return command_option("scan", key, argv, optind);
		if (key == 'h') {
			*out_help = true;
			return COMMAND_GOOD;
		}
		result = take_option(arguments, key, optarg);
		if (result != COMMAND_GOOD)
			return result;
	}
	if (optind < argc)
		return command_usage("scan", "\"%s\" is not expected", argv[optind]);
	if (arguments->policy.policy && arguments->vendor_count)
		return command_usage(
			"scan", "either --policy or --vendor: a policy names its vendors itself");
	if (arguments->options.quick && arguments->options.digests)
		return command_usage("scan",
				     "either --quick or --digests: digests need every file");
	return COMMAND_GOOD;
}

int cmd_scan(const struct command_context *context, int argc, char **argv)
{
	struct scan_arguments arguments = {0};
	struct policy_work work = {0};
	bool asked = false;
	int result = parse(argc, argv, &arguments, &asked);

	if (asked)
		help();
	if (asked || result != COMMAND_GOOD)
		return result;
	if (!arguments.policy.catalog_count) {
		memcpy(arguments.policy.catalogs, default_catalogs,
		       default_catalog_count * sizeof(*default_catalogs));
		arguments.policy.catalog_count = default_catalog_count;
	}
	arguments.options.leave_out = arguments.leave_out;
	arguments.options.examples = arguments.verbose ? SCAN_EXAMPLES_VERBOSE : SCAN_EXAMPLES;
	arguments.options.progress = isatty(STDERR_FILENO);
	result = arguments.policy.policy ? by_policy(&arguments, &work)
					 : by_catalog(&arguments, &work);
	/* Findings are what a refused policy would have; here nothing was looked at. */
	if (result == COMMAND_FINDINGS)
		result = COMMAND_FAILED;
	if (result == COMMAND_GOOD)
		result = look(&arguments, &work.compiled);
	policy_work_done(&work);
	return result;
}
