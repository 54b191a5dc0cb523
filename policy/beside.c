/* SPDX-License-Identifier: MIT */
/* beside.c - see beside.h */
#include "beside.h"

static void *thread_main(void *data)
{
	const struct beside *beside = data;

	beside->run(beside->data);
	return NULL;
}

void beside_start(struct beside *beside, void (*run)(void *data), void *data, size_t items)
{
	beside->run = run;
	beside->data = data;
	beside->running = items >= BESIDE_ITEMS &&
			  !pthread_create(&beside->thread, NULL, thread_main, beside);
}

void beside_join(struct beside *beside)
{
	if (beside->running)
		(void)pthread_join(beside->thread, NULL); /* cannot fail: ours, and joined once */
	else
		beside->run(beside->data);
	beside->running = false;
}
