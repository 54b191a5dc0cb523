/* SPDX-License-Identifier: MIT */
/*
 * canonical.h - the text of a matcher as rule ids know it; for the table of kinds in fact.c.
 *
 * Each function takes a node that is one line of text (borrowed) and returns the text to be used, which
 * lives as long as the document, or NULL after an error, which is in the reader's diagnostics.
 */
#ifndef EMBARGO_CANONICAL_H
#define EMBARGO_CANONICAL_H

#include "fields.h"

const char *canonical_text(struct reader *reader, const struct yaml_node *node);
const char *canonical_path(struct reader *reader, const struct yaml_node *node);
const char *canonical_domain(struct reader *reader, const struct yaml_node *node);
const char *canonical_digest(struct reader *reader, const struct yaml_node *node);
const char *canonical_module(struct reader *reader, const struct yaml_node *node);
const char *canonical_package(struct reader *reader, const struct yaml_node *node);
const char *canonical_package_vendor(struct reader *reader, const struct yaml_node *node);

#endif
