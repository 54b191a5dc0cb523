/* SPDX-License-Identifier: MIT */
/*
 * cmd_pause.c - embargo pause and resume. They write the pinned map themselves, so they work when the
 * agent is dead or hangs; an agent that lives is told, so that its evidence shows who did it.
 */
#include "clean.h"
#include "client.h"
#include "command.h"
#include "kernel.h"
#include "table.h"

#include "../policy/policy.h"
#include <errno.h>
#include <getopt.h>
#include <string.h>
#include <time.h>

#define PAUSE_SECONDS_MAX (7 * 24 * 3600ll)

static void help_pause(void)
{
	fputs("usage: embargo pause [--vendor ID] --for TIME --reason TEXT\n"
	      "\n"
	      "Turns enforcement to audit at once, of one vendor's rules or of all. It comes back by\n"
	      "itself after TIME (90s, 30m, 2h, 1d; at most 7d). Everything is still recorded, and so\n"
	      "is who paused and why. Needs root and no agent.\n"
	      "\n"
	      "Examples:\n"
	      "  embargo pause --vendor example-vendor --for 30m --reason \"run their uninstaller\"\n"
	      "  embargo pause --for 10m --reason \"host does not boot its services\"\n"
	      "  embargo resume\n",
	      stdout);
}

static void help_resume(void)
{
	fputs("usage: embargo resume [--vendor ID]\n"
	      "\n"
	      "Ends a pause before its time. Without --vendor the pause of everything is ended;\n"
	      "pauses of single vendors are ended one by one. embargo status lists them.\n",
	      stdout);
}

/* Return: seconds, or -1 if it is not a time that makes sense. */
static long long parse_time(const char *text)
{
	static const struct {
		char unit;
		long long seconds;
	} units[] = {{'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86400}};
	long long value;
	char *end;

	if (*text < '0' || *text > '9')
		return -1;
	errno = 0;
	value = strtoll(text, &end, 10);
	if (errno || value <= 0 || value > PAUSE_SECONDS_MAX || !*end || end[1])
		return -1;
	for (size_t i = 0; i < ARRAY_LENGTH(units); i++)
		if (*end == units[i].unit && value * units[i].seconds <= PAUSE_SECONDS_MAX)
			return value * units[i].seconds;
	return -1;
}

static __u64 boot_now(void)
{
	struct timespec now = {0};

	(void)clock_gettime(CLOCK_BOOTTIME, &now); /* exists since Linux 2.6.39 */
	return now.tv_sec * 1000000000ull + now.tv_nsec;
}

static void tell_agent(const struct command_context *context)
{
	AUTO_JSON json_t *request = json_pack("{s:s}", "do", "paused");
	AUTO_JSON json_t *reply = NULL;
	int err = client_call(context->run, request, &reply);

	if (err == -ENOENT)
		fputs("The agent does not run: it will record this when it does.\n", stderr);
	else if (err < 0)
		command_no_agent(context, err);
	else if (!json_is_true(json_object_get(reply, "ok")))
		command_say("the agent did not record it: %s", text_of(reply, "error"));
}

static int explain(const struct command_context *context, int err, const char *what)
{
	if (err == -ENOENT)
		command_say(
			"there is nothing to %s: either nothing is attached in \"%s\", or there is no "
			"such pause. embargo status says",
			what, context->pins);
	else if (err == -EPERM || err == -EACCES)
		command_say("only root may %s", what);
	else
		command_say("could not %s: %s", what, strerror(-err));
	return COMMAND_FAILED;
}

struct arguments {
	const char *vendor, *reason, *time;
};

/* Return: COMMAND_GOOD; -1 after help; COMMAND_USAGE. */
static int parse(int argc, char **argv, const struct option *options, void (*help)(void),
		 struct arguments *arguments)
{
	int key;

	while ((key = getopt_long(argc, argv, ":h", options, NULL)) != -1) {
		switch (key) {
		case 'v':
			arguments->vendor = optarg;
			break;
		case 'f':
			arguments->time = optarg;
			break;
		case 'r':
			arguments->reason = optarg;
			break;
		case 'h':
			help();
			return -1;
		default:
			return command_option(argv[0], key, argv, optind);
		}
	}
	if (optind < argc)
		return command_usage(argv[0], "\"%s\" is not expected", argv[optind]);
	if (arguments->vendor && !*arguments->vendor)
		return command_usage(
			argv[0], "--vendor needs the id of a vendor; embargo status lists them");
	return COMMAND_GOOD;
}

static __u64 vendor_key(const char *vendor)
{
	return vendor ? name_hash(vendor, strlen(vendor)) : PAUSE_EVERYTHING;
}

int cmd_pause(const struct command_context *context, int argc, char **argv)
{
	static const struct option options[] = {
		{"vendor", required_argument, NULL, 'v'},
		{"for", required_argument, NULL, 'f'},
		{"reason", required_argument, NULL, 'r'},
		{"help", no_argument, NULL, 'h'},
		{NULL, 0, NULL, 0},
	};
	struct pause pause = {.since_boot_ns = boot_now(), .uid = getuid()};
	struct arguments arguments = {0};
	long long seconds;
	int err;

	err = parse(argc, argv, options, help_pause, &arguments);
	if (err != COMMAND_GOOD)
		return err < 0 ? COMMAND_GOOD : err;
	if (!arguments.time || !arguments.reason || !*arguments.reason)
		return command_usage("pause", "a pause needs --for TIME and --reason TEXT");
	seconds = parse_time(arguments.time);
	if (seconds < 0)
		return command_usage("pause",
				     "--for %s: write a number and s, m, h or d, at most 7d: 30m",
				     arguments.time);
	if (strlen(arguments.reason) >= PAUSE_REASON_BYTES)
		return command_usage("pause", "--reason is longer than %d bytes",
				     PAUSE_REASON_BYTES - 1);
	memcpy(pause.reason, arguments.reason, strlen(arguments.reason));
	pause.until_boot_ns = pause.since_boot_ns + seconds * 1000000000ull;
	err = kernel_pause(context->pins, vendor_key(arguments.vendor), &pause);
	if (err < 0)
		return explain(context, err, "pause");
	printf("%s is in audit for %s; it comes back by itself, or with embargo resume%s%s\n",
	       arguments.vendor ? arguments.vendor : "everything", arguments.time,
	       arguments.vendor ? " --vendor " : "", arguments.vendor ? arguments.vendor : "");
	tell_agent(context);
	return COMMAND_GOOD;
}

int cmd_resume(const struct command_context *context, int argc, char **argv)
{
	static const struct option options[] = {
		{"vendor", required_argument, NULL, 'v'},
		{"help", no_argument, NULL, 'h'},
		{NULL, 0, NULL, 0},
	};
	struct arguments arguments = {0};
	int err;

	err = parse(argc, argv, options, help_resume, &arguments);
	if (err != COMMAND_GOOD)
		return err < 0 ? COMMAND_GOOD : err;
	err = kernel_resume(context->pins, vendor_key(arguments.vendor));
	if (err < 0)
		return explain(context, err, "resume");
	printf("%s is enforced again, as far as the policy says\n",
	       arguments.vendor ? arguments.vendor : "everything");
	tell_agent(context);
	return COMMAND_GOOD;
}
