/* SPDX-License-Identifier: MIT */
/*
 * test_inventory_texts.c - the inventory's parsers of configuration files and of /proc, over real lines.
 */
#include "../../agent/inventory/glob.h"
#include "../../agent/inventory/host_text.h"
#include "../../agent/inventory/modules.h"
#include "../../agent/inventory/mounts.h"
#include "../../agent/inventory/packages.h"
#include "../../agent/inventory/process_text.h"
#include "../../agent/inventory/texts.h"
#include "inventory_root.h"

#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* Every parser changes its text and wants a byte behind it. */
static char *copy(const char *text)
{
	char *changed = strdup(text);

	assert_non_null(changed);
	return changed;
}

static int note_word(void *context, const char *word)
{
	lines_add(context, "%s", word);
	return 0;
}

static int note_text(void *context, unsigned line, const char *text)
{
	lines_add(context, "%u %s", line, text);
	return 0;
}

static int note_source(void *context, const struct source *source)
{
	lines_add(context, "%u %s %s%s", source->line, source->host, source->url,
		  source->enabled ? "" : " off");
	return 0;
}

static int note_socket(void *context, const struct socket_line *line)
{
	lines_add(context, "%u %llx %llx %u %llu", line->family, line->a, line->b, line->port,
		  line->inode);
	return 0;
}

static int note_route(void *context, const struct route *route)
{
	lines_add(context, "%u %llx %llx %s", route->family, route->a, route->b, route->device);
	return 0;
}

/* The words that a parser gives, in one text. */
static void expect(struct lines *lines, char *text, const char *expected)
{
	char joined[4096] = "";

	for (size_t i = 0; i < lines->count; i++) {
		strcat(joined, i ? "|" : "");
		strcat(joined, lines->list[i]);
	}
	assert_string_equal(joined, expected);
	lines_done(lines);
	free(text);
}

#define EXPECT_WORDS(parser, input, expected)                                                      \
	do {                                                                                       \
		struct lines lines_ = {0};                                                         \
		char *text_ = copy(input);                                                         \
		assert_int_equal(parser(text_, strlen(text_), note_word, &lines_), 0);             \
		expect(&lines_, text_, expected);                                                  \
	} while (0)

#define EXPECT_SOURCES(parser, input, expected)                                                    \
	do {                                                                                       \
		struct lines lines_ = {0};                                                         \
		char *text_ = copy(input);                                                         \
		assert_int_equal(parser(text_, strlen(text_), note_source, &lines_), 0);           \
		expect(&lines_, text_, expected);                                                  \
	} while (0)

#define EXPECT_PATHS(only, input, expected)                                                        \
	do {                                                                                       \
		struct lines lines_ = {0};                                                         \
		char *text_ = copy(input);                                                         \
		assert_int_equal(paths_in_text(text_, strlen(text_), only, note_text, &lines_),    \
				 0);                                                               \
		expect(&lines_, text_, expected);                                                  \
	} while (0)

static void stars(void **state)
{
	assert_true(glob_match("libvmtools.so*", "libvmtools.so.0", false));
	assert_true(glob_match("*a*b", "xaxbxb", false));
	assert_false(glob_match("*a*b", "xaxbxc", false));
	assert_true(glob_match("", "", false));
	assert_true(glob_match("**", "", false));
	assert_false(glob_match("a?c", "abc", false));
	assert_true(glob_match("a?c", "abc", true));
	assert_false(glob_match("a?c", "ac", true));
	assert_true(glob_match("a[b]", "a[b]", true));
}

static void paths_of_cron_and_units(void **state)
{
	static const char *const only[] = {"Exec", NULL};

	EXPECT_PATHS(NULL,
		     "# m h dom /not/this\n*/5 * * * * root /opt/x/agent -c \"/etc/x y.conf\"\n",
		     "2 /opt/x/agent|2 /etc/x");
	EXPECT_PATHS(NULL, "DAEMON=/usr/sbin/x;[ -x \"$DAEMON\" ] && . /lib/lsb/init-functions\n",
		     "1 /usr/sbin/x|1 /lib/lsb/init-functions");
	EXPECT_PATHS(NULL, "17 * * * * root cd / && run-parts --report /etc/cron.hourly\n",
		     "1 /etc/cron.hourly");
	EXPECT_PATHS(NULL, "PATH=/a/b:/c/d\n", "1 /a/b|1 /c/d");
	EXPECT_PATHS(NULL, "curl https://example.com/opt/x/agent\n", "");
	EXPECT_PATHS(NULL, "a/b/c ./d\n", "");
	EXPECT_PATHS(
		only,
		"[Unit]\nDocumentation=/not/this\n[Service]\nExecStart=-!/opt/x/agent --a=/b/c\n",
		"4 /opt/x/agent|4 /b/c");
	EXPECT_PATHS(only, "ExecStart=/bin/sh -c '/opt/x/a||true'", "1 /bin/sh|1 /opt/x/a");
}

static void module_words(void **state)
{
	struct lines lines = {0};
	char *text = copy("# comment\n\nfalcon_lsm_serviceable\nloop max_loop=64\n");

	assert_int_equal(words_in_text(text, strlen(text), note_text, &lines), 0);
	expect(&lines, text, "3 falcon_lsm_serviceable|4 loop");
}

static void package_sources(void **state)
{
	EXPECT_SOURCES(
		apt_list_parse,
		"deb [arch=amd64 signed-by=/x.gpg] https://u:p@Packages.Example.COM:8443/debian x main\n"
		"# deb http://off.example.com/ x y\n"
		"deb cdrom:[Debian 12]/ x\n"
		"# a remark that names https://remark.example.com/\n",
		"1 packages.example.com https://u:p@Packages.Example.COM:8443/debian|"
		"2 off.example.com http://off.example.com/ off");
	EXPECT_SOURCES(
		apt_deb822_parse,
		"Types: deb\nURIs: https://a.example.com/x\n https://b.example.com/y\nSuites: z\n\n"
		"URIs: http://[2001:db8::1]:80/x\nEnabled: no\n",
		"2 a.example.com https://a.example.com/x|3 b.example.com https://b.example.com/y|"
		"6 2001:db8::1 http://[2001:db8::1]:80/x off");
	EXPECT_SOURCES(
		rpm_repo_parse,
		"[a]\nname=A\nenabled = 0\nbaseurl=https://a.example.com/$releasever/\n"
		"       https://b.example.com/\n; remark=https://c.example.com\n"
		"[d]\nmirrorlist = https://d.example.com/?repo=x\n",
		"4 a.example.com https://a.example.com/$releasever/ off|"
		"5 b.example.com https://b.example.com/ off|8 d.example.com https://d.example.com/?repo=x");
	EXPECT_SOURCES(
		apk_list_parse,
		"https://a.example.com/v3\n@edge https://b.example.com/\n/media/cdrom/apks\n",
		"1 a.example.com https://a.example.com/v3|2 b.example.com https://b.example.com/");
}

static void modules_of_the_login(void **state)
{
	EXPECT_WORDS(pam_modules,
		     "# c\nauth\t[success=1 default=ignore]\tpam_unix.so nullok\n"
		     "-session optional pam_systemd.so\n@include common-auth\n"
		     "auth required /lib/security/$ISA/pam_x.so\n",
		     "pam_unix.so|pam_systemd.so|/lib/security/$ISA/pam_x.so");
	EXPECT_WORDS(
		nss_services,
		"passwd: files systemd\nhosts: files [NOTFOUND=return] dns [ !UNAVAIL = return ] x\n",
		"files|systemd|files|dns|x");
	EXPECT_WORDS(
		sudo_plugins,
		"Plugin sudoers_policy sudoers.so uid=0\nPath noexec /usr/libexec/sudo/sudo_noexec.so\nSet a b\n",
		"sudoers.so|/usr/libexec/sudo/sudo_noexec.so");
	EXPECT_WORDS(preload_entries, "/usr/lib/libx.so:/opt/y.so libz.so # /not/this\n",
		     "/usr/lib/libx.so|/opt/y.so|libz.so");
	EXPECT_WORDS(shell_lines, "# c\n/bin/sh\nnot-a-path\n/usr/bin/zsh\n",
		     "/bin/sh|/usr/bin/zsh");
	EXPECT_WORDS(
		root_shells,
		"root:x:0:0:r:/root:/bin/bash\nu:x:1:1::/:/bin/zsh\ntoor:x:0:0::/:/bin/ksh\nx:y\n",
		"/bin/bash|/bin/ksh");
	EXPECT_WORDS(resolvers,
		     "nameserver 192.0.2.53 # c\nsearch x\nnameserver fe80::1%eth0\nnameserver\n",
		     "192.0.2.53|fe80::1%eth0");
}

static void routes(void **state)
{
	struct lines lines = {0};
	char *text = copy("Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\tMTU\n"
			  "eth0\t00000000\t010200C0\t0003\t0\t0\t0\t00000000\t0\n"
			  "eth0\t000200C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\n");

	assert_int_equal(routes_parse(text, strlen(text), 4, note_route, &lines), 0);
	expect(&lines, text, "4 c0000201 0 eth0");
	text = copy(
		"00000000000000000000000000000000 00 00000000000000000000000000000000 00 "
		"20010db8000000000000000000000001 00000400 00000001 00000000 00000003     eth1\n"
		"20010db8000000000000000000000000 40 00000000000000000000000000000000 00 "
		"00000000000000000000000000000000 00000400 00000001 00000000 00000001     eth1\n");
	assert_int_equal(routes_parse(text, strlen(text), 6, note_route, &lines), 0);
	expect(&lines, text, "6 20010db800000000 1 eth1");
}

static void addresses(void **state)
{
	unsigned family;
	__u64 a, b;

	assert_true(address_parse("192.0.2.1", &family, &a, &b));
	assert_true(family == 4 && a == 0xc0000201 && !b);
	assert_true(address_parse("2001:db8::1%eth0", &family, &a, &b));
	assert_true(family == 6 && a == 0x20010db800000000 && b == 1);
	assert_true(address_parse("::ffff:192.0.2.1", &family, &a, &b));
	assert_true(family == 4 && a == 0xc0000201 && !b);
	assert_false(address_parse("example.com", &family, &a, &b));
}

static void mappings(void **state)
{
	EXPECT_WORDS(
		maps_parse,
		"55d0c0a00000-55d0c0a01000 r-xp 00001000 fd:01 1234                       /usr/bin/x\n"
		"7f0000000000-7f0000001000 r--p 00000000 fd:01 99    /usr/lib/only-read.so\n"
		"7f0000001000-7f0000002000 r-xp 00001000 fd:01 99    /usr/lib/a b.so (deleted)\n"
		"7f0000003000-7f0000004000 r-xp 00001000 fd:01 98    /tmp/line\\012end\n"
		"7ffd00000000-7ffd00001000 r-xp 00000000 00:00 0     [vdso]\n"
		"ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0\n",
		"/usr/bin/x|/usr/lib/a b.so|/tmp/line\nend");
	assert_string_equal(without_root("/srv/jail/bin/x", "/srv/jail"), "/bin/x");
	assert_string_equal(without_root("/srv/jail2/bin/x", "/srv/jail"), "/srv/jail2/bin/x");
	assert_string_equal(without_root("/bin/x", "/"), "/bin/x");
	assert_int_equal(status_uid("Name:\tx\nUid:\t1000\t1001\t1002\t1003\n"), 1000);
}

static void sockets(void **state)
{
	struct lines lines = {0};
	char *text = copy(
		"  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
		"   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1 1\n"
		"   1: 0100007F:1F90 0A0200C0:01BB 01 00000000:00000000 00:00000000 00000000     0        0 12345 1\n");

	assert_int_equal(sockets_parse(text, strlen(text), 4, note_socket, &lines), 0);
	expect(&lines, text, "4 c000020a 0 443 12345");
	text = copy(
		"   0: 00000000000000000000000001000000:0277 B80D0120000000000000000001000000:01BB 01 0:0 0:0 0 0 0 7 1\n"
		"   1: 00000000000000000000000001000000:0277 0000000000000000FFFF00000A0200C0:01BB 01 0:0 0:0 0 0 0 8 1\n");
	assert_int_equal(sockets_parse(text, strlen(text), 6, note_socket, &lines), 0);
	expect(&lines, text, "6 20010db800000000 1 443 7|4 c000020a 0 443 8");
}

static void cgroup_names(void **state)
{
	char unit[NAME_MAX + 1];

	cgroup_unit("12:pids:/x\n0::/system.slice/ssh.service\n", unit);
	assert_string_equal(unit, "ssh.service");
	cgroup_unit("0::/user.slice/user-0.slice/user@0.service/app.slice/a.scope\n", unit);
	assert_string_equal(unit, "a.scope");
	cgroup_unit("0::/\n", unit);
	assert_string_equal(unit, "");
}

static void module_files(void **state)
{
	char name[NAME_MAX + 1];

	assert_true(module_name_of("/lib/modules/6.1/extra/falcon-kal.ko.xz", name));
	assert_string_equal(name, "falcon_kal");
	assert_true(module_name_of("x.ko", name));
	assert_true(module_name_of("x.ko.zst", name));
	assert_false(module_name_of("/lib/modules/6.1/modules.dep", name));
	assert_false(module_name_of(".ko", name));
}

static void mount_classes(void **state)
{
	assert_int_equal(mount_class_of("proc"), MOUNT_PSEUDO);
	assert_int_equal(mount_class_of("autofs"), MOUNT_PSEUDO);
	assert_int_equal(mount_class_of("nfs4"), MOUNT_NETWORK);
	assert_int_equal(mount_class_of("fuse.sshfs"), MOUNT_NETWORK);
	assert_int_equal(mount_class_of("ext4"), MOUNT_ENTERED);
	assert_int_equal(mount_class_of("tmpfs"), MOUNT_ENTERED);
	assert_int_equal(mount_class_of("overlay"), MOUNT_ENTERED);
}

static int note_package(void *context, const struct inventory_package *package)
{
	struct lines *lines = context;

	lines_add(lines, "%s %s %s%s", package->name, package->version, package->architecture,
		  package->removed ? " removed" : "");
	for (size_t i = 0; i < package->vendor_count; i++)
		lines_add(lines, "%s: %s", package->vendors[i].field, package->vendors[i].text);
	return 0;
}

static void damage_of_a_status_file_is_seen(void **state)
{
	static const char good[] = "Package: a\nStatus: install ok installed\nDescription: one\n two\n .\n\nPackage: b\r\n";
	static const char zero[] = "Package: a\0b\n";

	assert_false(deb_is_damaged(good, sizeof(good) - 1));
	assert_false(deb_is_damaged("", 0));
	assert_false(deb_is_damaged("\n\n", 2));
	assert_true(deb_is_damaged("Package: a\nhalf a li", 20));
	assert_true(deb_is_damaged("no field\n", 9));
	assert_true(deb_is_damaged(zero, sizeof(zero) - 1));
}

static void deb_database(void **state)
{
	const struct inventory_package none = {.name = "", .version = "", .architecture = ""};
	struct lines lines = {0};
	char *text =
		copy("Package: a\nStatus: install ok installed\nMaintainer: A <a@example.com>\n"
		     "Original-Maintainer: B\nOrigin: C\nArchitecture: amd64\nVersion: 1:2-3\n"
		     "Description: x\n Package: not-this\n .\n y\n\n"
		     "Package: b\nStatus: deinstall ok config-files\nVersion: 2\n\n"
		     "Package: c\nStatus: purge ok not-installed\n\n"
		     "Package: d\nStatus: install ok half-installed\nVersion: 4");

	assert_int_equal(deb_stanzas(text, strlen(text), false, &none, note_package, &lines), 0);
	expect(&lines, text,
	       "a 1:2-3 amd64|Maintainer: A <a@example.com>|Original-Maintainer: B|Origin: C|b 2  removed|d 4 ");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(damage_of_a_status_file_is_seen),
		cmocka_unit_test(stars),
		cmocka_unit_test(paths_of_cron_and_units),
		cmocka_unit_test(module_words),
		cmocka_unit_test(package_sources),
		cmocka_unit_test(modules_of_the_login),
		cmocka_unit_test(routes),
		cmocka_unit_test(addresses),
		cmocka_unit_test(mappings),
		cmocka_unit_test(sockets),
		cmocka_unit_test(cgroup_names),
		cmocka_unit_test(module_files),
		cmocka_unit_test(mount_classes),
		cmocka_unit_test(deb_database),
	};

	return cmocka_run_group_tests_name("inventory texts", tests, NULL, NULL);
}
