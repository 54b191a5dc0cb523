/* SPDX-License-Identifier: MIT */
/* hooks.c - the table of programs and the table of backends. See hooks.h. */
#include "hooks.h"

const struct program_row program_rows[] = {
	{ .name = "exec_lsm", .hook = HOOK_EXEC, .backend = BACKEND_LSM, .needs = FEATURE_LSM },
	{ .name = "exec_fmod_ret", .hook = HOOK_EXEC, .backend = BACKEND_FMOD_RET,
	  .needs = FEATURE_FMOD_RET },
	{ .name = "exec_tp", .hook = HOOK_EXEC, .backend = BACKEND_KILL, .needs = FEATURE_PERF_LINK },
	{ .name = "exec_kprobe", .hook = HOOK_EXEC, .backend = BACKEND_KILL,
	  .needs = FEATURE_PERF_LINK, .optional = true },
	{ .name = "exec_raw_tp", .hook = HOOK_EXEC, .backend = BACKEND_KILL,
	  .needs = FEATURE_TRACEPOINT, .needs_not = FEATURE_PERF_LINK },
	{ .name = "exec_fentry", .hook = HOOK_EXEC, .backend = BACKEND_KILL,
	  .needs = FEATURE_FENTRY, .needs_not = FEATURE_PERF_LINK, .optional = true },
	{ .name = "connect4", .hook = HOOK_CONNECT, .backend = BACKEND_CGROUP,
	  .needs = FEATURE_CGROUP, .on_cgroup = true },
	{ .name = "connect6", .hook = HOOK_CONNECT, .backend = BACKEND_CGROUP,
	  .needs = FEATURE_CGROUP, .on_cgroup = true },
	{ .name = "sendmsg4", .hook = HOOK_CONNECT, .backend = BACKEND_CGROUP,
	  .needs = FEATURE_CGROUP, .on_cgroup = true },
	{ .name = "sendmsg6", .hook = HOOK_CONNECT, .backend = BACKEND_CGROUP,
	  .needs = FEATURE_CGROUP, .on_cgroup = true },
};
const size_t program_row_count = sizeof(program_rows) / sizeof(program_rows[0]);
_Static_assert(sizeof(program_rows) / sizeof(program_rows[0]) <= PROGRAM_ROWS_MAX, "a descriptor for each");

const struct backend_row backend_rows[] = {
	{ HOOK_EXEC, BACKEND_LSM, FEATURE_LSM, "prevents: exec answers EPERM, scripts too" },
	{ HOOK_EXEC, BACKEND_FMOD_RET, FEATURE_FMOD_RET,
	  "prevents: exec answers EPERM, scripts too; best effort on a preemptible kernel" },
	{ HOOK_EXEC, BACKEND_KILL, FEATURE_TRACEPOINT,
	  "kills before the first instruction (exit status 137); best effort on a preemptible kernel" },
	{ HOOK_CONNECT, BACKEND_CGROUP, FEATURE_CGROUP,
	  "prevents: connect and datagram sends answer EPERM" },
};
const size_t backend_row_count = sizeof(backend_rows) / sizeof(backend_rows[0]);
