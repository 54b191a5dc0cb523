/* SPDX-License-Identifier: MIT */
/*
 * record.c - from the kernel's event record to a JSON object. Each part of the object has its function;
 * a member that is not known is left out, never guessed.
 */
#include "record_build.h"
#include "clean.h"

#include "../policy/policy.h"
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sodium.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

static const struct generation *find_generation(const struct record_context *context, __u64 number)
{
	for (size_t i = 0; i < RECORD_GENERATIONS; i++)
		if (context->generations[i] && context->generations[i]->number == number)
			return context->generations[i];
	return NULL;
}

const struct generation_rule *record_rule(const struct record_context *context, __u64 generation,
					  __u32 number)
{
	const struct generation *found = find_generation(context, generation);

	if (!found || !number || number > found->rule_count)
		return NULL;
	return &found->rules[number - 1];
}

/* ECS: the allowed values of event.category and event.type are fixed there. */
static const struct {
	const char *category, *type;
} ecs_words[HOOK_MAX] = {
	[HOOK_EXEC] = {"process", "start"},    [HOOK_LOAD] = {"library", "start"},
	[HOOK_MODULE] = {"driver", "start"},   [HOOK_CONNECT] = {"network", "connection"},
	[HOOK_NAME] = {"network", "protocol"},
};

static json_t *part_event(struct build *build, __u8 kind, __u8 verdict)
{
	bool refused = verdict == VERDICT_DENY;
	json_t *event = json_object();

	build_word(build, event, "kind", "alert");
	build_put(build, event, "category", json_pack("[s]", ecs_words[kind].category));
	build_put(build, event, "type",
		  json_pack("[s,s]", ecs_words[kind].type, refused ? "denied" : "allowed"));
	build_word(build, event, "action", hook_word(kind));
	build_word(build, event, "outcome", refused ? "failure" : "success");
	return event;
}

static void put_path(struct build *build, json_t *object, const char *key,
		     const struct event *event)
{
	if (event->path_bytes && !(event->path_flags & EVENT_PATH_UNREADABLE))
		build_text(build, object, key, event->path, event->path_bytes);
}

/* Is the path of an event that of an object that the subject loads, and not of a program? */
static bool is_of_object(__u8 kind)
{
	return kind == HOOK_LOAD || kind == HOOK_MODULE;
}

static void put_executable(struct build *build, json_t *process, const struct event *event,
			   const struct enrichment *more)
{
	if (!is_of_object(event->header.kind) && !(event->decision.flags & EVENT_SUBJECT_RECALLED))
		put_path(build, process, "executable", event);
	else if (more && more->executable[0])
		build_text(build, process, "executable", more->executable,
			   strlen(more->executable));
}

static json_t *part_process(struct build *build, const struct event *event,
			    const struct enrichment *more)
{
	const struct event_subject *subject = &event->subject;
	json_t *process = json_object(), *parent = json_object(), *thread = json_object();
	size_t own = strnlen(subject->name, TASK_NAME_BYTES);
	bool runs =
		event->header.kind != HOOK_EXEC; /* path is of what it runs, not of what it tries */

	build_number(build, process, "pid", subject->pid);
	put_executable(build, process, event, more);
	if (!is_of_object(event->header.kind) && json_object_get(process, "executable") &&
	    event->path_bytes && !(event->path_flags & EVENT_PATH_TRUNCATED))
		build_basename(build, process, event->path, event->path_bytes);
	else if (runs && own)
		build_text(build, process, "name", subject->name, own);
	if (more && more->command_line[0])
		build_text(build, process, "command_line", more->command_line,
			   strlen(more->command_line));
	if (subject->start_boot_ns)
		build_time(build, process, "start", subject->start_boot_ns);
	if (runs && subject->tid != subject->pid) {
		build_number(build, thread, "id", subject->tid);
		if (own)
			build_text(build, thread, "name", subject->name, own);
	}
	build_part(build, process, "thread", thread);
	if (subject->parent_pid) {
		build_number(build, parent, "pid", subject->parent_pid);
		build_text(build, parent, "name", subject->parent_name,
			   strnlen(subject->parent_name, TASK_NAME_BYTES));
		if (more && more->parent_executable[0])
			build_text(build, parent, "executable", more->parent_executable,
				   strlen(more->parent_executable));
	}
	build_part(build, process, "parent", parent);
	return process;
}

static json_t *part_file(struct build *build, const struct event *event)
{
	static const __u8 none[SHA256_BYTES];
	const struct event_file *from = &event->file;
	json_t *file = json_object();

	put_path(build, file, "path", event);
	if (memcmp(event->sha256, none, sizeof(none))) {
		char text[2 * SHA256_BYTES + 1];

		(void)sodium_bin2hex(text, sizeof(text), event->sha256, SHA256_BYTES);
		build_put(build, file, "hash", json_pack("{s:s}", "sha256", text));
	}
	if (!from->inode)
		return file;
	build_device(build, file, from->inode, from->device);
	build_number(build, file, "size", from->size);
	build_put(build, file, "mode", json_sprintf("%04o", from->mode & 07777));
	build_id(build, file, "uid", from->owner);
	return file;
}

/* What a connection is by: the name that was denied, and where it was seen. */
static void put_name(struct build *build, json_t *object, __u8 recognised, const char *name,
		     size_t bytes)
{
	json_t *destination = json_object_get(object, "destination"), *client;

	if (!bytes)
		return;
	build_text(build, destination, "domain", name, bytes);
	if (recognised != RECOGNISED_SERVER_NAME)
		return;
	client = json_object();
	build_text(build, client, "server_name", name, bytes);
	build_put(build, object, "tls", json_pack("{s:o}", "client", client));
}

static const struct {
	int family;
	const char *word;
} socket_words[] = {
	{AF_INET, "ip"},     {AF_INET6, "ip"}, {AF_PACKET, "packet"},       {AF_XDP, "xdp"},
	{AF_VSOCK, "vsock"}, {AF_SMC, "smc"},  {AF_BLUETOOTH, "bluetooth"}, {AF_CAN, "can"},
	{AF_TIPC, "tipc"},   {AF_RDS, "rds"},
};

/* Where it was not told what address to reach, but a socket that nothing decides on was wanted: which kind. */
static void put_socket(struct build *build, json_t *object, json_t *embargo, int socket,
		       __u8 family, __u8 protocol)
{
	const char *word = "other";
	json_t *network = json_object();

	for (size_t i = 0; i < ARRAY_LENGTH(socket_words); i++)
		if (socket_words[i].family == socket)
			word = socket_words[i].word;
	build_word(build, embargo, "socket", word);
	if (family)
		build_word(build, network, "type", family == 6 ? "ipv6" : "ipv4");
	if (family && protocol)
		build_id(build, network, "iana_number", protocol);
	build_part(build, object, "network", network);
}

static void put_user(struct build *build, json_t *object, const struct event_subject *subject)
{
	json_t *user = json_object(), *effective = json_object(), *group = json_object();

	build_id(build, user, "id", subject->uid);
	build_id(build, effective, "id", subject->effective_uid);
	build_put(build, user, "effective", effective);
	build_put(build, object, "user", user);
	build_id(build, group, "id", subject->gid);
	build_put(build, object, "group", group);
}

/* The decision, from an event or from a fold. */
struct decision {
	__u64 generation, repeated, cgroup;
	__u32 rule, allow;
	__u8 verdict, mode, held_by, let_through, backend, matcher, recognised, flags;
	bool let_through_known, late, was_open;
};

static json_t *part_embargo(struct build *build, const struct decision *decision)
{
	const struct record_context *context = build->context;
	const struct generation *generation = find_generation(context, decision->generation);
	const struct generation_rule *rule, *allow;
	json_t *embargo = json_object();

	rule = record_rule(context, decision->generation, decision->rule);
	allow = record_rule(context, decision->generation, decision->allow);
	if (rule) {
		build_word(build, embargo, "vendor", rule->vendor);
		build_word(build, embargo, "vendor_name", rule->vendor_name);
		build_word(build, embargo, "product", rule->product);
	} else {
		build_number(build, embargo, "rule_number", decision->rule);
	}
	if (generation) {
		build_word(build, embargo, "policy", generation->policy);
		build_number(build, embargo, "revision", generation->revision);
	}
	build_put(build, embargo, "generation",
		  json_sprintf("%016llx", (unsigned long long)decision->generation));
	build_word(build, embargo, "mode", mode_word(decision->mode));
	if (decision->held_by)
		build_word(build, embargo, "held_by", held_by_word(decision->held_by));
	if (decision->matcher)
		build_word(build, embargo, "matcher", matcher_word(decision->matcher));
	if (decision->recognised)
		build_word(build, embargo, "recognised", recognised_word(decision->recognised));
	if (decision->backend)
		build_word(build, embargo, "backend", backend_word(decision->backend));
	if (decision->let_through)
		build_word(build, embargo, "let_through", let_through_word(decision->let_through));
	if (allow) {
		json_t *part = json_object();

		build_word(build, part, "id", allow->id);
		if (*allow->reason)
			build_text(build, part, "reason", allow->reason, strlen(allow->reason));
		build_put(build, embargo, "allow", part);
	}
	if (decision->let_through_known)
		build_put(build, embargo, "would_deny",
			  json_boolean(decision->verdict == VERDICT_ALLOW &&
				       !decision->let_through &&
				       !(decision->flags & EVENT_CONTAINED) &&
				       !((decision->late || decision->was_open) &&
					 decision->mode == MODE_ENFORCE)));
	if (decision->flags & EVENT_CONTAINED)
		build_put(build, embargo, "contained",
			  json_pack("{s:b, s:b}", "enforced", decision->mode == MODE_ENFORCE,
				    "ran_before", !!(decision->flags & EVENT_RAN_BEFORE)));
	if (decision->repeated)
		build_number(build, embargo, "repeated", decision->repeated);
	if (decision->cgroup)
		build_id(build, embargo, "cgroup", decision->cgroup);
	return embargo;
}

json_t *record_event(const struct record_context *context, const struct event *event,
		     const struct enrichment *more)
{
	struct build build = {.context = context};
	const struct event_decision *from = &event->decision;
	const struct event_destination *to = &event->destination;
	struct decision decision = {
		.generation = from->generation,
		.repeated = from->repeated,
		.cgroup = event->subject.cgroup,
		.rule = from->rule,
		.allow = from->allow,
		.verdict = from->verdict,
		.mode = from->mode,
		.held_by = from->held_by,
		.let_through = from->let_through,
		.backend = from->backend,
		.matcher = from->matcher,
		.recognised = from->recognised,
		.flags = from->flags,
		.let_through_known = true,
		.late = more && more->late,
		.was_open = more && more->was_open,
	};
	json_t *object, *embargo;

	if (event->header.kind <= HOOK_NONE || event->header.kind >= HOOK_MAX)
		return NULL;
	object = build_begin(&build, event->header.boot_ns + context->boot_to_real_ns);
	build_put(&build, object, "event", part_event(&build, event->header.kind, from->verdict));
	build_part(&build, object, "host", build_host(&build, false));
	build_put(&build, object, "process", part_process(&build, event, more));
	build_part(&build, object, "file", part_file(&build, event));
	put_user(&build, object, &event->subject);
	if (more && more->container_id[0])
		build_put(&build, object, "container",
			  json_pack("{s:s}", "id", more->container_id));
	embargo = part_embargo(&build, &decision);
	if (event->header.kind == HOOK_CONNECT && to->socket)
		put_socket(&build, object, embargo, to->socket, to->family, to->protocol);
	else if (event->header.kind == HOOK_CONNECT || event->header.kind == HOOK_NAME)
		build_destination(&build, object, to->address, to->family, to->protocol, to->port);
	if (event->header.kind == HOOK_NAME)
		put_name(&build, object, from->recognised, event->path + event->path_bytes,
			 event->name_bytes);
	build_rule(&build, object, record_rule(context, from->generation, from->rule));

	/* The name of the task before the exec; where the kernel has renamed it already it says nothing. */
	if (event->header.kind == HOOK_EXEC && from->backend != BACKEND_KILL &&
	    !(from->flags & EVENT_RAN_BEFORE) && event->subject.name[0])
		build_text(&build, embargo, "caller", event->subject.name,
			   strnlen(event->subject.name, TASK_NAME_BYTES));
	if (event->header.kind == HOOK_MODULE && event->module[0])
		build_text(&build, embargo, "module", event->module,
			   strnlen(event->module, MODULE_NAME_BYTES));
	if (decision.late)
		build_put(&build, embargo, "late",
			  json_pack("{s:I, s:b}", "after_us", (json_int_t)(more->late_ns / 1000),
				    "ended", more->ended));
	if (decision.was_open)
		build_put(&build, embargo, "open", json_pack("{s:b}", "closed", more->closed));
	if (to->datagram)
		build_put(&build, embargo, "datagram", json_true());
	if (to->mapped)
		build_put(&build, embargo, "mapped", json_true());
	if (from->flags & EVENT_SUBJECT_RECALLED)
		build_put(&build, embargo, "recalled", json_true());
	if (event->path_flags & EVENT_PATH_TRUNCATED)
		build_put(&build, embargo, "truncated", json_true());
	return build_finish(&build, object, embargo);
}

json_t *record_fold(const struct record_context *context, const struct fold_key *key,
		    const struct fold *fold, const struct record_repeat *repeat)
{
	struct build build = {.context = context};
	struct decision decision = {
		.generation = key->generation,
		.repeated = fold->folded,
		.cgroup = key->cgroup,
		.rule = key->rule,
		.verdict = key->verdict,
		.mode = key->mode,
		.held_by = key->held_by,
	};
	json_t *object, *embargo, *event, *part;

	if (key->kind <= HOOK_NONE || key->kind >= HOOK_MAX)
		return NULL;
	if (repeat) {
		decision.allow = repeat->allow;
		decision.let_through = repeat->let_through;
		decision.backend = repeat->backend;
		decision.matcher = repeat->matcher;
		decision.recognised = repeat->recognised;
		decision.flags = repeat->flags;
	}
	decision.let_through_known = repeat || key->verdict == VERDICT_DENY;

	object = build_begin(&build, fold->last_boot_ns + context->boot_to_real_ns);
	event = part_event(&build, key->kind, key->verdict);
	build_time(&build, event, "start", fold->window_boot_ns);
	build_time(&build, event, "end", fold->last_boot_ns);
	build_put(&build, object, "event", event);
	build_part(&build, object, "host", build_host(&build, false));

	part = json_object();
	if (repeat && repeat->path_bytes && !is_of_object(key->kind)) {
		build_text(&build, part, "executable", repeat->path, repeat->path_bytes);
		build_basename(&build, part, repeat->path, repeat->path_bytes);
	}
	build_part(&build, object, "process", part);
	part = json_object();
	if (repeat && repeat->path_bytes)
		build_text(&build, part, "path", repeat->path, repeat->path_bytes);
	if (key->inode)
		build_device(&build, part, key->inode, key->device);
	build_part(&build, object, "file", part);
	build_put(&build, object, "user", json_pack("{s:o}", "id", json_sprintf("%u", key->uid)));
	embargo = part_embargo(&build, &decision);
	if (key->kind == HOOK_CONNECT && key->socket)
		put_socket(&build, object, embargo, key->socket, key->family, key->protocol);
	else if (key->kind == HOOK_CONNECT || key->kind == HOOK_NAME)
		build_destination(&build, object, key->address, key->family, key->protocol,
				  key->port);
	if (repeat && key->kind == HOOK_NAME)
		put_name(&build, object, repeat->recognised, repeat->name, repeat->name_bytes);
	build_rule(&build, object, record_rule(context, key->generation, key->rule));

	build_put(&build, embargo, "summary", json_true());
	return build_finish(&build, object, embargo);
}

json_t *record_coverage(const struct record_context *context, __u64 real_ns, const char *reason,
			json_t *state)
{
	const struct generation *generation = context->generations[0];
	struct build build = {.context = context};
	json_t *object, *event = json_object(), *embargo = json_object();

	object = build_begin(&build, real_ns);
	build_word(&build, event, "kind", "state");
	build_put(&build, event, "category", json_pack("[s]", "host"));
	build_put(&build, event, "type", json_pack("[s]", "info"));
	build_word(&build, event, "action", "coverage");
	build_word(&build, event, "outcome", "success");
	build_word(&build, event, "reason", reason);
	build_put(&build, object, "event", event);
	build_part(&build, object, "host", build_host(&build, true));

	build_generation(&build, embargo, generation);
	build_put(&build, embargo, "coverage", json_incref(state));
	return build_finish(&build, object, embargo);
}
