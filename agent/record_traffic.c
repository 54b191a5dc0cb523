/* SPDX-License-Identifier: MIT */
/* record_traffic.c - what went where, as an event and as a row of the status. See record.h. */
#include "record_build.h"

#include "../policy/policy.h"
#include <string.h>

/* The program: its path where that is known, else the name of its task. */
static json_t *part_program(struct build *build, const struct record_traffic *traffic)
{
	size_t bytes = traffic->path ? strlen(traffic->path) : 0;
	json_t *process = json_object();

	if (traffic->sums->pid)
		build_number(build, process, "pid", traffic->sums->pid);
	if (bytes) {
		build_text(build, process, "executable", traffic->path, bytes);
		build_basename(build, process, traffic->path, bytes);
	} else if (traffic->sums->name[0]) {
		build_text(build, process, "name", traffic->sums->name,
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

	build_destination(build, object, to->address, to->family, to->protocol, to->port);
	if (traffic->domain)
		build_text(build, json_object_get(object, "destination"), "domain", traffic->domain,
			   strlen(traffic->domain));
	if (to->protocol == PROTOCOL_TCP) {
		build_number(build, source, "bytes", sums->sent);
		build_number(build, json_object_get(object, "destination"), "bytes",
			     sums->received);
		build_number(build, json_object_get(object, "network"), "bytes",
			     sums->sent + sums->received);
	}
	build_part(build, object, "source", source);
}

static json_t *part_traffic_event(struct build *build, const struct record_traffic *traffic)
{
	json_t *event = json_object();

	build_word(build, event, "kind", "metric");
	build_put(build, event, "category", json_pack("[s]", "network"));
	build_put(build, event, "type",
		  json_pack("[s,s]", "connection", traffic->final ? "end" : "info"));
	build_word(build, event, "action", "traffic");
	build_word(build, event, "outcome", "success");
	build_time(build, event, "start", traffic->sums->first_boot_ns);
	build_time(build, event, "end", traffic->sums->last_boot_ns);
	return event;
}

static json_t *part_traffic_embargo(struct build *build, const struct record_traffic *traffic)
{
	const struct generation_rule *rule = traffic->rule;
	json_t *embargo = json_object(), *counts = json_object();

	if (rule) {
		build_word(build, embargo, "vendor", rule->vendor);
		build_word(build, embargo, "vendor_name", rule->vendor_name);
		build_word(build, embargo, "product", rule->product);
		build_word(build, embargo, "matcher", matcher_word(rule->matcher));
	}
	build_generation(build, embargo, traffic->generation);
	if (traffic->key->to.datagram)
		build_put(build, embargo, "datagram", json_true());
	build_number(build, counts, "connections", traffic->sums->connections);
	build_number(build, counts, "open", traffic->open);
	build_put(build, counts, "final", json_boolean(traffic->final));
	build_put(build, embargo, "traffic", counts);
	return embargo;
}

json_t *record_traffic(const struct record_context *context, const struct record_traffic *traffic)
{
	struct build build = {.context = context};
	const struct evidence_key *key = traffic->key;
	json_t *object = build_begin(&build, traffic->now_boot_ns + context->boot_to_real_ns),
	       *file = json_object();

	build_put(&build, object, "event", part_traffic_event(&build, traffic));
	build_part(&build, object, "host", build_host(&build, false));
	build_part(&build, object, "process", part_program(&build, traffic));
	if (key->inode)
		build_device(&build, file, key->inode, key->device);
	build_part(&build, object, "file", file);
	build_put(&build, object, "user", json_pack("{s:o}", "id", json_sprintf("%u", key->uid)));
	put_bytes(&build, object, traffic);
	build_rule(&build, object, traffic->rule);
	return build_finish(&build, object, part_traffic_embargo(&build, traffic));
}

json_t *record_traffic_row(const struct record_context *context,
			   const struct record_traffic *traffic)
{
	struct build build = {.context = context};
	const struct generation_rule *rule = traffic->rule;
	json_t *row = json_object();

	build_word(&build, row, "vendor", rule ? rule->vendor : "unknown");
	build_word(&build, row, "rule", rule ? rule->id : NULL);
	build_part(&build, row, "process", part_program(&build, traffic));
	build_put(&build, row, "user", json_sprintf("%u", traffic->key->uid));
	put_bytes(&build, row, traffic);
	build_number(&build, row, "connections", traffic->sums->connections);
	build_number(&build, row, "open", traffic->open);
	build_time(&build, row, "first_seen", traffic->sums->first_boot_ns);
	build_time(&build, row, "last_seen", traffic->sums->last_boot_ns);
	if (!build.failed)
		return row;
	json_decref(row);
	return NULL;
}
