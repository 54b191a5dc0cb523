/* SPDX-License-Identifier: MIT */
/*
 * open_connections.c - see open_connections.h. Which sockets there are the kernel programs tell (kernel_sockets()), the decision is
 * theirs, too: policy/match.h compiles the same lines.
 */
#include "open_connections.h"
#include "clean.h"
#include "closer.h"
#include "enrich.h"
#include "log.h"
#include "sockets.h"
#include "summary.h"

#include "../policy/match.h"
#include "../policy/policy.h"
#include <arpa/inet.h>
#include <errno.h>
#include <limits.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* What was told of a connection; told again only if it is decided otherwise. */
struct told {
	__u64 socket, rule;
	__u16 from_port;
	__u8 verdict, mode;
};

struct open_connections {
	struct open_options options;
	struct told *told;
	size_t told_count;
};

/* Sockets in the order in which they are asked about: one that several processes have open stands together. */
struct sockets {
	struct open_socket *list;
	size_t count, room;
};

static void sockets_done(struct sockets *sockets)
{
	free(sockets->list);
}

static int take_socket(void *context, const struct open_socket *socket)
{
	struct sockets *sockets = context;

	if (sockets->count == sockets->room) {
		size_t room = sockets->room ? sockets->room * 2 : 64;
		struct open_socket *grown = reallocarray(sockets->list, room, sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		sockets->list = grown;
		sockets->room = room;
	}
	sockets->list[sockets->count++] = *socket;
	return 0;
}

static int compare(const void *a, const void *b)
{
	const struct open_socket *one = a, *other = b;

	if (one->socket != other->socket)
		return one->socket < other->socket ? -1 : 1;
	return one->subject.pid < other->subject.pid ? -1 : one->subject.pid > other->subject.pid;
}

/* ---------------------------------------------------------------- the decision */

/* Did the other side make it? Then its port is our own, which somebody listens on. */
static bool came_in(const struct sockets *all, const struct open_socket *socket)
{
	if (socket->to.protocol != IPPROTO_TCP)
		return false;
	for (size_t i = 0; i < all->count; i++)
		if (all->list[i].state == TCP_LISTEN && all->list[i].to.protocol == IPPROTO_TCP &&
		    all->list[i].from_port == socket->from_port &&
		    all->list[i].net_namespace == socket->net_namespace)
			return true;
	return false;
}

static __u64 word(const __u8 *bytes, size_t count)
{
	__u64 value = 0;

	for (size_t i = 0; i < count; i++)
		value = value << 8 | bytes[i];
	return value;
}

static struct match match_of(const struct generation *generation, const struct event_destination *to)
{
	bool six = to->family == 6;

	return match_address(generation, to->family, word(to->address, six ? 8 : 4),
			     six ? word(to->address + 8, 8) : 0, to->protocol, to->port);
}

static const struct generation_rule *rule_of(const struct generation *generation, __u32 number)
{
	return number && number <= generation->rule_count ? &generation->rules[number - 1] : NULL;
}

/* By the names of its address; the kernel has asked, for the generation that it names. */
static struct match match_by_name(const struct generation *generation, const struct open_socket *socket)
{
	struct match match = {0};

	if (socket->generation != generation->number)
		return match;
	match.rule = rule_of(generation, socket->name_deny);
	match.allow = rule_of(generation, socket->name_allow);
	return match;
}

/* Nobody can say now which of the names of its address it was made for, unless the policy does not care. */
static bool is_shared(const struct generation *generation, const struct open_socket *socket)
{
	bool quic = socket->to.protocol == IPPROTO_UDP && socket->to.port == 443;

	return socket->name_shared &&
	       !(generation_flags(generation) & (quic ? GEN_FLAG_REFUSE_QUIC : GEN_FLAG_REFUSE_NO_NAME));
}

/* Everything that is the same for all connections of one look. */
struct looking {
	struct open_connections *open;
	const struct generation *generation;
	struct summary_pauses pauses;
	struct contained_process *contained; /* owned */
	size_t contained_count;
	char mount[PATH_MAX];	/* where cgroup v2 is */
	__u64 now_boot_ns;
	__s64 now_s;
	bool unmet;
	size_t found, nameless;	/* without a cookie, and to be counted */
};

static void looking_begin(struct looking *looking, struct open_connections *open, const struct generation *generation)
{
	struct timespec now = {0};
	char link[64];
	ssize_t bytes;
	int err;

	looking->open = open;
	looking->generation = generation;
	summary_pauses_read(open->options.pins, &looking->pauses);
	snprintf(link, sizeof(link), "/proc/self/fd/%d", open->options.cgroup_fd);
	bytes = readlink(link, looking->mount, sizeof(looking->mount) - 1);
	looking->mount[bytes > 0 ? bytes : 0] = 0;
	(void)clock_gettime(CLOCK_BOOTTIME, &now); /* exists */
	looking->now_boot_ns = now.tv_sec * 1000000000ull + now.tv_nsec;
	looking->now_s = time(NULL);
	looking->unmet = open->options.unmet && open->options.unmet(open->options.userdata);
	err = kernel_contained(open->options.kernel, &looking->contained, &looking->contained_count);
	if (err < 0)
		log_error("contained processes cannot be listed, so what they have open is not ended: %s", strerror(-err));
}

static void looking_done(struct looking *looking)
{
	free(looking->contained);
}

/* The rule that contains a process; NULL: none. */
static const struct generation_rule *containing(const struct looking *looking, const struct event_subject *subject)
{
	struct gen_key key = {.kind = GEN_CONTAIN};
	const union gen_value *value = NULL;

	for (size_t i = 0; i < looking->contained_count && !value; i++) {
		const struct contained_process *one = &looking->contained[i];

		if (one->pid != subject->pid || one->mark.start_boot_ns != subject->start_boot_ns)
			continue;
		key.a = one->mark.rule_id;
		value = generation_find(looking->generation, &key);
	}
	return value ? rule_of(looking->generation, value->contain.rule) : NULL;
}

/* Where whoever has it open is contained and the other end is outside: also if that made the connection. */
static struct match match_contained(const struct looking *looking, const struct open_socket *socket)
{
	const struct event_destination *to = &socket->to;
	bool six = to->family == 6;
	struct match match = {.leaves = true, .rule = containing(looking, &socket->subject)};

	if (match.rule && match_internal(looking->generation, to->family, word(to->address, six ? 8 : 4),
					 six ? word(to->address + 8, 8) : 0))
		match.rule = NULL;
	if (match.rule)
		match.allow = match_of(looking->generation, to).allow;
	return match;
}

/* The path of a cgroup from the root of cgroup v2; NULL: not known, which no scope excludes. */
static const char *cgroup_of(const struct looking *looking, __u64 id, char *buffer)
{
	size_t bytes = strlen(looking->mount);

	if (looking->open->options.cgroup_fd < 0 || !id ||
	    !enrich_cgroup(looking->open->options.cgroup_fd, id, buffer) || strncmp(buffer, looking->mount, bytes))
		return NULL;
	return buffer[bytes] ? buffer + bytes : "/";
}

static struct match_decision decide_about(const struct looking *looking, const struct open_socket *socket,
					  const struct match *match)
{
	char path[PATH_MAX];
	const char *vendor = match->rule->vendor;
	const struct match_subject subject = {
		.cgroup = cgroup_of(looking, socket->subject.cgroup, path),
		.uid = socket->subject.uid,
		.now_s = looking->now_s,
		.capped = looking->open->options.audit_only,
		/* what cannot be read holds back */
		.paused = looking->pauses.count < 0 || summary_is_paused(&looking->pauses, name_hash(vendor, strlen(vendor)),
									 looking->now_boot_ns),
		.requirement_unmet = looking->unmet,
	};

	return match_decide(looking->generation, match, &subject);
}

/* ---------------------------------------------------------------- what becomes of it */

static int close_it(const struct looking *looking, const struct open_socket *socket)
{
	struct closing closing = {
		.cookie = socket->cookie ? socket->cookie : ~0ull, /* INET_DIAG_NOCOOKIE: whatever it is */
		.boot_ns = looking->now_boot_ns,
		.to = socket->to,
		.from_port = socket->from_port,
		.net_namespace = socket->net_namespace,
		.pid = socket->subject.pid,
		.device = socket->device,
		.inode = socket->inode,
	};

	memcpy(closing.from, socket->from, sizeof(closing.from));
	return closer_close(looking->open->options.closer, &closing);
}

/* An event, its path and its name. */
union event_memory {
	struct event event;
	char bytes[sizeof(struct event) + OPEN_PATH_BYTES + DOMAIN_BYTES];
};

static void event_fill(const struct looking *looking, const struct open_socket *socket,
		       const struct match_decision *decision, enum recognised recognised, bool closed,
		       union event_memory *memory)
{
	bool by_name = recognised == RECOGNISED_RESOLVED;
	struct event *out = &memory->event;

	memset(memory, 0, sizeof(*memory));
	out->path_bytes = socket->path_bytes;
	out->name_bytes = by_name ? socket->name.bytes : 0;
	out->header = (struct event_header){.kind = by_name ? HOOK_NAME : HOOK_CONNECT,
					    .size = sizeof(*out) + out->path_bytes + out->name_bytes,
					    .boot_ns = looking->now_boot_ns};
	out->decision = (struct event_decision){
		.generation = looking->generation->number,
		.rule = match_number(looking->generation, decision->match.rule),
		.allow = decision->let_through == LET_THROUGH_ALLOWED ?
				 match_number(looking->generation, decision->match.allow) : 0,
		.verdict = closed ? VERDICT_DENY : VERDICT_ALLOW,
		.mode = decision->mode,
		.held_by = decision->held_by,
		.let_through = decision->let_through,
		.matcher = decision->match.rule->matcher,
		.recognised = recognised,
	};
	out->subject = socket->subject;
	out->file = socket->file;
	out->destination = socket->to;
	memcpy(out->path, socket->path, out->path_bytes);
	memcpy(out->path + out->path_bytes, socket->name.text, out->name_bytes);
}

/* From now on its bytes are counted, with those that went before. */
static void count_it(struct looking *looking, const struct open_socket *socket, const struct generation_rule *rule,
		     bool by_name)
{
	struct flow flow = {
		.key = {.rule = name_hash(rule->id, strlen(rule->id)),
			.inode = socket->file.inode,
			.name = by_name ? socket->name_key : 0,
			.device = socket->file.device,
			.uid = socket->subject.uid,
			.to = socket->to},
		.since_boot_ns = looking->now_boot_ns,
	};
	struct evidence first = {.connections = 1,
				 .first_boot_ns = looking->now_boot_ns,
				 .last_boot_ns = looking->now_boot_ns,
				 .pid = socket->subject.pid};
	int err;

	memcpy(first.name, socket->subject.name, sizeof(first.name));
	if (!socket->cookie) {
		looking->nameless++;
		return;
	}
	err = kernel_flow_put(looking->open->options.kernel, socket->cookie, &flow, &first);
	if (err && err != -EEXIST)
		log_warning("a connection that was open before cannot be counted: %s", strerror(-err));
}

static bool is_told(const struct open_connections *open, const struct told *told)
{
	for (size_t i = 0; i < open->told_count; i++)
		if (!memcmp(&open->told[i], told, sizeof(*told)))
			return true;
	return false;
}

/* Where it goes: by its address, or by the names of that. Return: whether a rule names it. */
static bool decide_where(const struct looking *looking, const struct sockets *all, const struct open_socket *socket,
			 struct match_decision *out, enum recognised *out_recognised)
{
	struct match match = match_of(looking->generation, &socket->to);
	bool by_name = !match.rule;

	if (by_name)
		match = match_by_name(looking->generation, socket);
	if (!match.rule || came_in(all, socket))
		return false;
	*out = decide_about(looking, socket, &match);
	if (by_name && !out->let_through && is_shared(looking->generation, socket)) {
		out->verdict = VERDICT_ALLOW;
		out->let_through = LET_THROUGH_SHARED;
	}
	*out_recognised = by_name ? RECOGNISED_RESOLVED : RECOGNISED_ADDRESS;
	return out->in_scope;
}

/* Whose it is. Return: whether a rule contains that process, and the connection leaves the internal networks. */
static bool decide_whose(const struct looking *looking, const struct open_socket *socket, struct match_decision *out)
{
	const struct match match = match_contained(looking, socket);

	if (!match.rule)
		return false;
	*out = decide_about(looking, socket, &match);
	return out->in_scope;
}

/* Either refuses; where neither does, what is said of the destination is told. Return: whether a rule names it. */
static bool decide_on(const struct looking *looking, const struct sockets *all, const struct open_socket *socket,
		      struct match_decision *out, enum recognised *out_recognised)
{
	bool named = decide_where(looking, all, socket, out, out_recognised);
	struct match_decision contained;

	if (named && out->verdict == VERDICT_DENY)
		return true;
	if (!decide_whose(looking, socket, &contained) || (named && contained.verdict != VERDICT_DENY))
		return named;
	*out = contained;
	*out_recognised = RECOGNISED_CONTAINED;
	return true;
}

/* @out_told: what there is to remember of it. Return: whether a rule names it. */
static bool one_connection(struct looking *looking, const struct sockets *all, const struct open_socket *socket,
			   struct told *out_told)
{
	const struct open_options *options = &looking->open->options;
	enum recognised recognised = RECOGNISED_NOT;
	struct match_decision decision;
	union event_memory memory;
	int err = -EPERM;

	if (!decide_on(looking, all, socket, &decision, &recognised))
		return false;
	if (decision.verdict == VERDICT_DENY && !options->audit_only)
		err = close_it(looking, socket);
	if (err == -ENOENT && decision.verdict == VERDICT_DENY)
		return false; /* it has ended by itself */
	if (decision.verdict == VERDICT_DENY && err)
		log_error("a connection that the policy embargoes is open and cannot be ended: %s. Process %u has it; end that, or "
			  "look at embargo status",
			  strerror(-err), socket->subject.pid);
	memset(out_told, 0, sizeof(*out_told));
	out_told->socket = socket->socket;
	out_told->rule = name_hash(decision.match.rule->id, strlen(decision.match.rule->id));
	out_told->from_port = socket->from_port;
	out_told->verdict = decision.verdict;
	out_told->mode = decision.mode;
	if (err)
		count_it(looking, socket, decision.match.rule, recognised == RECOGNISED_RESOLVED);
	if (is_told(looking->open, out_told))
		return true;
	event_fill(looking, socket, &decision, recognised, !err, &memory);
	options->tell(options->userdata, &memory.event, !err);
	return true;
}

static int look_at_all(struct looking *looking, const struct sockets *all)
{
	struct told *told = calloc(all->count + 1, sizeof(*told));
	const struct open_socket *done = NULL;

	if (!told)
		return -ENOMEM;
	for (size_t i = 0; i < all->count; i++) {
		const struct open_socket *socket = &all->list[i];

		/* one of those that share it is enough, the first that is meant */
		if (!socket->within || socket->state == TCP_LISTEN || (done && done->socket == socket->socket))
			continue;
		if (one_connection(looking, all, socket, &told[looking->found])) {
			done = socket;
			looking->found++;
		}
	}
	free(looking->open->told);
	looking->open->told = told;
	looking->open->told_count = looking->found;
	return (int)looking->found;
}

static int nobody(void *context, const struct socket_seen *seen)
{
	return 0;
}

/* Before 5.12 a socket gets a cookie only when somebody asks for it, and we may ask in our own network namespace. */
static bool give_cookies(void)
{
	AUTO_FD int netlink = sockets_open(-1);

	return netlink >= 0 && sockets_each(netlink, false, nobody, NULL) == 0;
}

static int look(struct open_connections *open, const struct generation *generation, size_t *out_nameless)
{
	AUTO_FREE struct looking *looking = calloc(1, sizeof(*looking));
	CLEANUP(sockets_done) struct sockets all = {0};
	int err;

	if (!looking)
		return -ENOMEM;
	err = kernel_sockets(open->options.kernel, take_socket, &all);
	if (err < 0)
		return err;
	if (all.count)
		qsort(all.list, all.count, sizeof(*all.list), compare);
	looking_begin(looking, open, generation);
	err = look_at_all(looking, &all);
	looking_done(looking);
	*out_nameless = looking->nameless;
	return err;
}

int open_look(struct open_connections *open, const struct generation *generation)
{
	size_t nameless = 0;
	int found = open ? look(open, generation, &nameless) : 0;

	/* what was told is not told again */
	if (found > 0 && nameless && give_cookies())
		found = look(open, generation, &nameless);
	return found;
}

int open_new(const struct open_options *options, struct open_connections **out)
{
	struct open_connections *open = calloc(1, sizeof(*open));

	if (!open)
		return -ENOMEM;
	open->options = *options;
	*out = open;
	return 0;
}

void open_free(struct open_connections *open)
{
	if (!open)
		return;
	free(open->told);
	free(open);
}
