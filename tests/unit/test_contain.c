/* SPDX-License-Identifier: MIT */
/*
 * test_contain.c - the agent's half of containing: it looks until nothing new is found, marks what is recognised late, removes
 * marks of what is gone, and tells who is contained. The map of marks is an array here; the processes are real.
 */
#include "../../agent/clean.h"
#include "../../agent/contain.h"
#include "../../policy/generation.h"
#include "../../policy/policy.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define MARKS_MAX 8

struct kernel {
	struct contained_process marks[MARKS_MAX];
	size_t count;
	int running[4], looks; /* what each look finds */
};

int kernel_contained(struct kernel *kernel, struct contained_process **out, size_t *out_count)
{
	*out = malloc(sizeof(kernel->marks));
	assert_non_null(*out);
	memcpy(*out, kernel->marks, sizeof(kernel->marks));
	*out_count = kernel->count;
	return 0;
}

size_t kernel_contained_room(struct kernel *kernel)
{
	return MARKS_MAX;
}

int kernel_contain(struct kernel *kernel, const struct contained_process *process)
{
	if (kernel->count == MARKS_MAX)
		return -E2BIG;
	kernel->marks[kernel->count++] = *process;
	return 0;
}

int kernel_contain_end(struct kernel *kernel, const struct contained_process *process)
{
	for (size_t i = 0; i < kernel->count; i++) {
		if (kernel->marks[i].pid != process->pid)
			continue;
		kernel->marks[i] = kernel->marks[--kernel->count];
		return 0;
	}
	return -ENOENT;
}

int kernel_contain_running(struct kernel *kernel)
{
	return kernel->looks < 4 ? kernel->running[kernel->looks++] : 0;
}

__u64 kernel_contain_missed(struct kernel *kernel)
{
	return 3;
}

static const char id[] = "example/sensor/path/1f2e3d4c";

static const struct generation_rule rule = {
	.id = id, .action = ACTION_CONTAIN, .matcher = MATCHER_PATH};

struct world {
	sd_event *loop;
	struct kernel kernel;
	struct contain *contain;
	unsigned told;
	struct gen_key keys[2];
	union gen_value values[2];
	struct generation generation;
};

static void on_found(void *context)
{
	((struct world *)context)->told++;
}

static int set_up(void **state)
{
	struct world *world = calloc(1, sizeof(*world));
	struct contain_options options = {.found = on_found, .context = world};

	if (!world || sd_event_new(&world->loop) < 0)
		return -1;
	options.loop = world->loop;
	options.kernel = &world->kernel;
	if (contain_new(&options, &world->contain) < 0)
		return -1;
	world->keys[0].kind = GEN_HEADER;
	world->keys[1].kind = GEN_CONTAIN;
	world->keys[1].a = name_hash(id, strlen(id));
	world->values[0].header.flags = GEN_FLAG_CONTAIN;
	world->values[1].contain.rule = 1;
	world->generation = (struct generation){.number = 1,
						.entry_count = 2,
						.keys = world->keys,
						.values = world->values,
						.rule_count = 1,
						.rules = &rule};
	*state = world;
	return 0;
}

static int tear_down(void **state)
{
	struct world *world = *state;

	contain_free(world->contain);
	sd_event_unref(world->loop);
	free(world);
	return 0;
}

static __u64 own_start_ns(void)
{
	AUTO_FILE FILE *file = fopen("/proc/self/stat", "re");
	unsigned long long ticks = 0;
	char text[1024];
	const char *at;

	assert_true(file && fgets(text, sizeof(text), file));
	at = strrchr(text, ')') + 1;
	for (int field = 3; field < 22; field++)
		at = strchr(at + 1, ' ');
	assert_int_equal(sscanf(at, "%llu", &ticks), 1);
	return ticks * (1000000000ull / sysconf(_SC_CLK_TCK));
}

static struct contained_process own_mark(const struct world *world)
{
	return (struct contained_process){
		.pid = (__u32)getpid(),
		.mark = {.rule_id = world->keys[1].a, .start_boot_ns = own_start_ns()}};
}

static void looks_until_nothing_is_new(void **state)
{
	struct world *world = *state;

	world->kernel.running[0] = 5;
	world->kernel.running[1] = 1;
	world->kernel.running[3] = 2;
	contain_generation(world->contain, &world->generation);
	assert_int_equal(world->kernel.looks, 3);
	assert_int_equal(world->told, 0); /* whoever makes a policy active looks by himself */
	contain_look(world->contain);
	assert_int_equal(world->kernel.looks, 4);
	assert_int_equal(world->told, 1);
	contain_look(world->contain);
	assert_int_equal(world->told, 1);
}

static void a_policy_that_contains_nothing_does_not_look(void **state)
{
	struct world *world = *state;
	const struct record_context context = {0};
	const struct event_subject subject = {.pid = 1};

	world->values[0].header.flags = GEN_FLAG_NAMES;
	contain_generation(world->contain, &world->generation);
	contain_look(world->contain);
	assert_int_equal(world->kernel.looks, 0);
	assert_null(contain_state(world->contain, &context));
	assert_int_equal(contain_late(world->contain, &subject, 1), -ENOENT);
	assert_int_equal(world->kernel.count, 0);
}

/* A number that another process has by now is not taken for the one that was marked. */
static void removes_what_is_gone(void **state)
{
	struct world *world = *state;
	struct contained_process mark = own_mark(world);

	assert_int_equal(kernel_contain(&world->kernel, &mark), 0);
	mark.pid = 4194305; /* more than any process can have */
	assert_int_equal(kernel_contain(&world->kernel, &mark), 0);
	contain_generation(world->contain, &world->generation);
	assert_int_equal(world->kernel.count, 1);
	assert_int_equal(world->kernel.marks[0].pid, getpid());
	world->kernel.marks[0].mark.start_boot_ns += 1000000000;
	contain_generation(world->contain, &world->generation);
	assert_int_equal(world->kernel.count, 0);
}

static void marks_what_is_recognised_late(void **state)
{
	struct world *world = *state;
	const struct event_subject subject = {.pid = (__u32)getpid(),
					      .start_boot_ns = own_start_ns()};

	contain_generation(world->contain, &world->generation);
	world->kernel.looks = 0;
	assert_int_equal(contain_late(world->contain, &subject, 2), -ENOENT);
	assert_int_equal(contain_late(world->contain, &subject, 0), -ENOENT);
	assert_int_equal(contain_late(world->contain, &subject, 1), 0);
	assert_int_equal(world->kernel.count, 1);
	assert_int_equal(world->kernel.marks[0].mark.rule_id, world->keys[1].a);
	assert_int_equal(world->kernel.marks[0].mark.start_boot_ns, subject.start_boot_ns);
	assert_int_equal(world->kernel.marks[0].mark.since_boot_ns,
			 0); /* its children are descendants */
	assert_int_equal(world->kernel.looks, 1);
	assert_int_equal(world->told, 1);
}

static void tells_who_is_contained(void **state)
{
	struct world *world = *state;
	const struct record_context context = {0};
	struct contained_process mark = own_mark(world);
	AUTO_JSON json_t *status = NULL;
	json_t *list;

	world->kernel.running[0] = 1;
	assert_int_equal(kernel_contain(&world->kernel, &mark), 0);
	contain_generation(world->contain, &world->generation);
	mark.mark.rule_id++; /* of a rule that is gone */
	assert_int_equal(kernel_contain(&world->kernel, &mark), 0);
	status = contain_state(world->contain, &context);
	assert_non_null(status);
	assert_int_equal(json_integer_value(json_object_get(status, "processes")), 2);
	assert_int_equal(json_integer_value(json_object_get(status, "room")), MARKS_MAX);
	assert_int_equal(json_integer_value(json_object_get(status, "found")), 1);
	assert_int_equal(json_integer_value(json_object_get(status, "missed")), 3);
	list = json_object_get(status, "list");
	assert_int_equal(json_array_size(list), 2);
	assert_string_equal(json_string_value(json_object_get(json_array_get(list, 0), "name")),
			    "test_contain");
	assert_string_equal(json_string_value(json_object_get(json_array_get(list, 0), "rule")),
			    id);
	assert_string_equal(json_string_value(json_object_get(json_array_get(list, 1), "rule")),
			    "");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(looks_until_nothing_is_new),
		TEST(a_policy_that_contains_nothing_does_not_look),
		TEST(removes_what_is_gone),
		TEST(marks_what_is_recognised_late),
		TEST(tells_who_is_contained),
	};

	return cmocka_run_group_tests_name("contain", tests, NULL, NULL);
}
