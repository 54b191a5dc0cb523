/* SPDX-License-Identifier: MIT */
/*
 * networks.h - networks with ports and protocols, and the internal ones, as entries for a binary search over the prefix
 * lengths in use (bpf/abi.h says how the kernel searches).
 */
#ifndef EMBARGO_NETWORKS_H
#define EMBARGO_NETWORKS_H

#include "entries.h"
#include "numbered.h"

struct networks;

/**
 * networks_prepare() - order the networks, find what covers what, and append GEN_LENGTHS
 * @numbered:     borrowed; without a rule that contains nothing is internal
 * @rules:        borrowed; the internal networks
 * @diags:        borrowed; a limit that is hit, with the place of the rule that hit it
 * @entries:      borrowed; appended to
 * @header:       borrowed; the two counts of lengths of the rules are set
 * @out_networks: owned by the caller, networks_free(); untouched on failure
 *
 * Return: 0; -EINVAL (see @diags); -ENOMEM.
 */
int networks_prepare(const struct numbered *numbered, const struct rules *rules,
		     struct diagnostics *diags, struct entries *entries, struct gen_header *header,
		     struct networks **out_networks);

/**
 * networks_emit() - append GEN_NET4, GEN_NET6 and GEN_CONDITION
 * @networks: borrowed
 * @entries:  borrowed
 *
 * Return: 0 or -ENOMEM.
 */
int networks_emit(const struct networks *networks, struct entries *entries);

/** networks_free() - accepts NULL */
void networks_free(struct networks *networks);

#endif
