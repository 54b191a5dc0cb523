/* SPDX-License-Identifier: MIT */
/*
 * test_inventory_packages.c - the databases of dpkg, apk and rpm below a root, as they really look.
 */
#include "inventory_root.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define STATUS                                                                                     \
	"Package: example-sensor\nStatus: install ok installed\nPriority: optional\n"              \
	"Maintainer: Example, Inc. <x@example.com>\nArchitecture: amd64\nVersion: 7.1-2\n"         \
	"Description: sensor\n and more\n\n"                                                       \
	"Package: gone\nStatus: deinstall ok config-files\nMaintainer: M\nVersion: 1\n\n"

static int note_file(void *context, const char *path)
{
	lines_add(context, "  %s", path);
	return 0;
}

struct note {
	struct test_root *root;
	bool files;
};

static int note_package(void *context, const struct inventory_package *package)
{
	const struct note *note = context;
	struct lines *items = &note->root->items;
	int err;

	lines_add(items, "%s %s %s%s%s%s", package->manager, package->name, package->version,
		  package->removed ? " removed" : "", package->layer ? " in " : "",
		  inventory_layer_path(package->layer));
	for (size_t i = 0; i < package->vendor_count; i++)
		lines_add(items, "%s %s: %s", package->name, package->vendors[i].field,
			  package->vendors[i].text);
	if (!note->files)
		return 0;
	err = inventory_package_files(note->root->inventory, package, note_file, items);
	if (err == -ENOENT)
		lines_add(items, "%s without a list", package->name);
	return err == -ENOENT ? 0 : err;
}

static void list(struct test_root *root, bool files)
{
	struct note note = {.root = root, .files = files};

	assert_int_equal(inventory_packages(root_open(root, NULL), note_package, &note), 0);
}

static void dpkg(void **state)
{
	struct test_root *root = *state;

	root_file(root, "/var/lib/dpkg/status", STATUS);
	root_file(root, "/var/lib/dpkg/info/example-sensor.list",
		  "/.\n/opt\n/opt/example\n/opt/example/agent\n");
	list(root, true);
	assert_has(&root->items, "dpkg example-sensor 7.1-2");
	assert_has(&root->items, "example-sensor Maintainer: Example, Inc. <x@example.com>");
	assert_has(&root->items, "dpkg gone 1 removed");
	assert_has(&root->items, "  /opt/example/agent");
	assert_lacks(&root->items, "  /.");
	assert_has(&root->items, "gone without a list");
	assert_int_equal(root->problems.count, 0);
}

static void dpkg_list_by_architecture(void **state)
{
	struct test_root *root = *state;

	root_file(root, "/var/lib/dpkg/status", STATUS);
	root_file(root, "/var/lib/dpkg/info/example-sensor:amd64.list", "/opt/example/agent\n");
	list(root, true);
	assert_has(&root->items, "  /opt/example/agent");
}

/* gcr.io/distroless: one file a package, without a Status, and sums instead of a list. */
static void distroless(void **state)
{
	struct test_root *root = *state;

	root_file(
		root, "/var/lib/dpkg/status.d/base",
		"Package: base-files\nVersion: 12.4\nArchitecture: amd64\nMaintainer: S <s@debian.org>\n");
	root_file(root, "/var/lib/dpkg/status.d/base.md5sums",
		  "d41d8cd98f00b204e9800998ecf8427e  etc/debian_version\n");
	root_file(root, "/var/lib/dpkg/status.d/base-files.md5sums",
		  "d41d8cd98f00b204e9800998ecf8427e  etc/debian_version\n");
	list(root, true);
	assert_has(&root->items, "dpkg base-files 12.4");
	assert_has(&root->items, "  /etc/debian_version");
	assert_int_equal(lines_start(&root->items, "dpkg "), 1);
}

static void apk(void **state)
{
	struct test_root *root = *state;

	root_file(root, "/lib/apk/db/installed",
		  "C:Q1abc=\nP:musl\nV:1.2.4-r2\nA:x86_64\nm:Timo <t@alpinelinux.org>\nF:lib\n"
		  "R:ld-musl-x86_64.so.1\na:0:0:755\nF:usr/lib\n\nP:top\nV:1\nF:\nR:file\n\n");
	list(root, true);
	assert_has(&root->items, "apk musl 1.2.4-r2");
	assert_has(&root->items, "musl maintainer: Timo <t@alpinelinux.org>");
	assert_has(&root->items, "  /lib/ld-musl-x86_64.so.1");
	assert_has(&root->items, "apk top 1");
	assert_has(&root->items, "  /file");
}

static bool run(const char *format, const char *path)
{
	char command[1024];

	snprintf(command, sizeof(command), format, path, path, path, path);
	return system(command) == 0;
}

/* A database made by rpm itself, of a package that rpmbuild made. */
static void rpm(void **state)
{
	struct test_root *root = *state;
	char path[128];

	if (!inventory_rpm_built_in()) {
		print_message("skipped: built without librpm\n");
		skip();
	}
	if (!run("command -v rpmbuild rpm >/dev/null 2>&1 # %s", "")) {
		print_message("skipped: rpmbuild is not installed\n");
		skip();
	}
	root_file(
		root, "/build/x.spec",
		"Name: example-sensor\nVersion: 7.1\nRelease: 2\nSummary: s\nLicense: x\nBuildArch: noarch\n"
		"Vendor: Example, Inc.\nPackager: P <p@example.com>\n%description\nd\n"
		"%install\nmkdir -p %{buildroot}/opt/example\necho x >%{buildroot}/opt/example/agent\n"
		"%files\n/opt/example/agent\n");
	root_directory(root, "/var/lib/rpm");
	snprintf(path, sizeof(path), "%s", root->path);
	assert_true(run("cd %s/build && rpmbuild --quiet --define '_topdir %s/build' --define "
			"'_rpmdir %s/build' -bb x.spec >%s/build/log 2>&1",
			path));
	assert_true(run(
		"rpm --dbpath %s/var/lib/rpm --define '_db_backend sqlite' --justdb --nodeps --ignoreos "
		"--noscripts -i %s/build/noarch/*.rpm >>%s/build/log 2>&1",
		path));
	list(root, true);
	assert_has(&root->items, "rpm example-sensor 7.1-2");
	assert_has(&root->items, "example-sensor Vendor: Example, Inc.");
	assert_has(&root->items, "example-sensor Packager: P <p@example.com>");
	assert_has(&root->items, "  /opt/example/agent");
	assert_int_equal(root->problems.count, 0);
}

/* Also in a build without librpm: never silent. */
static void damaged_rpm_is_told(void **state)
{
	struct test_root *root = *state;

	root_file(root, "/usr/lib/sysimage/rpm/rpmdb.sqlite", "not a database");
	list(root, false);
	assert_has(&root->problems, "missed packages /usr/lib/sysimage/rpm");
	assert_int_equal(root->items.count, 0);
}

static void in_layers(void **state)
{
	struct test_root *root = *state;

	root_directory(root, "/var/lib/docker/image/overlay2");
	root_file(root, "/var/lib/docker/overlay2/abc/diff/var/lib/dpkg/status", STATUS);
	list(root, false);
	assert_has(&root->items, "dpkg example-sensor 7.1-2 in /var/lib/docker/overlay2/abc/diff");
}

static void is_installed(void **state)
{
	struct test_root *root = *state;
	struct inventory *inventory = root_open(root, NULL);
	bool installed = false;

	assert_int_equal(inventory_package_installed(inventory, "x", &installed), -ENODATA);
	root_file(root, "/var/lib/dpkg/status", STATUS);
	assert_int_equal(inventory_package_installed(inventory, "example-*", &installed), 0);
	assert_true(installed);
	assert_int_equal(inventory_package_installed(inventory, "example-senso?", &installed), 0);
	assert_true(installed);
	assert_int_equal(inventory_package_installed(inventory, "example", &installed), 0);
	assert_false(installed);
	/* only its configuration is left */
	assert_int_equal(inventory_package_installed(inventory, "gone", &installed), 0);
	assert_false(installed);
}

/* What dpkg has done and not yet written into status; the newest counts, and what is gone is gone. */
static void dpkg_journal(void **state)
{
	struct test_root *root = *state;

	root_file(
		root, "/var/lib/dpkg/status",
		STATUS
		"Package: stays\nStatus: install ok installed\nArchitecture: amd64\nVersion: 1\n\n"
		"Package: both\nStatus: install ok installed\nArchitecture: i386\nVersion: 1\n\n"
		"Package: purged\nStatus: install ok installed\nArchitecture: amd64\nVersion: 1\n");
	root_file(
		root, "/var/lib/dpkg/updates/0001",
		"Package: example-sensor\nStatus: install ok half-installed\nArchitecture: amd64\nVersion: 7.2\n");
	root_file(
		root, "/var/lib/dpkg/updates/0010",
		"Package: example-sensor\nStatus: install ok unpacked\nArchitecture: amd64\nVersion: 8\n");
	root_file(
		root, "/var/lib/dpkg/updates/0003",
		"Package: new\nStatus: install ok unpacked\nArchitecture: amd64\nVersion: 3\nMaintainer: New\n");
	root_file(root, "/var/lib/dpkg/updates/0004",
		  "Package: purged\nStatus: purge ok not-installed\n");
	root_file(root, "/var/lib/dpkg/updates/0005",
		  "Package: both\nStatus: install ok unpacked\nArchitecture: amd64\nVersion: 5\n");
	root_file(root, "/var/lib/dpkg/updates/tmp.i",
		  "Package: unfinished\nStatus: install ok unpacked\nVersion: 3\n");
	root_file(root, "/var/lib/dpkg/info/new.list", "/opt/new\n");
	list(root, true);
	assert_has(&root->items, "dpkg example-sensor 8");
	assert_int_equal(lines_start(&root->items, "dpkg example-sensor"), 1);
	assert_has(&root->items, "dpkg new 3");
	assert_has(&root->items, "new Maintainer: New");
	assert_has(&root->items, "  /opt/new");
	assert_has(&root->items, "dpkg stays 1");
	assert_has(&root->items, "dpkg gone 1 removed");
	assert_has(&root->items, "dpkg both 1");
	assert_has(&root->items, "dpkg both 5");
	assert_lacks(&root->items, "dpkg purged");
	assert_lacks(&root->items, "dpkg unfinished");
	assert_int_equal(root->problems.count, 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		ROOT_TEST(dpkg_journal),
		ROOT_TEST(dpkg),
		ROOT_TEST(dpkg_list_by_architecture),
		ROOT_TEST(distroless),
		ROOT_TEST(apk),
		ROOT_TEST(rpm),
		ROOT_TEST(damaged_rpm_is_told),
		ROOT_TEST(in_layers),
		ROOT_TEST(is_installed),
	};

	return cmocka_run_group_tests_name("inventory packages", tests, NULL, NULL);
}
