/* SPDX-License-Identifier: MIT */
/*
 * beside.h - a piece of work beside another one, on a second processor. Who has only one, or no thread left, does
 * both one after the other; nothing else changes.
 */
#ifndef EMBARGO_BESIDE_H
#define EMBARGO_BESIDE_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

#define BESIDE_ITEMS 50000 /* of a million that take a second: below, starting a thread costs more than it saves */

struct beside {
	void (*run)(void *data);
	void *data;
	pthread_t thread;
	bool running;
};

/**
 * beside_start() - begin
 * @beside: filled; must not move until beside_join()
 * @run:    what touches nothing that the caller touches meanwhile
 * @data:   borrowed until beside_join()
 * @items:  how much work it is; little of it is not worth a thread
 */
void beside_start(struct beside *beside, void (*run)(void *data), void *data, size_t items);

/** beside_join() - wait until it is done, or do it now */
void beside_join(struct beside *beside);

#endif
