/* SPDX-License-Identifier: MIT */
/*
 * cmd_policy_diff.c - embargo policy diff: what would change if one policy took the place of another.
 */
#include "cmd_policy.h"
#include "clean.h"
#include "diff_output.h"

#include <string.h>

struct diff {
	const struct policy_arguments *arguments;
	struct policy_work before, after;
	struct policy_diff changes;
	struct on_host_changes on_host;
};

static void diff_done(struct diff *diff)
{
	on_host_changes_done(&diff->on_host);
	policy_diff_done(&diff->changes);
	policy_work_done(&diff->before);
	policy_work_done(&diff->after);
}

/* Return: as a command. */
static int look_at_host(struct diff *diff)
{
	const char *root = diff->arguments->root;
	int err;

	if (!diff->arguments->host)
		return COMMAND_GOOD;
	err = on_host_diff(&diff->before.compiled, &diff->after.compiled, root, &diff->on_host);
	if (err == 0)
		return COMMAND_GOOD;
	command_say("\"%s\" cannot be looked at: %s", root ? root : "/", strerror(-err));
	return COMMAND_FAILED;
}

static int run(const struct command_context *context, const struct policy_arguments *arguments)
{
	CLEANUP(diff_done) struct diff diff = {.arguments = arguments};
	struct diff_side sides[2];
	int result;

	result = policy_work_begin(arguments, arguments->files[0], &diff.before);
	if (result == COMMAND_GOOD)
		result = policy_work_begin(arguments, arguments->files[1], &diff.after);
	if (result != COMMAND_GOOD)
		return result == COMMAND_FINDINGS ? COMMAND_FAILED : result;
	sides[0] = (struct diff_side){diff.before.compiled.policy, diff.before.compiled.generation};
	sides[1] = (struct diff_side){diff.after.compiled.policy, diff.after.compiled.generation};
	if (policy_diff_make(&sides[0], &sides[1], &diff.changes) < 0) {
		command_say("out of memory");
		return COMMAND_FAILED;
	}
	result = look_at_host(&diff);
	if (result != COMMAND_GOOD)
		return result;
	if (arguments->json) {
		AUTO_JSON json_t *object =
			diff_json(&diff.changes, arguments->host ? &diff.on_host : NULL);

		if (command_json(object) != COMMAND_GOOD)
			return COMMAND_FAILED;
	} else {
		diff_print(&diff.changes, arguments->all);
		if (arguments->host)
			diff_print_host(&diff.on_host);
	}
	return policy_diff_empty(&diff.changes) ? COMMAND_GOOD : COMMAND_FINDINGS;
}

const struct policy_command policy_diff_command = {
	.name = "diff",
	.what = "what would change if one policy took the place of another",
	.options = POLICY_COMPILES "aHR",
	.files_min = 2,
	.files_max = 2,
	.files = "two files, BEFORE and AFTER",
	.help = "usage: embargo policy diff BEFORE AFTER [options]\n"
		"\n"
		"Compiles both and compares what they do: settings, rules by product, exceptions. Where a\n"
		"rule is written does not matter. \"+3 -1 ~2\" is three added, one removed, two changed.\n"
		"\n"
		"  --all                every rule that differs, not only sums\n"
		"  --host               also what is on this host now and would be treated differently\n"
		"  --root DIR           the same for an image or a mounted disk\n" POLICY_COMPILES_HELP
		"  --json               the same for programs\n"
		"\n"
		"Examples:\n"
		"  embargo policy diff --host /etc/embargo/policy.yaml next.yaml\n"
		"  embargo policy diff audit.yaml staged.yaml --label role=hypervisor\n"
		"\n"
		"Exit status: 0 nothing would change; 1 something would; 3 could not do it, as when one of\n"
		"them has errors.\n",
	.run = run,
};
