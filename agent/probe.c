/* SPDX-License-Identifier: MIT */
/* probe.c - see probe.h. One function a feature, one table of them. */
#include "probe.h"
#include "sockets.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <mntent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#define INSN(c, d, s, o, i)                                                                        \
	((struct bpf_insn){ .code = (c), .dst_reg = (d), .src_reg = (s), .off = (o), .imm = (i) })

static const struct bpf_insn return_zero[] = {
	INSN(BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_0, 0, 0, 0),
	INSN(BPF_JMP | BPF_EXIT, 0, 0, 0, 0),
};

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

#define _fd_ __attribute__((cleanup(close_fd)))

static void read_line(const char *path, char *out, size_t bytes)
{
	FILE *file = fopen(path, "re");
	char *end;

	out[0] = '\0';
	if (!file)
		return;
	if (!fgets(out, bytes, file))
		out[0] = '\0';
	fclose(file);
	end = strchr(out, '\n');
	if (end)
		*end = '\0';
}

/* Is a word in a comma-separated list? */
static bool listed(const char *list, const char *word)
{
	size_t bytes = strlen(word);

	for (const char *at = list; at && *at; at = strchr(at, ',')) {
		if (*at == ',')
			at++;
		if (!strncmp(at, word, bytes) && (at[bytes] == ',' || at[bytes] == '\0'))
			return true;
	}
	return false;
}

static void say(struct feature_answer *out, enum answer answer, const char *what, int err)
{
	out->answer = answer;
	snprintf(out->why, sizeof(out->why), "%s: %s", what, strerror(-err));
}

/* The list as lsm= takes it: "capability" is always there and is not named. */
static const char *without_capability(char *list)
{
	static const char word[] = "capability,";
	char *at = strstr(list, word);

	if (at)
		memmove(at, at + sizeof(word) - 1, strlen(at + sizeof(word) - 1) + 1);
	return list;
}

/*
 * The number of a function in the kernel's types. libbpf_find_vmlinux_btf_id() reads all of them for each question,
 * which takes 5 ms and more.
 */
static int find_function(const struct btf *types, const char *function, enum bpf_attach_type attach)
{
	char name[128];

	if (!types)
		return -ENOENT;
	snprintf(name, sizeof(name), "%s%s", attach == BPF_LSM_MAC ? "bpf_lsm_" : "", function);
	return btf__find_by_name_kind(types, name, BTF_KIND_FUNC);
}

/*
 * Load a program that does nothing on a security hook, and attach it for a moment. On a hook that hardly
 * ever runs: attaching rewrites the hook's first instruction, and all processors stumble over it.
 */
static int try_trampoline(const struct btf *types, enum bpf_prog_type type, enum bpf_attach_type attach,
			  const char *function)
{
	LIBBPF_OPTS(bpf_prog_load_opts, options, .expected_attach_type = attach);
	_fd_ int program = -1, link = -1;
	int id = find_function(types, function, attach);

	if (id < 0)
		return id;
	options.attach_btf_id = id;
	program = bpf_prog_load(type, "embargo_probe", "GPL", return_zero, 2, &options);
	if (program < 0)
		return -errno;
	link = bpf_raw_tracepoint_open(NULL, program);
	return link < 0 ? -errno : 0;
}

/*
 * A kernel whose LSM list lacks bpf loads and attaches the program and never runs it, so the list has
 * the last word. Source: security/bpf/hooks.c and security/security.c, v5.10; measured.
 */
static void probe_lsm(const struct btf *types, struct feature_answer *out)
{
	char list[KERNEL_TEXT_BYTES];
	int err = try_trampoline(types, BPF_PROG_TYPE_LSM, BPF_LSM_MAC, "quotactl");

	if (err) {
		say(out, ANSWER_NO, "the kernel refuses LSM programs", err);
		return;
	}
	read_line("/sys/kernel/security/lsm", list, sizeof(list));
	if (!list[0]) {
		out->answer = ANSWER_UNKNOWN;
		snprintf(out->why, sizeof(out->why),
			 "cannot tell whether LSM programs run: /sys/kernel/security/lsm cannot be read "
			 "(is securityfs mounted?)");
		strcpy(out->more, "mount -t securityfs securityfs /sys/kernel/security");
		return;
	}
	if (!listed(list, "bpf")) {
		snprintf(out->why, sizeof(out->why),
			 "'bpf' is not in the active LSM list: LSM programs attach but never run");
		snprintf(out->more, sizeof(out->more), "boot with lsm=%.200s,bpf on the kernel's command line",
			 without_capability(list));
		return;
	}
	out->answer = ANSWER_YES;
}

/*
 * Without being attached: what matters is whether the verifier lets a program of this kind call the helper
 * (bpf_ima_file_hash(), 174b16946e39, v5.18; kernel/bpf/bpf_lsm.c).
 */
static void probe_file_hash(const struct btf *types, struct feature_answer *out)
{
	LIBBPF_OPTS(bpf_prog_load_opts, options, .expected_attach_type = BPF_LSM_MAC,
		    .prog_flags = BPF_F_SLEEPABLE);
	const struct bpf_insn hash[] = {
		/* r1 = the first argument of kernel_read_file(), a file that may be NULL */
		INSN(BPF_LDX | BPF_MEM | BPF_DW, BPF_REG_1, BPF_REG_1, 0, 0),
		INSN(BPF_JMP | BPF_JEQ | BPF_K, BPF_REG_1, 0, 6, 0),
		INSN(BPF_ST | BPF_MEM | BPF_DW, BPF_REG_10, 0, -8, 0),
		INSN(BPF_ST | BPF_MEM | BPF_DW, BPF_REG_10, 0, -16, 0),
		INSN(BPF_ALU64 | BPF_MOV | BPF_X, BPF_REG_2, BPF_REG_10, 0, 0),
		INSN(BPF_ALU64 | BPF_ADD | BPF_K, BPF_REG_2, 0, 0, -16),
		INSN(BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_3, 0, 0, 16),
		INSN(BPF_JMP | BPF_CALL, 0, 0, 0, BPF_FUNC_ima_file_hash),
		INSN(BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_0, 0, 0, 0),
		INSN(BPF_JMP | BPF_EXIT, 0, 0, 0, 0),
	};
	int id = find_function(types, "kernel_read_file", BPF_LSM_MAC);
	_fd_ int program = -1;

	if (id < 0) {
		say(out, ANSWER_NO, "the kernel has no LSM hook kernel_read_file", id);
		return;
	}
	options.attach_btf_id = id;
	program = bpf_prog_load(BPF_PROG_TYPE_LSM, "embargo_probe", "GPL", hash,
				sizeof(hash) / sizeof(hash[0]), &options);
	if (program < 0)
		say(out, ANSWER_NO, "the kernel's programs cannot hash files", -errno);
	else
		probe_lsm(types, out);
}

static void probe_fmod_ret(const struct btf *types, struct feature_answer *out)
{
	int err = try_trampoline(types, BPF_PROG_TYPE_TRACING, BPF_MODIFY_RETURN, "security_quotactl");

	if (err)
		say(out, ANSWER_NO, "the kernel refuses fmod_ret programs", err);
	else
		out->answer = ANSWER_YES;
}

static void probe_fentry(const struct btf *types, struct feature_answer *out)
{
	int err = try_trampoline(types, BPF_PROG_TYPE_TRACING, BPF_TRACE_FENTRY, "security_quotactl");

	if (err)
		say(out, ANSWER_NO, "the kernel refuses fentry programs", err);
	else
		out->answer = ANSWER_YES;
}

static int load_tracepoint(void)
{
	int program = bpf_prog_load(BPF_PROG_TYPE_TRACEPOINT, "embargo_probe", "GPL", return_zero, 2, NULL);

	return program < 0 ? -errno : program;
}

/*
 * Where libbpf looks up the number of the tracepoint to attach to. Source: libbpf.c, tracefs_path(), v1.1.
 * A minimal system or a container may have neither.
 */
static bool tracepoint_listed(void)
{
	return !access("/sys/kernel/tracing/events/sched/sched_process_exec/id", R_OK) ||
	       !access("/sys/kernel/debug/tracing/events/sched/sched_process_exec/id", R_OK);
}

static void probe_tracepoint(const struct btf *types, struct feature_answer *out)
{
	_fd_ int program = load_tracepoint();

	if (program < 0)
		say(out, ANSWER_NO, "the kernel refuses tracepoint programs", program);
	else
		out->answer = ANSWER_YES;
}

/* A kernel that knows the link answers about the bad file, one that does not about the request. */
static void probe_perf_link(const struct btf *types, struct feature_answer *out)
{
	_fd_ int program = load_tracepoint();
	_fd_ int link = -1;

	if (program < 0) {
		say(out, ANSWER_NO, "the kernel refuses tracepoint programs", program);
		return;
	}
	link = bpf_link_create(program, -1, BPF_PERF_EVENT, NULL);
	if (link >= 0 || errno != EBADF) {
		say(out, ANSWER_NO, "the kernel has no links of perf events", link < 0 ? -errno : -EEXIST);
	} else if (!tracepoint_listed()) {
		snprintf(out->why, sizeof(out->why), "tracefs is not mounted");
		strcpy(out->more, "mount -t tracefs tracefs /sys/kernel/tracing");
	} else {
		out->answer = ANSWER_YES;
	}
}

int probe_cgroup_root(char *out_path)
{
	FILE *mounts = setmntent("/proc/self/mounts", "re");
	struct mntent *mount;

	out_path[0] = '\0';
	if (!mounts)
		return -errno;
	while (!out_path[0] && (mount = getmntent(mounts)))
		if (!strcmp(mount->mnt_type, "cgroup2"))
			snprintf(out_path, KERNEL_TEXT_BYTES, "%s", mount->mnt_dir);
	endmntent(mounts);
	return out_path[0] ? 0 : -ENOENT;
}

static void probe_cgroup(const struct btf *types, struct feature_answer *out)
{
	LIBBPF_OPTS(bpf_prog_load_opts, options, .expected_attach_type = BPF_CGROUP_INET4_CONNECT);
	const struct bpf_insn return_one[] = {
		INSN(BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_0, 0, 0, 1),
		INSN(BPF_JMP | BPF_EXIT, 0, 0, 0, 0),
	};
	char root[KERNEL_TEXT_BYTES];
	_fd_ int program = -1;

	if (probe_cgroup_root(root)) {
		snprintf(out->why, sizeof(out->why), "cgroup v2 is not mounted");
		strcpy(out->more, "mount -t cgroup2 cgroup2 /sys/fs/cgroup (or a directory beside v1: unified)");
		return;
	}
	program = bpf_prog_load(BPF_PROG_TYPE_CGROUP_SOCK_ADDR, "embargo_probe", "GPL", return_one, 2,
				&options);
	if (program < 0)
		say(out, ANSWER_NO, "the kernel refuses cgroup programs", -errno);
	else
		out->answer = ANSWER_YES;
}

/*
 * Before 6.2 the kernel passes over a program on a processor where another task is inside it, LSM programs too. The commit
 * that ended it for these gave the entry that still does so for others a name of its own (271de525e1d7).
 */
static void probe_unguarded(const struct btf *types, struct feature_answer *out)
{
	if (find_function(types, "__bpf_prog_enter_sleepable_recur", BPF_TRACE_FENTRY) > 0)
		out->answer = ANSWER_YES;
	else
		snprintf(out->why, sizeof(out->why), "the kernel is older than 6.2");
}

static int first_socket(void *context, const struct socket_seen *seen)
{
	return 1;
}

/*
 * To ask has the kernel load the modules that it needs for the answer (sock_diag_rcv_msg(), net/core/sock_diag.c), so that they
 * are there before modules may not be loaded any more. Whether it can also destroy is only to be seen by destroying.
 */
static void probe_sock_destroy(const struct btf *types, struct feature_answer *out)
{
	int netlink = sockets_open(-1);
	int err = netlink < 0 ? netlink : sockets_each(netlink, false, first_socket, NULL);

	if (netlink >= 0)
		close(netlink);
	if (err >= 0) {
		out->answer = ANSWER_YES;
		return;
	}
	snprintf(out->why, sizeof(out->why), "refused connections cannot be ended, programs wait: %s", strerror(-err));
	snprintf(out->more, sizeof(out->more), "modprobe tcp_diag");
}

void probe_features(struct features *out_features)
{
	static void (*const probes[FEATURE_MAX])(const struct btf *, struct feature_answer *) = {
		[FEATURE_LSM] = probe_lsm,
		[FEATURE_FMOD_RET] = probe_fmod_ret,
		[FEATURE_TRACEPOINT] = probe_tracepoint,
		[FEATURE_PERF_LINK] = probe_perf_link,
		[FEATURE_FENTRY] = probe_fentry,
		[FEATURE_CGROUP] = probe_cgroup,
		[FEATURE_FILE_HASH] = probe_file_hash,
		[FEATURE_UNGUARDED] = probe_unguarded,
		[FEATURE_SOCK_DESTROY] = probe_sock_destroy,
	};
	struct btf *types = btf__load_vmlinux_btf();	/* NULL with libbpf 1.0 and later: none */

	memset(out_features, 0, sizeof(*out_features));
	out_features->of[FEATURE_NONE].answer = ANSWER_YES;
	for (int i = FEATURE_NONE + 1; i < FEATURE_MAX; i++)
		probes[i](types, &out_features->of[i]);
	btf__free(types);
}

/* "none voluntary (full) lazy" -> the word in brackets; without debugfs what the build says. */
static void probe_preemption(char *out)
{
	char line[KERNEL_TEXT_BYTES], *open, *close;
	struct utsname name;

	read_line("/sys/kernel/debug/sched/preempt", line, sizeof(line));
	open = strchr(line, '(');
	close = open ? strchr(open, ')') : NULL;
	if (close) {
		*close = '\0';
		snprintf(out, KERNEL_TEXT_BYTES, "%s", open + 1);
		return;
	}
	out[0] = '\0';
	if (uname(&name))
		return;
	if (strstr(name.version, "PREEMPT_RT"))
		strcpy(out, "full (real time)");
	else if (strstr(name.version, "PREEMPT_DYNAMIC"))
		strcpy(out, "chosen at boot; unknown without debugfs");
	else if (strstr(name.version, "PREEMPT_LAZY"))
		strcpy(out, "lazy");
	else if (strstr(name.version, "PREEMPT"))
		strcpy(out, "full");
	else
		strcpy(out, "none or voluntary");
}

void probe_system(struct kernel_report *out)
{
	struct utsname name;
	char line[KERNEL_TEXT_BYTES], *open, *close;

	if (!uname(&name))
		snprintf(out->release, sizeof(out->release), "%s %s", name.release, name.machine);
	read_line("/sys/kernel/security/lsm", out->lsm, sizeof(out->lsm));
	read_line("/sys/kernel/security/lockdown", line, sizeof(line));
	open = strchr(line, '[');
	close = open ? strchr(open, ']') : NULL;
	if (close) {
		*close = '\0';
		snprintf(out->lockdown, sizeof(out->lockdown), "%s", open + 1);
	}
	(void)probe_cgroup_root(out->cgroup);	/* "" says that there is none */
	probe_preemption(out->preemption);
	out->btf = access("/sys/kernel/btf/vmlinux", R_OK) == 0;
}
