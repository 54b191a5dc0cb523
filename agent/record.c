/* SPDX-License-Identifier: MIT */
/*
 * record.c - from the kernel's event record to a JSON object. Each part of the object has its function;
 * a member that is not known is left out, never guessed.
 */
#include "record.h"
#include "clean.h"
#include "table.h"

#include "../policy/policy.h"
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sodium.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#define ECS_VERSION "8.11.0"

/* The object while it is being made: a missing member must not go unnoticed. */
struct build {
	const struct record_context *context;
	bool failed;
	bool escaped;
};

static void put(struct build *build, json_t *object, const char *key, json_t *value)
{
	if (json_object_set_new(object, key, value))
		build->failed = true;
}

static void put_word(struct build *build, json_t *object, const char *key, const char *word)
{
	if (word && *word)
		put(build, object, key, json_string(word));
}

static void put_number(struct build *build, json_t *object, const char *key, __u64 number)
{
	put(build, object, key, json_integer(number));
}

/* Identifiers are keywords in the schema of ECS, not numbers. */
static void put_id(struct build *build, json_t *object, const char *key, __u64 id)
{
	put(build, object, key, json_sprintf("%llu", (unsigned long long)id));
}

static void put_text(struct build *build, json_t *object, const char *key, const char *text,
		     size_t bytes)
{
	put(build, object, key, record_text(text, bytes, &build->escaped));
}

/* Put a part in, unless nothing is known of it. */
static void put_part(struct build *build, json_t *object, const char *key, json_t *part)
{
	if (part && !json_object_size(part))
		json_decref(part);
	else
		put(build, object, key, part);
}

/* A character as JSON may carry it. Many readers refuse a zero, or end the text there. */
static size_t character_length(const char *text, size_t bytes)
{
	return text[0] ? utf8_length(text, bytes) : 0;
}

json_t *record_text(const char *text, size_t bytes, bool *escaped)
{
	AUTO_FREE char *copy = NULL;
	size_t good = 0, length;
	char *to;

	while (good < bytes && (length = character_length(text + good, bytes - good)))
		good += length;
	if (good == bytes)
		return json_stringn_nocheck(text, bytes);
	*escaped = true;
	copy = to = malloc(bytes * 4);
	if (!copy)
		return NULL;
	for (size_t i = 0; i < bytes; i += length) {
		length = character_length(text + i, bytes - i);
		if (!length) {
			char hex[5];

			length = 1;
			snprintf(hex, sizeof(hex), "\\x%02x", (unsigned char)text[i]);
			memcpy(to, hex, 4);
			to += 4;
			continue;
		}
		if (text[i] == '\\')
			*to++ = '\\';
		memcpy(to, text + i, length);
		to += length;
	}
	return json_stringn_nocheck(copy, to - copy);
}

void record_time(__u64 real_ns, char *out_text)
{
	time_t seconds = real_ns / 1000000000;
	struct tm tm = {0};
	size_t length;

	(void)gmtime_r(&seconds, &tm); /* fails only for years that do not fit 32 bits */
	length = strftime(out_text, RECORD_TIME_BYTES, "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(out_text + length, RECORD_TIME_BYTES - length, ".%06uZ",
		 (unsigned)(real_ns % 1000000000 / 1000));
}

static void put_time(struct build *build, json_t *object, const char *key, __u64 boot_ns)
{
	char text[RECORD_TIME_BYTES];

	record_time(boot_ns + build->context->boot_to_real_ns, text);
	put(build, object, key, json_string(text));
}

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

	put_word(build, event, "kind", "alert");
	put(build, event, "category", json_pack("[s]", ecs_words[kind].category));
	put(build, event, "type",
	    json_pack("[s,s]", ecs_words[kind].type, refused ? "denied" : "allowed"));
	put_word(build, event, "action", hook_word(kind));
	put_word(build, event, "outcome", refused ? "failure" : "success");
	return event;
}

static void put_path(struct build *build, json_t *object, const char *key,
		     const struct event *event)
{
	if (event->path_bytes && !(event->path_flags & EVENT_PATH_UNREADABLE))
		put_text(build, object, key, event->path, event->path_bytes);
}

static void put_basename(struct build *build, json_t *object, const char *path, size_t bytes)
{
	const char *slash = memrchr(path, '/', bytes);
	const char *base = slash ? slash + 1 : path;

	if (base < path + bytes)
		put_text(build, object, "name", base, path + bytes - base);
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
		put_text(build, process, "executable", more->executable, strlen(more->executable));
}

static json_t *part_process(struct build *build, const struct event *event,
			    const struct enrichment *more)
{
	const struct event_subject *subject = &event->subject;
	json_t *process = json_object(), *parent = json_object(), *thread = json_object();
	size_t own = strnlen(subject->name, TASK_NAME_BYTES);
	bool runs =
		event->header.kind != HOOK_EXEC; /* path is of what it runs, not of what it tries */

	put_number(build, process, "pid", subject->pid);
	put_executable(build, process, event, more);
	if (!is_of_object(event->header.kind) && json_object_get(process, "executable") && event->path_bytes &&
	    !(event->path_flags & EVENT_PATH_TRUNCATED))
		put_basename(build, process, event->path, event->path_bytes);
	else if (runs && own)
		put_text(build, process, "name", subject->name, own);
	if (more && more->command_line[0])
		put_text(build, process, "command_line", more->command_line,
			 strlen(more->command_line));
	if (subject->start_boot_ns)
		put_time(build, process, "start", subject->start_boot_ns);
	if (runs && subject->tid != subject->pid) {
		put_number(build, thread, "id", subject->tid);
		if (own)
			put_text(build, thread, "name", subject->name, own);
	}
	put_part(build, process, "thread", thread);
	if (subject->parent_pid) {
		put_number(build, parent, "pid", subject->parent_pid);
		put_text(build, parent, "name", subject->parent_name,
			 strnlen(subject->parent_name, TASK_NAME_BYTES));
		if (more && more->parent_executable[0])
			put_text(build, parent, "executable", more->parent_executable,
				 strlen(more->parent_executable));
	}
	put_part(build, process, "parent", parent);
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
		put(build, file, "hash", json_pack("{s:s}", "sha256", text));
	}
	if (!from->inode)
		return file;
	put_id(build, file, "inode", from->inode);
	put(build, file, "device",
	    json_sprintf("%u:%u", from->device >> 20, from->device & 0xfffff));
	put_number(build, file, "size", from->size);
	put(build, file, "mode", json_sprintf("%04o", from->mode & 07777));
	put_id(build, file, "uid", from->owner);
	return file;
}

static void put_destination(struct build *build, json_t *object, const __u8 *address, __u8 family,
			    __u8 protocol, __u16 port)
{
	json_t *destination = json_object(), *network = json_object();
	char text[INET6_ADDRSTRLEN];

	if (inet_ntop(family == 6 ? AF_INET6 : AF_INET, address, text, sizeof(text)))
		put_word(build, destination, "ip", text);
	put_number(build, destination, "port", port);
	put(build, object, "destination", destination);

	put_word(build, network, "type", family == 6 ? "ipv6" : "ipv4");
	if (protocol == IPPROTO_TCP || protocol == IPPROTO_UDP || protocol == IPPROTO_SCTP)
		put_word(build, network, "transport",
			 protocol == IPPROTO_TCP   ? "tcp"
			 : protocol == IPPROTO_UDP ? "udp"
						   : "sctp");
	if (protocol)
		put_id(build, network, "iana_number", protocol);
	put(build, object, "network", network);
}

/* What a connection is by: the name that was denied, and where it was seen. */
static void put_name(struct build *build, json_t *object, __u8 recognised, const char *name, size_t bytes)
{
	json_t *destination = json_object_get(object, "destination"), *client;

	if (!bytes)
		return;
	put_text(build, destination, "domain", name, bytes);
	if (recognised != RECOGNISED_SERVER_NAME)
		return;
	client = json_object();
	put_text(build, client, "server_name", name, bytes);
	put(build, object, "tls", json_pack("{s:o}", "client", client));
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
	put_word(build, embargo, "socket", word);
	if (family)
		put_word(build, network, "type", family == 6 ? "ipv6" : "ipv4");
	if (family && protocol)
		put_id(build, network, "iana_number", protocol);
	put_part(build, object, "network", network);
}

static void put_user(struct build *build, json_t *object, const struct event_subject *subject)
{
	json_t *user = json_object(), *effective = json_object(), *group = json_object();

	put_id(build, user, "id", subject->uid);
	put_id(build, effective, "id", subject->effective_uid);
	put(build, user, "effective", effective);
	put(build, object, "user", user);
	put_id(build, group, "id", subject->gid);
	put(build, object, "group", group);
}

static void put_rule(struct build *build, json_t *object, const struct generation_rule *rule)
{
	json_t *part = json_object();

	if (rule) {
		put_word(build, part, "id", rule->id);
		put_text(build, part, "name", rule->value, strlen(rule->value));
	}
	put_part(build, object, "rule", part);
}

static json_t *part_host(struct build *build, bool whole)
{
	json_t *host = json_object();
	const struct record_context *context = build->context;

	if (context->host_name && *context->host_name)
		put_text(build, host, "name", context->host_name, strlen(context->host_name));
	if (whole) {
		put_word(build, host, "id", context->host_id);
		if (context->boot_id)
			put(build, host, "boot", json_pack("{s:s}", "id", context->boot_id));
	}
	return host;
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
		put_word(build, embargo, "vendor", rule->vendor);
		put_word(build, embargo, "vendor_name", rule->vendor_name);
		put_word(build, embargo, "product", rule->product);
	} else {
		put_number(build, embargo, "rule_number", decision->rule);
	}
	if (generation) {
		put_word(build, embargo, "policy", generation->policy);
		put_number(build, embargo, "revision", generation->revision);
	}
	put(build, embargo, "generation",
	    json_sprintf("%016llx", (unsigned long long)decision->generation));
	put_word(build, embargo, "mode", mode_word(decision->mode));
	if (decision->held_by)
		put_word(build, embargo, "held_by", held_by_word(decision->held_by));
	if (decision->matcher)
		put_word(build, embargo, "matcher", matcher_word(decision->matcher));
	if (decision->recognised)
		put_word(build, embargo, "recognised", recognised_word(decision->recognised));
	if (decision->backend)
		put_word(build, embargo, "backend", backend_word(decision->backend));
	if (decision->let_through)
		put_word(build, embargo, "let_through", let_through_word(decision->let_through));
	if (allow) {
		json_t *part = json_object();

		put_word(build, part, "id", allow->id);
		if (*allow->reason)
			put_text(build, part, "reason", allow->reason, strlen(allow->reason));
		put(build, embargo, "allow", part);
	}
	if (decision->let_through_known)
		put(build, embargo, "would_deny",
		    json_boolean(decision->verdict == VERDICT_ALLOW && !decision->let_through &&
				 !(decision->flags & EVENT_CONTAINED) &&
				 !((decision->late || decision->was_open) &&
				   decision->mode == MODE_ENFORCE)));
	if (decision->flags & EVENT_CONTAINED)
		put(build, embargo, "contained",
		    json_pack("{s:b, s:b}", "enforced", decision->mode == MODE_ENFORCE,
			      "ran_before", !!(decision->flags & EVENT_RAN_BEFORE)));
	if (decision->repeated)
		put_number(build, embargo, "repeated", decision->repeated);
	if (decision->cgroup)
		put_id(build, embargo, "cgroup", decision->cgroup);
	return embargo;
}

static json_t *begin(struct build *build, __u64 real_ns)
{
	json_t *object = json_object();
	char text[RECORD_TIME_BYTES];

	record_time(real_ns, text);
	put_word(build, object, "@timestamp", text);
	put(build, object, "ecs", json_pack("{s:s}", "version", ECS_VERSION));
	return object;
}

static json_t *finish(struct build *build, json_t *object, json_t *embargo)
{
	if (build->escaped)
		put(build, embargo, "escaped", json_true());
	put(build, object, "embargo", embargo);
	if (!build->failed)
		return object;
	json_decref(object);
	return NULL;
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
	object = begin(&build, event->header.boot_ns + context->boot_to_real_ns);
	put(&build, object, "event", part_event(&build, event->header.kind, from->verdict));
	put_part(&build, object, "host", part_host(&build, false));
	put(&build, object, "process", part_process(&build, event, more));
	put_part(&build, object, "file", part_file(&build, event));
	put_user(&build, object, &event->subject);
	if (more && more->container_id[0])
		put(&build, object, "container", json_pack("{s:s}", "id", more->container_id));
	embargo = part_embargo(&build, &decision);
	if (event->header.kind == HOOK_CONNECT && to->socket)
		put_socket(&build, object, embargo, to->socket, to->family, to->protocol);
	else if (event->header.kind == HOOK_CONNECT || event->header.kind == HOOK_NAME)
		put_destination(&build, object, to->address, to->family, to->protocol, to->port);
	if (event->header.kind == HOOK_NAME)
		put_name(&build, object, from->recognised, event->path + event->path_bytes, event->name_bytes);
	put_rule(&build, object, record_rule(context, from->generation, from->rule));

	/* The name of the task before the exec; where the kernel has renamed it already it says nothing. */
	if (event->header.kind == HOOK_EXEC && from->backend != BACKEND_KILL &&
	    !(from->flags & EVENT_RAN_BEFORE) && event->subject.name[0])
		put_text(&build, embargo, "caller", event->subject.name,
			 strnlen(event->subject.name, TASK_NAME_BYTES));
	if (event->header.kind == HOOK_MODULE && event->module[0])
		put_text(&build, embargo, "module", event->module,
			 strnlen(event->module, MODULE_NAME_BYTES));
	if (decision.late)
		put(&build, embargo, "late",
		    json_pack("{s:I, s:b}", "after_us", (json_int_t)(more->late_ns / 1000), "ended",
			      more->ended));
	if (decision.was_open)
		put(&build, embargo, "open", json_pack("{s:b}", "closed", more->closed));
	if (to->datagram)
		put(&build, embargo, "datagram", json_true());
	if (to->mapped)
		put(&build, embargo, "mapped", json_true());
	if (from->flags & EVENT_SUBJECT_RECALLED)
		put(&build, embargo, "recalled", json_true());
	if (event->path_flags & EVENT_PATH_TRUNCATED)
		put(&build, embargo, "truncated", json_true());
	return finish(&build, object, embargo);
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

	object = begin(&build, fold->last_boot_ns + context->boot_to_real_ns);
	event = part_event(&build, key->kind, key->verdict);
	put_time(&build, event, "start", fold->window_boot_ns);
	put_time(&build, event, "end", fold->last_boot_ns);
	put(&build, object, "event", event);
	put_part(&build, object, "host", part_host(&build, false));

	part = json_object();
	if (repeat && repeat->path_bytes && !is_of_object(key->kind)) {
		put_text(&build, part, "executable", repeat->path, repeat->path_bytes);
		put_basename(&build, part, repeat->path, repeat->path_bytes);
	}
	put_part(&build, object, "process", part);
	part = json_object();
	if (repeat && repeat->path_bytes)
		put_text(&build, part, "path", repeat->path, repeat->path_bytes);
	if (key->inode) {
		put_id(&build, part, "inode", key->inode);
		put(&build, part, "device",
		    json_sprintf("%u:%u", key->device >> 20, key->device & 0xfffff));
	}
	put_part(&build, object, "file", part);
	put(&build, object, "user", json_pack("{s:o}", "id", json_sprintf("%u", key->uid)));
	embargo = part_embargo(&build, &decision);
	if (key->kind == HOOK_CONNECT && key->socket)
		put_socket(&build, object, embargo, key->socket, key->family, key->protocol);
	else if (key->kind == HOOK_CONNECT || key->kind == HOOK_NAME)
		put_destination(&build, object, key->address, key->family, key->protocol,
				key->port);
	if (repeat && key->kind == HOOK_NAME)
		put_name(&build, object, repeat->recognised, repeat->name, repeat->name_bytes);
	put_rule(&build, object, record_rule(context, key->generation, key->rule));

	put(&build, embargo, "summary", json_true());
	return finish(&build, object, embargo);
}

/* The program: its path where that is known, else the name of its task. */
static json_t *part_program(struct build *build, const struct record_traffic *traffic)
{
	size_t bytes = traffic->path ? strlen(traffic->path) : 0;
	json_t *process = json_object();

	if (traffic->sums->pid)
		put_number(build, process, "pid", traffic->sums->pid);
	if (bytes) {
		put_text(build, process, "executable", traffic->path, bytes);
		put_basename(build, process, traffic->path, bytes);
	} else if (traffic->sums->name[0]) {
		put_text(build, process, "name", traffic->sums->name,
			 strnlen(traffic->sums->name, TASK_NAME_BYTES));
	}
	return process;
}

/* What was sent is the source's, what came back the destination's: ECS counts bytes by who sends them. */
static void put_bytes(struct build *build, json_t *object, const struct record_traffic *traffic)
{
	const struct evidence *sums = traffic->sums;
	const struct event_destination *to = &traffic->key->to;
	json_t *source = json_object();

	put_destination(build, object, to->address, to->family, to->protocol, to->port);
	if (traffic->domain)
		put_text(build, json_object_get(object, "destination"), "domain", traffic->domain,
			 strlen(traffic->domain));
	if (to->protocol == PROTOCOL_TCP) {
		put_number(build, source, "bytes", sums->sent);
		put_number(build, json_object_get(object, "destination"), "bytes", sums->received);
		put_number(build, json_object_get(object, "network"), "bytes", sums->sent + sums->received);
	}
	put_part(build, object, "source", source);
}

static json_t *part_traffic_event(struct build *build, const struct record_traffic *traffic)
{
	json_t *event = json_object();

	put_word(build, event, "kind", "metric");
	put(build, event, "category", json_pack("[s]", "network"));
	put(build, event, "type", json_pack("[s,s]", "connection", traffic->final ? "end" : "info"));
	put_word(build, event, "action", "traffic");
	put_word(build, event, "outcome", "success");
	put_time(build, event, "start", traffic->sums->first_boot_ns);
	put_time(build, event, "end", traffic->sums->last_boot_ns);
	return event;
}

static json_t *part_traffic_embargo(struct build *build, const struct record_traffic *traffic)
{
	const struct generation_rule *rule = traffic->rule;
	json_t *embargo = json_object(), *counts = json_object();

	if (rule) {
		put_word(build, embargo, "vendor", rule->vendor);
		put_word(build, embargo, "vendor_name", rule->vendor_name);
		put_word(build, embargo, "product", rule->product);
		put_word(build, embargo, "matcher", matcher_word(rule->matcher));
	}
	if (traffic->generation) {
		put_word(build, embargo, "policy", traffic->generation->policy);
		put_number(build, embargo, "revision", traffic->generation->revision);
		put(build, embargo, "generation",
		    json_sprintf("%016llx", (unsigned long long)traffic->generation->number));
	}
	if (traffic->key->to.datagram)
		put(build, embargo, "datagram", json_true());
	put_number(build, counts, "connections", traffic->sums->connections);
	put_number(build, counts, "open", traffic->open);
	put(build, counts, "final", json_boolean(traffic->final));
	put(build, embargo, "traffic", counts);
	return embargo;
}

json_t *record_traffic(const struct record_context *context, const struct record_traffic *traffic)
{
	struct build build = {.context = context};
	const struct evidence_key *key = traffic->key;
	json_t *object = begin(&build, traffic->now_boot_ns + context->boot_to_real_ns), *file = json_object();

	put(&build, object, "event", part_traffic_event(&build, traffic));
	put_part(&build, object, "host", part_host(&build, false));
	put_part(&build, object, "process", part_program(&build, traffic));
	if (key->inode) {
		put_id(&build, file, "inode", key->inode);
		put(&build, file, "device",
		    json_sprintf("%u:%u", key->device >> 20, key->device & 0xfffff));
	}
	put_part(&build, object, "file", file);
	put(&build, object, "user", json_pack("{s:o}", "id", json_sprintf("%u", key->uid)));
	put_bytes(&build, object, traffic);
	put_rule(&build, object, traffic->rule);
	return finish(&build, object, part_traffic_embargo(&build, traffic));
}

json_t *record_traffic_row(const struct record_context *context, const struct record_traffic *traffic)
{
	struct build build = {.context = context};
	const struct generation_rule *rule = traffic->rule;
	json_t *row = json_object();

	put_word(&build, row, "vendor", rule ? rule->vendor : "unknown");
	put_word(&build, row, "rule", rule ? rule->id : NULL);
	put_part(&build, row, "process", part_program(&build, traffic));
	put(&build, row, "user", json_sprintf("%u", traffic->key->uid));
	put_bytes(&build, row, traffic);
	put_number(&build, row, "connections", traffic->sums->connections);
	put_number(&build, row, "open", traffic->open);
	put_time(&build, row, "first_seen", traffic->sums->first_boot_ns);
	put_time(&build, row, "last_seen", traffic->sums->last_boot_ns);
	if (!build.failed)
		return row;
	json_decref(row);
	return NULL;
}

json_t *record_coverage(const struct record_context *context, __u64 real_ns, const char *reason,
			json_t *state)
{
	const struct generation *generation = context->generations[0];
	struct build build = {.context = context};
	json_t *object, *event = json_object(), *embargo = json_object();

	object = begin(&build, real_ns);
	put_word(&build, event, "kind", "state");
	put(&build, event, "category", json_pack("[s]", "host"));
	put(&build, event, "type", json_pack("[s]", "info"));
	put_word(&build, event, "action", "coverage");
	put_word(&build, event, "outcome", "success");
	put_word(&build, event, "reason", reason);
	put(&build, object, "event", event);
	put_part(&build, object, "host", part_host(&build, true));

	if (generation) {
		put_word(&build, embargo, "policy", generation->policy);
		put_number(&build, embargo, "revision", generation->revision);
		put(&build, embargo, "generation",
		    json_sprintf("%016llx", (unsigned long long)generation->number));
	}
	put(&build, embargo, "coverage", json_incref(state));
	return finish(&build, object, embargo);
}
