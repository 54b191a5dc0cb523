/* SPDX-License-Identifier: MIT */
#include "front.h"

static struct agent_config *read_config(const char *text)
{
	struct diagnostics diags = {0};
	struct agent_config *config = NULL;
	int err = agent_config_read(front_tree("agent.yaml", text, &diags), &diags, &config);

	diagnostics_print(&diags, stderr);
	assert_int_equal(err, 0);
	assert_int_equal(diags.count, 0);
	return config;
}

static void test_defaults(void **state)
{
	struct agent_config *config = read_config("kind: Agent\n");

	assert_string_equal(config->policy, "/etc/embargo/policy.yaml");
	assert_false(config->audit_only);
	assert_null(config->within);
	assert_int_equal(config->label_count, 0);
	assert_int_equal(config->sink_count, 1);
	assert_int_equal(config->sinks[0].kind, SINK_FILE);
	assert_string_equal(config->sinks[0].path, "/var/log/embargo/events.jsonl");
	assert_int_equal(config->sinks[0].rotate_bytes, 100 << 20);
	assert_int_equal(config->sinks[0].keep, 10);
	agent_config_free(config);
}

static void test_everything(void **state)
{
	struct agent_config *config = read_config("kind: Agent\n"
						  "policy: /srv/policy.yaml\n"
						  "labels: {role: hypervisor, ring: canary}\n"
						  "audit-only: true\n"
						  "within: /sys/fs/cgroup/trial\n"
						  "events:\n"
						  "  - {file: /a, rotate: 64KiB, keep: 3}\n"
						  "  - {file: /b}\n"
						  "  - {file: /c, rotate: 2GiB}\n"
						  "  - stdout: true\n"
						  "  - stdout: false\n");

	assert_string_equal(config->policy, "/srv/policy.yaml");
	assert_true(config->audit_only);
	assert_string_equal(config->within, "/sys/fs/cgroup/trial");
	assert_int_equal(config->label_count, 2);
	assert_string_equal(config->label_names[1], "ring");
	assert_string_equal(config->label_values[1], "canary");
	assert_int_equal(config->sink_count, 4);
	assert_int_equal(config->sinks[0].rotate_bytes, 64 << 10);
	assert_int_equal(config->sinks[0].keep, 3);
	assert_string_equal(config->sinks[0].place.file, "agent.yaml");
	assert_int_equal(config->sinks[0].place.line, 7);
	assert_int_equal(config->sinks[1].rotate_bytes, 0);
	assert_int_equal(config->sinks[2].rotate_bytes, 2ull << 30);
	assert_int_equal(config->sinks[2].keep, 10);
	assert_int_equal(config->sinks[3].kind, SINK_STDOUT);
	assert_null(config->sinks[3].path);
	agent_config_free(config);
}

static void test_within_null(void **state)
{
	struct agent_config *config = read_config("kind: Agent\nwithin: null\naudit-only: false\n");

	assert_null(config->within);
	agent_config_free(config);
}

static void refused(const char *text, const char *expected)
{
	struct diagnostics diags = {0};
	struct agent_config *config = NULL;

	assert_int_equal(agent_config_read(front_tree("a", text, &diags), &diags, &config),
			 -EINVAL);
	assert_null(config);
	front_expect(&diags, expected);
}

static void test_refused(void **state)
{
	refused("kind: Policy\n", "a:1:7: error: expected 'kind: Agent', found 'Policy'\n");
	refused("kind: Agent\nevents: [{stdout: false}]\n",
		"a:2:9: error: 'events' goes nowhere, nothing would be recorded; expected file or stdout\n");
	refused("kind: Agent\nevents: [{file: /a, rotate: 1048576MiB}, {file: /b, rotate: 99999999999999999999999KiB}, {file: /c, rotate: 0KiB}]\n",
		"a:2:29: error: '1048576MiB' is no size; expected a number with KiB, MiB or GiB, as 100MiB\n"
		"a:2:61: error: '99999999999999999999999KiB' is no size; expected a number with KiB, MiB or GiB, as 100MiB\n"
		"a:2:109: error: '0KiB' is no size; expected a number with KiB, MiB or GiB, as 100MiB\n");
}

static void test_load(void **state)
{
	struct diagnostics diags = {0};
	struct agent_config *config = NULL;

	assert_int_equal(agent_config_load("/nonexistent/agent.yaml", &diags, &config), -ENOENT);
	front_expect(&diags,
		     "/nonexistent/agent.yaml: error: cannot be read: No such file or directory\n");
	agent_config_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_defaults),    cmocka_unit_test(test_everything),
		cmocka_unit_test(test_within_null), cmocka_unit_test(test_refused),
		cmocka_unit_test(test_load),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
