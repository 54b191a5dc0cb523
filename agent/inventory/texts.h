/* SPDX-License-Identifier: MIT */
/*
 * texts.h - what configuration files name: paths of programs, hosts of package sources.
 */
#ifndef EMBARGO_INVENTORY_TEXTS_H
#define EMBARGO_INVENTORY_TEXTS_H

#include <stdbool.h>
#include <stddef.h>

typedef int (*text_fn)(void *context, unsigned line, const char *text);

/**
 * paths_in_text() - each absolute path in a text of lines, as a shell, cron, systemd or a desktop file writes it
 * @text: changed; has a byte behind its end that may be written
 * @only: lines that count begin with one of these, ended by NULL (as "Exec"); NULL: all
 * @fn:   not 0 ends it; lines that begin with '#' or ';' have no paths
 */
int paths_in_text(char *text, size_t bytes, const char *const *only, text_fn fn, void *context);

/** words_in_text() - the first word of each line that is no comment */
int words_in_text(char *text, size_t bytes, text_fn fn, void *context);

struct source {
	unsigned line;
	const char *url, *host;	/* the host in lower case, without user and port */
	bool enabled;
};
typedef int (*source_fn)(void *context, const struct source *source);

/* @text: changed, as above. Addresses without a host, such as cdrom: and file:, are passed over. */
int apt_list_parse(char *text, size_t bytes, source_fn fn, void *context);	/* sources.list(5), one line */
int apt_deb822_parse(char *text, size_t bytes, source_fn fn, void *context);	/* sources.list(5), deb822 */
int rpm_repo_parse(char *text, size_t bytes, source_fn fn, void *context);	/* yum.conf(5), dnf, zypper */
int apk_list_parse(char *text, size_t bytes, source_fn fn, void *context);	/* apk-repositories(5) */

#endif
