/* SPDX-License-Identifier: MIT */
/*
 * follow.c - inotify on the directories of dpkg, rpm and apk. dpkg writes var/lib/dpkg/updates/tmp.i and renames it
 * after every step of a package, and status in the end; rpm writes into its database, for SQLite into the -wal file
 * beside it. A directory that is not there yet is waited for in the one above.
 */
#include "follow.h"
#include "clean.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/inotify.h>

#define QUIET_US     100000ull
#define PATIENCE_US  300000ull
#define RULE_WATCHES 512
/* Not that a file was closed: SQLite opens its journal for writing when it only reads, and so do our own searches. */
#define DATABASE_EVENTS                                                                            \
	(IN_MODIFY | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | IN_CREATE | IN_ONLYDIR)
#define RULE_EVENTS (IN_MOVED_TO | IN_CLOSE_WRITE | IN_CREATE | IN_ONLYDIR)

/* A directory to be watched, or the one above where it will appear. */
static const char *const directories[] = {
	"/var/lib/dpkg",         "/var/lib/dpkg/updates", "/var/lib/dpkg/info", "/var/lib/rpm",
	"/usr/lib/sysimage/rpm", "/usr/share/rpm",        "/lib/apk/db",
};

struct follow {
	sd_event *loop;              /* borrowed */
	sd_event_source *io, *timer; /* owned; io owns the descriptor */
	int fd;
	void (*changed)(void *context);
	void *context;
	uint64_t first_us; /* of the changes that were not told yet; 0: none */
	int rules[RULE_WATCHES];
	size_t rule_count;
	int databases[ARRAY_LENGTH(directories)]; /* watch descriptors; -1 */
};

/* Files that change without a meaning: locks, and what SQLite shares between readers. */
static bool means_nothing(const struct inotify_event *event)
{
	static const char *const names[] = {"lock",      "lock-frontend",    "triggers",
					    ".rpm.lock", "rpmdb.sqlite-shm", "tmp.i",
					    "__db.001",  "__db.002",         "__db.003"};

	for (size_t i = 0; event->len && i < ARRAY_LENGTH(names); i++)
		if (!strcmp(event->name, names[i]))
			return true;
	return false;
}

static void watch_databases(struct follow *follow)
{
	for (size_t i = 0; i < ARRAY_LENGTH(directories); i++) {
		char above[64];

		if (follow->databases[i] >= 0)
			continue;
		follow->databases[i] =
			inotify_add_watch(follow->fd, directories[i], DATABASE_EVENTS);
		if (follow->databases[i] >= 0)
			continue;
		snprintf(above, sizeof(above), "%s", directories[i]);
		*strrchr(above, '/') = 0;
		/* not there either: then nothing of it is there, and whoever makes both is seen at the next start */
		(void)inotify_add_watch(follow->fd, above,
					IN_CREATE | IN_MOVED_TO | IN_ONLYDIR | IN_MASK_ADD);
	}
}

static void arm(struct follow *follow)
{
	uint64_t now = 0, at;

	(void)sd_event_now(follow->loop, CLOCK_MONOTONIC, &now); /* in a callback it never fails */
	if (!follow->first_us)
		follow->first_us = now;
	at = now + QUIET_US;
	if (at > follow->first_us + PATIENCE_US)
		at = follow->first_us + PATIENCE_US;
	(void)sd_event_source_set_time(follow->timer, at);
	(void)sd_event_source_set_enabled(follow->timer, SD_EVENT_ONESHOT);
}

static void forget(struct follow *follow, int watch)
{
	for (size_t i = 0; i < ARRAY_LENGTH(directories); i++)
		if (follow->databases[i] == watch)
			follow->databases[i] = -1;
}

static int on_inotify(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
	struct follow *follow = userdata;
	_Alignas(struct inotify_event) char buffer[4096];
	bool meant = false;
	ssize_t bytes;

	while ((bytes = read(fd, buffer, sizeof(buffer))) > 0) {
		for (char *at = buffer; at < buffer + bytes;) {
			const struct inotify_event *event = (const void *)at;

			at += sizeof(*event) + event->len;
			if (event->mask & IN_IGNORED)
				forget(follow, event->wd);
			meant |= !means_nothing(event); /* also when the queue ran over */
		}
	}
	if (meant)
		arm(follow);
	return 0;
}

static int on_timer(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct follow *follow = userdata;

	follow->first_us = 0;
	watch_databases(follow);
	follow->changed(follow->context);
	return 0;
}

int follow_new(sd_event *loop, void (*changed)(void *context), void *context, struct follow **out)
{
	struct follow *follow = calloc(1, sizeof(*follow));
	int err;

	if (!follow)
		return -ENOMEM;
	follow->loop = loop;
	follow->changed = changed;
	follow->context = context;
	memset(follow->databases, -1, sizeof(follow->databases));
	follow->fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	err = follow->fd < 0 ? -errno : 0;
	if (err >= 0)
		err = sd_event_add_io(loop, &follow->io, follow->fd, EPOLLIN, on_inotify, follow);
	if (err >= 0)
		err = sd_event_add_time(loop, &follow->timer, CLOCK_MONOTONIC, 0, 1000, on_timer,
					follow);
	if (err >= 0)
		err = sd_event_source_set_enabled(follow->timer, SD_EVENT_OFF);
	if (err < 0) {
		follow_free(follow);
		return err;
	}
	watch_databases(follow);
	*out = follow;
	return 0;
}

void follow_free(struct follow *follow)
{
	if (!follow)
		return;
	sd_event_source_disable_unref(follow->timer);
	sd_event_source_disable_unref(follow->io);
	clean_fd(&follow->fd);
	free(follow);
}

/* ---------------------------------------------------------------- directories of rules */

/* "/opt/x/ **" and "/usr/bin/x*" have one; it is not asked for links, like everything that a rule says. */
static bool directory_of(const char *pattern, char *out_directory)
{
	const char *star = strchr(pattern, '*');
	size_t bytes = star ? (size_t)(star - pattern) : strlen(pattern);

	while (bytes > 1 && pattern[bytes - 1] != '/')
		bytes--;
	if (bytes < 2 || bytes > PATH_MAX)
		return false;
	memcpy(out_directory, pattern, bytes - 1);
	out_directory[bytes - 1] = 0;
	return true;
}

/* The largest directories of a host change all the time, and hardly ever by what a rule names. */
static bool is_busy(const char *directory)
{
	static const char *const busy[] = {"/tmp",     "/var/tmp", "/run",  "/dev",  "/dev/shm",
					   "/var/log", "/home",    "/root", "/proc", "/sys"};

	for (size_t i = 0; i < ARRAY_LENGTH(busy); i++)
		if (!strcmp(directory, busy[i]))
			return true;
	return false;
}

size_t follow_rules(struct follow *follow, const struct generation *generation)
{
	char directory[PATH_MAX];

	for (size_t i = 0; i < follow->rule_count; i++)
		(void)inotify_rm_watch(follow->fd,
				       follow->rules[i]); /* gone with its directory, perhaps */
	follow->rule_count = 0;
	for (size_t i = 0; i < generation->rule_count && follow->rule_count < RULE_WATCHES; i++) {
		const struct generation_rule *rule = &generation->rules[i];
		int watch;

		if (rule->matcher != MATCHER_PATH || rule->action == ACTION_ALLOW ||
		    !directory_of(rule->value, directory) || is_busy(directory))
			continue;
		watch = inotify_add_watch(follow->fd, directory, RULE_EVENTS | IN_MASK_CREATE);
		if (watch >= 0)
			follow->rules[follow->rule_count++] = watch;
	}
	return follow->rule_count;
}
