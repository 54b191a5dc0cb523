/* SPDX-License-Identifier: MIT */
/*
 * scan_take.h - how hits become findings; for scan.c.
 */
#ifndef EMBARGO_SCAN_TAKE_H
#define EMBARGO_SCAN_TAKE_H

#include "scan.h"

/** scan_take_hit() - a hit_fn whose context is the scan */
int scan_take_hit(void *scan, const struct hit *hit);

/** scan_sort_findings() - by vendor, product, source, what; afterwards no hit can be taken any more */
void scan_sort_findings(struct scan *scan);

/** scan_finding_done() - free what it owns */
void scan_finding_done(struct scan_finding *finding);

#endif
