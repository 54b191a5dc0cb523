/* SPDX-License-Identifier: MIT */
/*
 * learned_set.h - learned facts while they are put together: a set by key, before they go to the kernel. Also what of the
 * facts of one generation is true of the next. Pure but for learned_set_carry(), which reads the kernel's.
 */
#ifndef EMBARGO_LEARNED_SET_H
#define EMBARGO_LEARNED_SET_H

#include "kernel.h"
#include "../policy/generation.h"

/* Of a LEARNED_FILE what else the search knows. */
struct learned_file {
	char *path;		/* owned; NULL: not known */
	__u64 device, inode;	/* as fstat(2) tells them */
	__u64 size;		/* bytes */
	__u64 change_ns;
	__u32 by_package;	/* the best rule that found it by its package; 0: only paths did */
	__u32 links;		/* names that it has */
	__u64 *names;		/* owned; those that were found, if it has several: hashes of directory and name */
	size_t name_count;
	bool is_ours;		/* trust_has(): its content may be learned */
	bool runs;
	bool unfit;		/* the kernel cannot tell it from others (FILE_IDENTIFIED): no fact for it */
};

struct learned_set {
	struct learned_key *keys;	/* owned; each once */
	struct learned *values;		/* owned; by the same index */
	struct learned_file *files;	/* owned; likewise */
	size_t count, room;
	__u32 *slots;			/* owned; hash table of indices + 1 */
	size_t slot_count;
};

/** learned_set_at() - the index of a key, added with a value of zeros if it was not there. Return: -ENOMEM. */
ssize_t learned_set_at(struct learned_set *facts, const struct learned_key *key);
/** learned_set_find() - the same, but -ENOENT if it is not there */
ssize_t learned_set_find(const struct learned_set *facts, const struct learned_key *key);
/** learned_file_is_whole() - were all names of a file found? Then nothing else than what was found can be meant */
static inline bool learned_file_is_whole(const struct learned_file *file)
{
	return file->links == 1 || (file->links && file->name_count >= file->links);
}
/** learned_set_list() - for kernel_apply(); borrowed from @facts */
struct learned_list learned_set_list(const struct learned_set *facts);
void learned_set_done(struct learned_set *facts);

/** learned_key_of_file(), learned_key_of_digest(), learned_key_of_size() - keys as bpf/abi.h says */
struct learned_key learned_key_of_file(const struct event_file *file);
struct learned_key learned_key_of_digest(const __u8 *sha256);
struct learned_key learned_key_of_size(__u64 bytes);

/** gen_key_of_digest() - the same digest among the entries of a generation */
struct gen_key gen_key_of_digest(const __u8 *sha256);

/** learned_best() - the more specific of two rule numbers; 0: none */
static inline __u32 learned_best(__u32 one, __u32 other)
{
	return !one || (other && other < one) ? other : one;
}

/**
 * learned_set_carry() - add what was learned of one generation to the facts of the next
 * @kernel: borrowed; @from is its active generation
 * @from, @to: borrowed; rules are the same when their ids are
 * @facts:  borrowed
 *
 * A fact whose rule is gone is not carried, and neither is that a file was looked at and is nothing: the next
 * generation may think otherwise. Return: 0; -ENOMEM; -errno of the kernel.
 */
int learned_set_carry(struct kernel *kernel, const struct generation *from, const struct generation *to,
		struct learned_set *facts);

#endif
