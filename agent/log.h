/* SPDX-License-Identifier: MIT */
/*
 * log.h - the agent's own log: what happened to the agent, for the administrator. Security events
 * never go here; they go to the sinks.
 */
#ifndef EMBARGO_LOG_H
#define EMBARGO_LOG_H

/* The numbers are syslog's, so that journald files each line under its level. */
enum log_level {
	LOG_LEVEL_ERROR = 3,
	LOG_LEVEL_WARNING = 4,
	LOG_LEVEL_NOTICE = 5,
	LOG_LEVEL_INFO = 6,
	LOG_LEVEL_DEBUG = 7,
};

/**
 * log_print() - write one line to standard error
 * @level:  how bad; LOG_LEVEL_DEBUG only with EMBARGO_DEBUG in the environment
 * @format: the sentence, without a line break
 *
 * Under journald (JOURNAL_STREAM names standard error) the line begins with its level as "<N>". A
 * reader of standard error that does not read costs lines, never time: they are counted, and the next
 * line that goes through says how many are missing. errno is kept.
 */
void log_print(enum log_level level, const char *format, ...) __attribute__((format(printf, 2, 3)));

#define log_error(...)	 log_print(LOG_LEVEL_ERROR, __VA_ARGS__)
#define log_warning(...) log_print(LOG_LEVEL_WARNING, __VA_ARGS__)
#define log_notice(...)	 log_print(LOG_LEVEL_NOTICE, __VA_ARGS__)
#define log_info(...)	 log_print(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_debug(...)	 log_print(LOG_LEVEL_DEBUG, __VA_ARGS__)

#endif
