/* SPDX-License-Identifier: MIT */
/*
 * diff_output.h - the difference of two policies, of what they say and on this host, for people and for programs.
 */
#ifndef EMBARGO_DIFF_OUTPUT_H
#define EMBARGO_DIFF_OUTPUT_H

#include "on_host.h"

#include "../policy/diff.h"
#include <jansson.h>

/**
 * diff_print() - settings, products, exceptions, sums
 * @changes: borrowed
 * @all:     every rule, not one line for each product
 */
void diff_print(const struct policy_diff *changes, bool all);

/** diff_print_host() - what is on this host and would be treated differently; @changes: borrowed */
void diff_print_host(const struct on_host_changes *changes);

/**
 * diff_json() - {equal, settings, rules, summary}, and "host"
 * @changes: borrowed
 * @host:    borrowed; NULL: nobody asked
 *
 * Return: new reference or NULL.
 */
json_t *diff_json(const struct policy_diff *changes, const struct on_host_changes *host);

#endif
