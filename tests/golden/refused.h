/* SPDX-License-Identifier: MIT */
/*
 * refused.h - what the parts of golden-refused share: reading one document as its name says, and the
 * documents that are too large to be kept.
 */
#ifndef EMBARGO_TESTS_REFUSED_H
#define EMBARGO_TESTS_REFUSED_H

#include "../../policy/policy.h"

/**
 * read_document() - read one as the first word of its name says: policy-, agent-, vendor-, cases-, catalog-
 * @name:    file, or directory for catalog-; borrowed
 * @catalog: for policies; borrowed
 * @diags:   borrowed
 *
 * Return: as policy_load().
 */
int read_document(const char *name, const struct catalog *catalog, struct diagnostics *diags);

/** print_report() - what a document gets, as text; owned by the caller, NULL: no memory */
char *print_report(const struct diagnostics *diags);

/* A document that is written when it is needed. */
struct large_document {
	const char *name;
	void (*write)(FILE *out);
	const char *first;	/* line of the report */
	unsigned lines;		/* of the report; the others are like the first, or follow from it */
};

/** large_documents() - all of them; @out_count: how many */
const struct large_document *large_documents(size_t *out_count);

#endif
