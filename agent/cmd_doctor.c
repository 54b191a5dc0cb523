/* SPDX-License-Identifier: MIT */
/*
 * cmd_doctor.c - embargo doctor: what this host can do, measured and not assumed, and how to get more.
 * Needs no agent and changes nothing.
 */
#include "clean.h"
#include "command.h"
#include "hooks.h"
#include "kernel.h"
#include "summary.h"
#include "table.h"

#include "../policy/policy.h"
#include <errno.h>
#include <getopt.h>
#include <string.h>

static void help(void)
{
	fputs("usage: embargo doctor [--json]\n"
	      "\n"
	      "Tries what this kernel lets embargo do and prints what would carry each hook, what\n"
	      "that achieves, and how to get something stronger; then what becomes of each matcher,\n"
	      "and of programs that a rule contains. Changes nothing; run it as root.\n"
	      "\n"
	      "Example: what protects exec on this host?\n"
	      "  embargo doctor --json | jq -r '.hooks[] | select(.hook == \"exec\") | .backend'\n"
	      "\n"
	      "Exit status: 0 every hook of this version is carried; 1 one is not; 3 the host could\n"
	      "not be probed.\n",
	      stdout);
}

#define ENDS_FIRST "ends the first run as soon as the agent has hashed it, then "

/* What a matcher achieves where a file is named, found or hashed, by what carries the hook. */
static const char *const by_file[BACKEND_MAX] = {
	[BACKEND_NONE] = "nothing on this host",
	[BACKEND_LSM] = "prevents",
	[BACKEND_FMOD_RET] = "prevents",
	[BACKEND_KILL] = "kills before the first instruction",
	[BACKEND_CGROUP] = "prevents",
};
static const char *const by_package[BACKEND_MAX] = {
	[BACKEND_NONE] = "nothing on this host",
	[BACKEND_LSM] = "prevents, within a second after a package came",
	[BACKEND_FMOD_RET] = "prevents, within a second after a package came",
	[BACKEND_KILL] = "kills before the first instruction, within a second after a package came",
};
static const char *const by_content[BACKEND_MAX] = {
	[BACKEND_NONE] = "nothing on this host",
	[BACKEND_LSM] = "prevents: the kernel hashes files of an embargoed size",
	[BACKEND_FMOD_RET] = ENDS_FIRST "prevents",
	[BACKEND_KILL] = ENDS_FIRST "kills before the first instruction",
};
static const char *const by_module[BACKEND_MAX] = {
	[BACKEND_NONE] = "nothing on this host: only scan finds it",
	[BACKEND_LSM] = "prevents, from a file and from memory",
	[BACKEND_FMOD_RET] = "prevents from a file",
};

/* Each kind of matcher, by the attempts that it is about. */
static const struct {
	enum matcher matcher;
	enum hook hook;
	const char *const *achieves; /* by enum backend; NULL: what the hook does */
} kinds[] = {
	{MATCHER_PATH, HOOK_EXEC, NULL},
	{MATCHER_PATH, HOOK_LOAD, by_file},
	{MATCHER_DIGEST, HOOK_EXEC, by_content},
	{MATCHER_DIGEST, HOOK_LOAD, by_content},
	{MATCHER_PACKAGE, HOOK_EXEC, by_package},
	{MATCHER_PACKAGE, HOOK_LOAD, by_package},
	{MATCHER_PACKAGE_VENDOR, HOOK_EXEC, by_package},
	{MATCHER_PACKAGE_VENDOR, HOOK_LOAD, by_package},
	{MATCHER_MODULE, HOOK_MODULE, by_module},
	{MATCHER_NETWORK, HOOK_CONNECT, NULL},
	{MATCHER_DOMAIN, HOOK_NAME, NULL},
};

static const char *kind_achieves(const struct kernel_report *report, size_t i)
{
	const struct hook_report *hook = &report->hooks[kinds[i].hook];
	const char *text;

	if (hook->hook == HOOK_NONE || hook->backend == BACKEND_NONE)
		return kinds[i].achieves ? kinds[i].achieves[BACKEND_NONE] : "nothing on this host";
	text = kinds[i].achieves ? kinds[i].achieves[hook->backend] : hook->achieves;
	/* an lsm backend from before the kernel could hash for it */
	if (kinds[i].achieves == by_content && hook->backend == BACKEND_LSM && !hook->hashes)
		text = ENDS_FIRST "prevents";
	return text ? text : "nothing on this host";
}

static json_t *matchers(const struct kernel_report *report)
{
	AUTO_JSON json_t *list = json_array();

	for (size_t i = 0; i < ARRAY_LENGTH(kinds); i++)
		if (json_array_append_new(list, json_pack("{s:s, s:s, s:s}", "matcher",
							  matcher_word(kinds[i].matcher), "attempt",
							  hook_word(kinds[i].hook), "achieves",
							  kind_achieves(report, i))))
			return NULL;
	return take_ptr(list);
}

/* ---------------------------------------------------------------- contained programs, and the end of connections */

/*
 * What holds a contained program, by programs whose names begin so. NULL: no program, but what ends connections. Why it is
 * missing is said by the hook that the same kernel feature, or its lack, carries.
 */
static const struct {
	const char *what, *programs, *achieves, *without;
	enum hook says_why;
} holds[] = {
	{"what it starts", "contain_fork", "contained, too", "not contained", HOOK_EXEC},
	{"TCP, UDP", "contain_connect", "to outside of the internal networks: EPERM", "reach everything", HOOK_CONNECT},
	{"other IP sockets", "contain_socket", "raw, ping, SCTP, multipath TCP: no such socket, EPERM", "reach everything",
	 HOOK_CONNECT},
	{"other families", "contain_family_", "packet, vsock, XDP, ...: no such socket, EPERM",
	 "not seen: packet and vsock sockets reach everything", HOOK_EXEC},
	{"sockets of others", "contain_send_", "inherited, accepted, handed over: sends to outside EPERM",
	 "not seen: inherited, accepted, handed over, they reach everything", HOOK_EXEC},
	{"open connections", NULL, "to outside, or refused by a rule or a name: ended",
	 "stay open; who is refused by name waits", HOOK_NAME},
};

/* The word for what carries it; NULL: nothing does. */
static const char *carries(const struct kernel_report *report, size_t i)
{
	if (!holds[i].programs)
		return report->ends_connections ? "sock_diag" : NULL;
	for (size_t row = 0; row < program_row_count; row++) {
		const struct program_row *program = &program_rows[row];

		if (program->only_with == GEN_FLAG_CONTAIN && report->programs & 1ull << row &&
		    !strncmp(program->name, holds[i].programs, strlen(holds[i].programs)))
			return program->tracks ? "tracepoint" : backend_word(program->backend);
	}
	return NULL;
}

#define HOLD_BYTES 128

static void hold_achieves(char out[HOLD_BYTES], size_t i, const char *by)
{
	bool unsure = by && !strcmp(by, backend_word(BACKEND_FMOD_RET));

	snprintf(out, HOLD_BYTES, "%s%s", by ? holds[i].achieves : holds[i].without,
		 unsure ? "; best effort on a preemptible kernel" : "");
}

static json_t *contained(const struct kernel_report *report)
{
	AUTO_JSON json_t *list = json_array();

	for (size_t i = 0; i < ARRAY_LENGTH(holds); i++) {
		const char *by = carries(report, i);
		char achieves[HOLD_BYTES];

		hold_achieves(achieves, i, by);
		if (json_array_append_new(list, json_pack("{s:s, s:s, s:s, s:s}", "part", holds[i].what, "carried_by",
							  by ? by : "none", "achieves", achieves, "why_of_hook",
							  by ? "" : hook_word(holds[i].says_why))))
			return NULL;
	}
	return take_ptr(list);
}

static void print_contained(const struct kernel_report *report)
{
	static const char *const heads[] = {"contained", "carried by", "achieves"};
	struct table *table = table_new(ARRAY_LENGTH(heads), heads);
	bool missing[HOOK_MAX] = {};

	for (size_t i = 0; i < ARRAY_LENGTH(holds); i++) {
		const char *by = carries(report, i);
		char achieves[HOLD_BYTES];
		const char *cells[] = {holds[i].what, by ? by : "nothing", achieves};

		hold_achieves(achieves, i, by);
		missing[holds[i].says_why] |= !by;
		(void)table_row(table, cells);
	}
	putchar('\n');
	table_print(table, stdout);
	table_free(table);
	for (unsigned i = HOOK_NONE + 1; i < HOOK_MAX; i++)
		if (missing[i])
			printf("Why something is missing there, and how to get it: %s, above.\n", hook_word(i));
}

/* ---------------------------------------------------------------- the command */

static int print_json(const struct kernel_report *report)
{
	AUTO_JSON json_t *object = json_pack(
		"{s:s, s:s, s:s, s:s, s:s, s:b, s:b, s:I, s:o, s:o, s:o}", "kernel", report->release,
		"lsm", report->lsm, "lockdown", report->lockdown, "cgroup", report->cgroup,
		"preemption", report->preemption, "btf", report->btf, "attached", report->set != 0,
		"memory_bytes", (json_int_t)report->memory_bytes, "hooks", summary_hooks(report),
		"matchers", matchers(report), "contained", contained(report));

	return command_json(object);
}

static void print_host(const struct kernel_report *report)
{
	printf("kernel      %s%s\n", report->release, report->btf ? "" : " without BTF");
	printf("LSM list    %s\n", report->lsm[0] ? report->lsm : "cannot be read");
	printf("lockdown    %s\n", report->lockdown[0] ? report->lockdown : "unknown");
	printf("cgroup v2   %s\n",
	       report->cgroup[0] ? report->cgroup : "not mounted: no network half");
	printf("preemption  %s\n", report->preemption[0] ? report->preemption : "unknown");
	printf("attached    %s\n\n", report->set ? "yes" : "nothing");
}

static void print_hooks(const struct kernel_report *report)
{
	static const char *const heads[] = {"hook", "carried by", "achieves",
					    "why, and how to get more"};
	struct table *table = table_new(ARRAY_LENGTH(heads), heads);

	for (unsigned i = HOOK_NONE + 1; i < HOOK_MAX; i++) {
		const struct hook_report *hook = &report->hooks[i];
		char why[2 * KERNEL_TEXT_BYTES + 2];
		const char *cells[] = {
			hook_word(i),
			hook->backend ? backend_word(hook->backend) : "nothing",
			hook->hook ? hook->achieves : "not enforced in this version",
			why,
		};

		snprintf(why, sizeof(why), "%s%s%s", hook->why,
			 hook->why[0] && hook->more[0] ? "; " : "", hook->more);
		(void)table_row(table, cells);
	}
	table_print(table, stdout);
	table_free(table);
}

static void print_matchers(const struct kernel_report *report)
{
	static const char *const heads[] = {"matcher", "attempt", "achieves"};
	struct table *table = table_new(ARRAY_LENGTH(heads), heads);

	for (size_t i = 0; i < ARRAY_LENGTH(kinds); i++) {
		const char *cells[] = {matcher_word(kinds[i].matcher), hook_word(kinds[i].hook),
				       kind_achieves(report, i)};

		(void)table_row(table, cells);
	}
	putchar('\n');
	table_print(table, stdout);
	table_free(table);
}

static bool all_carried(const struct kernel_report *report)
{
	for (unsigned i = HOOK_NONE + 1; i < HOOK_MAX; i++)
		if (report->hooks[i].hook && report->hooks[i].backend == BACKEND_NONE)
			return false;
	return true;
}

int cmd_doctor(const struct command_context *context, int argc, char **argv)
{
	static const struct option options[] = {
		{"json", no_argument, NULL, 'j'},
		{"help", no_argument, NULL, 'h'},
		{NULL, 0, NULL, 0},
	};
	struct kernel_options probe = {.pins = context->pins};
	AUTO_FREE struct kernel_report *report = calloc(1, sizeof(*report));
	bool json = false;
	int key, err;

	while ((key = getopt_long(argc, argv, ":h", options, NULL)) != -1) {
		if (key == 'h') {
			help();
			return COMMAND_GOOD;
		}
		if (key != 'j')
			return command_option("doctor", key, argv, optind);
		json = true;
	}
	if (optind < argc)
		return command_usage("doctor", "\"%s\" is not expected", argv[optind]);
	err = report ? kernel_probe(&probe, report) : -ENOMEM;
	if (err < 0) {
		command_say("this host could not be probed: %s%s", strerror(-err),
			    err == -EPERM ? ". Run it as root, outside a container" : "");
		return COMMAND_FAILED;
	}
	if (json) {
		err = print_json(report);
		if (err != COMMAND_GOOD)
			return err;
	} else {
		print_host(report);
		print_hooks(report);
		print_matchers(report);
		print_contained(report);
	}
	return all_carried(report) ? COMMAND_GOOD : COMMAND_FINDINGS;
}
