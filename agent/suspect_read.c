/* SPDX-License-Identifier: MIT */
/*
 * suspect_read.c - see suspect_read.h
 */
#include "suspect_read.h"
#include "clean.h"
#include "enrich.h"
#include "kernel.h"
#include "learned_set.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#define TRIES       8 /* to open a file that an exec has not switched to yet; then 255 ms are over */
#define STALE_TRIES 3

/* Open this path if it is the very file, and nothing that could keep us. Return: descriptor; -ENOENT. */
static int open_if(struct kernel *kernel, const char *path, const struct learned_key *key)
{
	AUTO_FD int handle = open(path, O_PATH | O_CLOEXEC), fd = -1;
	struct identity identity;
	struct learned_key found;
	struct stat st;
	char link[64];

	if (handle < 0 || fstat(handle, &st) < 0 || !S_ISREG(st.st_mode))
		return -ENOENT;
	snprintf(link, sizeof(link), "/proc/self/fd/%d", handle);
	fd = open(link, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd < 0 || kernel_identify(kernel, &fd, 1, &identity))
		return -ENOENT;
	found = learned_key_of_file(&identity.file);
	return memcmp(&found, key, sizeof(found)) ? -ENOENT : take_fd(fd);
}

/*
 * What has no path is still open, or mapped: /proc/PID/map_files leads to it (CAP_CHECKPOINT_RESTORE), and so does
 * /proc/PID/fd as long as its descriptor is not closed.
 */
static int open_nameless(struct kernel *kernel, const struct event *event,
			 const struct learned_key *key)
{
	static const char *const places[] = {"map_files", "fd"};
	const struct dirent *entry;
	int fd = -ENOENT;

	for (size_t i = 0; i < ARRAY_LENGTH(places) && fd < 0; i++) {
		char path[64 + NAME_MAX];
		DIR *directory;
		struct stat st;

		snprintf(path, sizeof(path), "/proc/%u/%s", event->subject.pid, places[i]);
		directory = opendir(path);
		while (fd < 0 && directory && (entry = readdir(directory))) {
			if (fstatat(dirfd(directory), entry->d_name, &st, 0) < 0 ||
			    st.st_ino != event->file.inode)
				continue;
			snprintf(path, sizeof(path), "/proc/%u/%s/%s", event->subject.pid,
				 places[i], entry->d_name);
			fd = open_if(kernel, path, key);
		}
		if (directory)
			(void)closedir(directory); /* only read */
	}
	return fd;
}

/*
 * As what the process runs, by the path in our view, or in the process's. On fmod_ret and lsm the program has not
 * been switched yet when the event was sent, and a file without a name can be reached only once it has.
 */
static int open_suspect(struct kernel *kernel, const struct event *event,
			const struct learned_key *key)
{
	AUTO_FREE char *path = malloc(EVENT_PATH_MAX + 1), *below = malloc(EVENT_PATH_MAX + 64);
	char exe[64];
	int fd = -ENOENT;

	if (!path || !below)
		return -ENOMEM;
	memcpy(path, event->path, event->path_bytes);
	path[event->path_bytes] = 0;
	snprintf(exe, sizeof(exe), "/proc/%u/exe", event->subject.pid);
	snprintf(below, EVENT_PATH_MAX + 64, "/proc/%u/root%s", event->subject.pid, path);
	for (unsigned i = 0; fd < 0 && i < TRIES; i++) {
		const struct timespec pause = {.tv_nsec = 1000000l << i};

		if (event->header.kind == HOOK_EXEC)
			fd = open_if(kernel, exe, key);
		if (fd < 0 && *path == '/')
			fd = open_if(kernel, path, key);
		if (fd < 0 && *path == '/')
			fd = open_if(kernel, below, key);
		if (fd < 0 && event->header.kind != HOOK_EXEC)
			fd = open_nameless(kernel, event, key);
		if (fd < 0 && !enrich_same_process(&event->subject))
			break;
		if (fd < 0)
			(void)nanosleep(&pause, NULL);
	}
	return fd;
}

int suspect_read(const struct suspect_question *question, struct suspect_answer *out_answer)
{
	AUTO_FD int fd = -1;
	struct stat st;
	int err = -ESTALE;

	for (size_t i = 0; i < question->event_count && fd < 0; i++)
		fd = open_suspect(question->kernel, question->events[i], question->key);
	if (fd < 0 || fstat(fd, &st) < 0)
		return -ENOENT;
	out_answer->file = (struct still_file){st.st_dev, st.st_ino};
	/*
	 * Whoever changes its mode all the time must not get past: if what was read is embargoed, it is, and else
	 * nothing is noted of it, because it is not settled.
	 */
	for (unsigned i = 0; err == -ESTALE && i < STALE_TRIES; i++)
		err = content_hash(fd, &out_answer->content);
	return err == -ESTALE ? 0 : err;
}
