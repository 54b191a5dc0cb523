/* SPDX-License-Identifier: MIT */
/*
 * command.c - what the commands of "embargo" share.
 */
#include "command.h"
#include "clean.h"
#include "table.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>

static void say(const char *format, va_list args)
{
	AUTO_FREE char *text = NULL, *safe = NULL;

	if (vasprintf(&text, format, args) < 0) {
		text = NULL;
		return;
	}
	safe = text_safe(text, strlen(text));
	fprintf(stderr, "%sembargo:%s %s\n", colour(stderr, COLOUR_BAD),
		colour(stderr, COLOUR_PLAIN), safe ? safe : "out of memory");
}

void command_say(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	say(format, args);
	va_end(args);
}

int command_usage(const char *command, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	say(format, args);
	va_end(args);
	fprintf(stderr, "See: embargo %s --help\n", command);
	return COMMAND_USAGE;
}

int command_option(const char *command, int key, char **argv, int index)
{
	return command_usage(
		command, key == ':' ? "%s needs a value" : "%s is not an option of this command",
		argv[index - 1]);
}

int command_json(const json_t *object)
{
	if (!object || json_dumpf(object, stdout, JSON_INDENT(2)) < 0 || putchar('\n') < 0 ||
	    fflush(stdout)) {
		command_say("the answer could not be written");
		return COMMAND_FAILED;
	}
	return COMMAND_GOOD;
}

void command_no_agent(const struct command_context *context, int err)
{
	if (err == -ENOENT)
		command_say(
			"no agent answers in \"%s\". Start it with systemctl start embargod, or "
			"name another directory with --run",
			context->run);
	else if (err == -ETIMEDOUT)
		command_say("the agent did not answer in time; look at journalctl -u embargod");
	else
		command_say("the agent in \"%s\" could not be asked: %s", context->run,
			    strerror(-err));
}

const char *text_of(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "";
}

long long number_of(const json_t *object, const char *key)
{
	return json_integer_value(json_object_get(object, key));
}

void bytes_text(unsigned long long bytes, char *out_text)
{
	static const char *const units[] = {"bytes", "KiB", "MiB", "GiB", "TiB"};
	double value = bytes;
	size_t unit = 0;

	while (value >= 1024 && unit + 1 < ARRAY_LENGTH(units)) {
		value /= 1024;
		unit++;
	}
	snprintf(out_text, 32, unit ? "%.1f %s" : "%.0f %s", value, units[unit]);
}
