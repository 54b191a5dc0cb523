/* SPDX-License-Identifier: MIT */
/*
 * trust.h - may the content of a file speak against other files? Only if nobody but the owner of the host can have
 * put it where it is: else anybody could have any program refused by copying it under an embargoed name.
 */
#ifndef EMBARGO_TRUST_H
#define EMBARGO_TRUST_H

#include <limits.h>
#include <stdbool.h>
#include <sys/stat.h>

struct trust {
	uid_t owner;		/* of the root directory: 0 on every host */
	char root[PATH_MAX];	/* without links and without a '/' at its end; "" for "/" */
	char last[PATH_MAX];	/* the directory that was asked about last */
	bool last_is_fit;
};

/** trust_begin() - @root: directory; NULL: "/". Return: 0 or -errno. */
int trust_begin(struct trust *trust, const char *root);

/**
 * trust_has() - is a file the owner's alone?
 * @path: as this process sees it, without links
 * @st:   of the file
 *
 * That is: it belongs to the owner of the root, neither group nor others may write it, and the same is true of every
 * directory up to the root; others may write to one that is sticky (/tmp), because there they cannot rename
 * what is not theirs. Never below the directories in which containers and guest systems live: their root is the same
 * user.
 */
bool trust_has(struct trust *trust, const char *path, const struct stat *st);

/** trust_in_file() - the part of it that needs no path */
bool trust_in_file(const struct trust *trust, const struct stat *st);

#endif
