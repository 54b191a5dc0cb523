/* SPDX-License-Identifier: MIT */
/*
 * test_inventory_files.c - the walk of all files, patterns, and that nothing below another root leads out of it.
 */
#include "../../agent/inventory/internal.h"
#include "../../agent/inventory/mounts.h"
#include "../../agent/inventory/walk.h"
#include "inventory_root.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/wait.h>

#include <cmocka.h>

static int note_file(void *context, const struct inventory_file *file)
{
	static const char types[] = "fdlo";
	struct test_root *root = context;

	lines_add(&root->items, "%c %s%s%s", types[file->type], file->path,
		  file->layer ? " in " : "", inventory_layer_path(file->layer));
	return 0;
}

static void walk(struct test_root *root, const struct inventory_options *options)
{
	lines_done(&root->items);
	lines_done(&root->problems);
	assert_int_equal(inventory_files(root_open(root, options), note_file, root), 0);
}

static void glob(struct test_root *root, const char *pattern)
{
	lines_done(&root->items);
	assert_int_equal(inventory_glob(root_open(root, NULL), pattern, note_file, root), 0);
}

static void every_file_once(void **state)
{
	struct test_root *root = *state;

	root_file(root, "/a/b/c/file", "");
	root_file(root, "/a/x", "");
	root_link(root, "/a/link", "/etc");
	root_link(root, "/a/loop", "..");
	root_directory(root, "/empty");
	walk(root, NULL);
	assert_has(&root->items, "f /a/b/c/file");
	assert_has(&root->items, "f /a/x");
	assert_has(&root->items, "l /a/link");
	assert_has(&root->items, "l /a/loop");
	assert_has(&root->items, "d /empty");
	assert_int_equal(root->items.count, 8);
	assert_int_equal(inventory_file_count(root->inventory), 8);
	assert_int_equal(root->problems.count, 0);
}

static void left_out_as_asked(void **state)
{
	static const char *const leave_out[] = {"/mnt/backup", "/a"};
	const struct inventory_options options = {.leave_out = leave_out, .leave_out_count = 2};
	struct test_root *root = *state;

	root_file(root, "/mnt/backup/file", "");
	root_file(root, "/mnt/backup2/file", "");
	root_file(root, "/b/a/file", "");
	walk(root, &options);
	assert_lacks(&root->items, "f /mnt/backup/");
	assert_has(&root->items, "f /mnt/backup2/file");
	assert_has(&root->items, "f /b/a/file");
	assert_has(&root->problems, "left out files /mnt/backup");
	assert_int_equal(root->problems.count, 1);
	lines_done(&root->items);
	assert_int_equal(inventory_glob(root->inventory, "/mnt/*/file", note_file, root), 0);
	assert_has(&root->items, "f /mnt/backup2/file");
	assert_int_equal(root->items.count, 1);
}

static int end_at_second(void *context, const struct inventory_file *file)
{
	int *count = context;

	return ++*count == 2 ? 42 : 0;
}

static void callback_ends_it(void **state)
{
	struct test_root *root = *state;
	int count = 0;

	for (int i = 0; i < 9; i++) {
		char name[16];

		snprintf(name, sizeof(name), "/%d/x", i);
		root_file(root, name, "");
	}
	assert_int_equal(inventory_files(root_open(root, NULL), end_at_second, &count), 42);
	assert_int_equal(count, 2);
}

/* Deeper than there are descriptors, and at last longer than the kernel takes a path. */
static void deep(void **state)
{
	struct test_root *root = *state;
	int fd = open(root->path, O_RDONLY | O_DIRECTORY), inner;
	char name[101];

	memset(name, 'd', 100);
	name[100] = 0;
	for (int i = 0; i < 60; i++) {
		assert_int_equal(mkdirat(fd, name, 0755), 0);
		inner = openat(fd, name, O_RDONLY | O_DIRECTORY);
		assert_true(inner >= 0);
		(void)close(fd);
		fd = inner;
	}
	(void)close(fd);
	walk(root, NULL);
	assert_true(root->items.count >= 40 && root->items.count < 60);
	assert_int_equal(lines_start(&root->problems, "missed files /ddd"), 1);
	/* nftw(3) cannot remove it either */
	snprintf(name, sizeof(name), "rm -rf %s/d*", root->path);
	assert_int_equal(system(name), 0);
}

static void unreadable_is_told(void **state)
{
	struct test_root *root = *state;
	char name[PATH_MAX];
	int status;
	pid_t pid;

	root_file(root, "/secret/file", "");
	root_file(root, "/open/file", "");
	snprintf(name, sizeof(name), "%s/secret", root->path);
	assert_int_equal(chmod(name, 0700), 0);
	assert_int_equal(chmod(root->path, 0755), 0);
	if (geteuid()) {
		assert_int_equal(chmod(name, 0), 0);
		walk(root, NULL);
		assert_has(&root->problems, "missed files /secret");
		assert_int_equal(chmod(name, 0700), 0);
		return;
	}
	pid = fork();
	if (!pid) {
		if (setgid(65534) || setuid(65534))
			_exit(3);
		walk(root, NULL);
		_exit(lines_have(&root->problems, "missed files /secret") &&
				      lines_have(&root->items, "f /open/file") &&
				      !lines_have(&root->items, "f /secret/file")
			      ? 0
			      : 4);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

static void links_stay_inside(void **state)
{
	struct test_root *root = *state;
	const struct inventory_place place = {.inventory = root_open(root, NULL),
					      .fd = root->inventory->root};
	char *text = NULL, target[PATH_MAX];
	size_t bytes;

	root_file(root, "/etc/inside", "inside");
	root_link(root, "/absolute", "/etc/inside");
	root_link(root, "/up", "../../../../../../etc/passwd");
	root_link(root, "/proc-link", "/proc/self/root/etc/passwd");
	root_directory(root, "/proc");
	assert_int_equal(rooted_read(place.fd, "/absolute", 100, &text, &bytes), 0);
	assert_string_equal(text, "inside");
	free(text);
	assert_int_equal(rooted_read(place.fd, "/up", 100, &text, &bytes), -ENOENT);
	assert_int_equal(rooted_read(place.fd, "/../../../etc/passwd", 1 << 20, &text, &bytes),
			 -ENOENT);
	assert_int_equal(rooted_read(place.fd, "/proc-link", 1 << 20, &text, &bytes), -ENOENT);
	assert_int_equal(rooted_open_exact(place.fd, "/absolute", O_RDONLY), -ELOOP);
	assert_int_equal(rooted_real(&place, "/absolute", target), 0);
	assert_string_equal(target, "/etc/inside");
	assert_int_equal(rooted_link(place.fd, "/absolute", target), 0);
	assert_string_equal(target, "/etc/inside");
	assert_int_equal(rooted_link(place.fd, "/etc/inside", target), -EINVAL);
}

static void only_regular_files_are_read(void **state)
{
	struct test_root *root = *state;
	char name[PATH_MAX], *text = NULL;
	size_t bytes;

	root_file(root, "/large", "0123456789");
	root_directory(root, "/directory");
	snprintf(name, sizeof(name), "%s/pipe", root->path);
	assert_int_equal(mkfifo(name, 0600), 0);
	root_open(root, NULL);
	assert_int_equal(rooted_read(root->inventory->root, "/large", 9, &text, &bytes), -EFBIG);
	assert_int_equal(rooted_read(root->inventory->root, "/directory", 9, &text, &bytes),
			 -EISDIR);
	assert_int_equal(rooted_read(root->inventory->root, "/pipe", 9, &text, &bytes), -EINVAL);
	assert_int_equal(rooted_read(root->inventory->root, "/large", 10, &text, &bytes), 0);
	assert_int_equal(bytes, 10);
	assert_int_equal(text[10], 0);
	free(text);
}

static void patterns(void **state)
{
	struct test_root *root = *state;

	root_file(root, "/opt/example/bin/agent", "");
	root_file(root, "/opt/example/lib/x.so", "");
	root_file(root, "/usr/lib/libx.so.1", "");
	root_file(root, "/usr/lib64/libx.so.2", "");
	root_file(root, "/srv/tools/a/b/legacy", "");
	root_link(root, "/lib", "usr/lib");
	root_link(root, "/opt/example/link", "bin/agent");
	glob(root, "/opt/example/bin/agent");
	assert_has(&root->items, "f /opt/example/bin/agent");
	assert_int_equal(root->items.count, 1);
	glob(root, "/opt/example/link");
	assert_has(&root->items, "l /opt/example/link");
	glob(root, "/lib/libx.so.1"); /* through a link */
	assert_has(&root->items, "l /lib/libx.so.1");
	glob(root, "/usr/lib*/libx.so*");
	assert_has(&root->items, "f /usr/lib/libx.so.1");
	assert_has(&root->items, "f /usr/lib64/libx.so.2");
	assert_int_equal(root->items.count, 2);
	glob(root, "/opt/*/**");
	assert_has(&root->items, "f /opt/example/bin/agent");
	assert_has(&root->items, "f /opt/example/lib/x.so");
	assert_int_equal(root->items.count, 5);
	glob(root, "/srv/**/legacy"); /* candidates: all below */
	assert_has(&root->items, "f /srv/tools/a/b/legacy");
	glob(root, "/opt/missing/**");
	glob(root, "/opt/example/bin/agent/x");
	assert_int_equal(root->items.count, 0);
	assert_false(inventory_glob_can("/**"));
	assert_false(inventory_glob_can("/**/name"));
	assert_false(inventory_glob_can("**/name"));
	assert_true(inventory_glob_can("/a/**/name"));
	assert_int_equal(root->problems.count, 0);
}

/* What mountinfo says, about a root at ROOT. */
static void parse_mounts(struct test_root *root, struct mounts *mounts, const char *format)
{
	char text[4096];

	*mounts = (struct mounts){0};
	snprintf(text, sizeof(text), format, root->path, root->path, root->path, root->path,
		 root->path);
	assert_int_equal(mounts_parse(mounts, root->inventory, text, strlen(text)), 0);
}

static void mounts_of_mountinfo(void **state)
{
	struct test_root *root = *state;
	struct mounts mounts;

	root_open(root, NULL);
	parse_mounts(root, &mounts,
		     "36 35 98:0 / / rw,noatime master:1 - ext3 /dev/root rw\n"
		     "37 36 0:5 / %s/proc rw shared:2 - proc proc rw\n"
		     "38 36 0:6 / %s/mnt/with\\040blank rw - nfs4 server:/x rw\n"
		     "39 36 0:7 / %s/twice rw - ext4 /dev/x rw\n"
		     "40 39 0:8 / %s/twice rw - cifs //x/y rw\n"
		     "41 36 0:9 / %s rw - tmpfs tmpfs rw\n"
		     "42 36 0:9 / /elsewhere rw - proc proc rw\n"
		     "broken\n");
	assert_int_equal(mounts.count, 4);
	assert_int_equal(mounts_find(&mounts, "/proc")->class, MOUNT_PSEUDO);
	assert_int_equal(mounts_find(&mounts, "/mnt/with blank")->class, MOUNT_NETWORK);
	assert_int_equal(mounts_find(&mounts, "/twice")->class, MOUNT_NETWORK);
	assert_null(mounts_find(&mounts, "/elsewhere"));
	assert_null(mounts_find(&mounts, "/"));
	mounts_done(&mounts);
}

/* In a mount namespace of its own. Return: exit status. */
static int bind_mounts(struct test_root *root)
{
	char from[PATH_MAX], to[PATH_MAX];

	if (unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL))
		return 77;
	snprintf(from, sizeof(from), "%s/a", root->path);
	snprintf(to, sizeof(to), "%s/b", root->path);
	if (mount(from, to, NULL, MS_BIND, NULL))
		return 77;
	snprintf(to, sizeof(to), "%s/proc", root->path);
	if (mount("proc", to, "proc", 0, NULL))
		return 77;
	walk(root, NULL);
	/* one of both, whichever came first */
	if (lines_have(&root->items, "f /a/file") + lines_have(&root->items, "f /b/file") != 1)
		return 1;
	if (!lines_have(&root->problems, "left out files /proc") ||
	    lines_have(&root->items, "d /proc/1"))
		return 2;
	return root->problems.count == 1 ? 0 : 3;
}

static void mounts_are_known(void **state)
{
	struct test_root *root = *state;
	int status;
	pid_t pid;

	root_file(root, "/a/file", "");
	root_directory(root, "/b");
	root_directory(root, "/proc");
	pid = fork();
	if (!pid)
		_exit(bind_mounts(root));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == 77)
		skip();
	assert_int_equal(WEXITSTATUS(status), 0);
}

static void a_root_must_be_there(void **state)
{
	const struct inventory_options missing = {.root = "/nonexistent/x"},
				       file = {.root = "/etc/passwd"};
	struct inventory *inventory = NULL;

	assert_int_equal(inventory_open(&missing, &inventory), -ENOENT);
	assert_int_equal(inventory_open(&file, &inventory), -ENOTDIR);
	assert_null(inventory);
}

static void every_source_has_a_word(void **state)
{
	for (unsigned i = 0; i < INVENTORY_MAX; i++)
		assert_non_null(inventory_source_word(i));
	assert_null(inventory_source_word(INVENTORY_MAX));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		ROOT_TEST(every_file_once),
		ROOT_TEST(left_out_as_asked),
		ROOT_TEST(callback_ends_it),
		ROOT_TEST(deep),
		ROOT_TEST(unreadable_is_told),
		ROOT_TEST(links_stay_inside),
		ROOT_TEST(only_regular_files_are_read),
		ROOT_TEST(patterns),
		ROOT_TEST(mounts_of_mountinfo),
		ROOT_TEST(mounts_are_known),
		cmocka_unit_test(a_root_must_be_there),
		cmocka_unit_test(every_source_has_a_word),
	};

	return cmocka_run_group_tests_name("inventory files", tests, NULL, NULL);
}
