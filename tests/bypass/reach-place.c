/* SPDX-License-Identifier: MIT */
/* reach-place.c - tricks in who sends and from where: other cgroups, namespaces, devices, and by way of others. */
#include "reach.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static void connect_with(int fd)
{
	struct place place = place_here();

	if (connect(fd, &place.any, place.size))
		quit("connect");
	say_all(fd);
}

/* ---------------------------------------------------------------- cgroups */

static void cgroup_moved(void)
{
	int fd = socket_new(AF_INET, SOCK_STREAM, 0);

	join_group("moved");
	connect_with(fd);
}

static void cgroup_nested(void)
{
	join_group("nested");
	join_group("nested/1");
	join_group("nested/1/2");
	connect_with(socket_new(AF_INET, SOCK_STREAM, 0));
}

static long bpf(int command, union bpf_attr *attr)
{
	return syscall(SYS_bpf, command, attr, sizeof(*attr));
}

/* One that lets everything through: r0 = 1, exit. */
static int program_that_allows(void)
{
	const struct bpf_insn code[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = 1 },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	union bpf_attr attr = { .prog_type = BPF_PROG_TYPE_CGROUP_SOCK_ADDR, .insn_cnt = 2, .insns = (uintptr_t)code,
				.license = (uintptr_t)"GPL", .expected_attach_type = BPF_CGROUP_INET4_CONNECT };
	long fd = bpf(BPF_PROG_LOAD, &attr);

	if (fd < 0)
		quit("BPF_PROG_LOAD");
	return (int)fd;
}

static void own_program(const char *below, unsigned flags)
{
	union bpf_attr attr = { .attach_type = BPF_CGROUP_INET4_CONNECT, .attach_flags = flags };
	char group[4096];

	join_group(below);
	snprintf(group, sizeof(group), "%s/%s", getenv("CG"), below);
	attr.target_fd = (uint32_t)open(group, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	attr.attach_bpf_fd = (uint32_t)program_that_allows();
	if (bpf(BPF_PROG_ATTACH, &attr))
		quit("BPF_PROG_ATTACH");
	connect_with(socket_new(AF_INET, SOCK_STREAM, 0));
}

static void cgroup_own_program(void) { own_program("own", BPF_F_ALLOW_MULTI); }
static void cgroup_override(void) { own_program("override", BPF_F_ALLOW_OVERRIDE); }

/* Before 5.15 a socket belongs to one kind of cgroup or the other: with this it is no longer that of version 2. */
static void cgroup_hybrid(void)
{
	int fd;

	/* both rounds; it stays until the machine ends */
	(void)mkdir("/tmp/net_prio", 0755);
	if (mount("net_prio", "/tmp/net_prio", "cgroup", 0, "net_prio") && errno != EBUSY)
		quit("net_prio");
	if (mkdir("/tmp/net_prio/own", 0755) && errno != EEXIST)
		quit("net_prio");
	write_file("/tmp/net_prio/own/net_prio.ifpriomap", "bypass0 3");
	write_file("/tmp/net_prio/own/cgroup.procs", "0");
	fd = socket_new(AF_INET, SOCK_STREAM, 0);
	connect_with(fd);
}

/* ---------------------------------------------------------------- processes */

static void fork_connect(void)
{
	int fd = socket_new(AF_INET, SOCK_STREAM, 0);

	if (!fork())
		connect_with(fd);
	else
		wait(NULL);
}

/* A connection, or a socket, from somebody on whom nobody decides. */
static int handed(const char *request)
{
	struct place relay = place_relay();
	char control[CMSG_SPACE(sizeof(int))], byte;
	struct iovec part = { &byte, 1 };
	struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1, .msg_control = control,
				  .msg_controllen = sizeof(control) };
	int client = connect_to(SOCK_STREAM, 0, &relay), fd;

	say(client, request, strlen(request));
	if (recvmsg(client, &message, 0) != 1 || !CMSG_FIRSTHDR(&message))
		quit("recvmsg");
	memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof(fd));
	return fd;
}

static const char *request_for(const char *verb)
{
	static char text[128];

	snprintf(text, sizeof(text), "%s " NET4_FORM " %d\n", verb, number, PORT);
	return text;
}

static void handed_connected(void) { say_all(handed(request_for("hand"))); }
static void handed_socket(void) { connect_with(handed("hand\n")); }

static void by_relay(struct place relay)
{
	int fd = connect_to(SOCK_STREAM, 0, &relay);

	say(fd, request_for("relay"), strlen(request_for("relay")));
	say_all(fd);
}

static void proxy_unix(void) { by_relay(place_relay()); }
static void proxy_loopback(void) { by_relay(place_of("127.0.0.1", PORT_RELAY)); }

/* The words say whom they are for, and who takes them would pass them on. Not INNOCENT: a denied name is resolved to that, too. */
static void proxy_elsewhere(void)
{
	struct place proxy = place_of("198.18.0.2", PORT);

	say_all(connect_to(SOCK_STREAM, 0, &proxy));
}

static void nat64(void)
{
	char text[64];
	struct place place;

	snprintf(text, sizeof(text), NAT64_FORM, number);
	place = place_of(text, PORT);
	say_all(connect_to(SOCK_STREAM, 0, &place));
}

/* ---------------------------------------------------------------- namespaces and devices */

static void netns_other(void)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/proc/%s/ns/net", getenv("OTHER_NET"));
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || setns(fd, CLONE_NEWNET))
		quit(path);
	connect_with(socket_new(AF_INET, SOCK_STREAM, 0));
}

/* The socket stays where it was made. */
static void netns_left(void)
{
	int fd = socket_new(AF_INET, SOCK_STREAM, 0);

	if (unshare(CLONE_NEWNET))
		quit("unshare");
	connect_with(fd);
}

static void userns(void)
{
	int fd = socket_new(AF_INET, SOCK_STREAM, 0);

	if (unshare(CLONE_NEWUSER | CLONE_NEWNET | CLONE_NEWNS))
		quit("unshare");
	connect_with(fd);
}

/* What is written into such a device has come over a network, says the kernel, and passes it on. */
static void tun_forward(void)
{
	struct ifreq request = { .ifr_flags = IFF_TUN | IFF_NO_PI };
	int tun = open("/dev/net/tun", O_RDWR | O_CLOEXEC), fd = socket_new(AF_INET, SOCK_DGRAM, 0);
	struct sockaddr_in own = place_of("198.19.9.1", 0).four;
	uint8_t packet[256] = { 0x45, 0, 0, 0, 0, 0, 0, 0, 64, 17, 0, 0, 198, 19, 9, 2, 198, 18, (uint8_t)number, 1,
				0x0f, 0xa0, PORT >> 8, PORT & 0xff };
	size_t size = strlen(words());
	uint32_t sum = 0;

	snprintf(request.ifr_name, IFNAMSIZ, "bypasstun%u", number);
	if (tun < 0 || ioctl(tun, TUNSETIFF, &request))
		quit("TUNSETIFF");
	memcpy(&request.ifr_addr, &own, sizeof(own));
	if (ioctl(fd, SIOCSIFADDR, &request))
		quit("SIOCSIFADDR");
	memcpy(&request.ifr_addr, &(struct sockaddr_in){ .sin_family = AF_INET, .sin_addr.s_addr = htonl(0xffffff00) },
	       sizeof(own));
	if (ioctl(fd, SIOCSIFNETMASK, &request))
		quit("SIOCSIFNETMASK");
	request.ifr_flags = IFF_UP | IFF_RUNNING;
	if (ioctl(fd, SIOCSIFFLAGS, &request))
		quit("SIOCSIFFLAGS");
	write_file("/proc/sys/net/ipv4/ip_forward", "1");
	packet[3] = (uint8_t)(28 + size);
	packet[25] = (uint8_t)(8 + size);
	for (int i = 0; i < 20; i += 2)
		sum += (uint32_t)(packet[i] << 8 | packet[i + 1]);
	sum = (sum >> 16) + (sum & 0xffff);
	packet[10] = (uint8_t)(~sum >> 8);
	packet[11] = (uint8_t)~sum;
	memcpy(packet + 28, words(), size);
	if (write(tun, packet, 28 + size) < 0)
		quit("write");
	finish(tun);
}

/* Any device will do: routes are made by who prepares this. */
static void routed(void) { connect_with(socket_new(AF_INET, SOCK_STREAM, 0)); }

/* An address that this host's own rules turn into the embargoed one. */
static void nat(void)
{
	char text[32];
	struct place place;

	snprintf(text, sizeof(text), "198.19.77.%u", number);
	place = place_of(text, PORT);
	say_all(connect_to(SOCK_STREAM, 0, &place));
}

/* ---------------------------------------------------------------- this host itself */

/* Takes what comes to this host's own address, in place of the server. */
static void take_own(int listener)
{
	char bytes[64], file[4096];
	int fd = accept(listener, NULL, NULL), mark;
	ssize_t size = fd < 0 ? -1 : recv(fd, bytes, sizeof(bytes), 0);

	snprintf(file, sizeof(file), "%s/%u", getenv("ARRIVED"), number);
	mark = size > 0 ? open(file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644) : -1;
	if (mark < 0 || write(mark, bytes, (size_t)size) != size)
		quit(file);
	(void)send(fd, "E", 1, MSG_NOSIGNAL);
	_exit(0);
}

/* @own is embargoed, @address another way to say it. */
static void to_own(const char *own, const char *address)
{
	struct place place = place_of(own, PORT_OWN + number), to = place_of(address, PORT_OWN + number);
	int listener = socket_new(place.any.sa_family, SOCK_STREAM, 0), on = 1;

	(void)setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(listener, &place.any, place.size) || listen(listener, 1))
		quit("listen");
	if (!fork()) {
		alarm(5);
		take_own(listener);
	}
	say_all(connect_to(SOCK_STREAM, 0, &to));
	wait(NULL);
}

static void own_any(void) { to_own("127.0.0.1", "0.0.0.0"); }
static void own_any_v6(void) { to_own("::1", "::"); }
static void own_any_mapped(void) { to_own("127.0.0.1", "::ffff:0.0.0.0"); }

/* ---------------------------------------------------------------- in time */

static void open_before(int type)
{
	struct place place = place_here();
	int fd = connect_to(type, 0, &place);

	wait_for_go();
	say_all(fd);
}

static void before_tcp(void) { open_before(SOCK_STREAM); }
static void before_udp(void) { open_before(SOCK_DGRAM); }

static void before_socket(void)
{
	int fd = socket_new(AF_INET, SOCK_STREAM, 0);

	wait_for_go();
	connect_with(fd);
}

const struct reach place_tricks[] = {
	{ "cgroup-moved", cgroup_moved },
	{ "cgroup-nested", cgroup_nested },
	{ "cgroup-own-program", cgroup_own_program },
	{ "cgroup-override", cgroup_override },
	{ "cgroup-hybrid", cgroup_hybrid },
	{ "fork-connect", fork_connect },
	{ "handed-connected", handed_connected },
	{ "handed-socket", handed_socket },
	{ "proxy-unix", proxy_unix },
	{ "proxy-loopback", proxy_loopback },
	{ "proxy-elsewhere", proxy_elsewhere },
	{ "nat64", nat64 },
	{ "netns-other", netns_other },
	{ "netns-left", netns_left },
	{ "userns", userns },
	{ "tunnel-device", routed },
	{ "tun-forward", tun_forward },
	{ "nat", nat },
	{ "own-any", own_any },
	{ "own-any-v6", own_any_v6 },
	{ "own-any-v4-mapped", own_any_mapped },
	{ "before-tcp", before_tcp },
	{ "before-udp", before_udp },
	{ "before-socket", before_socket },
	{ NULL, NULL },
};
