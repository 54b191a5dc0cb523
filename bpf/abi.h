/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * abi.h - everything that crosses a border between the kernel programs, the policy library and the
 * agent, and nothing else: the compiled generation (down) and the event record (up), plus the few
 * pure functions that are part of those formats. Whoever changes a layout raises EMBARGO_ABI in the
 * same commit: pins live under that number.
 */
#ifndef EMBARGO_ABI_H
#define EMBARGO_ABI_H

#ifdef __BPF__
#include "vmlinux.h"
#else
#include <linux/types.h>
#endif

#define EMBARGO_ABI 5

#define ABI_SIZE(type, bytes) _Static_assert(sizeof(type) == (bytes), #type " changed its size")

/* ---------------------------------------------------------------- words */

/* What happened to an attempt. */
enum verdict {
	VERDICT_ALLOW = 0,
	VERDICT_DENY = 1,
	VERDICT_MAX,
};

/* Ordered from the weakest: "the weakest of" is the minimum. 0 is never a mode. */
enum mode {
	MODE_NONE = 0,
	MODE_AUDIT = 1,
	MODE_ENFORCE = 2,
	MODE_MAX,
};

/* What holds a rule below enforcement. In the order in which the reason is named, if several hold. */
enum held_by {
	HELD_BY_NOTHING = 0,
	HELD_BY_CAP = 1,		/* the host's --audit-only */
	HELD_BY_PAUSE = 2,		/* embargo pause */
	HELD_BY_BREAKER = 3,		/* an open breaker */
	HELD_BY_REQUIREMENT = 4,	/* an unmet requirement */
	HELD_BY_STAGE = 5,		/* the rollout stage */
	HELD_BY_CONFIDENCE = 6,		/* weaker than the policy's min-confidence */
	HELD_BY_POLICY = 7,		/* the policy or its line says audit */
	HELD_BY_MAX,
};

/* Why a match went through although a rule named it. */
enum let_through {
	LET_THROUGH_NOT = 0,		/* the mode alone decided */
	LET_THROUGH_ALLOWED = 1,	/* an entry of the policy's allow list */
	LET_THROUGH_PROTECTED = 2,	/* a protected object */
	LET_THROUGH_SHARED = 3,		/* an address that innocent names have, too, and nothing said which one was meant */
	LET_THROUGH_CONTAIN = 4,	/* a kernel module of a rule that contains: modules cannot be contained */
	LET_THROUGH_MAX,
};

enum action {
	ACTION_NONE = 0,
	ACTION_DENY = 1,
	ACTION_CONTAIN = 2,
	ACTION_ALLOW = 3,		/* an allow entry: numbered like a rule, never refuses */
	ACTION_MAX,
};

/* The kinds of facts that identify a product. The last four are for finding, never for rules. */
enum matcher {
	MATCHER_NONE = 0,
	MATCHER_PATH = 1,
	MATCHER_NETWORK = 2,
	MATCHER_DIGEST = 3,
	MATCHER_PACKAGE = 4,
	MATCHER_PACKAGE_VENDOR = 5,
	MATCHER_MODULE = 6,
	MATCHER_DOMAIN = 7,
	MATCHER_UNIT = 8,
	MATCHER_IMAGE = 9,
	MATCHER_MARKER = 10,
	MATCHER_REPOSITORY = 11,
	MATCHER_MAX,
};

/* By what a thing was recognised: the matcher says what the rule names, this what gave it away. */
enum recognised {
	RECOGNISED_NOT = 0,
	RECOGNISED_PATH = 1,		/* of the resolved file */
	RECOGNISED_IDENTITY = 2,	/* the file itself, whatever it is called: LEARNED_FILE */
	RECOGNISED_CONTENT = 3,		/* SHA-256 */
	RECOGNISED_NAME = 4,		/* of a kernel module */
	RECOGNISED_ADDRESS = 5,
	RECOGNISED_RESOLVED = 6,	/* an address that a DNS answer gave for the name */
	RECOGNISED_SERVER_NAME = 7,	/* of a TLS ClientHello */
	RECOGNISED_CONTAINED = 8,	/* who connects: a contained program or a descendant of one */
	RECOGNISED_MAX,
};

/* The attempts that are decided; also the kind of the event that records one. */
enum hook {
	HOOK_NONE = 0,
	HOOK_EXEC = 1,
	HOOK_LOAD = 2,
	HOOK_MODULE = 3,
	HOOK_CONNECT = 4,
	HOOK_NAME = 5,
	HOOK_MAX,
};

/* The kernel mechanism that carries a hook. */
enum backend {
	BACKEND_NONE = 0,
	BACKEND_LSM = 1,
	BACKEND_FMOD_RET = 2,
	BACKEND_KILL = 3,		/* tracepoint and signal */
	BACKEND_CGROUP = 4,
	BACKEND_MAX,
};

enum protocol {
	PROTOCOL_ANY = 0,
	PROTOCOL_TCP = 6,
	PROTOCOL_UDP = 17,
	PROTOCOL_SCTP = 132,
};

/* ---------------------------------------------------------------- limits */

#define PATH_COMPONENTS_MAX 64		/* of a rule, and looked at from the root down */
#define PATH_NAME_MAX 255		/* bytes of one component: NAME_MAX, linux/limits.h */
#define GLOB_STATES_MAX 65535		/* of all wildcard automata of one generation */
#define NETWORK_LENGTHS_MAX 32		/* different prefix lengths of one address family */
#define NETWORK_CONDITIONS_MAX 32	/* port and protocol lines that can cover one address */
#define EVENT_PATH_MAX 4096		/* bytes, no terminating zero */
#define OPEN_PATH_BYTES 256
#define TASK_NAME_BYTES 16		/* TASK_COMM_LEN, linux/sched.h */
#define MODULE_NAME_BYTES 64		/* more than MODULE_NAME_LEN, linux/module.h */
#define DOMAIN_BYTES 253		/* of a name in text, without the last dot: RFC 1035, section 2.3.4 */
#define DOMAIN_LABELS_MAX 127		/* of a name; a pattern has at most PATH_COMPONENTS_MAX */
#define SHA256_BYTES 32
#define ADDRESS_NAMES_MAX 4		/* names that are kept of one address */
/* As many attempts as can be under way on one processor: each but the last is a preempted task. */
#define SCRATCH_PER_CPU 16

/* ---------------------------------------------------------------- down: the compiled generation
 *
 * A generation is one hash map, filled, frozen and then put in the place of the one before it with a
 * single update of the outer map "generation": a hook looks that up once and so can never see a
 * mixture. Everything a decision needs is an entry of that map:
 *
 *   GEN_HEADER     -                          -> gen_header    what this generation is
 *   GEN_STEP       node, a = component hash   -> gen_node      literal child of a path node
 *   GEN_NODE       node                       -> gen_node      a node that is reached by its number
 *   GEN_GLOB       node = state, part = b>>4  -> gen_glob      automaton row: next state by low nibble
 *   GEN_ACCEPT     node = state               -> gen_accept    node reached if the component ends here
 *   GEN_LENGTHS    node = table, part = 4, 6  -> gen_lengths   prefix lengths in use, ascending
 *   GEN_NET4       node = table, part = bits, a     -> gen_network   a = address in host order, masked
 *   GEN_NET6       node = table, part = bits, a, b  -> gen_network   a, b = halves in host order, masked
 *   GEN_CONDITION  node = list, part = index  -> gen_condition one port and protocol line
 *   GEN_RULE       node = rule number         -> gen_rule      what to do
 *   GEN_SCOPE      -                          -> gen_scope     whose attempts are decided; GEN_FLAG_SCOPE
 *   GEN_USER       node = user id             -> gen_user      a user of the scope
 *   GEN_ROOTS      -                          -> gen_roots     where names other than paths start
 *   GEN_DIGEST     DIGEST_KEY_BYTES of it     -> gen_digest    a listed SHA-256
 *   GEN_CONTAIN    a = gen_rule.id            -> gen_contain   a rule that contains
 *
 * Rules are numbered from 1, the more specific first, so that the best of several matches is the
 * smallest number. Rule 0 is "none", node 0 is "none", glob state 0 is "dead".
 *
 * Networks are in tables of their own, in "node" of GEN_LENGTHS, GEN_NET4 and GEN_NET6: NETWORKS_RULES are those of rules and
 * allow entries; of NETWORKS_INTERNAL, which contained programs may reach, an entry says only that it is there (count 1).
 *
 * A path is matched from its root down, one lookup for each component, until no node is left:
 *   - at a node with components still to come: below_* applies, and the leaf is tried as child of "deep";
 *   - at a node when the path ends: end_* applies;
 *   - next: the literal child (GEN_STEP), else what the automaton "glob" accepts, else the node "any".
 * The compiler merges patterns so that one walk is enough: the literal child already contains what
 * wildcards beside it would have matched.
 *
 * A network is found by binary search over the prefix lengths in use (Waldvogel et al., "Scalable
 * High Speed IP Routing Lookups", 1997): entries on the way are markers that carry the best real
 * prefix above them, so that there is no backtracking and the cost does not depend on the number
 * of networks.
 *
 * The scope is asked after a rule has matched, so that what matches nothing pays nothing for it; the
 * verdict is the same. Cgroups are matched by their path from the cgroup v2 root through the same
 * nodes as files, but from roots of their own, one for each list of the scope; a pattern covers the cgroup
 * and all below it. There "deny" is 1 where a pattern of the list covers the path; "allow" and "deep" are 0.
 *
 * Names of kernel modules, and the names of programs that count as interpreters for rules with RULE_STRICT, are
 * paths of one component for the same nodes, from the roots of GEN_ROOTS. There is no GEN_ROOTS without these and domains.
 *
 * Domains are paths of their labels from the last one: api.example.com is /com/example/api, and *.example.com is
 * /com/example/ and all below, from the root GEN_ROOTS.domains. Labels are in lower case.
 *
 * A rule of programs (path, digest, package, package vendor) with ACTION_CONTAIN has a GEN_CONTAIN, so that a mark which was
 * set under another generation finds its rule, or that there is none any more. A rule of modules with that action lets them
 * through. Others do not have it: what a line says to contain says of its networks and domains to refuse them, as a program
 * that may not leave the internal networks does not reach them either.
 *
 * Rules of packages and package vendors have a number and no other entry: the agent finds their files and adds
 * facts that name them.
 *
 * Of several allow entries that match, the one with the smallest number is the one that lasts longest: when
 * it is over, all are.
 */

enum gen_kind {
	GEN_HEADER = 1,
	GEN_STEP = 2,
	GEN_NODE = 3,
	GEN_GLOB = 4,
	GEN_ACCEPT = 5,
	GEN_LENGTHS = 6,
	GEN_NET4 = 7,
	GEN_NET6 = 8,
	GEN_CONDITION = 9,
	GEN_RULE = 10,
	GEN_SCOPE = 11,
	GEN_USER = 12,
	GEN_ROOTS = 13,
	GEN_DIGEST = 14,
	GEN_CONTAIN = 15,
	GEN_MAX,
};

/* Unused members are zero: all bytes are part of the hash key. */
struct gen_key {
	__u16 kind;			/* enum gen_kind */
	__u16 part;
	__u32 node;
	__u64 a;
	__u64 b;
};
ABI_SIZE(struct gen_key, 24);

enum gen_flag {
	GEN_FLAG_SCOPE = 1,		/* there is a GEN_SCOPE: not every attempt is decided */
	GEN_FLAG_REQUIRES = 2,		/* in audit until struct runtime says that the requirements are met */
	GEN_FLAG_STRICT = 4,		/* some rule has RULE_STRICT */
	GEN_FLAG_NAMES = 8,		/* there are domains: answers and server names are read */
	GEN_FLAG_CONTAIN = 16,		/* some rule of programs has ACTION_CONTAIN */
	GEN_FLAG_REFUSE_NO_NAME = 32,	/* TLS without a server name is refused also at an address that innocent names share */
	GEN_FLAG_REFUSE_QUIC = 64,	/* the same for UDP to port 443 */
	GEN_FLAGS_ALL = 127,
};

/* Which networks; "node" of their keys. */
enum network_table {
	NETWORKS_RULES = 0,
	NETWORKS_INTERNAL = 1,
	NETWORKS_MAX,
};

struct gen_header {
	__u64 generation;		/* its number, a digest of all entries and of what is required; never 0 */
	__u32 rules;			/* highest rule number; allow entries are among them */
	__u32 root;			/* path node to start at; 0: no path rule */
	__u16 net4_lengths;		/* how many of gen_lengths are in use */
	__u16 net6_lengths;
	__u32 revision;			/* of the policy */
	__u32 flags;			/* enum gen_flag, ORed */
	__u32 zero;
};
ABI_SIZE(struct gen_header, 32);

enum scope_flag {
	SCOPE_ONLY_CGROUPS = 1,		/* only cgroups that SCOPE_LIST_ONLY covers */
	SCOPE_ONLY_USERS = 2,		/* only users with a GEN_USER */
	SCOPE_ONLY_CONTAINERS = 4,	/* only cgroups that SCOPE_LIST_CONTAINERS covers */
	SCOPE_NO_CONTAINERS = 8,	/* only cgroups that it does not cover */
	SCOPE_FLAGS_ALL = 15,
};

enum scope_list {
	SCOPE_LIST_ONLY = 0,
	SCOPE_LIST_EXCLUDED = 1,	/* out of scope, whatever else is so */
	SCOPE_LIST_CONTAINERS = 2,	/* the cgroups that container managers make */
	SCOPE_LIST_MAX,
};

struct gen_scope {
	__u32 flags;			/* enum scope_flag, ORed */
	__u32 root[SCOPE_LIST_MAX];	/* path node to start at, by enum scope_list; 0: an empty list */
	__u32 zero[4];
};
ABI_SIZE(struct gen_scope, 32);

struct gen_user {
	__u32 zero[8];
};
ABI_SIZE(struct gen_user, 32);

struct gen_roots {
	__u32 modules;			/* path node of modules' names; 0: no rule names one */
	__u32 interpreters;		/* of interpreters' names; 0 without GEN_FLAG_STRICT */
	__u32 domains;			/* of domains, label by label from the last; 0 without GEN_FLAG_NAMES */
	__u32 zero[5];
};
ABI_SIZE(struct gen_roots, 32);

struct gen_contain {
	__u32 rule;
	__u32 zero[7];
};
ABI_SIZE(struct gen_contain, 32);

/*
 * A SHA-256 in a key (GEN_DIGEST, LEARNED_DIGEST): its first 22 bytes in the place of all members behind "kind", in
 * their order in memory. That nobody finds a second file for 176 bits is what every cut digest rests on.
 */
#define DIGEST_KEY_BYTES 22

struct gen_digest {
	__u32 deny;			/* rule; 0: none */
	__u32 allow;			/* allow entry; 0: none */
	__u64 size;			/* bytes of the file: only files of such a size are hashed */
	__u64 zero[2];
};
ABI_SIZE(struct gen_digest, 32);

struct gen_lengths {
	__u8 bits[NETWORK_LENGTHS_MAX];	/* ascending; 0 behind the last */
};
ABI_SIZE(struct gen_lengths, 32);

struct gen_node {
	__u32 node;			/* this node's own number */
	__u32 glob;			/* state in which its wildcard children's automaton starts */
	__u32 any;			/* node for a component that nothing else matched */
	__u32 deep;			/* node whose children are compared with the leaf, at any depth below */
	__u32 end_deny;			/* rules and allow entries: the path ends here */
	__u32 end_allow;
	__u32 below_deny;		/* the path goes on below here */
	__u32 below_allow;
};
ABI_SIZE(struct gen_node, 32);

struct gen_glob {
	__u16 next[16];			/* state after the byte (part << 4 | index); 0: no match */
};
ABI_SIZE(struct gen_glob, 32);

struct gen_accept {
	__u32 node;
	__u32 zero[7];
};
ABI_SIZE(struct gen_accept, 32);

struct gen_network {
	__u32 list;			/* conditions of the longest real prefix that covers this one */
	__u32 count;			/* 0: a marker below no real prefix; at most NETWORK_CONDITIONS_MAX */
	__u32 zero[6];
};
ABI_SIZE(struct gen_network, 32);

/* A list contains the conditions of every prefix that covers the address, by rule number ascending. */
struct gen_condition {
	__u32 rule;			/* a rule or an allow entry */
	__u16 port_first;		/* host order, inclusive */
	__u16 port_last;
	__u8 protocol;			/* enum protocol */
	__u8 allow;			/* 1: the rule is an allow entry */
	__u8 zero[22];
};
ABI_SIZE(struct gen_condition, 32);

enum rule_flag {
	RULE_STRICT = 1,		/* also refused when an interpreter opens such a file */
};

struct gen_rule {
	__u64 vendor;			/* name_hash() of the vendor's id: the key of a pause; 0: none */
	__u8 action;			/* enum action */
	__u8 target;			/* enum mode: what the policy asks for */
	__u8 target_held_by;		/* why the target is audit: HELD_BY_POLICY or HELD_BY_CONFIDENCE */
	__u8 matcher;			/* enum matcher */
	__u32 flags;			/* enum rule_flag, ORed */
	__u64 until_s;			/* an allow entry holds before this time, Unix seconds; 0: for ever */
	__u64 id;			/* name_hash() of the rule's id: the same in every generation */
};
ABI_SIZE(struct gen_rule, 32);

union gen_value {
	struct gen_header header;
	struct gen_lengths lengths;
	struct gen_node node;
	struct gen_glob glob;
	struct gen_accept accept;
	struct gen_network network;
	struct gen_condition condition;
	struct gen_rule rule;
	struct gen_scope scope;
	struct gen_user user;
	struct gen_roots roots;
	struct gen_digest digest;
	struct gen_contain contain;
	__u8 bytes[32];
};
ABI_SIZE(union gen_value, 32);

/* ---------------------------------------------------------------- down: learned facts
 *
 * What is found out about files while a generation is active. Each generation has a map of facts of its own, found
 * by its number in the outer map "learned" and there before the switch: a decision that read the header of a
 * generation finds the facts that go with it. The agent adds facts (the files of packages, what patterns hit, the
 * protected set, what it hashed); the kernel adds a file that a path rule recognised, so that it stays
 * recognised under another name. A fact never changes a rule.
 *
 *   LEARNED_FILE    node = device, a = inode, b = its generation -> learned   this very file
 *   LEARNED_DIGEST  DIGEST_KEY_BYTES                             -> learned   this content
 *   LEARNED_SIZE    a = bytes                                    -> learned   files of this size are worth hashing
 */

enum learned_kind {
	LEARNED_FILE = 1,
	LEARNED_DIGEST = 2,
	LEARNED_SIZE = 3,
	LEARNED_MAX,
};

/* Unused members are zero. */
struct learned_key {
	__u16 kind;			/* enum learned_kind */
	__u16 part;
	__u32 node;			/* device in the kernel's encoding: major << 20 | minor */
	__u64 a;
	__u64 b;
};
ABI_SIZE(struct learned_key, 24);

enum learned_flag {
	LEARNED_PROTECTED = 1,		/* this host cannot lose it: never refused */
	LEARNED_HASHED = 2,		/* the agent knows its content as of change_ns and size; nothing to ask */
	LEARNED_BY_CONTENT = 4,		/* the agent's: deny is of that content alone; read it again when it is met */
};

struct learned {
	__u32 deny;			/* rule; 0: none */
	__u32 allow;			/* allow entry; 0: none */
	__u32 flags;			/* enum learned_flag, ORed */
	__u32 round;			/* the agent's: which search found it last; 0: the kernel did */
	__u64 change_ns;		/* LEARNED_HASHED: time of the last change of the inode, Unix time */
	__u64 size;			/* LEARNED_HASHED: bytes */
};
ABI_SIZE(struct learned, 32);

/*
 * Which facts there may be, for what is asked of every file: a byte for each of LEARNED_FILE and LEARNED_SIZE, at a place that its
 * key hashes to, 1 before the fact is put in and never cleared while its generation is active. Nearly every file of a
 * host is none, and then nothing has to be looked up. One of FILTERS for a generation, by the last bits of its number; two
 * that fall together only find more than there is.
 */
#define FILTER_BITS 15
#define FILTERS 8
struct learned_filter {
	__u8 there[1 << FILTER_BITS];
};
ABI_SIZE(struct learned_filter, 32768);

#define LEARNED_MAPS_MAX 8		/* generations with facts at a time: the active one, the next, and slack */
#define LEARNED_SPARE 16384		/* room for facts to come, in a map of facts as it is made */

/* ---------------------------------------------------------------- down: names and marks
 *
 * What is learned of the network carries a name and no rule: which rule that is, is asked in the generation that is active
 * when somebody connects. So a switch has nothing to carry over, and no fact is older than the policy.
 *
 *   addresses   address        -> learned_address   names that DNS answers gave for it, if a rule named one of them then
 *   names       hash of a name -> learned_name      these names, and what they were resolved through
 *   seen        address        -> seen_address      the latest innocent name of an address; the oldest go when it is full
 *   contained   process        -> contained         whose connections are bound to the internal networks
 */

/* IPv4 as ::ffff:a.b.c.d, so that no other address looks the same. */
struct address_key {
	__u8 address[16];		/* network order */
};
ABI_SIZE(struct address_key, 16);

/**
 * address_is_own() - an address that never leaves this host: 0.0.0.0/8, 127.0.0.0/8, ::, ::1
 *
 * Nothing is learned of these. They are what filters of names answer, and an embargo on a name is none on the host itself.
 */
static inline __attribute__((always_inline)) int address_is_own(const struct address_key *key)
{
	const __u8 *bytes = key->address;
	__u32 before = 0;

	for (int i = 0; i < 10; i++)
		before |= bytes[i];
	if (before)
		return 0;
	if (bytes[10] == 0xff && bytes[11] == 0xff)
		return bytes[12] == 0 || bytes[12] == 127;
	return !(bytes[10] | bytes[11] | bytes[12] | bytes[13] | bytes[14]) && bytes[15] <= 1;
}

struct address_name {
	__u64 name;			/* key of "names"; 0: none */
	__u64 until_boot_ns;		/* what the answer said of its time, within TTL_MIN_S and TTL_MAX_S; ~0: for ever */
};
ABI_SIZE(struct address_name, 16);

struct learned_address {
	struct address_name names[ADDRESS_NAMES_MAX];
};
ABI_SIZE(struct learned_address, 64);

/*
 * How long an answer is believed: not less than programs keep an answer that they have used (browsers: a minute; JVMs and
 * connection pools: minutes), and not so long that an address which has changed hands stays with its name.
 */
#define TTL_MIN_S 600
#define TTL_MAX_S 86400
#define ADDRESSES_MAX 65536
#define NAMES_MAX 65536
#define SEEN_MAX 4096

struct domain_text {
	__u8 bytes;
	char text[255];			/* lower case, at most DOMAIN_BYTES, no last dot; zeros behind */
};
ABI_SIZE(struct domain_text, 256);

struct learned_name {
	__u64 until_boot_ns;		/* the latest of its addresses */
	__u64 through;			/* the name that it is an alias of and that a rule names; 0: it is named itself */
	struct domain_text name;
};
ABI_SIZE(struct learned_name, 272);

struct seen_address {
	__u64 until_boot_ns;
	struct domain_text name;
};
ABI_SIZE(struct seen_address, 264);

/*
 * Key: __u32, the process (thread group) in the initial namespace. The map is there from the first policy that contains
 * until one does not, and has room for as many processes as the host may have, within these bounds.
 */
struct contained {
	__u64 rule_id;			/* key of GEN_CONTAIN */
	__u64 start_boot_ns;		/* of the process: its number alone may be another one's by now */
	__u64 since_boot_ns;		/* what it forked before is no descendant of the program; 0: everything is */
};
ABI_SIZE(struct contained, 24);

#define CONTAINED_MIN 1024
#define CONTAINED_MAX 262144

/* ---------------------------------------------------------------- down: what changes at run time */

/* Constants of one loaded program set; they are in its frozen read-only data. */
struct load_config {
	__u64 set;			/* which program set this is; see struct runtime */
	__u64 within;			/* cgroup v2 id that bounds every decision; 0: unbounded */
	__u64 home_inode;		/* root directory of the host, as the first process sees it */
	__u64 home_subvolume;		/* of btrfs; 0 elsewhere */
	__u32 home_device;		/* its device, in the kernel's encoding */
	__u32 within_level;		/* depth of "within" below the cgroup root */
	__u8 audit_only;		/* 1: refuse nothing, contain no call that could */
	__u8 subvolumes;		/* 1: loaded with the types of btrfs; not read, but makes another set */
	__u8 unguarded;			/* 1: programs that may sleep are called also while another task sleeps in them */
	__u8 salt;			/* not read, but makes another set: beside one that is damaged */
	__u8 zero[4];
};
ABI_SIZE(struct load_config, 48);

/* The one entry of the map "runtime". */
struct runtime {
	__u64 active_set;		/* only this program set emits and counts */
	__s64 boot_to_real_ns;		/* CLOCK_REALTIME less CLOCK_BOOTTIME; 0: not known, nothing ends */
	__u64 met[2];			/* generations whose requirements are met: the active one, the next one */
	__u64 zero[4];
};
ABI_SIZE(struct runtime, 64);

#define PAUSE_REASON_BYTES 104
#define PAUSES_MAX 1024
#define PAUSE_EVERYTHING 0		/* the vendor key of a pause of all rules */

/* An entry of the map "pause", by the vendor key of struct gen_rule. */
struct pause {
	__u64 until_boot_ns;		/* CLOCK_BOOTTIME */
	__u64 since_boot_ns;
	__u32 uid;			/* who paused */
	__u32 zero;
	char reason[PAUSE_REASON_BYTES];	/* ends with a zero */
};
ABI_SIZE(struct pause, 128);

/* ---------------------------------------------------------------- up: counters */

/* Index of the per-processor map "stats"; [hook] each. */
enum stat_kind {
	STAT_DECIDED = 0,		/* attempts that a program of the active set looked at */
	STAT_OUT_OF_SCOPE = 1,		/* of those: outside --within, or matched and outside the policy's scope */
	STAT_REFUSED = 2,
	STAT_WOULD_REFUSE = 3,		/* matched, let through by the mode */
	STAT_LET_THROUGH = 4,		/* matched, let through by allow or protection */
	STAT_UNDECIDED = 5,		/* could not be decided (too deep, no scratch): let through */
	STAT_FOLDED = 6,		/* repeats that were counted and not sent */
	STAT_LOST_FULL = 7,		/* events lost: ring buffer full */
	STAT_HASHED = 8,		/* times that the kernel set out to hash a file: of an embargoed size only */
	STAT_UNHASHED = 9,		/* of an embargoed size, content not known in time: let through, asked for */
	STAT_UNLEARNED = 10,		/* files recognised, addresses of a name, marks, connections to be counted: did not fit their map */
	STAT_HASH_FAILED = 11,		/* of STAT_HASHED: no SHA-256 came of it (another IMA hash, O_DIRECT) */
	STAT_ANSWERS = 12,		/* DNS answers that were read */
	STAT_UNREADABLE = 13,		/* of those: cut off, malformed or too long to be read to the end */
	STAT_CONTAINED = 14,		/* matched a rule that contains: the program runs and is marked */
	STAT_UNENDED = 15,		/* packets of refused connections whose struct closing was lost: ring buffer full */
	STAT_MAX,
};

#define HOOK_ROWS 8	/* a power of two above HOOK_MAX: masking is a bound that every verifier understands */
_Static_assert(HOOK_MAX <= HOOK_ROWS, "a row for each hook");

struct stats {
	__u64 count[HOOK_ROWS][STAT_MAX];
};
ABI_SIZE(struct stats, 8 * 16 * HOOK_ROWS);

/* ---------------------------------------------------------------- up: the event record */

struct event_header {
	__u16 kind;			/* enum hook */
	__u16 size;			/* bytes of the whole record, path included */
	__u32 zero;
	__u64 boot_ns;			/* CLOCK_BOOTTIME */
};
ABI_SIZE(struct event_header, 16);

struct event_decision {
	__u64 generation;		/* in which the rule numbers count */
	__u64 repeated;			/* earlier attempts of the same kind that were folded into this one */
	__u32 rule;			/* the rule that matched */
	__u32 allow;			/* the allow entry that let it through, or 0 */
	__u8 verdict;			/* enum verdict */
	__u8 mode;			/* enum mode: effective */
	__u8 held_by;			/* enum held_by */
	__u8 let_through;		/* enum let_through */
	__u8 backend;			/* enum backend */
	__u8 matcher;			/* enum matcher */
	__u8 recognised;		/* enum recognised */
	__u8 flags;			/* enum event_flag */
};
ABI_SIZE(struct event_decision, 32);

enum event_flag {
	EVENT_WANTS_CONTENT = 1,	/* no rule: of an embargoed size, the agent is asked to compare its content */
	EVENT_CONTAINED = 2,		/* the program runs and is contained; the rule's action is ACTION_CONTAIN */
	EVENT_SUBJECT_RECALLED = 4,	/* the subject is who made the connection, as remembered then: there is no path */
	EVENT_RAN_BEFORE = 8,		/* found running, not at its exec: with EVENT_CONTAINED or EVENT_WANTS_CONTENT */
};

/* Who tried. */
struct event_subject {
	__u64 start_boot_ns;		/* process start, CLOCK_BOOTTIME */
	__u64 cgroup;			/* cgroup v2 id */
	__u32 pid;			/* process (thread group), in the initial namespace */
	__u32 tid;
	__u32 parent_pid;
	__u32 uid;
	__u32 gid;
	__u32 effective_uid;
	__u32 pid_namespace;		/* inode numbers */
	__u32 mount_namespace;
	char name[TASK_NAME_BYTES];	/* before the exec, except where the backend is BACKEND_KILL */
	char parent_name[TASK_NAME_BYTES];
};
ABI_SIZE(struct event_subject, 80);

/*
 * The file that was to run, to be mapped, loaded or opened; where the attempt is a connection, the one that the
 * subject runs. All zero if unknown.
 */
struct event_file {
	__u64 inode;			/* of the upper or lower file where this is overlayfs */
	__u64 size;			/* bytes */
	__u64 generation;		/* inode generation; of btrfs with the number of the subvolume << 32 */
	__u32 device;			/* of its file system; kernel encoding: major << 20 | minor */
	__u32 mode;			/* type and permission bits */
	__u32 owner;
	__u16 flags;			/* enum file_flag */
	__u16 links;			/* names that it has; 65535: that many or more */
};
ABI_SIZE(struct event_file, 40);

enum file_flag {
	/* inode, device and generation are this file's alone, also after it is gone: fit for LEARNED_FILE */
	FILE_IDENTIFIED = 1,
};

/* Where to; zero in other kinds than HOOK_CONNECT and HOOK_NAME. */
struct event_destination {
	__u8 address[16];		/* network order; IPv4 in the first four bytes, also if v4-mapped */
	__u16 port;			/* host order */
	__u8 family;			/* 4 or 6 */
	__u8 protocol;			/* IPPROTO_ */
	__u8 datagram;			/* 1: a send without a connection */
	__u8 mapped;			/* 1: was a v4-mapped IPv6 address */
	/* No destination: a contained program wanted a socket that leaves the host by other ways than TCP and UDP: AF_ of that socket */
	__u16 socket;
};
ABI_SIZE(struct event_destination, 24);

enum event_path_flag {
	EVENT_PATH_TRUNCATED = 1,	/* components or bytes at the leaf's side are missing */
	EVENT_PATH_UNREADABLE = 2,	/* the path could not be read */
};

struct event {
	struct event_header header;
	struct event_decision decision;
	struct event_subject subject;
	struct event_file file;
	struct event_destination destination;
	__u8 sha256[SHA256_BYTES];	/* of the file, where it was hashed for this attempt; else zero */
	char module[MODULE_NAME_BYTES];	/* HOOK_MODULE: its name, with '_' for '-', as far as known; ends with a zero */
	__u16 path_bytes;		/* of path */
	__u16 path_flags;		/* enum event_path_flag */
	__u16 name_bytes;		/* of the name behind the path: HOOK_NAME, at most DOMAIN_BYTES */
	__u16 zero;
	char path[];			/* of the file, as seen from the process's root; no terminating zero; then the name */
};
ABI_SIZE(struct event, 296);

/* What the program "identify" tells of each open file of the process that reads it. */
struct identity {
	__u32 fd;
	__u32 zero;
	struct event_file file;
	__u64 change_ns;		/* time of the last change of the inode, Unix time */
};
ABI_SIZE(struct identity, 56);

/* ---------------------------------------------------------------- up: folded repeats */

#define FOLD_WINDOW_NS 10000000000ull
#define FOLDS_MAX 4096

/* Attempts with an equal key within FOLD_WINDOW_NS are one event and a count: key of the map "fold". */
struct fold_key {
	__u64 generation;
	__u64 inode;			/* of the executable */
	__u64 cgroup;
	__u32 rule;
	__u32 device;
	__u32 uid;
	__u8 kind;			/* enum hook */
	__u8 verdict;
	__u8 mode;
	__u8 held_by;
	__u8 address[16];		/* as in struct event_destination; zero for an exec */
	__u16 port;
	__u8 family;
	__u8 protocol;
	__u16 socket;			/* as there */
	__u16 zero;
	__u64 name;			/* hash of the name; HOOK_NAME only */
};
ABI_SIZE(struct fold_key, 72);

/*
 * The kernel starts a window with the event it sends and then only counts; an attempt after the window
 * is sent again and carries the count. The agent removes windows that ended and reports what they
 * counted. When the map is full nothing is folded: every attempt is sent.
 */
struct fold {
	__u64 window_boot_ns;		/* when the window began */
	__u64 last_boot_ns;		/* latest attempt that was counted */
	__u64 folded;			/* attempts counted and not yet reported */
	__u32 turning;			/* owned while one attempt begins the next window */
	__u32 zero;
};
ABI_SIZE(struct fold, 32);

/* ---------------------------------------------------------------- up: connections to be closed, and what they carried */

/*
 * A connection whose first data was refused. It goes up apart from events, unfolded and in a ring of its own: the agent
 * ends it, so that who has it sees an error and does not wait.
 */
struct closing {
	__u64 cookie;			/* of the socket */
	__u64 boot_ns;
	struct event_destination to;
	__u8 from[16];			/* as in event_destination.address */
	__u16 from_port;		/* host order */
	__u16 zero;
	__u32 net_namespace;		/* inode number */
	__u32 pid;			/* that made the connection, to find the namespace by */
	__u32 device;			/* index of the interface that it is bound to; 0: none, or not known */
	__u32 inode;			/* where to destroy the socket does not end it (multipath TCP, SCTP): of what programs have open; else 0 */
	__u32 zero2;
};
ABI_SIZE(struct closing, 80);

/* What went where: key of the map "evidence". By the rule's id, so that a new policy which has the rule goes on counting. */
struct evidence_key {
	__u64 rule;			/* gen_rule.id */
	__u64 inode;			/* of the executable */
	__u64 name;			/* key of "names"; 0: by address */
	__u32 device;
	__u32 uid;
	struct event_destination to;
};
ABI_SIZE(struct evidence_key, 56);

/*
 * Connections are counted when they are let through, bytes when they are over; those of connections that are open are in
 * the sockets (struct open_socket). Of datagrams each connect(2), and each send without one, is a connection without bytes; to an
 * address of a name the first datagram after a connect(2).
 */
struct evidence {
	__u64 connections;
	__u64 sent, received;		/* payload of TCP, of connections that are over */
	__u64 first_boot_ns, last_boot_ns;
	__u32 pid;			/* that made the latest one */
	__u32 zero;
	char name[TASK_NAME_BYTES];
};
ABI_SIZE(struct evidence, 64);

/* A connection that is counted: value of the map "flows", by the socket's cookie. */
struct flow {
	struct evidence_key key;
	__u64 since_boot_ns;
};
ABI_SIZE(struct flow, 64);

#define EVIDENCE_MAX 16384
#define FLOWS_MAX 16384

/* What the program "sockets" tells of each internet socket that has a peer or listens, once for each process that has it open. */
struct open_socket {
	__u64 socket;			/* its address in the kernel: to tell whether two are one */
	__u64 cookie;			/* 0: nobody has asked for it yet */
	__u64 sent, received;		/* payload of TCP; what is on its way counts as sent */
	struct event_subject subject;	/* who has it open */
	struct event_file file;		/* that the subject runs */
	struct event_destination to;
	__u8 from[16];			/* as in event_destination.address */
	__u16 from_port;		/* host order */
	__u8 family;			/* 4 or 6, of the socket: 6 also where to.mapped */
	__u8 state;			/* TCP_ESTABLISHED, ... of netinet/tcp.h; of UDP, too */
	__u32 net_namespace;		/* inode number */
	__u32 device;			/* index of the interface that it is bound to; 0: none */
	__u8 within;			/* 1: inside the bound of --within, its process as well as itself */
	__u8 zero;
	__u16 path_bytes;		/* 0: not known, or longer */
	/* What the names say that were resolved to the address: struct address_match of decide.h */
	__u64 generation;		/* in which the numbers count */
	__u64 name_key;			/* of .name in "names" */
	__u32 name_deny, name_allow;	/* 0: nothing */
	__u8 name_shared;
	__u8 zero2[3];
	__u32 inode;			/* as in struct closing */
	char path[OPEN_PATH_BYTES];	/* of the file; what is behind path_bytes means nothing */
	struct domain_text name;	/* that is denied; the same where name_deny is 0 */
};
ABI_SIZE(struct open_socket, 240 + OPEN_PATH_BYTES + 256);

/* ---------------------------------------------------------------- the functions of the format */

#define HASH_START 0x9ae16a3b2f90404full
#define HASH_FACTOR 0x9fb21c651e98df25ull

/**
 * hash_word() - one step of the hash of a name
 * @hash: so far; HASH_START ^ length in bytes at the beginning
 * @word: the next eight bytes, the first one lowest; behind the end of the name zero
 *
 * A bijection in each argument, so names of up to eight bytes and equal length never collide.
 */
static inline __attribute__((always_inline)) __u64 hash_word(__u64 hash, __u64 word)
{
	hash = (hash ^ word) * HASH_FACTOR;
	return hash ^ (hash >> 29);
}

/** filter_place() - where in struct learned_filter a fact is; @kind, @a, @b: of its key */
static inline __attribute__((always_inline)) __u32 filter_place(__u16 kind, __u64 a, __u64 b)
{
	return hash_word(hash_word(HASH_START ^ kind, a), b) >> (64 - FILTER_BITS);
}

/* What a rule's effective mode is made of. MODE_ENFORCE or 0 where an input does not hold back. */
struct mode_inputs {
	__u8 target;			/* enum mode: of the policy or the line */
	__u8 target_held_by;		/* enum held_by: why the target is audit */
	__u8 capped;			/* each of these is 1 when it holds back */
	__u8 paused;
	__u8 breaker_open;
	__u8 requirement_unmet;
	__u8 stage_held;
};

struct effective_mode {
	__u8 mode;			/* enum mode */
	__u8 held_by;			/* enum held_by; HELD_BY_NOTHING when enforcing */
};

/**
 * mode_effective() - the weakest of all that has a say
 * @in: borrowed
 *
 * Return: the mode, and the first in the order of enum held_by of what holds it in audit.
 */
static inline __attribute__((always_inline)) struct effective_mode
mode_effective(const struct mode_inputs *in)
{
	struct effective_mode out = { MODE_AUDIT, HELD_BY_NOTHING };

	if (in->capped)
		out.held_by = HELD_BY_CAP;
	else if (in->paused)
		out.held_by = HELD_BY_PAUSE;
	else if (in->breaker_open)
		out.held_by = HELD_BY_BREAKER;
	else if (in->requirement_unmet)
		out.held_by = HELD_BY_REQUIREMENT;
	else if (in->stage_held)
		out.held_by = HELD_BY_STAGE;
	else if (in->target != MODE_ENFORCE)
		out.held_by = in->target_held_by ? in->target_held_by : HELD_BY_POLICY;
	else
		out.mode = MODE_ENFORCE;
	return out;
}

#endif
