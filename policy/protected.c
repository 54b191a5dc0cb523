/* SPDX-License-Identifier: MIT */
/*
 * protected.c - tables. Only names that are the same on every distribution and that no vendor ships; what
 * lies elsewhere on some host is found there, by the agent.
 */
#include "protected.h"

#include <errno.h>
#include <string.h>

#define COUNT(list) (sizeof(list) / sizeof(*(list)))

/* Programs, wherever the host has them: /usr/bin or /usr/sbin. */
static const struct {
	const char *what;
	const char *names[24];
} programs[] = {
	{"the first process", {"init"}},
	{"a shell", {"sh", "bash", "dash", "ash", "busybox", "zsh", "ksh", "mksh", "fish"}},
	{"the way to log in", {"login", "agetty", "getty", "su", "sulogin", "runuser", "nologin"}},
	{"the way to log in", {"sshd", "unix_chkpwd", "unix_update"}},
	{"the way to become root", {"sudo", "doas", "pkexec", "visudo", "sudoedit"}},
	{"the way to repair the system",
	 {"systemctl", "journalctl", "mount",    "umount",  "modprobe", "kmod",
	  "fsck",      "e2fsck",     "ip",       "reboot",  "poweroff", "shutdown",
	  "chroot",    "env",        "ldconfig", "udevadm", "kill",     "cat",
	  "cp",        "rm",         "mv",       "ls",      "vi"}},
	{"the package manager",
	 {"dpkg", "apt", "apt-get", "dpkg-deb", "dpkg-query", "dpkg-split", "rpm", "rpmkeys", "dnf",
	  "dnf5", "yum", "microdnf", "zypper", "tdnf", "apk", "pacman"}},
	{"embargo itself", {"embargo", "embargod"}},
};

static const char *const program_directories[] = {"/usr/bin", "/usr/sbin"};

/* Libraries, in each of the directories that the loader looks into: ld.so(8), Debian's multiarch. */
static const struct {
	const char *what;
	const char *names[16];
} libraries[] = {
	{"the loader of all programs",
	 {"ld-linux-x86-64.so.2", "ld-linux-aarch64.so.1", "ld-musl-x86_64.so.1",
	  "ld-musl-aarch64.so.1"}},
	{"the C library",
	 {"libc.so.6", "libm.so.6", "libpthread.so.0", "libdl.so.2", "librt.so.1", "libresolv.so.2",
	  "libgcc_s.so.1", "libstdc++.so.6"}},
	{"the way to log in",
	 {"libpam.so.0", "libpam_misc.so.0", "libcrypt.so.1", "libcrypt.so.2", "libselinux.so.1",
	  "libaudit.so.1", "libcap.so.2", "libnss_files.so.2", "libnss_systemd.so.2",
	  "libnss_dns.so.2"}},
	{"the way to log in",
	 {"security/pam_unix.so", "security/pam_permit.so", "security/pam_deny.so",
	  "security/pam_env.so", "security/pam_limits.so", "security/pam_systemd.so",
	  "security/pam_rootok.so", "security/pam_nologin.so", "security/pam_faillock.so"}},
	{"a library of the first process",
	 {"libsystemd.so.0", "libudev.so.1", "libmount.so.1", "libblkid.so.1", "libkmod.so.2",
	  "libseccomp.so.2", "libcrypto.so.3", "libz.so.1", "libzstd.so.1", "liblzma.so.5"}},
	{"a library of embargo itself", {"libbpf.so.1", "libelf.so.1"}},
};

static const char *const library_directories[] = {
	"/usr/lib",
	"/usr/lib64",
	"/usr/lib/x86_64-linux-gnu",
	"/usr/lib/aarch64-linux-gnu",
};

/* What has one place, or two. */
static const struct protected_object files[] = {
	{"/usr/lib/systemd/systemd", "the first process"},
	{"/usr/lib/systemd/systemd-executor", "the first process"},
	{"/usr/lib/systemd/systemd-shutdown", "the first process"},
	{"/usr/lib/systemd/systemd-udevd", "the manager of devices"},
	{"/usr/lib/systemd/systemd-journald", "the journal"},
	{"/usr/lib/systemd/systemd-logind", "the way to log in"},
	{"/usr/lib/openssh/sshd-session", "the way to log in"},
	{"/usr/libexec/openssh/sshd-session", "the way to log in"},
	{"/usr/libexec/sshd-session", "the way to log in"},
	{"/usr/lib/openssh/sftp-server", "the way to copy files here"},
	{"/usr/libexec/openssh/sftp-server", "the way to copy files here"},
	{"/usr/lib/sudo/sudoers.so", "the way to become root"},
	{"/usr/libexec/sudo/sudoers.so", "the way to become root"},
	{"/usr/lib/apt/methods/http", "the package manager"},
	{"/usr/local/bin/embargo", "embargo itself"},
	{"/usr/local/sbin/embargod", "embargo itself"},
};

static int add_names(struct arena *arena, const char *const *directories, size_t directory_count,
		     const char *const *names, size_t name_count, const char *what,
		     struct protected_object **at)
{
	for (size_t i = 0; i < name_count && names[i]; i++) {
		for (size_t j = 0; j < directory_count; j++) {
			size_t bytes = strlen(directories[j]);
			char *path = arena_alloc(arena, bytes + strlen(names[i]) + 2);

			if (!path)
				return -ENOMEM;
			memcpy(path, directories[j], bytes);
			path[bytes] = '/';
			strcpy(path + bytes + 1, names[i]);
			*(*at)++ = (struct protected_object){.path = path, .what = what};
		}
	}
	return 0;
}

int protected_files(struct arena *arena, const struct protected_object **out_list,
		    size_t *out_count)
{
	size_t most = COUNT(files) +
		      COUNT(programs) * COUNT(programs[0].names) * COUNT(program_directories) +
		      COUNT(libraries) * COUNT(libraries[0].names) * COUNT(library_directories);
	struct protected_object *list = arena_alloc(arena, most * sizeof(*list)), *at = list;
	int err = 0;

	if (!list)
		return -ENOMEM;
	for (size_t i = 0; i < COUNT(programs) && !err; i++)
		err = add_names(arena, program_directories, COUNT(program_directories),
				programs[i].names, COUNT(programs[i].names), programs[i].what, &at);
	for (size_t i = 0; i < COUNT(libraries) && !err; i++)
		err = add_names(arena, library_directories, COUNT(library_directories),
				libraries[i].names, COUNT(libraries[i].names), libraries[i].what,
				&at);
	if (err)
		return err;
	at = mempcpy(at, files, sizeof(files));
	*out_list = list;
	*out_count = (size_t)(at - list);
	return 0;
}

/* ---------------------------------------------------------------- directories */

#define IN(directory)                                                                              \
	{                                                                                          \
		directory "/" PROTECTED_WITNESS, directory                                         \
	}

/*
 * hier(7) and file-hierarchy(7). A file in /opt or in somebody's home may well be a vendor's, but never all of
 * them are. The larger directory stands before the smaller: it is the one that is named.
 */
static const struct protected_object directories[] = {
	{"/" PROTECTED_WITNESS, "/"},
	IN("/usr"),
	IN("/usr/bin"),
	IN("/usr/sbin"),
	IN("/usr/lib"),
	IN("/usr/lib64"),
	IN("/usr/lib32"),
	IN("/usr/lib/x86_64-linux-gnu"),
	IN("/usr/lib/aarch64-linux-gnu"),
	IN("/usr/lib/systemd"),
	IN("/usr/lib/modules"),
	IN("/usr/lib/firmware"),
	IN("/usr/lib/x86_64-linux-gnu/security"),
	IN("/usr/lib/aarch64-linux-gnu/security"),
	IN("/usr/lib64/security"),
	IN("/usr/libexec"),
	IN("/usr/share"),
	IN("/usr/local"),
	IN("/usr/local/bin"),
	IN("/usr/local/sbin"),
	IN("/usr/local/lib"),
	IN("/usr/local/share"),
	IN("/etc"),
	IN("/opt"),
	IN("/var"),
	IN("/var/lib"),
	IN("/var/opt"),
	IN("/var/tmp"),
	IN("/home"),
	{"/home/" PROTECTED_WITNESS "/" PROTECTED_WITNESS, "/home"},
	IN("/root"),
	IN("/run"),
	IN("/srv"),
	IN("/tmp"),
	IN("/boot"),
	IN("/dev"),
	IN("/dev/shm"),
	IN("/proc"),
	IN("/sys"),
};

const struct protected_object *shared_directories(size_t *out_count)
{
	*out_count = COUNT(directories);
	return directories;
}

/* ---------------------------------------------------------------- networks */

/*
 * The registries of special addresses: RFC 6890 and its successors. Of 127.0.0.0/8 only what services of a host
 * really listen on: 127.0.0.1, the resolver of systemd on .53 and .54, and 127.0.1.1, Debian's own name.
 */
static const struct protected_network networks[] = {
	{"loopback addresses, at which the host talks to itself", 4, 24, 0x7f000000, 0},
	{"loopback addresses, at which the host talks to itself", 4, 32, 0x7f000101, 0},
	{"the loopback address, at which the host talks to itself", 6, 128, 0, 1},
	{"\"this host\" (RFC 1122), at which the host talks to itself", 4, 8, 0, 0},
	{"\"no address\", at which the host talks to itself", 6, 128, 0, 0},
	{"link-local addresses, where clouds keep their metadata", 4, 16, 0xa9fe0000, 0},
	{"link-local addresses, without which IPv6 finds no neighbour", 6, 10, 0xfe80ull << 48, 0},
	{"multicast addresses, which are of no vendor", 4, 4, 0xe0000000, 0},
	{"multicast addresses, which are of no vendor", 6, 8, 0xff00ull << 48, 0},
	{"the broadcast address", 4, 32, 0xffffffff, 0},
};

const struct protected_network *protected_networks(size_t *out_count)
{
	*out_count = COUNT(networks);
	return networks;
}
