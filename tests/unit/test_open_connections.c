/* SPDX-License-Identifier: MIT */
/*
 * test_open_connections.c - which open connections a policy means, what becomes of each, and that it is told once. Sockets are a
 * list here, and so is what was to be ended.
 */
#include "../../agent/closer.h"
#include "../../agent/open_connections.h"
#include "../../policy/generation.h"
#include "../../policy/policy.h"
#include "../../policy/rules.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define SOCKETS_MAX 8

/* What the kernel and the process that ends connections would do. */
static struct open_socket sockets[SOCKETS_MAX];
static size_t socket_count;
static struct closing ended[SOCKETS_MAX];
static size_t ended_count;
static int end_answer;
static size_t counted;
static struct contained_process contained;	/* .pid 0: nobody is */
static __u64 paused_until;

static struct event told[SOCKETS_MAX];
static bool told_closed[SOCKETS_MAX];
static size_t told_count;

int kernel_sockets(struct kernel *kernel, kernel_socket_fn fn, void *context)
{
	int err = 0;

	for (size_t i = 0; i < socket_count && !err; i++)
		err = fn(context, &sockets[i]);
	return err;
}

int kernel_contained(struct kernel *kernel, struct contained_process **out, size_t *out_count)
{
	*out_count = contained.pid != 0;
	*out = malloc(sizeof(**out));
	assert_non_null(*out);
	**out = contained;
	return 0;
}

int kernel_flow_put(struct kernel *kernel, __u64 cookie, const struct flow *flow, const struct evidence *first)
{
	assert_int_equal(first->connections, 1);
	counted++;
	return 0;
}

int kernel_pauses(const char *pins, __u64 *out_vendors, struct pause *out_pauses, size_t capacity)
{
	if (!paused_until)
		return 0;
	out_vendors[0] = PAUSE_EVERYTHING;
	out_pauses[0] = (struct pause){.until_boot_ns = paused_until};
	return 1;
}

int closer_close(struct closer *closer, const struct closing *which)
{
	ended[ended_count++] = *which;
	return end_answer;
}

static void on_told(void *userdata, const struct event *event, bool closed)
{
	told_closed[told_count] = closed;
	told[told_count++] = *event;
}

/* 192.0.2.0/24, port 443, TCP */
static struct generation *compile(enum mode mode)
{
	__u16 port = 443;
	struct rule rule = {.vendor = "example",
			    .vendor_name = "Example",
			    .product = "sensor",
			    .value = "192.0.2.0/24",
			    .reason = "",
			    .matcher = MATCHER_NETWORK,
			    .action = ACTION_DENY,
			    .target = mode,
			    .target_held_by = mode == MODE_AUDIT ? HELD_BY_POLICY : 0,
			    .confidence = 1,
			    .network = {.family = 4, .a = 0xc0000200, .bits = 24, .port_count = 1, .port_first = &port, .port_last = &port, .protocol = 6}};
	struct rules rules = {.policy = "p", .revision = 1, .mode = mode, .list = &rule, .count = 1};
	struct generation *generation = NULL;
	struct diagnostics diags = {0};

	assert_int_equal(rules_compile(&rules, &diags, &generation), 0);
	diagnostics_done(&diags);
	return generation;
}

/* 192.0.2.0/24 is what a program at a path may reach. */
static struct generation *compile_containing(enum mode mode)
{
	struct rule rule = {.vendor = "example",
			    .vendor_name = "Example",
			    .product = "agent",
			    .value = "/opt/agent",
			    .reason = "",
			    .matcher = MATCHER_PATH,
			    .action = ACTION_CONTAIN,
			    .target = mode,
			    .target_held_by = mode == MODE_AUDIT ? HELD_BY_POLICY : 0,
			    .confidence = 1};
	const struct rule internal = {.matcher = MATCHER_NETWORK, .network = {.family = 4, .a = 0xc0000200, .bits = 24}};
	struct rules rules = {.policy = "p",
			      .revision = 1,
			      .mode = mode,
			      .list = &rule,
			      .count = 1,
			      .internal = &internal,
			      .internal_count = 1};
	struct generation *generation = NULL;
	struct diagnostics diags = {0};

	assert_int_equal(rules_compile(&rules, &diags, &generation), 0);
	diagnostics_done(&diags);
	return generation;
}

static struct open_socket *add(__u8 last_byte, __u16 port, __u32 pid)
{
	struct open_socket *socket = &sockets[socket_count++];

	*socket = (struct open_socket){
		.socket = 0x1000 + socket_count,
		.cookie = 100 + socket_count,
		.subject = {.pid = pid, .tid = pid, .uid = 1000, .name = "sensord"},
		.to = {.address = {192, 0, 2, last_byte}, .port = port, .family = 4, .protocol = 6},
		.from = {10, 0, 0, 1},
		.from_port = 40000 + socket_count,
		.family = 4,
		.state = TCP_ESTABLISHED,
		.net_namespace = 7,
		.within = 1,
	};
	return socket;
}

static struct open_connections *begin(bool audit_only)
{
	const struct open_options options = {.cgroup_fd = -1, .audit_only = audit_only, .tell = on_told};
	struct open_connections *open = NULL;

	socket_count = ended_count = told_count = counted = 0;
	paused_until = 0;
	end_answer = 0;
	assert_int_equal(open_new(&options, &open), 0);
	return open;
}

static void what_is_meant_is_ended(void **state)
{
	struct generation *generation = compile(MODE_ENFORCE);
	struct open_connections *open = begin(false);

	add(1, 443, 50)->device = 3;
	sockets[0].inode = 9;
	add(1, 80, 51);				/* another port */
	add(1, 443, 52)->to.protocol = 17;	/* another protocol */
	add(1, 443, 53)->within = 0;		/* outside the bound */
	sockets[socket_count - 1].socket = 99;
	assert_int_equal(open_look(open, generation), 1);
	assert_int_equal(ended_count, 1);
	assert_int_equal(ended[0].cookie, 101);
	assert_int_equal(ended[0].net_namespace, 7);
	assert_int_equal(ended[0].device, 3);
	assert_int_equal(ended[0].inode, 9);
	assert_int_equal(ended[0].from_port, 40001);
	assert_int_equal(told_count, 1);
	assert_true(told_closed[0]);
	assert_int_equal(told[0].decision.verdict, VERDICT_DENY);
	assert_int_equal(told[0].decision.mode, MODE_ENFORCE);
	assert_int_equal(told[0].subject.pid, 50);
	assert_int_equal(counted, 0);
	open_free(open);
	generation_free(generation);
}

static void what_only_records_ends_nothing(void **state)
{
	struct generation *audit = compile(MODE_AUDIT), *enforce = compile(MODE_ENFORCE);
	struct open_connections *open = begin(false);

	add(1, 443, 50);
	assert_int_equal(open_look(open, audit), 1);
	assert_int_equal(told[0].decision.verdict, VERDICT_ALLOW);
	assert_int_equal(told[0].decision.held_by, HELD_BY_POLICY);
	assert_int_equal(counted, 1);
	assert_int_equal(open_look(open, audit), 1);
	assert_int_equal(told_count, 1);	/* once */
	paused_until = ~0ull;
	assert_int_equal(open_look(open, enforce), 1);
	assert_int_equal(ended_count, 0);
	open_free(open);
	open = begin(true);
	add(1, 443, 50);
	assert_int_equal(open_look(open, enforce), 1);
	assert_int_equal(ended_count, 0);
	assert_int_equal(told[0].decision.held_by, HELD_BY_CAP);
	open_free(open);
	generation_free(audit);
	generation_free(enforce);
}

static void what_came_in_is_not_meant(void **state)
{
	struct generation *generation = compile(MODE_ENFORCE);
	struct open_connections *open = begin(false);
	struct open_socket *listening;

	add(1, 443, 50)->from_port = 22;
	listening = add(0, 0, 1);
	listening->state = TCP_LISTEN;
	listening->from_port = 22;
	assert_int_equal(open_look(open, generation), 0);
	listening->net_namespace = 8;		/* of another one */
	assert_int_equal(open_look(open, generation), 1);
	open_free(open);
	generation_free(generation);
}

static void what_is_shared_is_one(void **state)
{
	struct generation *generation = compile(MODE_ENFORCE);
	struct open_connections *open = begin(false);

	add(1, 443, 50)->within = 0;
	add(1, 443, 51)->socket = sockets[0].socket;
	add(1, 443, 52)->socket = sockets[0].socket;
	assert_int_equal(open_look(open, generation), 1);
	assert_int_equal(ended_count, 1);
	assert_int_equal(told[0].subject.pid, 51);
	open_free(open);
	generation_free(generation);
}

static void what_cannot_be_ended_is_told_so(void **state)
{
	struct generation *generation = compile(MODE_ENFORCE);
	struct open_connections *open = begin(false);

	add(1, 443, 50);
	end_answer = -ENOENT;		/* it has ended by itself */
	assert_int_equal(open_look(open, generation), 0);
	assert_int_equal(told_count, 0);
	end_answer = -EPERM;
	assert_int_equal(open_look(open, generation), 1);
	assert_false(told_closed[0]);
	assert_int_equal(told[0].decision.verdict, VERDICT_ALLOW);
	assert_int_equal(told[0].decision.mode, MODE_ENFORCE);
	assert_int_equal(counted, 1);
	open_free(open);
	generation_free(generation);
}

/* Addresses of names: what the kernel has asked of its names. The rule here stands for one of a domain. */
static void what_was_resolved_is_meant(void **state)
{
	struct generation *generation = compile(MODE_ENFORCE);
	struct open_connections *open = begin(false);
	struct open_socket *socket = add(1, 8443, 50);

	socket->name_deny = 1;
	socket->name_key = 77;
	socket->name = (struct domain_text){.bytes = 11, .text = "example.com"};
	assert_int_equal(open_look(open, generation), 0);	/* of another generation */
	socket->generation = generation->number;
	socket->name_shared = 1;
	assert_int_equal(open_look(open, generation), 1);
	assert_int_equal(ended_count, 0);
	assert_int_equal(told[0].decision.let_through, LET_THROUGH_SHARED);
	assert_int_equal(counted, 1);
	socket->name_shared = 0;
	assert_int_equal(open_look(open, generation), 1);
	assert_int_equal(ended_count, 1);
	assert_int_equal(told[1].header.kind, HOOK_NAME);
	assert_int_equal(told[1].decision.recognised, RECOGNISED_RESOLVED);
	assert_int_equal(told[1].name_bytes, 11);
	open_free(open);
	generation_free(generation);
}

static const char rule_id[] = "example/agent/path/";

/* Process 50, started at 5, is contained. */
static void contain(const struct generation *generation)
{
	assert_memory_equal(generation->rules[0].id, rule_id, sizeof(rule_id) - 1);
	contained = (struct contained_process){
		.pid = 50,
		.mark = {.rule_id = name_hash(generation->rules[0].id, strlen(generation->rules[0].id)), .start_boot_ns = 5}};
}

static struct open_socket *add_outside(__u32 pid, __u64 start_boot_ns)
{
	struct open_socket *socket = add(1, 443, pid);

	socket->to.address[0] = 198;
	socket->subject.start_boot_ns = start_boot_ns;
	return socket;
}

static void what_a_contained_process_has_outside_is_ended(void **state)
{
	struct generation *generation = compile_containing(MODE_ENFORCE);
	struct open_connections *open = begin(false);
	struct open_socket *listening;

	contain(generation);
	add_outside(51, 5);				/* another process */
	add_outside(50, 6);				/* another one with its number */
	add(1, 443, 50)->subject.start_boot_ns = 5;	/* to an internal network */
	add_outside(50, 5)->from_port = 22;		/* one that came in is one that leaves */
	listening = add(0, 0, 1);
	listening->state = TCP_LISTEN;
	listening->from_port = 22;
	assert_int_equal(open_look(open, generation), 1);
	assert_int_equal(ended_count, 1);
	assert_int_equal(ended[0].cookie, 104);
	assert_int_equal(told_count, 1);
	assert_true(told_closed[0]);
	assert_int_equal(told[0].decision.rule, 1);
	assert_int_equal(told[0].decision.verdict, VERDICT_DENY);
	assert_int_equal(told[0].decision.matcher, MATCHER_PATH);
	assert_int_equal(told[0].decision.recognised, RECOGNISED_CONTAINED);
	open_free(open);
	generation_free(generation);
	contained.pid = 0;
}

static void what_is_contained_in_audit_stays_open(void **state)
{
	struct generation *generation = compile_containing(MODE_AUDIT), *other = compile(MODE_ENFORCE);
	struct open_connections *open = begin(false);

	contain(generation);
	add_outside(50, 5);
	assert_int_equal(open_look(open, generation), 1);
	assert_int_equal(ended_count, 0);
	assert_int_equal(told[0].decision.mode, MODE_AUDIT);
	assert_int_equal(open_look(open, other), 0);	/* that rule is gone */
	open_free(open);
	generation_free(generation);
	generation_free(other);
	contained.pid = 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_meant_is_ended),
		cmocka_unit_test(what_only_records_ends_nothing),
		cmocka_unit_test(what_came_in_is_not_meant),
		cmocka_unit_test(what_is_shared_is_one),
		cmocka_unit_test(what_cannot_be_ended_is_told_so),
		cmocka_unit_test(what_was_resolved_is_meant),
		cmocka_unit_test(what_a_contained_process_has_outside_is_ended),
		cmocka_unit_test(what_is_contained_in_audit_stays_open),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
