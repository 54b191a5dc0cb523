/* SPDX-License-Identifier: MIT */
/*
 * refused.c - documents that must be refused, each compared with the whole report it must get. The
 * first word of the name says how it is read: policy-*.yaml, vendor-*.yaml, agent-*.yaml, cases-*.yaml,
 * catalog-* (a directory). With EMBARGO_UPDATE_GOLDEN=1 the reports are written instead: read the difference
 * before you commit it.
 */
#include "../../policy/cases.h"
#include "../../policy/model.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int read_vendor(const char *name, struct diagnostics *diags)
{
	struct catalog *catalog = catalog_new();
	struct yaml_tree *tree = NULL;
	int err;

	if (!catalog)
		return -ENOMEM;
	err = yaml_tree_load(name, diags, &tree);
	if (!err)
		err = catalog_add(catalog, tree, 0, diags);
	if (!err)
		catalog_finish(catalog, diags);
	catalog_free(catalog);
	return err ? err : diags->errors ? -EINVAL : 0;
}

static int read_document(const char *name, const struct catalog *catalog, struct diagnostics *diags)
{
	if (!strncmp(name, "policy-", 7)) {
		struct policy *policy = NULL;
		int err = policy_load(name, catalog, NULL, diags, &policy);

		policy_free(policy);
		return err;
	}
	if (!strncmp(name, "agent-", 6)) {
		struct agent_config *config = NULL;
		int err = agent_config_load(name, diags, &config);

		agent_config_free(config);
		return err;
	}
	if (!strncmp(name, "cases-", 6)) {
		struct cases *cases = NULL;
		int err = cases_load(name, NULL, diags, &cases);

		cases_free(cases);
		return err;
	}
	if (!strncmp(name, "catalog-", 8)) {
		struct catalog *made = NULL;
		int err = catalog_load(&name, 1, diags, &made);

		catalog_free(made);
		return err;
	}
	return read_vendor(name, diags);
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

static bool check(const char *name, const struct catalog *catalog)
{
	struct diagnostics diags = {0};
	char *report = NULL, *expected = NULL, path[512];
	size_t bytes = 0, stem = strlen(name);
	bool good = false;
	FILE *out;
	int err;

	if (stem > 5 && !strcmp(name + stem - 5, ".yaml"))
		stem -= 5;
	(void)snprintf(path, sizeof(path), "%.*s.expected", (int)stem, name);
	err = read_document(name, catalog, &diags);
	out = open_memstream(&report, &bytes);
	if (!out)
		goto done;
	diagnostics_print(&diags, out);
	if (fclose(out))
		goto done;

	if (getenv("EMBARGO_UPDATE_GOLDEN") && write_text(path, report) < 0)
		goto done;
	expected = read_text(path);
	good = err == -EINVAL && diags.errors && expected && !strcmp(expected, report);
	if (!good)
		printf("--- expected in %s\n%s--- got (%d)\n%s", path, expected ? expected : "",
		       err, report);
done:
	printf("%s %s\n", good ? "ok" : "FAILED", name);
	diagnostics_done(&diags);
	free(report);
	free(expected);
	return good;
}

static int is_case(const struct dirent *entry)
{
	const char *dot = strrchr(entry->d_name, '.');

	return entry->d_name[0] != '.' && (!dot || strcmp(dot, ".expected"));
}

int main(int argc, char **argv)
{
	struct diagnostics diags = {0};
	struct catalog *catalog = NULL;
	struct dirent **entries = NULL;
	const char *directory = "../catalog";
	int count, failed = 0;

	if (argc != 2 || chdir(argv[1]) < 0) {
		fprintf(stderr, "usage: %s DIRECTORY\n", argv[0]);
		return 2;
	}
	if (catalog_load(&directory, 1, &diags, &catalog) < 0) {
		diagnostics_print(&diags, stderr);
		return 1;
	}
	count = scandir(".", &entries, is_case, alphasort);
	for (int i = 0; i < count; i++) {
		failed += !check(entries[i]->d_name, catalog);
		free(entries[i]);
	}
	free(entries);
	catalog_free(catalog);
	diagnostics_done(&diags);
	printf("%d documents, %d failed\n", count, failed);
	return count < 1 || failed ? 1 : 0;
}
