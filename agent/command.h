/* SPDX-License-Identifier: MIT */
/*
 * command.h - what the commands of "embargo" share. Each command is one function in its own file.
 */
#ifndef EMBARGO_COMMAND_H
#define EMBARGO_COMMAND_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

enum command_exit {
	COMMAND_GOOD = 0,
	COMMAND_FINDINGS = 1,	/* an invalid policy, a degraded status, a broken chain */
	COMMAND_USAGE = 2,
	COMMAND_FAILED = 3,
};

/* Options before the command. */
struct command_context {
	const char *run, *pins, *state;
};

/* One command. Return: enum command_exit. argv[0] is its name. */
typedef int (*command_fn)(const struct command_context *context, int argc, char **argv);

int cmd_status(const struct command_context *context, int argc, char **argv);
int cmd_doctor(const struct command_context *context, int argc, char **argv);
int cmd_policy(const struct command_context *context, int argc, char **argv);
int cmd_scan(const struct command_context *context, int argc, char **argv);
int cmd_events(const struct command_context *context, int argc, char **argv);
int cmd_pause(const struct command_context *context, int argc, char **argv);
int cmd_resume(const struct command_context *context, int argc, char **argv);

/** command_say() - one line on standard error, "embargo: ..." in red on a terminal */
void command_say(const char *format, ...) __attribute__((format(printf, 1, 2)));

/**
 * command_usage() - tell what is wrong with the arguments
 * @command: its name, for the hint at --help
 * Return: COMMAND_USAGE.
 */
int command_usage(const char *command, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/** command_option() - the usual answer to getopt's ':' and '?'. Return: COMMAND_USAGE. */
int command_option(const char *command, int key, char **argv, int index);

/** command_json() - print an object for programs. Return: COMMAND_GOOD or COMMAND_FAILED. */
int command_json(const json_t *object);

/** command_no_agent() - say that client_call() failed, what that means and what to do */
void command_no_agent(const struct command_context *context, int err);

/** text_of() - a member's text, "" if there is none; borrowed */
const char *text_of(const json_t *object, const char *key);

/** number_of() - a member's number, 0 if there is none */
long long number_of(const json_t *object, const char *key);

/** bytes_text() - a size for people: "12.3 MiB" @out_text: 32 bytes */
void bytes_text(unsigned long long bytes, char *out_text);

#endif
