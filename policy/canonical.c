/* SPDX-License-Identifier: MIT */
/*
 * canonical.c - one spelling for each matcher. Rule ids are digests of it: two spellings of one fact
 * must meet here, and a change here changes the ids of every host. Domains have domain.c.
 */
#include "canonical.h"
#include "rules.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>

int problem_set(struct problem *out_problem, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	(void)vsnprintf(out_problem->text, sizeof(out_problem->text), format,
			arguments); /* may be cut */
	va_end(arguments);
	return -EINVAL;
}

int canonical_text(const char *text, char *out, struct problem *out_problem)
{
	strcpy(out, text);
	return 0;
}

/* What somebody meant who left out the beginning of a path. */
static int refuse_relative(const char *text, struct problem *out_problem)
{
	struct quoted shown = quoted(text);

	if (!strncmp(text, "./", 2) || !strncmp(text, "../", 3) || *text == '~' || *text == '$')
		return problem_set(out_problem,
				   "'%s' does not begin with '/'; write the whole path",
				   shown.text);
	if (strchr(text, '/'))
		return problem_set(out_problem, "'%s' does not begin with '/'; write '/%s'",
				   shown.text, shown.text);
	return problem_set(
		out_problem,
		"'%s' does not begin with '/'; write the whole path, or '**/%s' for that name anywhere",
		shown.text, shown.text);
}

int canonical_path(const char *text, char *out, struct problem *out_problem)
{
	const char *written = text, *why;
	size_t used = 0;

	if (*text != '/' && strncmp(text, "**/", 3))
		return refuse_relative(text, out_problem);
	for (; *text; text++) {
		if (*text != '/' || !used || out[used - 1] != '/')
			out[used++] = *text;
	}
	while (used && out[used - 1] == '/')
		used--;
	out[used] = '\0';
	if (used && text[-1] == '/')
		return problem_set(
			out_problem,
			"'%s' ends in '/'; write '%s/**' for everything below it, or '%s' for one file",
			quoted(written).text, quoted(out).text, quoted(out).text);
	if (out[strspn(out, "/*")] == '\0')
		return problem_set(
			out_problem,
			"'%s' is the whole system; refused, name the directories that are meant",
			quoted(written).text);
	why = path_pattern_check(out, NULL);
	if (why)
		return problem_set(out_problem, "'%s': %s", quoted(written).text, why);
	return 0;
}

bool canonical_path_doubt(const char *text, struct problem *out_problem)
{
	const char *foreign = strpbrk(text, "?[{");
	const char *deep = strstr(text, "**");

	while (deep && (deep == text || deep[-1] == '/') && (!deep[2] || deep[2] == '/'))
		deep = strstr(deep + 2, "**");
	if (deep)
		(void)problem_set(
			out_problem,
			"'**' in '%s' means no more than '*'; for any depth it stands alone between two '/'",
			quoted(text).text);
	else if (foreign)
		(void)problem_set(
			out_problem,
			"'%c' in '%s' is no wildcard, only '*' and '**' are; write a path for each file that is meant",
			*foreign, quoted(text).text);
	return deep || foreign;
}

/* As documents write it, "sha256:" and the digits, and as sha256sum(1) prints them, the digits alone. */
int canonical_digest(const char *text, char *out, struct problem *out_problem)
{
	static const char prefix[] = "sha256:";
	const char *digits = text;

	if (!strncmp(text, prefix, sizeof(prefix) - 1))
		digits += sizeof(prefix) - 1;
	if (strstr(text, " size="))
		return problem_set(
			out_problem,
			"'%s' has a size in it; write {value: sha256:..., size: N}, or 'sha256:... size=N' in a list in a file",
			quoted(text).text);
	if (strlen(digits) != 64 || strspn(digits, "0123456789abcdefABCDEF") != 64)
		return problem_set(out_problem,
				   "'%s' is no digest; expected 'sha256:' and 64 hex digits",
				   quoted(text).text);
	out = stpcpy(out, prefix);
	for (; *digits; digits++)
		*out++ = *digits >= 'A' && *digits <= 'F' ? (char)(*digits - 'A' + 'a') : *digits;
	*out = '\0';
	return 0;
}

/* The kernel shows a module with '_' whatever its file is called: kernel/module/main.c */
int canonical_module(const char *text, char *out, struct problem *out_problem)
{
	if (text[strspn(text,
			"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-*")] ||
	    text[strspn(text, "*")] == '\0')
		return problem_set(
			out_problem,
			"'%s' is no module name; expected it as in /proc/modules, without .ko",
			quoted(text).text);
	if (strlen(text) >= MODULE_NAME_BYTES)
		return problem_set(out_problem,
				   "'%s' is longer than %d bytes; no kernel module has such a name",
				   quoted(text).text, MODULE_NAME_BYTES - 1);
	for (; *text; text++)
		*out++ = *text == '-' ? '_' : *text;
	*out = '\0';
	return 0;
}

int canonical_package(const char *text, char *out, struct problem *out_problem)
{
	const char *dot = strrchr(text, '.');
	bool file = dot && (!strcmp(dot, ".deb") || !strcmp(dot, ".rpm"));

	if (strpbrk(text, " /=<>") || file || text[strspn(text, "*?")] == '\0')
		return problem_set(
			out_problem,
			"'%s' is no package name; expected 'example-sensor' or 'example-sensor-*', without a version",
			quoted(text).text);
	strcpy(out, text);
	return 0;
}

int canonical_package_vendor(const char *text, char *out, struct problem *out_problem)
{
	if (text[strspn(text, "*? ")] == '\0')
		return problem_set(out_problem,
				   "'%s' is every package vendor; write the one that is meant",
				   quoted(text).text);
	strcpy(out, text);
	return 0;
}
