/* SPDX-License-Identifier: GPL-2.0 */
/*
 * maps.h - every map, and the constants of a program set. Maps are weak: each object defines them
 * alike and the linker makes them one. All are pinned and outlive the agent; "scratch", "address_locks", "hashed", "contents",
 * "overlay_writes" (content.h) and "datagrams" are of one program set and go with it, the others outlive it.
 */
#ifndef EMBARGO_MAPS_H
#define EMBARGO_MAPS_H

#include "abi.h"
#include "compat.h"
#include <bpf/bpf_helpers.h>

/* What decide.h asks of its surroundings. */
#define GEN_FIND(generation, key) bpf_map_lookup_elem(generation, key)
#define COPY_NAME(to, bytes, address) bpf_probe_read_kernel(to, bytes, (void *)(address))
/* And tls.h: the source is the packet. */
#define TLS_BYTE(source, offset, out) bpf_skb_load_bytes(source, offset, out, 1)

#include "decide.h"
#include "dns.h"
#include "tls.h"

/* Set by the agent before loading, frozen by the kernel: a branch that depends on it is not even loaded. */
extern const volatile struct load_config load_config;

/*
 * The active generation: index 0 holds the one map that contains a compiled policy (abi.h).
 * Written by the agent, one update a switch, after which the kernel waits until no program uses the
 * old one (maybe_wait_bpf_programs(), kernel/bpf/syscall.c). Read once by every decision.
 * Empty before the first policy: then nothing is matched.
 */
struct generation_entries {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);		/* of the template; a generation has as many as it has entries */
	__uint(map_flags, BPF_F_RDONLY_PROG);
	__uint(key_size, sizeof(struct gen_key));	/* clang 14 gives an inner map no BTF to __type() */
	__uint(value_size, sizeof(union gen_value));
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, 1);
	__type(key, __u32);
	__array(values, struct generation_entries);
} generation __weak SEC(".maps");

/*
 * Learned facts (abi.h), a map for each generation, found by its number. The inner maps are written by the agent,
 * and by the programs with files that a path rule recognised. Full (an inner one): STAT_UNLEARNED counts, rules go on
 * without; the agent makes a larger one. All elements of an inner map are there from its beginning:
 * tracing programs may not allocate on 5.10.
 */
struct learned_facts {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);		/* of the template */
	__uint(key_size, sizeof(struct learned_key));
	__uint(value_size, sizeof(struct learned));
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH_OF_MAPS);
	__uint(max_entries, LEARNED_MAPS_MAX);
	__type(key, __u64);
	__array(values, struct learned_facts);
} learned __weak SEC(".maps");

/*
 * Which facts there may be (abi.h). Written by the agent, which has it mapped, and by the programs before they add a fact;
 * a byte is stored whole, so nobody takes back what another stores.
 */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, FILTERS);
	__type(key, __u32);
	__type(value, struct learned_filter);
} filter __weak SEC(".maps");

/*
 * Processes whose connections are bound to the internal networks (abi.h), in the one map that this array holds while the
 * policy contains something; else nothing, and it takes no memory. Written by the programs of contain.bpf.c and by those that
 * recognise a file; the agent removes what is gone. Full: STAT_UNLEARNED of HOOK_EXEC counts, that process is not contained.
 * As large as the number of processes that the host may have, with all elements there from the beginning: who forks must not be able
 * to get out by using up memory.
 */
struct contained_processes {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);		/* of the template */
	__uint(key_size, sizeof(__u32));
	__uint(value_size, sizeof(struct contained));
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, 1);
	__type(key, __u32);
	__array(values, struct contained_processes);
} contained __weak SEC(".maps");

/*
 * What changes without a new generation: one entry. Written by the agent that holds the pins' lock at its start
 * and afterwards by nobody else (kernel_set_clock(), kernel_set_met()), member by member: it reads the entry,
 * changes one member and writes it back. Read by decisions that matched, and by what counts.
 */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct runtime);
} runtime __weak SEC(".maps");

/*
 * Pauses, by vendor. Written by the command (also with a dead agent), read by decisions that matched.
 * Full: the command says so, nothing is paused that was not.
 */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, PAUSES_MAX);
	__type(key, __u64);
	__type(value, struct pause);
} pause __weak SEC(".maps");

/* Counters. Written by the programs of the active set (atomically: one may preempt another), read by the agent. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct stats);
} stats __weak SEC(".maps");

/* Windows of folded repeats (abi.h). Full: attempts are sent one by one. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, FOLDS_MAX);
	__type(key, struct fold_key);
	__type(value, struct fold);
} fold __weak SEC(".maps");

/*
 * What was learned of the network (abi.h). "addresses" and "names" are written by the program that reads DNS answers and by
 * the agent (/etc/hosts, a new policy), which also removes what is over; read by whatever decides about an address. Full:
 * STAT_UNLEARNED counts, what is there stays. "seen" is written by that program, read by it and by the agent; full: the
 * oldest goes. The two large ones take memory only for what is in them.
 */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, ADDRESSES_MAX);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct address_key);
	__type(value, struct learned_address);
} addresses __weak SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, NAMES_MAX);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __u64);
	__type(value, struct learned_name);
} names __weak SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, SEEN_MAX);
	__type(key, struct address_key);
	__type(value, struct seen_address);
} seen __weak SEC(".maps");

/*
 * Who writes an entry of "addresses" holds the lock of its address: answers arrive on several processors, and two that take one
 * place would lose a name. The agent does not hold it (names.c). Of one set: only the active one learns.
 */
struct address_lock {
	struct bpf_spin_lock lock;
};

#define ADDRESS_LOCKS 64	/* a power of two */

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, ADDRESS_LOCKS);
	__type(key, __u32);
	__type(value, struct address_lock);
} address_locks __weak SEC(".maps");

/* Events to the agent. Full: STAT_LOST_FULL counts, the verdict stands. Holds some 4,000 events of usual size. */
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 20);
} events __weak SEC(".maps");

/* Connections to be ended (abi.h), to the agent. Full: STAT_UNENDED counts, and it comes again with the next packet that is refused. */
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 16);
} closings __weak SEC(".maps");

enum connection_phase {
	CONNECTION_AWAIT = 0,		/* nothing has said yet whom it is for */
	CONNECTION_REFUSED = 1,		/* no payload goes out any more */
};

/* A socket that is connected to an address of "addresses", until it is decided. */
struct connection {
	__u32 first;			/* sequence number of the first byte of payload */
	__u32 passed;			/* offset behind what went out */
	__u8 phase;			/* enum connection_phase */
	__u8 holds;			/* 1: a hello that is not whole is kept back */
	__u8 zero[6];
	struct event_subject subject;	/* who connected */
	struct event_file file;		/* what it ran */
	struct tls_parse tls;		/* of what went out */
};

/*
 * Undecided and refused connections, with the socket. Written by the programs; goes with the socket, or once it is decided: the
 * others pay for a look that finds nothing. No memory for one: STAT_UNLEARNED counts, it is not let through.
 */
struct {
	__uint(type, BPF_MAP_TYPE_SK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct connection);
} connections __weak SEC(".maps");

/* Where a connected socket of UDP sends, and the policy that lets it through. */
struct datagram {
	struct address_key to;
	__u64 generation;		/* its number */
	__u32 port;
	__u32 zero;
};

/*
 * Decided once, so that not each datagram of a connection is asked about; with the socket. Written by the programs, whole: a
 * change is another element. No memory for one: it is asked again. Not pinned: a set that is not active yet records nothing, and
 * what it has decided must not silence the one that does.
 */
struct {
	__uint(type, BPF_MAP_TYPE_SK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct datagram);
} datagrams __weak SEC(".maps");

/*
 * Matched connections that were let through, by the cookie of the socket, until it is closed. Written by the programs alone,
 * the agent reads. Full: STAT_UNLEARNED of HOOK_CONNECT counts, its bytes are not.
 */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, FLOWS_MAX);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __u64);
	__type(value, struct flow);
} flows __weak SEC(".maps");

/*
 * What went where, added up. Written by the programs; the agent takes away what belongs to a rule that is gone. Full:
 * STAT_UNLEARNED of HOOK_CONNECT counts the connections that are missing.
 */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, EVIDENCE_MAX);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct evidence_key);
	__type(value, struct evidence);
} evidence __weak SEC(".maps");

/*
 * Where a walk towards the root stands; kernel addresses. Read into place: on the stack it would not fit
 * below connect, where old kernels add up the frames to 512 bytes.
 */
struct walk_position {
	struct path at;			/* read as a whole: mount, then dentry, as in linux/path.h */
	struct path root;		/* of the process */
	struct dentry *mount_top;	/* where the mount of "at" ends */
	struct dentry_link link;	/* of at.dentry */
	struct dentry *first_top;	/* of the mount that the file is on; NULL: not reached */
	__u32 first_depth;		/* of the walk there */
	__u32 root_seen;
};

struct scratch {
	__u32 owners;			/* 1 while an attempt has it; see claim() */
	__u32 index;			/* its own */
	__u64 generation;		/* address of the generation that the match began with */
	union {
		struct {
			struct walk walk;
			struct walk_position position;
			struct path_match match;
		};
		struct dns dns;		/* an answer, which is no attempt; the message is in .path */
	};
	struct file_match known;	/* of the file */
	/*
	 * Addresses in the kernel. From here they are read as numbers: the verifier lets no pointer into a function of
	 * scalars, and what comes out of a map is none.
	 */
	__u64 task;			/* struct task_struct of who acts: the current one, unless somebody else is looked at */
	__u64 file;			/* struct file that the attempt is about; 0: a module from memory */
	__u64 inode;			/* struct inode that event.file is about */
	__u64 name;			/* a name to match */
	__u64 image;			/* of a module */
	__u32 wants_content;		/* of an embargoed size, and nobody has told the content */
	__u32 zero;
	struct decision decision;
	struct fold_key fold_key;
	struct evidence_key evidence_key;
	__u64 cookie;			/* of the socket that it is about; 0: none, or not known */
	struct open_socket open;	/* for sockets.bpf.c */
	union {
		struct learned_name named;
		struct {
			__u64 named_until, named_through;
			struct domain_text domain;	/* a name to ask about; inside .named and .innocent */
		};
		struct {
			__u64 before_innocent;
			struct seen_address innocent;
		};
	};
	struct domain_match domain_match;
	struct address_key address;	/* an address to ask about */
	struct address_match resolved;	/* what its names say */
	__u64 name_key;			/* HOOK_NAME: key of .domain in "names" */
	__u32 recalled;			/* 1: event.subject and event.file are of who connected; current is somebody else */
	__u32 flags;			/* of the generation, for names.bpf.c */
	__u64 number;			/* of the same */
	struct tls_parse tls;		/* of the packet that is looked at */
	__u64 places[ADDRESS_NAMES_MAX];	/* names of an address, before one of them is overwritten */
	struct kernfs_node *cgroup_at;	/* where a walk towards the root of the cgroups stands */
	struct event event;
	union {
		char path[EVENT_PATH_MAX + PATH_NAME_MAX + 1];	/* continues the event; the rest is slack */
		struct walk second;	/* of a cgroup or a name, before there is a decision to tell of */
	};
};

/*
 * Contents that were hashed on behalf of an attempt: written by a program that may sleep (hash.bpf.c), read and
 * removed by the one that decides, which the kernel calls after it. By thread, and removed at the beginning of each attempt.
 * Full: the content is not known, which is counted. Not an LRU map: one with many processors drops what was just written.
 */
struct hashed {
	__u64 inode;			/* its address, while the attempt holds the file */
	__u8 sha256[SHA256_BYTES];
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__type(key, __u64);
	__type(value, struct hashed);
} hashed __weak SEC(".maps");

/*
 * Working memory of a decision: SCRATCH_PER_CPU slots a processor, claimed in scratch.h. The agent sets
 * the number of entries. None free: the attempt is undecided, counted and let through.
 */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct scratch);
} scratch __weak SEC(".maps");

#endif
