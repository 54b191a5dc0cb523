/* SPDX-License-Identifier: MIT */
/*
 * attempt.h - what the tricks that are written in C have in common. Each is a function that tries to get the
 * embargoed file to run and returns an exit status; whether it ran, the file's own mark says. They are
 * called in a directory of their own, in a mount namespace of their own.
 */
#ifndef EMBARGO_BYPASS_ATTEMPT_H
#define EMBARGO_BYPASS_ATTEMPT_H

#include <stddef.h>

/**
 * struct trick - a row of a table of tricks
 * @name: as in the file "tricks"; NULL ends the table
 * @try:  the trick; @file is the embargoed file's absolute path; returns an exit status, or does not return
 */
struct trick {
	const char *name;
	int (*try)(const char *file);
};

extern const struct trick exec_tricks[];
extern const struct trick fuse_tricks[];
extern const struct trick memory_tricks[];
extern const struct trick module_tricks[];
extern const struct trick place_tricks[];
extern const struct trick race_tricks[];

/**
 * enter() - make an attempt, in a place of its own
 * @seconds: at most; then it and what it started is killed
 * @run:     does the trick; gets @name and @file
 * @name:    of the trick; borrowed
 * @file:    the embargoed file; borrowed
 *
 * The place is in the environment: CG, the cgroup; DIRECTORY, made anew; MARK, a file that is descriptor 9; WAIT,
 * what is descriptor 8; OUTPUT, a file for what it prints.
 *
 * Return: the exit status of the attempt; 137 when it was killed.
 */
int enter(int seconds, int (*run)(const char *name, const char *file), const char *name,
	  const char *file);

/**
 * make_thing() - an embargoed file, and the directories that lead to it
 * @base: the file whose content it has
 * @name: written behind that content, so that each trick's is another; empty: nothing is
 * @file: where; must not be there
 *
 * Return: 0. What fails ends the program.
 */
int make_thing(const char *base, const char *name, const char *file);

/**
 * die() - give a trick up: something that it needs did not work, which is not a refusal
 * @what: the call and what it was about
 *
 * Prints @what and errno's text and exits with 3.
 */
__attribute__((noreturn)) void die(const char *what);

/**
 * copy_to() - the content of a file into another
 * @file: to read
 * @fd:   to write to, from its offset on; borrowed
 *
 * Gives the trick up when that fails.
 */
void copy_to(const char *file, int fd);

/**
 * run_fd() - execute what a descriptor is open for
 * @fd: open for reading only, or O_PATH; inherited by what runs
 *
 * Return: 126, only when it was refused or failed.
 */
int run_fd(int fd);

/**
 * wait_for() - a child's end
 * @pid: of the child
 *
 * Return: its exit status; 137 and the like when a signal ended it.
 */
int wait_for(int pid);

#endif
