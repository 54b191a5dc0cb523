/* SPDX-License-Identifier: MIT */
/*
 * test_inventory_host.c - the running system: processes, connections, units that run, the protected set, own
 * addresses. What is looked for is made by the test itself.
 */
#include "../../agent/inventory/elf_needs.h"
#include "../../agent/inventory/host_text.h"
#include "inventory_root.h"

#include <arpa/inet.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <cmocka.h>

/* ---------------------------------------------------------------- processes */

struct wanted {
	int pid;
	struct lines *items;
};

static int note_process(void *context, const struct inventory_process *process)
{
	const struct wanted *wanted = context;

	if (process->pid != wanted->pid)
		return 0;
	lines_add(wanted->items, "%s%s user %u", process->executable,
		  process->deleted ? " deleted" : "", process->uid);
	for (size_t i = 0; i < process->mapped_count; i++)
		lines_add(wanted->items, "mapped %s", process->mapped[i]);
	return 0;
}

static void copy_file(const char *from, const char *to)
{
	char command[2 * PATH_MAX];

	snprintf(command, sizeof(command), "cp %s %s && chmod 755 %s", from, to, to);
	assert_int_equal(system(command), 0);
}

/* A child of a copy of sleep(1), which ends with us. */
static pid_t start(const char *program)
{
	int out[2];
	char byte;
	pid_t pid;

	assert_int_equal(pipe2(out, O_CLOEXEC), 0);
	pid = fork();
	if (!pid) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		(void)execl(program, program, "60", NULL);
		_exit(127);
	}
	assert_true(pid > 0);
	(void)close(out[1]);
	assert_int_equal(read(out[0], &byte, 1), 0); /* closed by the exec */
	(void)close(out[0]);
	return pid;
}

static void stop(pid_t pid)
{
	(void)kill(pid, SIGKILL);
	(void)waitpid(pid, NULL, 0);
}

static void a_program_that_runs(void **state)
{
	struct test_root *root = *state;
	struct wanted wanted = {.items = &root->items};
	char program[128], expected[256];

	snprintf(program, sizeof(program), "%s/agent (deleted)", root->path);
	snprintf(expected, sizeof(expected), "cp /bin/sleep '%s'", program);
	assert_int_equal(system(expected), 0);
	wanted.pid = start(program);
	assert_int_equal(inventory_processes(live_open(root), note_process, &wanted), 0);
	/* called so, and there all the same */
	snprintf(expected, sizeof(expected), "%s user %u", program, getuid());
	assert_has(&root->items, expected);
	assert_true(lines_start(&root->items, "mapped /") >= 2); /* libc and the loader */
	assert_int_equal(unlink(program), 0);
	lines_done(&root->items);
	assert_int_equal(inventory_processes(root->inventory, note_process, &wanted), 0);
	snprintf(expected, sizeof(expected), "%s deleted user %u", program, getuid());
	assert_has(&root->items, expected);
	stop(wanted.pid);
}

static void a_mapped_library(void **state)
{
	struct test_root *root = *state;
	struct wanted wanted = {.pid = getpid(), .items = &root->items};
	char library[128], expected[256];
	void *mapping;
	int fd;

	snprintf(library, sizeof(library), "%s/libexample.so", root->path);
	copy_file("/bin/true", library);
	fd = open(library, O_RDONLY | O_CLOEXEC);
	mapping = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0);
	assert_true(mapping != MAP_FAILED);
	assert_int_equal(inventory_processes(live_open(root), note_process, &wanted), 0);
	snprintf(expected, sizeof(expected), "mapped %s", library);
	assert_has(&root->items, expected);
	assert_int_equal(munmap(mapping, 4096), 0);
	(void)close(fd);
}

/* In a root of its own, as a container's program: its path is what it sees itself. */
static void a_program_in_another_root(void **state)
{
	struct test_root *root = *state;
	struct wanted wanted = {.items = &root->items};
	char program[128], byte;
	int ready[2];

	if (geteuid()) {
		print_message("skipped: chroot needs root\n");
		skip();
	}
	snprintf(program, sizeof(program), "%s/opt", root->path);
	assert_int_equal(mkdir(program, 0755), 0);
	strcat(program, "/agent");
	copy_file("/bin/busybox", program);
	assert_int_equal(pipe2(ready, O_CLOEXEC), 0);
	wanted.pid = fork();
	if (!wanted.pid) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (!chroot(root->path) && !chdir("/"))
			(void)execl("/opt/agent", "sleep", "60", NULL);
		_exit(127);
	}
	(void)close(ready[1]);
	assert_int_equal(read(ready[0], &byte, 1), 0);
	(void)close(ready[0]);
	assert_int_equal(inventory_processes(live_open(root), note_process, &wanted), 0);
	stop(wanted.pid);
	assert_int_equal(lines_start(&root->items, "/opt/agent user "), 1);
}

/* ---------------------------------------------------------------- connections */

static int note_connection(void *context, const struct inventory_connection *connection)
{
	struct test_root *root = context;

	lines_add(&root->items, "%u %llx %s %s%s", connection->family, connection->a,
		  connection->remote, connection->protocol == IPPROTO_TCP ? "tcp" : "udp",
		  connection->pid == getpid() ? " own" : "");
	return 0;
}

static int connect_udp(int family, const char *address, unsigned port)
{
	struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(port)};
	struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
	int fd = socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (family == AF_INET) {
		assert_int_equal(inet_pton(AF_INET, address, &v4.sin_addr), 1);
		return connect(fd, (void *)&v4, sizeof(v4)) ? -1 : fd;
	}
	assert_int_equal(inet_pton(AF_INET6, address, &v6.sin6_addr), 1);
	return connect(fd, (void *)&v6, sizeof(v6)) ? -1 : fd;
}

static void own_connections(void **state)
{
	struct test_root *root = *state;
	struct sockaddr_in address = {.sin_family = AF_INET};
	socklen_t bytes = sizeof(address);
	int listening = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int tcp = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int udp = connect_udp(AF_INET, "127.1.2.3", 4321),
	    udp6 = connect_udp(AF_INET6, "::1", 4322);
	char expected[128];

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_int_equal(bind(listening, (void *)&address, bytes), 0);
	assert_int_equal(listen(listening, 1), 0);
	assert_int_equal(getsockname(listening, (void *)&address, &bytes), 0);
	assert_int_equal(connect(tcp, (void *)&address, bytes), 0);
	assert_true(udp >= 0);
	assert_int_equal(inventory_connections(live_open(root), note_connection, root), 0);
	snprintf(expected, sizeof(expected), "4 7f000001 127.0.0.1:%u tcp own",
		 ntohs(address.sin_port));
	assert_has(&root->items, expected);
	assert_has(&root->items, "4 7f010203 127.1.2.3:4321 udp own");
	if (udp6 >= 0)
		assert_has(&root->items, "6 0 [::1]:4322 udp own");
	assert_lacks(&root->items, "4 0 ");
	(void)close(listening);
	(void)close(tcp);
	(void)close(udp);
	(void)close(udp6);
}

/* ---------------------------------------------------------------- units */

/* The cgroup of this very process, made anew below it where that is allowed. */
static bool make_cgroup(const char *name, char *out_path)
{
	static const char *const trees[] = {"/sys/fs/cgroup", "/sys/fs/cgroup/unified",
					    "/sys/fs/cgroup/systemd"};

	for (size_t i = 0; i < 3; i++) {
		char file[PATH_MAX];

		snprintf(file, sizeof(file), "%s/cgroup.procs", trees[i]);
		snprintf(out_path, PATH_MAX, "%s/%s", trees[i], name);
		if (!access(file, W_OK) && !mkdir(out_path, 0755))
			return true;
	}
	return false;
}

static void units_that_run(void **state)
{
	struct test_root *root = *state;
	char path[PATH_MAX], file[PATH_MAX + 16];
	bool running = true;
	pid_t pid;
	FILE *out;

	if (!make_cgroup("embargo-test-inventory.service", path)) {
		print_message("skipped: no cgroup can be made here\n");
		skip();
	}
	assert_int_equal(
		inventory_unit_running(live_open(root), "embargo-test-inventory", &running), 0);
	assert_false(running);
	pid = start("/bin/sleep");
	snprintf(file, sizeof(file), "%s/cgroup.procs", path);
	out = fopen(file, "we");
	assert_non_null(out);
	fprintf(out, "%d", pid);
	assert_int_equal(fclose(out), 0);
	assert_int_equal(
		inventory_unit_running(live_open(root), "embargo-test-inventory", &running), 0);
	assert_true(running);
	assert_int_equal(
		inventory_unit_running(root->inventory, "embargo-test-inventory.service", &running),
		0);
	assert_true(running);
	assert_int_equal(
		inventory_unit_running(root->inventory, "embargo-test-inventory.socket", &running),
		0);
	assert_false(running);
	stop(pid);
	for (int i = 0; i < 100 && rmdir(path); i++)
		usleep(10000);
}

/* ---------------------------------------------------------------- what must not be lost */

static int note_protected(void *context, const struct inventory_protected *object)
{
	struct test_root *root = context;
	char path[PATH_MAX];
	struct stat st;

	lines_add(&root->items, "%s", object->path);
	lines_add(&root->items, "%s: %s", object->why, object->named);
	snprintf(path, sizeof(path), "%s%s", inventory_is_live(root->inventory) ? "" : root->path,
		 object->path);
	assert_int_equal(stat(path, &st), 0);
	assert_true(st.st_ino == object->inode && st.st_dev == object->device);
	return 0;
}

static void this_host(void **state)
{
	struct test_root *root = *state;
	char real[PATH_MAX];
	Dl_info info;

	assert_int_equal(inventory_protected(live_open(root), note_protected, root), 0);
	assert_non_null(realpath("/bin/sh", real));
	assert_has(&root->items, real);
	assert_non_null(realpath("/proc/self/exe", real)); /* embargo, whatever it is called */
	assert_has(&root->items, real);
	assert_int_not_equal(dladdr(&printf, &info), 0); /* libc, which all of them need */
	assert_non_null(realpath(info.dli_fname, real));
	assert_has(&root->items, real);
	assert_true(lines_start(&root->items, "dynamic loader: /") > 0);
}

/* A whole host in small, of real programs of this one. */
static void another_root(void **state)
{
	struct test_root *root = *state;
	struct inventory *inventory = root_open(root, NULL);
	char path[128];

	root_directory(root, "/usr/bin");
	root_directory(root, "/usr/sbin");
	root_directory(root, "/usr/lib/x86_64-linux-gnu/security");
	root_directory(root, "/usr/libexec/sudo");
	root_link(root, "/bin", "usr/bin");
	root_link(root, "/sbin", "usr/sbin");
	snprintf(path, sizeof(path), "%s/usr/bin/dash", root->path);
	copy_file("/bin/sleep", path);
	snprintf(path, sizeof(path), "%s/usr/lib/libc.so.6", root->path);
	copy_file("/bin/true", path); /* any file for the same machine */
	root_link(root, "/usr/bin/sh", "dash");
	root_file(root, "/usr/sbin/init", "#!/usr/bin/env python3\n");
	root_file(root, "/usr/bin/python3", "x");
	root_file(root, "/usr/bin/apt-get", "x");
	root_file(root, "/usr/bin/mysh", "x");
	root_file(root, "/etc/shells", "/bin/mysh\n/bin/missing\n");
	root_file(root, "/etc/pam.d/login", "auth required pam_x.so\n");
	root_file(root, "/usr/lib/x86_64-linux-gnu/security/pam_x.so", "x");
	root_file(root, "/usr/lib/x86_64-linux-gnu/security/pam_unused.so", "x");
	root_file(root, "/etc/nsswitch.conf", "passwd: files vendor\n");
	root_file(root, "/usr/lib/libnss_vendor.so.2", "x");
	root_file(root, "/etc/sudo.conf", "Plugin approval vendor_approval.so\n");
	root_file(root, "/usr/libexec/sudo/vendor_approval.so", "x");
	root_file(root, "/etc/ld.so.preload", "/opt/vendor/preload.so\n");
	root_file(root, "/opt/vendor/preload.so", "x");
	root_file(root, "/opt/vendor/other.so", "x");
	assert_int_equal(inventory_protected(inventory, note_protected, root), 0);
	assert_has(&root->items, "/usr/bin/dash");
	assert_has(&root->items, "shell: /bin/sh");
	assert_has(&root->items, "library that shell \"/bin/sh\" needs: /usr/lib/libc.so.6");
	assert_has(&root->items, "init: /sbin/init");
	assert_has(&root->items, "interpreter of init \"/sbin/init\": /usr/bin/python3");
	assert_has(&root->items, "shell: /bin/mysh");
	assert_has(&root->items, "package manager: /usr/bin/apt-get");
	assert_has(&root->items, "PAM module: /usr/lib/x86_64-linux-gnu/security/pam_x.so");
	assert_has(&root->items, "NSS module: /usr/lib/libnss_vendor.so.2");
	assert_has(&root->items, "sudo plug-in: /usr/libexec/sudo/vendor_approval.so");
	assert_has(&root->items, "/opt/vendor/preload.so");
	assert_false(lines_have(&root->items, "/opt/vendor/other.so"));
	assert_false(lines_have(&root->items, "/usr/lib/x86_64-linux-gnu/security/pam_unused.so"));
}

static void needs_of_a_program(void **state)
{
	struct elf_needs needs;
	int fd = open("/bin/sleep", O_RDONLY | O_CLOEXEC),
	    text = open("/etc/passwd", O_RDONLY | O_CLOEXEC);

	assert_int_equal(elf_needs_read(fd, &needs), 0);
	assert_non_null(needs.loader);
	assert_true(*needs.loader == '/');
	names_sort(&needs.libraries);
	assert_true(names_have(&needs.libraries, "libc.so.6"));
	assert_true(elf_is_alike(fd, &needs));
	elf_needs_done(&needs);
	assert_int_equal(elf_needs_read(text, &needs), -ENOEXEC);
	(void)close(fd);
	(void)close(text);
}

static int note_word(void *context, const char *word)
{
	lines_add(context, "%s", word);
	return 0;
}

/* The cache of this host knows the libc that we run with. */
static void the_loaders_cache(void **state)
{
	struct test_root *root = *state;
	char *data = NULL;
	size_t bytes;

	if (access("/etc/ld.so.cache", R_OK))
		skip();
	assert_int_equal(host_read("/etc/ld.so.cache", 64 << 20, &data, &bytes), 0);
	assert_int_equal(ldcache_find(data, bytes, "libc.so.6", note_word, &root->items), 0);
	assert_true(root->items.count > 0);
	for (size_t i = 0; i < root->items.count; i++)
		assert_int_equal(access(root->items.list[i], R_OK), 0);
	lines_done(&root->items);
	assert_int_equal(ldcache_find(data, bytes, "libmissing.so", note_word, &root->items), 0);
	assert_int_equal(root->items.count, 0);
	free(data);
}

static int note_network(void *context, const struct inventory_network *network)
{
	struct test_root *root = context;

	lines_add(&root->items, "%u %llx %llx %s: %s", network->family, network->a, network->b,
		  network->text, network->why);
	return 0;
}

static void own_networks(void **state)
{
	struct test_root *root = *state;

	assert_int_equal(inventory_host_networks(live_open(root), note_network, root), 0);
	assert_has(&root->items, "4 7f000001 0 127.0.0.1: own address of lo");
}

static void resolvers_of_another_root(void **state)
{
	struct test_root *root = *state;

	root_file(root, "/etc/resolv.conf", "nameserver 127.0.0.53\n");
	root_file(root, "/run/systemd/resolve/resolv.conf",
		  "nameserver 192.0.2.53\nnameserver 2001:db8::53\n");
	assert_int_equal(inventory_host_networks(root_open(root, NULL), note_network, root), 0);
	assert_has(&root->items, "4 7f000035 0 127.0.0.53: resolver (/etc/resolv.conf)");
	assert_has(&root->items,
		   "4 c0000235 0 192.0.2.53: resolver (/run/systemd/resolve/resolv.conf)");
	assert_has(
		&root->items,
		"6 20010db800000000 53 2001:db8::53: resolver (/run/systemd/resolve/resolv.conf)");
	assert_int_equal(root->items.count, 3);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		ROOT_TEST(a_program_that_runs),
		ROOT_TEST(a_mapped_library),
		ROOT_TEST(a_program_in_another_root),
		ROOT_TEST(own_connections),
		ROOT_TEST(units_that_run),
		ROOT_TEST(this_host),
		ROOT_TEST(another_root),
		cmocka_unit_test(needs_of_a_program),
		ROOT_TEST(the_loaders_cache),
		ROOT_TEST(own_networks),
		ROOT_TEST(resolvers_of_another_root),
	};

	return cmocka_run_group_tests_name("inventory host", tests, NULL, NULL);
}
