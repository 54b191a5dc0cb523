/* SPDX-License-Identifier: MIT */
/*
 * cmd_policy_apply.c - embargo policy apply: asks the agent to switch, and then puts the file where the
 * agent looks at its next start.
 */
#include "cmd_policy.h"
#include "clean.h"
#include "client.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

/* The kept copy is a copy and not a rename: at no moment the configured policy is missing. */
static int copy_file(const char *from, const char *to)
{
	AUTO_FREE char *temporary = NULL;
	AUTO_FD int in = open(from, O_RDONLY | O_CLOEXEC), out = -1;
	char buffer[65536];
	ssize_t bytes;
	int err = 0;

	if (in < 0)
		return -errno;
	if (asprintf(&temporary, "%s.XXXXXX", to) < 0)
		return -ENOMEM;
	out = mkostemp(temporary, O_CLOEXEC);
	if (out < 0)
		return -errno;
	while (err == 0 && (bytes = read(in, buffer, sizeof(buffer))) != 0) {
		if (bytes < 0)
			err = -errno;
		else if (write(out, buffer, bytes) != bytes)
			err = errno ? -errno : -ENOSPC;
	}
	if (err == 0 && (fchmod(out, 0644) < 0 || fsync(out) < 0 || rename(temporary, to) < 0))
		err = -errno;
	if (err < 0)
		(void)unlink(temporary); /* the failure is told already */
	(void)close(take_fd(out));
	return err;
}

static bool same_file(const char *one, const char *other)
{
	struct stat a, b;

	return stat(one, &a) == 0 && stat(other, &b) == 0 && a.st_dev == b.st_dev &&
	       a.st_ino == b.st_ino;
}

/* Make what is active now the configured policy, and keep the one before beside it. */
static int install(const char *file, const char *configured)
{
	AUTO_FREE char *before = NULL;
	int err;

	if (same_file(file, configured))
		return 0;
	if (asprintf(&before, "%s.previous", configured) < 0)
		return -ENOMEM;
	/* Going back to the kept one itself: it must not be overwritten before it is read. */
	if (!same_file(file, before)) {
		err = copy_file(configured, before);
		if (err < 0 && err != -ENOENT)
			return err;
	}
	return copy_file(file, configured);
}

static void print_change(const json_t *reply)
{
	const json_t *before = json_object_get(reply, "before"),
		     *now = json_object_get(reply, "policy");

	printf("active: %s revision %lld (%s), generation %s\n", text_of(now, "name"),
	       number_of(now, "revision"), text_of(now, "mode"), text_of(now, "generation"));
	printf("before: %s revision %lld (%s), generation %s\n", text_of(before, "name"),
	       number_of(before, "revision"), text_of(before, "mode"),
	       text_of(before, "generation"));
	if (!strcmp(text_of(before, "generation"), text_of(now, "generation")))
		printf("The rules are the same.\n");
}

static int install_and_say(const struct policy_arguments *arguments, const char *file,
			   const json_t *reply)
{
	const char *configured = text_of(json_object_get(reply, "policy"), "file");
	AUTO_FREE char *kept = NULL;
	int err;

	if (!arguments->file_count && !arguments->rollback)
		return COMMAND_GOOD; /* it was the configured one */
	if (!file) {
		if (asprintf(&kept, "%s.previous", configured) < 0)
			return COMMAND_FAILED;
		file = kept;
	}
	err = install(file, configured);
	if (err == 0)
		return COMMAND_GOOD;
	command_say(
		"the policy is active, but \"%s\" could not be replaced by \"%s\": %s. Put the right "
		"file there, or the next reload brings the other one back",
		configured, file, strerror(-err));
	return COMMAND_FAILED;
}

/* The agent's diagnostics have the number of the severity. */
static const char *severity_word(const json_t *diagnostic)
{
	long long severity = number_of(diagnostic, "severity");

	return severity == SEVERITY_ERROR     ? "error"
	       : severity == SEVERITY_WARNING ? "warning"
					      : "note";
}

static int print_refusal(const json_t *reply)
{
	const json_t *one;
	size_t i;

	json_array_foreach (json_object_get(reply, "diagnostics"), i, one)
		fprintf(stderr, "%s:%lld:%lld: %s: %s\n", text_of(one, "file"),
			number_of(one, "line"), number_of(one, "column"), severity_word(one),
			text_of(one, "message"));
	command_say("%s", text_of(reply, "error"));
	return COMMAND_FINDINGS;
}

/* A policy that would be refused is told here, with all its errors, before the agent is bothered. */
static int check_first(const struct policy_arguments *arguments)
{
	CLEANUP(policy_work_done) struct policy_work work = {0};
	int result = policy_work_open(arguments, &work);

	if (result == COMMAND_GOOD)
		result = policy_work_read(arguments, arguments->files[0], &work);
	if (result == COMMAND_FAILED)
		return result;
	policy_print_diagnostics(&work.diags, stderr);
	if (result == COMMAND_FINDINGS)
		command_say("\"%s\" has %zu error%s and is refused; the policy before stays active",
			    arguments->files[0], work.diags.errors,
			    work.diags.errors == 1 ? "" : "s");
	return result;
}

static int apply(const struct command_context *context, const struct policy_arguments *arguments)
{
	AUTO_JSON json_t *request =
		json_pack("{s:s, s:b}", "do", "apply", "rollback", arguments->rollback);
	AUTO_JSON json_t *reply = NULL;
	AUTO_FREE char *file = NULL;
	int err, result;

	if (arguments->file_count) {
		file = realpath(arguments->files[0], NULL);
		if (!file) {
			command_say("\"%s\" cannot be read: %s", arguments->files[0],
				    strerror(errno));
			return COMMAND_FAILED;
		}
		result = check_first(arguments);
		if (result != COMMAND_GOOD)
			return result;
	}
	if (!request || (file && json_object_set_new(request, "file", json_string(file))) ||
	    (arguments->reason &&
	     json_object_set_new(request, "reason", json_string(arguments->reason)))) {
		command_say("the file name or the reason is not valid UTF-8 text");
		return COMMAND_FAILED;
	}
	err = client_call(context->run, request, &reply);
	if (err < 0) {
		command_no_agent(context, err);
		return COMMAND_FAILED;
	}
	if (!json_is_true(json_object_get(reply, "ok")))
		return print_refusal(reply);
	if (arguments->json)
		result = command_json(reply);
	else
		print_change(reply);
	return install_and_say(arguments, file, reply);
}

static int run(const struct command_context *context, const struct policy_arguments *arguments)
{
	if (arguments->rollback && (!arguments->reason || !*arguments->reason))
		return command_usage("policy apply",
				     "going back needs a reason for the record: --reason TEXT");
	if (arguments->reason && !arguments->rollback)
		return command_usage("policy apply", "--reason belongs to --rollback");
	return apply(context, arguments);
}

const struct policy_command policy_apply = {
	.name = "apply",
	.what = "make a policy the active one, or go back to the one before",
	.options = "cCbr",
	.files_max = 1,
	.files = "one FILE",
	.help = "usage: embargo policy apply [FILE] [options]\n"
		"       embargo policy apply [FILE] --rollback --reason TEXT\n"
		"\n"
		"Checks first; then the agent compiles the file and switches to it in one step; then the\n"
		"file becomes the configured policy. Without FILE the configured policy is read again. A\n"
		"lower revision is refused, unless --rollback says that going back is meant; --rollback\n"
		"without FILE goes back to the policy before the active one. Whatever fails, the policy\n"
		"before stays active.\n"
		"\n"
		"  --rollback --reason TEXT   accept an older revision; the reason is recorded\n"
		"  --catalog DIR, --config FILE   for the check beforehand; the agent has its own\n"
		"  --json                     the agent's answer for programs\n"
		"\n"
		"Examples:\n"
		"  embargo policy apply policy.yaml\n"
		"  embargo policy apply --rollback --reason \"backup server could not start\"\n"
		"\n"
		"Exit status: 0 good; 1 the policy has errors or is older; 3 could not do it.\n",
	.run = run,
};
