/* SPDX-License-Identifier: MIT */
/*
 * pin.h - what is kept on the BPF file system, and under which names:
 *
 *   PINS/                         locked while a program set is being exchanged
 *   PINS/<EMBARGO_ABI>/maps/NAME   the maps that outlive a program set
 *   PINS/<EMBARGO_ABI>/set-<id>/NAME   the links of one program set, id in 16 hex digits
 *   PINS/<EMBARGO_ABI>/set-<id>/NAME-program   its programs that are not always attached
 *   PINS/<EMBARGO_ABI>/set-<id>/maps/NAME   its working memory
 *
 * The map "runtime" names the set that counts. Another set is what an interrupted exchange left behind.
 */
#ifndef EMBARGO_PIN_H
#define EMBARGO_PIN_H

#include <linux/types.h>
#include <stdbool.h>
#include <stddef.h>

#define PIN_PATH_BYTES 512
#define SETS_MAX 64		/* more are left for the next start */
#define PIN_DEFAULT "/sys/fs/bpf/embargo"

/** pin_map_path() - where a map is pinned */
void pin_map_path(char out[PIN_PATH_BYTES], const char *pins, const char *map);
/** pin_set_path() - directory of a program set's links */
void pin_set_path(char out[PIN_PATH_BYTES], const char *pins, __u64 set);
/** pin_set_map_path() - where a map of one program set is pinned */
void pin_set_map_path(char out[PIN_PATH_BYTES], const char *pins, __u64 set, const char *map);

/**
 * pin_prepare() - make the directories
 * Return: 0; -ENOTSUP when it is not on a BPF file system; other negative errno.
 */
int pin_prepare(const char *pins);

/** pin_set_prepare() - make the directories of a set. Return: 0, -errno */
int pin_set_prepare(const char *pins, __u64 set);

/**
 * pin_lock() - wait until no other process exchanges program sets here
 * Return: for pin_unlock(), or a negative errno.
 */
int pin_lock(const char *pins);
/** pin_unlock() - also for a child that was forked while the lock was held and still lives; accepts a negative @lock */
void pin_unlock(int lock);

/**
 * pin_sets() - the sets that have links here
 * @out_sets: capacity entries
 * Return: how many, 0 also when nothing is pinned; a negative errno.
 */
int pin_sets(const char *pins, __u64 *out_sets, size_t capacity);

/** pin_set_remove() - unlink what a set has: what nothing else holds is detached. Return: 0, -errno */
int pin_set_remove(const char *pins, __u64 set);

/** pin_set_empty() - the same, but for its maps and directories */
int pin_set_empty(const char *pins, __u64 set);

/** pin_remove_other_abis() - unlink what another version with another ABI number left. Return: 0; -errno */
int pin_remove_other_abis(const char *pins);

/** pin_remove_all() - unlink everything, links first. Return: 0, also if nothing was there; -errno */
int pin_remove_all(const char *pins);

#endif
