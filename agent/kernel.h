/* SPDX-License-Identifier: MIT */
/*
 * kernel.h - the kernel side as the rest of the agent sees it: what this host can do, one program set
 * attached and pinned, one generation active, counters and events coming up. Everything that knows
 * libbpf is behind this header.
 */
#ifndef EMBARGO_KERNEL_H
#define EMBARGO_KERNEL_H

#include "../bpf/abi.h"
#include <stdbool.h>
#include <stddef.h>

struct generation;
struct kernel;
struct kernel_begun;

#define KERNEL_TEXT_BYTES 256

struct kernel_options {
	const char *pins;		/* directory on a BPF file system; default /sys/fs/bpf/embargo */
	const char *within;		/* cgroup v2 directory, or NULL */
	bool audit_only;
	/* By enum hook. BACKEND_NONE: the strongest that works; BACKEND_MAX: none, as on a host without one. */
	enum backend forced[HOOK_MAX];
	struct kernel_begun *begun;	/* of kernel_begin(); borrowed; NULL: kernel_start() does it all */
};

/**
 * kernel_within_check() - can decisions be bound to this directory?
 * @path: borrowed
 *
 * Return: 0; -EINVAL: it is not a cgroup v2 below the root; -ENOENT: or cgroup v2 is not mounted; another errno of the path.
 */
int kernel_within_check(const char *path);

/**
 * kernel_begin() - begin with what a start does before it needs a policy, in a thread, while the caller makes one ready
 * @options: as for kernel_start(); borrowed until kernel_begin_end(), and not to be changed but for .begun
 *
 * It asks what this kernel can do and, unless the pinned program set is this one, loads the programs: most of a start. Other
 * starts on the same pins wait until kernel_begin_end(). What is attached stays as it is. The caller may fork meanwhile.
 * Return: for the options of kernel_start(), owned by the caller; NULL if that is not possible, which is no failure.
 */
struct kernel_begun *kernel_begin(const struct kernel_options *options);
/**
 * kernel_begin_end() - after kernel_start(), or instead of it, then it leaves nothing behind; waits for the thread; accepts NULL
 */
void kernel_begin_end(struct kernel_begun *begun);

/* One hook on this host. */
struct hook_report {
	enum hook hook;
	enum backend backend;		/* what carries it, or would; BACKEND_NONE: nothing does */
	bool attached;
	bool unneeded;			/* nothing is attached, because no rule of the active policy needs it */
	bool hashes;			/* files of an embargoed size are hashed in the kernel; else the agent is asked */
	char achieves[KERNEL_TEXT_BYTES];	/* in words: "prevents", "kills before the first instruction" */
	char why[KERNEL_TEXT_BYTES];	/* why not a stronger one; "" when it is the strongest */
	char more[KERNEL_TEXT_BYTES];	/* how to get a stronger one; "" */
	__u64 recursion_misses;		/* attempts that the kernel did not show to the program */
	__u64 run_count, run_ns;	/* of bpf_prog_info; 0 unless kernel.bpf_stats_enabled */
};

struct kernel_report {
	char release[KERNEL_TEXT_BYTES];	/* uname */
	char lsm[KERNEL_TEXT_BYTES];	/* active list, "" if it cannot be read */
	char lockdown[KERNEL_TEXT_BYTES];	/* "none", "integrity", "confidentiality", "" */
	char cgroup[KERNEL_TEXT_BYTES];	/* where cgroup v2 is mounted, "" if nowhere */
	char preemption[KERNEL_TEXT_BYTES];	/* "none", "voluntary", "full", "lazy", "" unknown */
	bool btf;
	struct hook_report hooks[HOOK_MAX];	/* by enum hook; .hook is 0 where this build has no such hook */
	__u64 programs;			/* a bit for each row of program_rows (hooks.h): it is part of the set on this host, or would be */
	bool ends_connections;		/* else .why and .more of HOOK_NAME say why not */
	__u64 memory_bytes;		/* of all maps; 0 when nothing is loaded */
	__u64 set;			/* program set that is active; 0: none */
	__u64 generation;		/* active; 0: none */
	__u64 attached_boot_ns;		/* 0: unknown */
};

/**
 * kernel_probe() - what this host can do, and what is attached now; changes nothing
 * @options:    borrowed
 * @out_report: filled
 *
 * Return: 0; -EPERM without the privilege to probe (then what could be read is filled in).
 */
int kernel_probe(const struct kernel_options *options, struct kernel_report *out_report);

/* Facts that are there before a generation becomes active. The arrays are borrowed; equal keys: the later one counts. */
struct learned_list {
	const struct learned_key *keys;
	const struct learned *values;
	size_t count;
};

/**
 * kernel_start() - adopt the pinned program set if it is this one, else load and attach it and then let the old one go
 * @options:    borrowed
 * @first:      borrowed; put in place before anything new is attached; NULL keeps the pinned generation. If it is
 *              the pinned one already, that stays with its facts
 * @learned:    borrowed; what is known of files when @first becomes active; NULL: nothing
 * @out_kernel: owned by the caller; untouched on failure
 * @out_adopted: whether the programs were there already; may be NULL
 *
 * Return: 0; -ENOKEY (no @first and no pinned generation); -EOPNOTSUPP (no backend works for a hook);
 * -EPERM; other negative errno. On failure what was attached before is still attached.
 */
int kernel_start(const struct kernel_options *options, const struct generation *first,
		 const struct learned_list *learned, struct kernel **out_kernel, bool *out_adopted);

/**
 * kernel_rest_lock() - before kernel_load_rest(), perhaps by a child that inherits it
 * Return: a descriptor; the lock is held until the last copy of it is closed. Or a negative errno.
 */
int kernel_rest_lock(struct kernel *kernel);

/**
 * kernel_load_rest() - load what this policy does not need but another one might, so that it can be attached later without the
 * privileges that loading takes
 *
 * Not part of kernel_start(): what is embargoed need not wait for it. kernel_apply() waits for the lock where it needs what is not
 * there yet, and refuses a policy with -ENOENT if it is not there then. Return: 0 or a negative errno.
 */
int kernel_load_rest(struct kernel *kernel);

/** kernel_close() - forget it; what is pinned goes on. Accepts NULL. */
void kernel_close(struct kernel *kernel);

/**
 * kernel_apply() - build this generation beside the live one and switch to it in one step
 * @kernel, @generation: borrowed
 * @learned: what is known of files when it becomes active; NULL: nothing. The sizes of its GEN_DIGEST are added
 *
 * When it returns 0 no running program uses the old one any more, and its facts are gone.
 * Return: 0; -ENOMEM, -E2BIG or another errno of the kernel; the old generation is then still active.
 */
int kernel_apply(struct kernel *kernel, const struct generation *generation, const struct learned_list *learned);

/**
 * kernel_learned_put() - add a fact to those of the active generation, or change one
 * @kernel: borrowed; also in a child process of the one that started it
 *
 * Return: 0; -E2BIG (full: see kernel_learned_grow()); -ENOENT (the generation has changed); -errno.
 */
int kernel_learned_put(struct kernel *kernel, const struct learned_key *key, const struct learned *learned);
/** kernel_learned_get() - Return: 0; -ENOENT; -errno. @out_learned untouched on failure */
int kernel_learned_get(struct kernel *kernel, const struct learned_key *key, struct learned *out_learned);
/**
 * kernel_learned_lock(), kernel_learned_unlock() - around a get and the put that rests on it
 *
 * The agent and its children change the same facts; without it one takes back what the other has just said. Short: others
 * wait. A child that is ended while it holds it gives it back.
 */
void kernel_learned_lock(struct kernel *kernel);
void kernel_learned_unlock(struct kernel *kernel);

/** kernel_learned_remove() - Return: 0; -ENOENT; -errno */
int kernel_learned_remove(struct kernel *kernel, const struct learned_key *key);

/* Not 0 ends the listing. */
typedef int (*kernel_learned_fn)(void *context, const struct learned_key *key, const struct learned *learned);
/** kernel_learned_each() - every fact of the active generation; the callback may change and remove. Return: 0; what @fn returned; -errno */
int kernel_learned_each(struct kernel *kernel, kernel_learned_fn fn, void *context);

/** kernel_learned_room() - how many facts fit those of the active generation; 0 if that cannot be known */
size_t kernel_learned_room(struct kernel *kernel);

/**
 * kernel_learned_grow() - put the facts of the active generation into a map with room for twice as many
 * @kernel: borrowed; only in the process that started it, and nobody else may add facts meanwhile
 *
 * Return: 0 or a negative errno; the old map then stands.
 */
int kernel_learned_grow(struct kernel *kernel);

/**
 * kernel_identify() - what the kernel programs see of files that this process has open
 * @fds: borrowed; not O_PATH; @count at most KERNEL_IDENTIFY_MAX
 * @out: @count entries; .file.inode is 0 where a file could not be found
 *
 * Not fstat(2): on btrfs that tells another device, and it has no generation. May be called in a child process.
 * Return: 0; -EOPNOTSUPP (no program for it is loaded); -errno.
 */
#define KERNEL_IDENTIFY_MAX 256
int kernel_identify(struct kernel *kernel, const int *fds, size_t count, struct identity *out);

/* ---------------------------------------------------------------- names and their addresses, as bpf/abi.h has them */

/* Not 0 ends the listing. The callback may change and remove. */
typedef int (*kernel_address_fn)(void *context, const struct address_key *address, const struct learned_address *known);
typedef int (*kernel_seen_fn)(void *context, const struct address_key *address, const struct seen_address *known);
/** kernel_addresses_each(), kernel_seen_each() - what is known of addresses. Return: 0; what @fn returned */
int kernel_addresses_each(struct kernel *kernel, kernel_address_fn fn, void *context);
int kernel_seen_each(struct kernel *kernel, kernel_seen_fn fn, void *context);

/**
 * kernel_resolved_put() - a name has this address, or has it for longer
 * @key:  hash of the name
 * @name: borrowed
 * @until_boot_ns: CLOCK_BOOTTIME; ~0: for ever
 * @now_boot_ns:   a name of the address that was over before may make way
 *
 * Return: 0; -E2BIG (no room for names, addresses, or another name of this one); -EEXIST (another name has that hash); -errno.
 */
int kernel_resolved_put(struct kernel *kernel, const struct address_key *address, __u64 key,
			const struct domain_text *name, __u64 until_boot_ns, __u64 now_boot_ns);
/**
 * kernel_resolved_through() - a name that is known is an alias of one that a rule names
 * @key:     of the alias
 * @through: hash of @name
 *
 * Return: 0; -ENOENT (the alias is not known); -E2BIG; -EEXIST; -errno, as for kernel_resolved_put().
 */
int kernel_resolved_through(struct kernel *kernel, __u64 key, __u64 through, const struct domain_text *name,
			    __u64 until_boot_ns);
/** kernel_address_known() - is there an entry of this address? */
bool kernel_address_known(struct kernel *kernel, const struct address_key *address);
/**
 * kernel_resolved_forget() - a name has this address no more
 * @name_until_boot_ns: the name itself is kept until then, because other addresses may have it
 *
 * Return: 0; -ENOENT; -errno.
 */
int kernel_resolved_forget(struct kernel *kernel, const struct address_key *address, __u64 key,
			   __u64 name_until_boot_ns);
/** kernel_seen_put() - an innocent name of an address, unless there is one. Return: 0; -errno */
int kernel_seen_put(struct kernel *kernel, const struct address_key *address, const struct domain_text *name,
		    __u64 until_boot_ns);
/** kernel_seen_forget() - the innocent name of an address */
void kernel_seen_forget(struct kernel *kernel, const struct address_key *address);

struct kernel_resolved {
	size_t names, addresses;	/* of NAMES_MAX and ADDRESSES_MAX */
};

/** kernel_resolved_sweep() - remove what is over, and count the rest. Return: 0; -errno */
int kernel_resolved_sweep(struct kernel *kernel, __u64 now_boot_ns, struct kernel_resolved *out_counts);

/**
 * kernel_set_clock() - the time that exceptions end by
 * @boot_to_real_ns: CLOCK_REALTIME less CLOCK_BOOTTIME, of kernel_clock(); 0: not known, nothing ends
 *
 * kernel_start() does it too. To be called again whenever somebody sets the clock (timerfd_create(2),
 * TFD_TIMER_CANCEL_ON_SET); a clock that only runs needs nothing. What was set outlives the agent.
 * Return: 0 or a negative errno.
 */
int kernel_set_clock(struct kernel *kernel, __s64 boot_to_real_ns);

/** kernel_clock() - what the clocks of this host say now */
__s64 kernel_clock(void);

/**
 * kernel_set_met() - whose requirements this host meets; those of any other generation are unmet
 * @met: generation numbers; 0: none. Two, so that the next one can be named before kernel_apply() and the
 *       active one kept until after it: then nothing is held back for a moment in between.
 *
 * Only generations that require something are looked for. What was set outlives the agent, also an adoption
 * by the next one and an exchange of programs. Return: 0 or a negative errno.
 */
int kernel_set_met(struct kernel *kernel, const __u64 met[2]);

/* A process whose connections are bound to the internal networks. */
struct contained_process {
	__u32 pid;
	struct contained mark;
};

/**
 * kernel_contained() - which processes have a mark, gone ones too
 * @out:       owned by the caller; NULL where there is none
 * @out_count: how many
 *
 * Return: 0; -ENOMEM; -errno.
 */
int kernel_contained(struct kernel *kernel, struct contained_process **out, size_t *out_count);
/** kernel_contained_room() - how many there can be; 0: the policy contains nothing */
size_t kernel_contained_room(struct kernel *kernel);

/**
 * kernel_contain() - mark one process
 * @process: of a rule of the active generation; borrowed
 *
 * Return: 0; -ENOENT (the policy contains nothing); -E2BIG; -errno.
 */
int kernel_contain(struct kernel *kernel, const struct contained_process *process);
/** kernel_contain_end() - remove the mark of a process, if it is still this one. Return: 0; -ENOENT; -errno */
int kernel_contain_end(struct kernel *kernel, const struct contained_process *process);

/**
 * kernel_contain_running() - mark what runs already: programs that a rule contains, and what contained processes have forked
 *
 * By the same decisions as an exec; each is an event (EVENT_RAN_BEFORE). Not all of them are marked by one call: to be called
 * until it answers 0. Return: how many were marked; -EOPNOTSUPP (no program for it is loaded); -errno.
 */
int kernel_contain_running(struct kernel *kernel);

/** kernel_contain_missed() - forks and sends that the kernel did not show to a program that follows contained processes */
__u64 kernel_contain_missed(struct kernel *kernel);

/** kernel_generation() - number of the active generation, 0 if it cannot be read */
__u64 kernel_generation(struct kernel *kernel);

/* Called once for each record, which is checked (kind, size, path length) and aligned to 8 bytes. */
typedef void (*kernel_event_fn)(void *context, const struct event *event);

/** kernel_events_fd() - readable when events wait; for the event loop. Not to be closed. */
int kernel_events_fd(struct kernel *kernel);

/**
 * kernel_events() - deliver the waiting events
 * @out_malformed: records that failed the check; may be NULL
 * Return: number delivered, or a negative errno.
 */
int kernel_events(struct kernel *kernel, kernel_event_fn fn, void *context, unsigned *out_malformed);

typedef void (*kernel_closing_fn)(void *context, const struct closing *which);

/** kernel_closings_fd() - readable when connections are to be closed; for the event loop. Not to be closed. */
int kernel_closings_fd(struct kernel *kernel);

/**
 * kernel_closings() - deliver the connections that were refused and are still open
 *
 * One comes again for as long as its owner's data is sent again. Return: number delivered, or a negative errno.
 */
int kernel_closings(struct kernel *kernel, kernel_closing_fn fn, void *context);

typedef void (*kernel_fold_fn)(void *context, const struct fold_key *key, const struct fold *fold);

/**
 * kernel_folds() - end the windows of folded repeats that are over and report what they counted
 * @all: also those that are not over (at the end of the agent)
 * Return: number of windows still open, or a negative errno.
 */
int kernel_folds(struct kernel *kernel, bool all, kernel_fold_fn fn, void *context);

/* Not 0 ends the listing. */
typedef int (*kernel_socket_fn)(void *context, const struct open_socket *socket);
/**
 * kernel_sockets() - the internet sockets of this host that have a peer or listen, in all network namespaces
 *
 * One that several processes have open comes once for each; one that nobody has open any more does not. It goes over every
 * open file of the host: 0.2 us each. Return: 0; what @fn returned; -EOPNOTSUPP (no program for it is loaded); -errno.
 */
int kernel_sockets(struct kernel *kernel, kernel_socket_fn fn, void *context);

typedef int (*kernel_flow_fn)(void *context, __u64 cookie, const struct flow *flow);
/** kernel_flows() - the connections that are open and counted. Return: 0; what @fn returned; -errno. */
int kernel_flows(struct kernel *kernel, kernel_flow_fn fn, void *context);
/** kernel_flow_is_open() - has what went through it not been added to its sums yet? */
bool kernel_flow_is_open(struct kernel *kernel, __u64 cookie);
/**
 * kernel_flow_put() - count a connection that was open before anything was counted
 * @first: its sums, if there are none of its kind yet; the bytes come when it is closed
 *
 * Return: 0; -EEXIST (it is counted already); -E2BIG (full); -errno.
 */
int kernel_flow_put(struct kernel *kernel, __u64 cookie, const struct flow *flow, const struct evidence *first);

typedef int (*kernel_evidence_fn)(void *context, const struct evidence_key *key, const struct evidence *sums);
/** kernel_evidence() - what went where, without what is open. Return: 0; what @fn returned; -errno. */
int kernel_evidence(struct kernel *kernel, kernel_evidence_fn fn, void *context);
/** kernel_evidence_pinned() - the same without an agent; @pins: as in the options. Return: as above; -ENOENT. */
int kernel_evidence_pinned(const char *pins, kernel_evidence_fn fn, void *context);
/** kernel_name() - the text of a name that was resolved, by its key. Return: 0; -ENOENT; -errno. */
int kernel_name(struct kernel *kernel, __u64 key, struct domain_text *out_name);
/** kernel_evidence_remove() - forget sums, when they were told and their rule is gone. Return: 0; -ENOENT; -errno. */
int kernel_evidence_remove(struct kernel *kernel, const struct evidence_key *key);

/** kernel_stats() - counters summed over processors. Return: 0 or a negative errno. */
int kernel_stats(struct kernel *kernel, struct stats *out_stats);

/** kernel_report() - as kernel_probe(), of what is attached; cheap. Return: 0 or a negative errno. */
int kernel_report(struct kernel *kernel, struct kernel_report *out_report);

/**
 * kernel_pause() - turn enforcement to audit until a time, with or without an agent
 * @pins:   as in the options
 * @vendor: key of struct gen_rule, or PAUSE_EVERYTHING
 * @pause:  borrowed, copied
 *
 * Return: 0; -ENOENT (nothing is pinned); -EPERM.
 */
int kernel_pause(const char *pins, __u64 vendor, const struct pause *pause);
/** kernel_resume() - end a pause. Return: 0; -ENOENT (no such pause, or nothing is pinned). */
int kernel_resume(const char *pins, __u64 vendor);
/** kernel_pauses() - list them, ended ones too. Return: how many were filled, or a negative errno. */
int kernel_pauses(const char *pins, __u64 *out_vendors, struct pause *out_pauses, size_t capacity);

/**
 * kernel_detach() - detach everything and remove every pin
 *
 * Waits until the kernel has let them go. Return: 0, also if nothing was there; -EBUSY when somebody else
 * holds a link; another negative errno if a pin is left.
 */
int kernel_detach(const char *pins);

#endif
