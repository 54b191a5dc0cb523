/* SPDX-License-Identifier: MIT */
/*
 * cmd_policy_compile.c - embargo policy compile: the whole generation as text or JSON, the same bytes wherever
 * policy and catalogue are.
 */
#include "cmd_policy.h"
#include "clean.h"
#include "generation_json.h"

#include <errno.h>
#include <string.h>

static int write_json(const struct generation *generation, FILE *out)
{
	AUTO_JSON json_t *object = generation_json(generation);

	if (!object)
		return -ENOMEM;
	return json_dumpf(object, out, JSON_INDENT(1)) < 0 || putc('\n', out) < 0 ? -EIO : 0;
}

/* An old file stays as it is when the new one cannot be written: it is named only when it is complete. */
static int write_file(const struct policy_arguments *arguments, const struct generation *generation)
{
	AUTO_FREE char *temporary = NULL;
	FILE *out;
	int err = 0;

	if (asprintf(&temporary, "%s.new", arguments->out) < 0)
		return -ENOMEM;
	out = fopen(temporary, "we");
	if (!out)
		return -errno;
	if (arguments->json)
		err = write_json(generation, out);
	else
		generation_dump(generation, out);
	if (ferror(out) && !err)
		err = -EIO;
	if (fclose(out) && !err)
		err = -errno;
	if (!err && rename(temporary, arguments->out) < 0)
		err = -errno;
	if (err)
		(void)unlink(temporary); /* the failure is told already */
	return err;
}

static int run(const struct command_context *context, const struct policy_arguments *arguments)
{
	CLEANUP(policy_work_done) struct policy_work work = {0};
	const struct generation *generation;
	int err = 0, result = policy_work_begin(arguments, arguments->files[0], &work);

	if (result != COMMAND_GOOD)
		return result;
	generation = work.compiled.generation;
	if (arguments->out)
		err = write_file(arguments, generation);
	else if (arguments->json)
		err = write_json(generation, stdout);
	else
		generation_dump(generation, stdout);
	if (!err && !arguments->out && (ferror(stdout) || fflush(stdout)))
		err = -EIO;
	if (!err)
		return COMMAND_GOOD;
	command_say("\"%s\" could not be written: %s",
		    arguments->out ? arguments->out : "the output", strerror(-err));
	return COMMAND_FAILED;
}

const struct policy_command policy_compile_command = {
	.name = "compile",
	.what = "everything that the kernel would get, as text",
	.options = POLICY_COMPILES "o",
	.files_min = 1,
	.files_max = 1,
	.files = "a FILE",
	.help = "usage: embargo policy compile FILE [options]\n"
		"\n"
		"Prints the generation that a policy is compiled to: every rule with its number and id,\n"
		"what is not enforced and why, facts for finding, and every entry of the kernel's map. The\n"
		"same policy and catalogue give the same bytes, wherever they are: keep it beside the\n"
		"policy, and a review shows what a change of either means.\n"
		"\n"
		"  -o, --output OUT     into a file instead\n" POLICY_COMPILES_HELP
		"  --json               the same content for programs\n"
		"\n"
		"Examples:\n"
		"  embargo policy compile policy.yaml | grep '^rule '\n"
		"  embargo policy compile policy.yaml --label role=hypervisor -o hypervisor.txt\n"
		"\n"
		"Exit status: 0 good; 1 the policy has errors; 3 could not do it.\n",
	.run = run,
};
