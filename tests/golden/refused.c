/* SPDX-License-Identifier: MIT */
/*
 * refused.c - documents that must be refused, each compared with the whole report it must get. The
 * first word of the name says how it is read: policy-*.yaml, vendor-*.yaml, agent-*.yaml, cases-*.yaml,
 * catalog-* (a directory). Each is read by a process of its own, which may take 100 ms of processor time and
 * 100 MiB of memory. With EMBARGO_UPDATE_GOLDEN=1 the reports are written instead: read the difference
 * before you commit it.
 *
 * golden-refused DIRECTORY             all documents of a directory, and the large ones
 * golden-refused --report CATALOG FILE...   print what each file gets, for other tests
 */
#include "refused.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define TIME_MAX_MS   100
#define MEMORY_MAX_KB (100 * 1024)

/* Sanitizers multiply both; what they look for is something else. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define MEASURED 0
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(memory_sanitizer)
#define MEASURED 0
#else
#define MEASURED 1
#endif
#else
#define MEASURED 1
#endif

/* What the documents took at most. */
struct totals {
	unsigned documents, failed;
	long slowest_ms, largest_kb;
	char slowest[64], largest[64];
};

/* ---------------------------------------------------------------- one document */

char *print_report(const struct diagnostics *diags)
{
	char *report = NULL;
	size_t bytes = 0;
	FILE *out = open_memstream(&report, &bytes);

	if (!out)
		return NULL;
	diagnostics_print(diags, out);
	if (fclose(out)) {
		free(report);
		return NULL;
	}
	return report;
}

static char *read_text(const char *path)
{
	FILE *in = fopen(path, "re");
	char *text = calloc(1, 64 * 1024);

	if (in && text)
		text[fread(text, 1, 64 * 1024 - 1, in)] = '\0';
	if (in)
		(void)fclose(in); /* was only read */
	return text;
}

static int write_text(const char *path, const char *text)
{
	FILE *out = fopen(path, "we");

	if (!out)
		return -errno;
	if (fputs(text, out) < 0) {
		(void)fclose(out); /* failed already */
		return -EIO;
	}
	return fclose(out) ? -errno : 0;
}

/* What is expected is in the file beside the document. */
static bool compare_file(const char *name, const char *report)
{
	char *expected, path[512];
	size_t stem = strlen(name);
	bool same;

	if (stem > 5 && !strcmp(name + stem - 5, ".yaml"))
		stem -= 5;
	(void)snprintf(path, sizeof(path), "%.*s.expected", (int)stem, name);
	if (getenv("EMBARGO_UPDATE_GOLDEN") && write_text(path, report) < 0)
		return false;
	expected = read_text(path);
	same = expected && !strcmp(expected, report);
	if (!same)
		printf("--- expected in %s\n%s", path, expected ? expected : "");
	free(expected);
	return same;
}

static bool compare_large(const struct large_document *document, const char *report)
{
	size_t bytes = strlen(document->first);
	unsigned lines = 0;

	for (const char *at = report; (at = strchr(at, '\n')); at++)
		lines++;
	if (!strncmp(report, document->first, bytes) && report[bytes] == '\n' &&
	    lines == document->lines)
		return true;
	printf("--- expected\n%s\nin %u lines; found %u\n", document->first, document->lines,
	       lines);
	return false;
}

/* @large is NULL for a document that is kept. */
static bool check(const char *name, const struct catalog *catalog,
		  const struct large_document *large)
{
	struct diagnostics diags = {0};
	int err = read_document(name, catalog, &diags);
	char *report = print_report(&diags);
	bool good = report != NULL;

	if (report)
		good = large ? compare_large(large, report) : compare_file(name, report);
	if (!good || err != -EINVAL || !diags.errors) {
		printf("--- got (%d)\n%.2000s\n", err, report ? report : "");
		good = false;
	}
	diagnostics_done(&diags);
	free(report);
	return good;
}

/* ---------------------------------------------------------------- measured */

static void keep_largest(long value, const char *name, long *most, char *who, size_t bytes)
{
	if (value <= *most)
		return;
	*most = value;
	(void)snprintf(who, bytes, "%s", name); /* may be cut */
}

/* In a process of its own: its memory is its own, and the leak checker looks at each. */
static void check_measured(const char *name, const struct catalog *catalog,
			   const struct large_document *large, struct totals *totals)
{
	struct rusage used = {0};
	int status = -1;
	bool good;
	long ms, kb;
	pid_t child;

	(void)fflush(stdout); /* or the child would write it again */
	child = fork();
	if (!child)
		exit(check(name, catalog, large) ? 0 : 1);
	if (child < 0 || wait4(child, &status, 0, &used) != child)
		status = -1;

	ms = (used.ru_utime.tv_sec + used.ru_stime.tv_sec) * 1000 +
	     (used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1000;
	kb = used.ru_maxrss;
	keep_largest(ms, name, &totals->slowest_ms, totals->slowest, sizeof(totals->slowest));
	keep_largest(kb, name, &totals->largest_kb, totals->largest, sizeof(totals->largest));
	good = WIFEXITED(status) && !WEXITSTATUS(status);
	if (!good && (!WIFEXITED(status) || WEXITSTATUS(status) != 1))
		printf("--- %s: the process ended with status 0x%x\n", name, (unsigned)status);
	if (MEASURED && (ms > TIME_MAX_MS || kb > MEMORY_MAX_KB)) {
		printf("--- %s: %ld ms and %ld KiB; at most %d ms and %d KiB\n", name, ms, kb,
		       TIME_MAX_MS, MEMORY_MAX_KB);
		good = false;
	}
	printf("%s %s\n", good ? "ok" : "FAILED", name);
	totals->documents++;
	totals->failed += !good;
}

static int is_case(const struct dirent *entry)
{
	const char *dot = strrchr(entry->d_name, '.');

	/* beside them are the reports, and lists that documents name */
	return dot ? !strcmp(dot, ".yaml") : !strncmp(entry->d_name, "catalog-", 8);
}

static void check_directory(const struct catalog *catalog, struct totals *totals)
{
	struct dirent **entries = NULL;
	int count = scandir(".", &entries, is_case, alphasort);

	for (int i = 0; i < count; i++) {
		check_measured(entries[i]->d_name, catalog, NULL, totals);
		free(entries[i]);
	}
	free(entries);
}

static bool write_large(const struct large_document *document)
{
	FILE *out = fopen(document->name, "we");
	bool good;

	if (!out)
		return false;
	document->write(out);
	good = !ferror(out);
	return !fclose(out) && good;
}

/* Each is written, read and removed before the next. */
static int check_large(const struct catalog *catalog, struct totals *totals)
{
	const char *temporary = getenv("TMPDIR");
	const struct large_document *list;
	char directory[512];
	size_t count;

	(void)snprintf(directory, sizeof(directory), "%s/embargo-refused.XXXXXX",
		       temporary && *temporary ? temporary : "/tmp");
	if (!mkdtemp(directory) || chdir(directory) < 0) {
		fprintf(stderr, "%s: %s\n", directory, strerror(errno));
		return -errno;
	}
	list = large_documents(&count);
	for (size_t i = 0; i < count; i++) {
		if (write_large(&list[i])) {
			check_measured(list[i].name, catalog, &list[i], totals);
		} else {
			printf("FAILED %s: cannot be written\n", list[i].name);
			totals->failed++;
		}
		(void)unlink(list[i].name); /* fails when it was not written */
	}
	return chdir("/") < 0 || rmdir(directory) < 0 ? -errno : 0;
}

/* ---------------------------------------------------------------- main */

static int report_files(char **files, int count)
{
	struct diagnostics diags = {0};
	struct catalog *catalog = NULL;
	const char *directory = files[0];

	if (catalog_load(&directory, 1, &diags, &catalog) < 0) {
		diagnostics_print(&diags, stderr);
		diagnostics_done(&diags);
		return 1;
	}
	diagnostics_done(&diags);
	for (int i = 1; i < count; i++) {
		const char *slash = strrchr(files[i], '/');
		struct diagnostics own = {0};
		int err = -ENOENT;

		/* the name says how it is read, so it has to be the first word */
		if (slash && slash != files[i]) {
			char *parent = strndup(files[i], (size_t)(slash - files[i]));

			if (parent && !chdir(parent))
				err = read_document(slash + 1, catalog, &own);
			free(parent);
		}
		diagnostics_print(&own, stdout);
		printf("= %s %s\n", err ? "refused" : "accepted", files[i]);
		diagnostics_done(&own);
	}
	catalog_free(catalog);
	return 0;
}

int main(int argc, char **argv)
{
	struct diagnostics diags = {0};
	struct catalog *catalog = NULL;
	const char *directory = "../catalog";
	struct totals totals = {0};
	int err;

	if (argc > 3 && !strcmp(argv[1], "--report"))
		return report_files(argv + 2, argc - 2);
	if (argc != 2 || chdir(argv[1]) < 0) {
		fprintf(stderr, "usage: %s DIRECTORY\n       %s --report CATALOG /FILE...\n",
			argv[0], argv[0]);
		return 2;
	}
	if (catalog_load(&directory, 1, &diags, &catalog) < 0) {
		diagnostics_print(&diags, stderr);
		return 1;
	}
	check_directory(catalog, &totals);
	err = check_large(catalog, &totals);
	catalog_free(catalog);
	diagnostics_done(&diags);
	printf("%u documents, %u failed; at most %ld ms (%s) and %ld KiB (%s)\n", totals.documents,
	       totals.failed, totals.slowest_ms, totals.slowest, totals.largest_kb, totals.largest);
	return err || !totals.documents || totals.failed ? 1 : 0;
}
