/* SPDX-License-Identifier: MIT */
/* kernel_internal.h - what the files behind kernel.h share: begin.c, load.c, attach.c, apply.c, flows.c, learned.c, resolved.c, upward.c, kernel.c, report.c. */
#ifndef EMBARGO_KERNEL_INTERNAL_H
#define EMBARGO_KERNEL_INTERNAL_H

#include "hooks.h"
#include "kernel.h"
#include "pin.h"
#include "probe.h"

#include <pthread.h>
#include <semaphore.h>
#include <unistd.h>

struct ring_buffer;

/* Descriptors of the pinned maps. */
struct kernel_maps {
	int generation, runtime, pause, stats, fold, events, learned, filter, addresses, names, seen, closings, connections, flows,
		evidence, contained;
};

/* Names of the pinned maps, in the order of struct kernel_maps. */
extern const char *const kernel_map_names[];
#define KERNEL_MAP_COUNT (sizeof(struct kernel_maps) / sizeof(int))

struct kernel {
	char pins[PIN_PATH_BYTES];
	struct kernel_options options;	/* strings point into this struct */
	char within[PIN_PATH_BYTES];
	struct features features;
	enum backend backends[HOOK_MAX];
	__u64 set;			/* as .config has it */
	struct load_config config;
	struct kernel_maps maps;
	/* Opened while the agent still may ask for objects by their numbers (CAP_SYS_ADMIN). -1: none. */
	int entries;			/* the active generation */
	int facts;			/* learned facts of the active generation */
	struct learned_filter *filter;	/* that of the generation of .facts, of all that are mapped at .filters */
	struct learned_filter *filters;	/* shared with the kernel and with children */
	/* Of the generation before: kernels before 6.8 do not wait for programs that may sleep before they free them. */
	int retired_entries, retired_facts;
	int identify, sockets, contain_running;	/* programs of iterators */
	int fork_event;			/* perf event of the tracepoint; -1: not needed, or not to be had */
	int marks;			/* the contained processes; -1: the policy contains nothing */
	pthread_mutex_t *learned_lock;	/* shared with the children; NULL: there was no memory, then without */
	int programs[PROGRAM_ROWS_MAX];	/* of the active set, by row */
	struct ring_buffer *ring, *closing_ring;
	kernel_closing_fn closing_fn;	/* of the call of kernel_closings() that is under way */
	void *closing_context;
	kernel_event_fn event_fn;	/* of the call of kernel_events() that is under way */
	void *event_context;
	unsigned malformed;
};

static inline void close_owned_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

#define _cleanup_fd_ __attribute__((cleanup(close_owned_fd)))

/**
 * load_choose() - the backend of each hook on this host
 * @features: borrowed
 * @forced:   HOOK_MAX entries, as in struct kernel_options
 * @out:      HOOK_MAX entries
 *
 * Return: 0, also when some hook has none (the report says so); -EOPNOTSUPP when none has one, or one not that
 * which is forced.
 */
int load_choose(const struct features *features, const enum backend *forced, enum backend *out);

/** load_wants() - does this program belong to the set? */
bool load_wants(const struct program_row *row, const struct features *features, const enum backend *backends);

/**
 * load_config_fill() - the constants of the set that these options and this build make
 * @options, @features, @backends: borrowed
 * @out_config: filled; .set is a digest of the programs and all of it, so that equal sets have equal ids
 *
 * Return: 0, or the errno of a --within that is no cgroup (-ENOENT, -ENOTDIR, -EINVAL).
 */
int load_config_fill(const struct kernel_options *options, const struct features *features,
		     const enum backend *backends, struct load_config *out_config);

/* A part of a program set in this process: loaded, perhaps attached. */
struct loaded {
	struct embargo_bpf *skeleton;	/* owned */
	struct bpf_object *object;	/* of .skeleton */
	__u32 flags;			/* enum gen_flag: the programs that only policies with these need; 0: those of every policy */
	struct bpf_link *links[PROGRAM_ROWS_MAX];	/* owned; by program row */
};

/** load_flags() - those of @flags (enum gen_flag) that only some policies have and that have programs on this host */
__u32 load_flags(const struct kernel *kernel, __u32 flags);

/** load_is_part() - does what @only_with is for (hooks.h) belong to the part of these flags? */
bool load_is_part(enum gen_flag only_with, __u32 flags);

/**
 * load_open() - a part of a set, ready for load_programs(); "generation", "learned" and "filter" are pinned afterwards
 * @kernel: borrowed; .pins, .set, .config, .features and .backends are set
 * @flags:  as in struct loaded
 * @out:    owned by the caller
 *
 * Return: 0, or the errno of the kernel; what failed has been logged by the caller's libbpf printer.
 */
int load_open(const struct kernel *kernel, __u32 flags, struct loaded **out);

/**
 * load_programs() - once: with the pinned maps, or making and pinning them
 *
 * Parts may be loaded side by side. Return: as load_open(), then good for load_close() only.
 */
int load_programs(struct loaded *loaded);

/** load_keep() - pin its programs that are not always attached. Return: 0, -errno; partly on failure. */
int load_keep(const struct loaded *loaded, const struct kernel *kernel);

/** load_attach() - of the part for every policy: attach, pin, load_keep(). Return: 0, -errno; partly attached on failure. */
int load_attach(struct loaded *loaded, const struct kernel *kernel);

/** load_close() - let go; what is pinned stays attached, the rest is detached. Accepts NULL. */
void load_close(struct loaded *loaded);

/** program_open() - a program of the active set that has a pin of its own, to be closed; or a negative errno */
int program_open(const struct kernel *kernel, const char *name);

/** set_map_open() - a map that is the set's own, to be closed; or a negative errno */
int set_map_open(const struct kernel *kernel, const char *name);

/**
 * parts_load() - see that the programs which only policies with these flags need are loaded and pinned
 * @flags: enum gen_flag
 *
 * What libbpf asks of the types of kernel modules takes CAP_SYS_ADMIN. Return: 0 or a negative errno; some may then be there.
 */
int parts_load(const struct kernel *kernel, __u32 flags);

/** parts_await() - until somebody who loads what these flags need and is not there has done so, or not */
void parts_await(const struct kernel *kernel, __u32 flags);

/**
 * needed_attach() - see that the programs which only some policies need are attached if this one does
 * @kernel: its set is attached; these programs are loaded
 * @flags:  enum gen_flag of the generation
 *
 * Return: 0 or a negative errno; what was attached by then stays.
 */
int needed_attach(const struct kernel *kernel, __u32 flags);

/**
 * unneeded_detach() - detach those on cgroups and tracepoints that the policy with these flags does not need
 *
 * Others stay for as long as the set: 5.10 cannot attach a program at a function a second time (f3a95075549e), and without
 * a rule for them they end after two lookups. That something stays is no failure: it decides nothing.
 */
void unneeded_detach(const struct kernel *kernel, __u32 flags);

/* What is known and done before the programs are attached; begin.c. */
struct kernel_begun {
	struct kernel *kernel;		/* owned; NULL: kernel_start() has made it the caller's */
	struct loaded *loaded;		/* owned; NULL: what is pinned looked as if it can be adopted, or it failed */
	int lock;			/* of the pins; negative: not held */
	sem_t prepared;			/* posted when all of the above and .err are there for the caller's thread */
	int err;			/* what kernel_start() is to return; 0: go on */
	int load_err;			/* the same, when the thread has ended */
	bool fresh;			/* no set was pinned */
	bool made;			/* the set's directory is of this start */
	bool threaded;			/* .thread may still work on all of this */
	pthread_t thread;
	/* What only some policies need and the first one does; with a thread of its own. */
	struct loaded *needed;		/* owned; NULL: nothing, or it failed */
	int needed_err;			/* when that thread has ended */
	bool needing;			/* .needed_thread may still work on the two above */
	pthread_t needed_thread;
};

/** begun_new() - for kernel_begin_end(); nothing has begun. NULL without memory */
struct kernel_begun *begun_new(const struct kernel_options *options);
/** begun_run() - do it here */
void begun_run(struct kernel_begun *begun);
/** begun_wait_prepared() - once, until all but the programs is there: .loaded, if there is one, has not got them yet */
void begun_wait_prepared(struct kernel_begun *begun);
/** begun_wait() - until the thread has done it all, if there is one */
void begun_wait(struct kernel_begun *begun);
/**
 * begun_need() - once prepared: begin to load what a policy with these flags needs beside what every policy does
 * @flags: enum gen_flag
 *
 * Nothing is done where it can be adopted; what cannot be begun here parts_load() does later.
 */
void begun_need(struct kernel_begun *begun, __u32 flags);
/** begun_keep_needed() - once the rest of the set is attached: wait for it and pin it. Return: 0, -errno */
int begun_keep_needed(struct kernel_begun *begun);

/** kernel_new() - nothing opened yet; for kernel_close(). NULL without memory */
struct kernel *kernel_new(const struct kernel_options *options);

/**
 * set_open() - open the pinned maps if the pinned set is this one, active and whole
 * @kernel: .pins, .set, .features and .backends are set; .maps is opened
 *
 * Return: 0; -ENOENT (nothing is pinned); -ESTALE (another one, or not all of it); -errno.
 */
int set_open(struct kernel *kernel);

/**
 * fork_event_open() - open what the second program that follows forks is attached to, on a kernel that can preempt the first
 *
 * At the start, because some distributions' kernels want CAP_SYS_ADMIN for it (kernel.perf_event_paranoid of 3 or more).
 */
void fork_event_open(struct kernel *kernel);

/** maps_open() - open the pinned maps. Return: 0; -ENOENT when nothing is pinned; -errno. */
int maps_open(const char *pins, struct kernel_maps *out_maps);
void maps_close(struct kernel_maps *maps);

/**
 * link_attached() - is this pinned link of a set attached?
 * @out_program: number of its program; may be NULL
 * Return: 0; -ENOENT (no such link); -ENOLINK (its cgroup is gone); -errno.
 */
int link_attached(const char *pins, __u64 set, const char *name, __u32 *out_program);

/**
 * descriptors_open() - open the generation and the programs of the active set
 * @kernel: .pins, .set and .maps are set; what cannot be opened stays -1
 */
void descriptors_open(struct kernel *kernel);
void descriptors_close(struct kernel *kernel);
/** descriptors_refresh() - the programs that come and go with policies, anew */
void descriptors_refresh(struct kernel *kernel);

/**
 * generation_install() - what kernel_apply() does, before any program is attached
 *
 * Return: as kernel_apply(); .entries and .facts are then those of the new one.
 */
int generation_install(struct kernel *kernel, const struct generation *generation, const struct learned_list *learned);

/** generation_entries() - the map of the active generation, to be closed; or a negative errno */
int generation_entries(const struct kernel_maps *maps);

/** generation_header() - of an open map of entries. Return: 0, -ENOENT, -errno. */
int generation_header(int entries, struct gen_header *out);

/**
 * learned_install() - make the facts of a generation and put them where a decision finds them by its number
 * @kernel, @generation: borrowed
 * @before:  number of the generation that is active; 0: none
 * @learned: borrowed; NULL: none. The sizes of its GEN_DIGEST are added
 *
 * Return: descriptor of the map, to be closed; or a negative errno, then nothing has changed.
 */
int learned_install(const struct kernel *kernel, const struct generation *generation, __u64 before,
		    const struct learned_list *learned);

/** learned_lock_new(), learned_lock_free() - a lock that children share; NULL without memory, which is accepted */
pthread_mutex_t *learned_lock_new(void);
void learned_lock_free(pthread_mutex_t *lock);

/**
 * filters_map() - map the pinned filters into this process
 * @kernel: .maps are open
 * Return: 0 or a negative errno.
 */
int filters_map(struct kernel *kernel);
void filters_unmap(struct kernel *kernel);
/** filter_choose() - from now on facts are added to that of this generation */
void filter_choose(struct kernel *kernel, __u64 generation);

/** learned_map() - descriptor of the facts of a generation by its number, to be closed; -ENOENT; -errno */
int learned_map(const struct kernel_maps *maps, __u64 generation);

/** learned_forget() - take away the facts of every generation but one */
void learned_forget(const struct kernel_maps *maps, __u64 but);

/**
 * contained_ready() - see that there is a map of contained processes if a policy with these flags needs one
 * @flags: enum gen_flag
 *
 * Return: 0; -ENOMEM; -errno.
 */
int contained_ready(struct kernel *kernel, __u32 flags);
/** contained_done() - take it away, with all marks, if such a policy does not need it; once its programs are detached */
void contained_done(struct kernel *kernel, __u32 flags);
/** contained_open() - descriptor of the map, to be closed; -ENOENT; -errno */
int contained_open(const struct kernel_maps *maps);

/** runtime_get(), runtime_set() - the map "runtime". Return: 0, -errno. */
int runtime_get(const struct kernel_maps *maps, struct runtime *out);
int runtime_set(const struct kernel_maps *maps, const struct runtime *runtime);

#endif
