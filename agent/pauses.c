/* SPDX-License-Identifier: MIT */
/*
 * pauses.c - the one part of the summary that asks the kernel by itself: pauses are in the pins, so that
 * they can be read with and without an agent.
 */
#include "summary.h"

void summary_pauses_read(const char *pins, struct summary_pauses *out_pauses)
{
	out_pauses->count =
		kernel_pauses(pins, out_pauses->vendors, out_pauses->list, SUMMARY_PAUSES_MAX);
	if (out_pauses->count > SUMMARY_PAUSES_MAX)
		out_pauses->count = SUMMARY_PAUSES_MAX;
}
