/* SPDX-License-Identifier: MIT */
/*
 * list.h - matchers in a file of their own: one value a line, '#' remarks, blank lines. For lists that
 * programs write, a million values long; a rule is made at once of each, nothing stands in between.
 */
#ifndef EMBARGO_LIST_H
#define EMBARGO_LIST_H

#include "fact.h"

#define LIST_BYTES_MAX	(256u * 1024 * 1024)
#define LIST_VALUES_MAX 2000000u /* of all lists of a policy; two such policies fit a gigabyte */
#define LIST_ERRORS_MAX 50	 /* of one list that are told one by one */

/**
 * list_read() - the value of a matcher list that is a mapping: {file: NAME}
 * @reader:  borrowed; ->rules gets the rules
 * @node:    the mapping
 * @matcher: enum matcher
 *
 * The file is looked for from the directory of the document. What is wrong is in the reader's diagnostics.
 */
void list_read(struct reader *reader, const struct yaml_node *node, unsigned matcher);

/**
 * list_parse() - the same from memory; for hostile bytes too
 * @reader:  borrowed; its tree's arena owns the texts of the rules
 * @file:    name for diagnostics and places; borrowed, must outlive the rules
 * @matcher: enum matcher
 * @data:    the list; borrowed, not used after the return
 * @bytes:   its length
 *
 * A line is a value as a document would have it, without quotes; a network may be followed by protocol and
 * ports ("203.0.113.0/24 tcp 443,8000-8100"), a digest by a file name (as sha256sum writes it). What is
 * there twice becomes one rule.
 */
void list_parse(struct reader *reader, const char *file, unsigned matcher, const char *data,
		size_t bytes);

#endif
