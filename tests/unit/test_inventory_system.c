/* SPDX-License-Identifier: MIT */
/*
 * test_inventory_system.c - units, modules, autostart files and package sources below a root.
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

#include <cmocka.h>

static int note_unit(void *context, const struct inventory_unit *unit)
{
	struct test_root *root = context;

	lines_add(&root->items, "%s %s%s%s%s%s", unit->name, unit->path,
		  unit->init_script ? " script" : "", unit->enabled ? " enabled" : "",
		  unit->masked ? " masked" : "", unit->running ? " running" : "");
	return 0;
}

static int note_module(void *context, const struct inventory_module *module)
{
	struct test_root *root = context;

	lines_add(&root->items, "%s %s", module->name, module->loaded ? "loaded" : module->path);
	return 0;
}

static int note_autostart(void *context, const struct inventory_autostart *autostart)
{
	struct test_root *root = context;

	lines_add(&root->items, "%s %s:%u %s", autostart->kind, autostart->path, autostart->line,
		  autostart->names);
	return 0;
}

static int note_repository(void *context, const struct inventory_repository *repository)
{
	struct test_root *root = context;

	lines_add(&root->items, "%s %s:%u %s%s", repository->kind, repository->path,
		  repository->line, repository->host, repository->enabled ? "" : " off");
	return 0;
}

static void units(void **state)
{
	struct test_root *root = *state;

	root_file(root, "/usr/lib/systemd/system/a.service", "[Service]\n");
	root_file(root, "/usr/lib/systemd/system/b.service", "[Service]\n");
	root_file(root, "/usr/lib/systemd/system/t@.service", "[Service]\n");
	root_file(root, "/usr/lib/systemd/system/a.service.d/more.conf", "[Service]\n");
	root_file(root, "/usr/lib/systemd/system/README", "");
	root_link(root, "/lib", "usr/lib");
	root_link(root, "/etc/systemd/system/multi-user.target.wants/a.service",
		  "/lib/systemd/system/a.service");
	root_link(root, "/etc/systemd/system/x.target.requires/t@1.service",
		  "/lib/systemd/system/t@.service");
	root_link(root, "/etc/systemd/system/alias.service", "/lib/systemd/system/b.service");
	root_link(root, "/etc/systemd/system/off.service", "/dev/null");
	assert_int_equal(inventory_units(root_open(root, NULL), note_unit, root), 0);
	assert_has(&root->items, "a.service /usr/lib/systemd/system/a.service enabled");
	assert_has(&root->items, "b.service /usr/lib/systemd/system/b.service");
	assert_has(&root->items, "t@.service /usr/lib/systemd/system/t@.service enabled");
	assert_has(&root->items, "alias.service /etc/systemd/system/alias.service enabled");
	assert_has(&root->items, "off.service /etc/systemd/system/off.service masked");
	/* lib is usr/lib: once */
	assert_int_equal(root->items.count, 5);
	assert_has(&root->problems, "left out units ");
}

static void init_scripts(void **state)
{
	struct test_root *root = *state;

	root_file(root, "/etc/init.d/sensord", "#!/bin/sh\n");
	root_file(root, "/etc/init.d/other", "#!/bin/sh\n");
	root_link(root, "/etc/rc2.d/S20sensord", "../init.d/sensord");
	root_link(root, "/etc/rc6.d/S01other", "../init.d/other");
	root_link(root, "/etc/rc2.d/K01other", "../init.d/other");
	assert_int_equal(inventory_units(root_open(root, NULL), note_unit, root), 0);
	assert_has(&root->items, "sensord.service /etc/init.d/sensord script enabled");
	assert_has(&root->items, "other.service /etc/init.d/other script");
	assert_int_equal(root->items.count, 2);
}

static void modules(void **state)
{
	struct test_root *root = *state;

	root_file(root, "/usr/lib/modules/6.1/kernel/a-b.ko.xz", "");
	root_file(root, "/usr/lib/modules/6.1/extra/c.ko", "");
	root_file(root, "/usr/lib/modules/6.1/modules.dep", "");
	root_link(root, "/lib", "usr/lib");
	root_link(root, "/usr/lib/modules/6.1/build", "/usr/src/linux");
	assert_int_equal(inventory_modules(root_open(root, NULL), note_module, root), 0);
	assert_has(&root->items, "a_b /usr/lib/modules/6.1/kernel/a-b.ko.xz");
	assert_has(&root->items, "c /usr/lib/modules/6.1/extra/c.ko");
	assert_int_equal(root->items.count, 2);
	assert_has(&root->problems, "left out modules ");
}

static void modules_before_the_merge(void **state)
{
	struct test_root *root = *state;

	root_file(root, "/lib/modules/5.10/c.ko.zst", "");
	assert_int_equal(inventory_modules(root_open(root, NULL), note_module, root), 0);
	assert_has(&root->items, "c /lib/modules/5.10/c.ko.zst");
	assert_int_equal(root->items.count, 1);
}

static void autostart(void **state)
{
	struct test_root *root = *state;

	root_file(root, "/etc/crontab", "# m h\n1 2 * * * root /opt/x/a\n");
	root_file(root, "/var/spool/cron/crontabs/u", "@reboot /opt/x/b\n");
	root_file(root, "/var/spool/cron/v", "@reboot /opt/x/c\n");
	root_file(root, "/etc/anacrontab", "1 5 x nice /opt/x/d\n");
	root_file(root, "/etc/init.d/x", "#!/bin/sh\nDAEMON=/opt/x/e\n");
	root_bytes(root, "/etc/init.d/binary", "\177ELF/opt/x/not", 15);
	root_file(root, "/usr/lib/systemd/system/x.service", "[Service]\nExecStart=/opt/x/f\n");
	root_file(root, "/etc/systemd/system/x.service.d/more.conf",
		  "[Service]\nExecStartPre=-/opt/x/g\n");
	root_link(root, "/etc/systemd/system/multi-user.target.wants/x.service",
		  "/usr/lib/systemd/system/x.service");
	root_file(root, "/etc/passwd", "u:x:1:1::/home/u:/bin/sh\n");
	root_file(root, "/home/u/.config/autostart/x.desktop",
		  "[Desktop Entry]\nIcon=/opt/x/not\nExec=/opt/x/h %u\n");
	root_file(root, "/etc/profile.d/x.sh", ". /opt/x/i\n");
	root_file(root, "/etc/ld.so.preload", "/opt/x/j.so\n");
	root_file(root, "/etc/modules-load.d/x.conf", "falcon_kal\n");
	root_file(root, "/etc/udev/rules.d/9-x.rules", "ACTION==\"add\", RUN+=\"/opt/x/k\"\n");
	root_file(root, "/etc/modprobe.d/x.conf", "install y /opt/x/l\n");
	assert_int_equal(inventory_autostarts(root_open(root, NULL), note_autostart, root), 0);
	assert_has(&root->items, "cron /etc/crontab:2 /opt/x/a");
	assert_has(&root->items, "cron /var/spool/cron/crontabs/u:1 /opt/x/b");
	assert_has(&root->items, "cron /var/spool/cron/v:1 /opt/x/c");
	assert_has(&root->items, "anacron /etc/anacrontab:1 /opt/x/d");
	assert_has(&root->items, "init script /etc/init.d/x:2 /opt/x/e");
	assert_has(&root->items, "unit /etc/systemd/system/x.service.d/more.conf:2 /opt/x/g");
	assert_has(&root->items, "desktop /home/u/.config/autostart/x.desktop:3 /opt/x/h");
	assert_has(&root->items, "profile /etc/profile.d/x.sh:1 /opt/x/i");
	assert_has(&root->items, "ld.so.preload /etc/ld.so.preload:1 /opt/x/j.so");
	assert_has(&root->items, "modules-load /etc/modules-load.d/x.conf:1 falcon_kal");
	assert_has(&root->items, "udev /etc/udev/rules.d/9-x.rules:1 /opt/x/k");
	assert_has(&root->items, "modprobe /etc/modprobe.d/x.conf:1 /opt/x/l");
	/* the unit and the link to it are one file; "#!" is a comment */
	assert_int_equal(lines_start(&root->items, "unit "), 2);
	assert_int_equal(root->items.count, 13);
}

static void a_large_file_is_told(void **state)
{
	struct test_root *root = *state;
	static char large[(1 << 20) + 1];

	memset(large, 'x', sizeof(large));
	root_bytes(root, "/etc/cron.d/large", large, sizeof(large));
	assert_int_equal(inventory_autostarts(root_open(root, NULL), note_autostart, root), 0);
	assert_has(&root->problems, "missed autostart /etc/cron.d/large");
}

static void repositories(void **state)
{
	struct test_root *root = *state;

	root_file(root, "/etc/apt/sources.list", "deb http://deb.example.org/debian x main\n");
	root_file(root, "/etc/apt/sources.list.d/v.list", "deb https://apt.example.com/ x y\n");
	root_file(root, "/etc/apt/sources.list.d/v.sources", "URIs: https://deb822.example.com/\n");
	root_file(root, "/etc/apt/sources.list.d/v.list.save",
		  "deb https://saved.example.com/ x y\n");
	root_file(root, "/etc/yum.repos.d/v.repo",
		  "[v]\nenabled=0\nbaseurl=https://rpm.example.com/\n");
	root_file(root, "/etc/apk/repositories", "https://apk.example.com/v3\n");
	assert_int_equal(inventory_repositories(root_open(root, NULL), note_repository, root), 0);
	assert_has(&root->items, "apt /etc/apt/sources.list:1 deb.example.org");
	assert_has(&root->items, "apt /etc/apt/sources.list.d/v.list:1 apt.example.com");
	assert_has(&root->items, "apt /etc/apt/sources.list.d/v.sources:1 deb822.example.com");
	assert_has(&root->items, "rpm /etc/yum.repos.d/v.repo:3 rpm.example.com off");
	assert_has(&root->items, "apk /etc/apk/repositories:1 apk.example.com");
	assert_int_equal(root->items.count, 5);
}

static void nothing_of_the_running_system(void **state)
{
	struct test_root *root = *state;
	bool running;

	assert_int_equal(inventory_processes(root_open(root, NULL), NULL, NULL), 0);
	assert_int_equal(inventory_connections(root->inventory, NULL, NULL), 0);
	assert_has(&root->problems, "left out processes ");
	assert_has(&root->problems, "left out connections ");
	assert_int_equal(inventory_unit_running(root->inventory, "x", &running), -ENODATA);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		ROOT_TEST(units),        ROOT_TEST(init_scripts),
		ROOT_TEST(modules),      ROOT_TEST(modules_before_the_merge),
		ROOT_TEST(autostart),    ROOT_TEST(a_large_file_is_told),
		ROOT_TEST(repositories), ROOT_TEST(nothing_of_the_running_system),
	};

	return cmocka_run_group_tests_name("inventory system", tests, NULL, NULL);
}
