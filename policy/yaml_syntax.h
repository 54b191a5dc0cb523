/* SPDX-License-Identifier: MIT */
/*
 * yaml_syntax.h - what libyaml could not read, in words that contain the fix.
 */
#ifndef EMBARGO_YAML_SYNTAX_H
#define EMBARGO_YAML_SYNTAX_H

#include "diagnostics.h"
#include <yaml.h>

/**
 * yaml_syntax_refuse() - one error for the place at which libyaml stopped
 * @parser: borrowed; yaml_parser_parse() failed, and not for want of memory
 * @file:   name for diagnostics; borrowed
 * @data:   the document; borrowed
 * @bytes:  its length
 * @diags:  borrowed
 *
 * The mistake is guessed from libyaml's words and the bytes of the line; where no guess fits, its words are
 * told. Source of the words: src/scanner.c and src/parser.c of libyaml 0.2.5.
 */
void yaml_syntax_refuse(const yaml_parser_t *parser, const char *file, const char *data, size_t bytes,
			struct diagnostics *diags);

/** yaml_template_refuse() - an error for "{{" or "{%", which is at @begin */
void yaml_template_refuse(const char *begin, struct place place, struct diagnostics *diags);

#endif
