/* SPDX-License-Identifier: MIT */
/*
 * refused_large.c - documents of many MiB, or deeper than anybody writes by hand. They are written when the
 * test runs, each for the way in which it could take long or much: one endless text, one endless key,
 * nothing but openings, a million mistakes.
 */
#include "refused.h"
#include "../../policy/yaml.h"

/* Just below what a document may have: then it is read. */
#define MANY (YAML_DOCUMENT_BYTES_MAX - 64 * 1024)

#define HEAD                                                                                       \
	"kind: Policy\n"                                                                           \
	"name: large\n"                                                                            \
	"revision: 1\n"                                                                            \
	"mode: audit\n"
#define LOCAL HEAD "embargo:\n  - name: local\n"

static void repeat(FILE *out, const char *text, size_t bytes)
{
	size_t length = 0;

	while (text[length])
		length++;
	for (size_t i = 0; i < bytes; i += length)
		(void)fwrite(text, 1, length, out); /* ferror() is asked at the end */
}

#define WRITER(function, before, text, after)                                                      \
	static void function(FILE *out)                                                            \
	{                                                                                          \
		(void)fputs(before, out);                                                          \
		repeat(out, text, MANY);                                                           \
		(void)fputs(after, out);                                                           \
	}

WRITER(plain, "kind: Policy\nname: ", "a", "\nrevision: 1\nmode: audit\nembargo: []\n")
WRITER(quoted_text, "kind: Policy\nname: \"", "a", "\"\nrevision: 1\nmode: audit\nembargo: []\n")
WRITER(block, "kind: Policy\nname: |\n  ", "a", "\nrevision: 1\nmode: audit\nembargo: []\n")
WRITER(path, LOCAL "    paths: [/", "a", "]\n")
WRITER(deep_path, LOCAL "    paths: [\"", "/a", "\"]\n")
WRITER(domain, LOCAL "    domains: [\"", "a.", "com\"]\n")
WRITER(key, "", "a", ": x\n")
WRITER(remark, "#", "a", "\n")
WRITER(remarks, "", "# a\n", "")
WRITER(spaces, "", " ", "")
WRITER(tabs, "", "\t", "")
WRITER(lists, "kind: ", "[", "")
WRITER(mappings, "kind: ", "{a: ", "")
WRITER(dashes, "kind:\n  ", "- ", "\n")
WRITER(questions, "", "? ", "")
WRITER(colons, "", ":", "")
WRITER(anchors, "", "&a ", "")
WRITER(documents, "", "---\n", "")
WRITER(values, HEAD "embargo: [", "a,", "]\n")
WRITER(paths, LOCAL "    paths:\n", "      - x\n", "")
WRITER(doubles, LOCAL "    paths:\n", "      - /x\n", "      - x\n")

static void nul(FILE *out)
{
	(void)fseek(out, MANY, SEEK_SET); /* a hole reads as zeros */
	(void)fputc('\n', out);
}

static void not_utf8(FILE *out)
{
	remark(out);
	(void)fputs("\xff\n", out);
}

static void larger(FILE *out)
{
	(void)fputs("kind: Policy\nname: ", out);
	repeat(out, "a", 10u * 1024 * 1024);
}

static void indented(FILE *out)
{
	for (int i = 0; i < 2000; i++)
		(void)fprintf(out, "%*sa:\n", i, "");
}

static void keys(FILE *out)
{
	for (int i = 0; i < 500000; i++)
		(void)fprintf(out, "k%d: v\n", i);
}

/* "A billion laughs": each line names the one before it nine times. */
static void laughs(FILE *out)
{
	(void)fputs("kind: Policy\na: &a x\n", out);
	for (char name = 'b'; name <= 'i'; name++) {
		char last = (char)(name - 1);

		(void)fprintf(out, "%c: &%c [*%c,*%c,*%c,*%c,*%c,*%c,*%c,*%c,*%c]\n", name, name,
			      last, last, last, last, last, last, last, last, last);
	}
}

static const struct large_document list[] = {
	{"policy-large-plain.yaml", plain,
	 "policy-large-plain.yaml:2:7: error: 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa...' cannot be used as a name here; expected at most 64 of a-z 0-9 . _ - and a letter or digit first",
	 1},
	{"policy-large-quoted.yaml", quoted_text,
	 "policy-large-quoted.yaml:2:7: error: 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa...' cannot be used as a name here; expected at most 64 of a-z 0-9 . _ - and a letter or digit first",
	 1},
	{"policy-large-block.yaml", block,
	 "policy-large-block.yaml:2:7: error: expected one line of text, found 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa...'",
	 1},
	{"policy-large-path.yaml", path,
	 "policy-large-path.yaml:7:13: error: '/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa...' is longer than 16640 bytes; no matcher is",
	 1},
	{"policy-large-deep-path.yaml", deep_path,
	 "policy-large-deep-path.yaml:7:13: error: '/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a...' is longer than 16640 bytes; no matcher is",
	 1},
	{"policy-large-domain.yaml", domain,
	 "policy-large-domain.yaml:7:15: error: 'a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a....' is longer than 16640 bytes; no matcher is",
	 1},
	{"policy-large-key.yaml", key,
	 "policy-large-key.yaml:1:4128769: error: this is not YAML: mapping values are not allowed in this context",
	 1},
	{"policy-large-keys.yaml", keys,
	 "policy-large-keys.yaml: error: larger than 4 MiB; divide it", 1},
	{"policy-large-remark.yaml", remark,
	 "policy-large-remark.yaml: error: the document is empty; expected one with 'kind: Policy'",
	 1},
	{"policy-large-remarks.yaml", remarks,
	 "policy-large-remarks.yaml: error: the document is empty; expected one with 'kind: Policy'",
	 1},
	{"policy-large-spaces.yaml", spaces,
	 "policy-large-spaces.yaml: error: the document is empty; expected one with 'kind: Policy'",
	 1},
	{"policy-large-larger.yaml", larger,
	 "policy-large-larger.yaml: error: larger than 4 MiB; divide it", 1},
	{"policy-large-tabs.yaml", tabs,
	 "policy-large-tabs.yaml:1:1: error: a tab; write spaces, or \\t between double quotes (4128767 more below)",
	 1},
	{"policy-large-nul.yaml", nul,
	 "policy-large-nul.yaml:1:1: error: a NUL byte; the document must be text", 1},
	{"policy-large-not-utf8.yaml", not_utf8,
	 "policy-large-not-utf8.yaml:2:1: error: byte 0xff is not UTF-8; save the document as UTF-8",
	 1},
	{"policy-large-lists.yaml", lists,
	 "policy-large-lists.yaml:1:38: error: nested deeper than 32 levels", 1},
	{"policy-large-mappings.yaml", mappings,
	 "policy-large-mappings.yaml:1:131: error: nested deeper than 32 levels", 1},
	{"policy-large-dashes.yaml", dashes,
	 "policy-large-dashes.yaml:2:65: error: nested deeper than 32 levels", 1},
	{"policy-large-questions.yaml", questions,
	 "policy-large-questions.yaml:1:3: error: keys with values where a key was expected; a key is one word, quote values that begin with '{', '[' or '*'",
	 33},
	{"policy-large-indented.yaml", indented,
	 "policy-large-indented.yaml:33:33: error: nested deeper than 32 levels", 1},
	{"policy-large-colons.yaml", colons,
	 "policy-large-colons.yaml:1:4128768: error: this is not YAML: mapping values are not allowed in this context",
	 1},
	{"policy-large-anchors.yaml", anchors,
	 "policy-large-anchors.yaml:1:1: error: the anchor '&a'; anchors are not accepted, write the value where it is meant",
	 2},
	{"policy-large-laughs.yaml", laughs,
	 "policy-large-laughs.yaml:1:1: error: a document of kind Policy without 'name'; the key is required",
	 94},
	{"policy-large-documents.yaml", documents,
	 "policy-large-documents.yaml:2:1: error: a second document; a file holds one, put this into a file of its own",
	 1},
	{"policy-large-values.yaml", values,
	 "policy-large-values.yaml:5:262133: error: more than 131072 values in one document; divide it",
	 1},
	{"policy-large-paths.yaml", paths,
	 "policy-large-paths.yaml:131064:9: error: more than 131072 values in one document; divide it",
	 1},
	{"policy-large-doubles.yaml", doubles,
	 "policy-large-doubles.yaml:131064:9: error: more than 131072 values in one document; divide it",
	 1},
};

const struct large_document *large_documents(size_t *out_count)
{
	*out_count = sizeof(list) / sizeof(*list);
	return list;
}
