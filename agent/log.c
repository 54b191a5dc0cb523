/* SPDX-License-Identifier: MIT */
/*
 * log.c - the agent's own log on standard error. It drops and counts instead of waiting, because the
 * loop that logs is the loop that empties the ring of events.
 */
#include "log.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define LOG_LINE_BYTES 2048

/* The one piece of global state: a log has to work before and after everything else. */
static unsigned log_dropped;

/* JOURNAL_STREAM is "device:inode" of the stream, systemd.exec(5): it may be inherited by mistake. */
static bool log_to_journal(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	unsigned long long device, inode;
	struct stat st;

	if (!stream || sscanf(stream, "%llu:%llu", &device, &inode) != 2)
		return false;
	if (fstat(STDERR_FILENO, &st) < 0)
		return false;
	return st.st_dev == device && st.st_ino == inode;
}

static const char *log_word(enum log_level level)
{
	switch (level) {
	case LOG_LEVEL_ERROR:
		return "error: ";
	case LOG_LEVEL_WARNING:
		return "warning: ";
	case LOG_LEVEL_DEBUG:
		return "debug: ";
	default:
		return "";
	}
}

void log_print(enum log_level level, const char *format, ...)
{
	struct pollfd ready = {.fd = STDERR_FILENO, .events = POLLOUT};
	char line[LOG_LINE_BYTES], missing[48] = "", prefix[8] = "";
	int saved = errno, length;
	va_list args;

	if (level == LOG_LEVEL_DEBUG && !getenv("EMBARGO_DEBUG"))
		return;
	if (log_to_journal())
		snprintf(prefix, sizeof(prefix), "<%d>", level);
	if (log_dropped)
		snprintf(missing, sizeof(missing), "(%u lines are missing here) ", log_dropped);

	length = snprintf(line, sizeof(line), "%sembargod: %s%s", prefix, missing,
			  prefix[0] ? "" : log_word(level));
	va_start(args, format);
	length += vsnprintf(line + length, sizeof(line) - length, format, args);
	va_end(args);
	if (length > (int)sizeof(line) - 2)
		length = sizeof(line) - 2;
	/* Values from outside are quoted in messages: keep them from making lines of their own. */
	for (int i = 0; i < length; i++)
		if ((unsigned char)line[i] < ' ' || line[i] == 0x7f)
			line[i] = ' ';
	line[length++] = '\n';

	if (poll(&ready, 1, 0) == 1 && write(STDERR_FILENO, line, length) == length)
		log_dropped = 0;
	else
		log_dropped++;
	errno = saved;
}
