/* SPDX-License-Identifier: MIT */
/*
 * test_record.c - event records become the objects that agent/samples show. The samples are lines of a
 * real file sink; with EMBARGO_WRITE_SAMPLES=DIR in the environment they are written anew.
 */
#include "../../agent/clean.h"
#include "../../agent/record.h"
#include "../../agent/sink.h"
#include "../../agent/summary.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static const struct generation_rule rules[] = {
	{.id = "example-vendor/sensor/path/1f2e3d4c",
	 .vendor = "example-vendor",
	 .vendor_name = "Example Vendor, Inc.",
	 .product = "sensor",
	 .value = "/opt/example/**",
	 .reason = "",
	 .file = "p",
	 .matcher = MATCHER_PATH,
	 .action = ACTION_DENY,
	 .target = MODE_ENFORCE},
	{.id = "example-vendor/sensor/network/99aabbcc",
	 .vendor = "example-vendor",
	 .vendor_name = "Example Vendor, Inc.",
	 .product = "sensor",
	 .value = "192.0.2.0/24",
	 .reason = "",
	 .file = "p",
	 .matcher = MATCHER_NETWORK,
	 .action = ACTION_DENY,
	 .target = MODE_AUDIT,
	 .target_held_by = HELD_BY_CONFIDENCE},
	{.id = "allow/path/0a0b0c0d",
	 .vendor = "",
	 .vendor_name = "",
	 .product = "-",
	 .value = "/opt/example/bin/helper",
	 .reason = "needed by the hypervisor",
	 .file = "p",
	 .matcher = MATCHER_PATH,
	 .action = ACTION_ALLOW},
	{.id = "example-vendor/sensor/domain/7f6e5d4c",
	 .vendor = "example-vendor",
	 .vendor_name = "Example Vendor, Inc.",
	 .product = "sensor",
	 .value = "*.cloud.example.com",
	 .reason = "",
	 .file = "p",
	 .matcher = MATCHER_DOMAIN,
	 .action = ACTION_DENY,
	 .target = MODE_ENFORCE},
	{.id = "example-vendor/agent/path/55667788",
	 .vendor = "example-vendor",
	 .vendor_name = "Example Vendor, Inc.",
	 .product = "agent",
	 .value = "/opt/agent/**",
	 .reason = "",
	 .file = "p",
	 .matcher = MATCHER_PATH,
	 .action = ACTION_CONTAIN,
	 .target = MODE_ENFORCE},
};

static const struct generation_rule unenforced[] = {
	{.id = "example-vendor/sensor/domain/01020304",
	 .vendor = "example-vendor",
	 .product = "sensor",
	 .value = "*.example.com",
	 .why = "domains are not enforced yet",
	 .matcher = MATCHER_DOMAIN},
};

static const struct generation generation = {
	.number = 0x0123456789abcdefull,
	.policy = "cn-2026-01",
	.revision = 7,
	.mode = MODE_ENFORCE,
	.rule_count = ARRAY_LENGTH(rules),
	.rules = rules,
	.unenforced_count = ARRAY_LENGTH(unenforced),
	.unenforced = unenforced,
};

static const struct record_context context = {
	.generations = {&generation},
	.host_name = "host-1",
	.host_id = "0123456789abcdef0123456789abcdef",
	.boot_id = "01234567-89ab-cdef-0123-456789abcdef",
	.boot_to_real_ns = 1767225600ll * 1000000000, /* 2026-01-01T00:00:00Z */
};

union buffer {
	struct event event;
	char bytes[sizeof(struct event) + EVENT_PATH_MAX + DOMAIN_BYTES];
};

static struct event *make(union buffer *buffer, enum hook kind, const char *path)
{
	struct event *event = &buffer->event;

	memset(buffer, 0, sizeof(*buffer));
	event->header = (struct event_header){.kind = kind, .boot_ns = 61000001500};
	event->decision = (struct event_decision){
		.generation = generation.number,
		.rule = 1,
		.verdict = VERDICT_DENY,
		.mode = MODE_ENFORCE,
		.backend = BACKEND_LSM,
		.matcher = MATCHER_PATH,
		.recognised = RECOGNISED_PATH,
	};
	event->subject = (struct event_subject){
		.start_boot_ns = 60000000000,
		.cgroup = 4711,
		.pid = 1234,
		.tid = 1234,
		.parent_pid = 1,
		.uid = 1000,
		.gid = 100,
		.effective_uid = 0,
		.name = "bash",
		.parent_name = "systemd",
	};
	event->file = (struct event_file){
		.inode = 77,
		.size = 40960,
		.device = 8 << 20 | 1,
		.mode = 0100755,
	};
	event->path_bytes = strlen(path);
	memcpy(event->path, path, event->path_bytes);
	event->header.size = sizeof(*event) + event->path_bytes;
	return event;
}

static void to_connect(struct event *event, __u8 protocol)
{
	static const __u8 address[16] = {192, 0, 2, 1};

	event->decision.rule = 2;
	event->decision.backend = BACKEND_CGROUP;
	event->decision.matcher = MATCHER_NETWORK;
	event->decision.recognised = RECOGNISED_ADDRESS;
	memcpy(event->destination.address, address, sizeof(address));
	event->destination.port = 443;
	event->destination.family = 4;
	event->destination.protocol = protocol;
	memcpy(event->subject.name, "sensord", 8);
}

/* @name: behind the path */
static void to_name(struct event *event, enum recognised recognised, const char *name)
{
	to_connect(event, 6);
	event->header.kind = HOOK_NAME;
	event->decision.matcher = MATCHER_DOMAIN;
	event->decision.recognised = recognised;
	event->decision.rule = 4;
	event->name_bytes = strlen(name);
	memcpy(event->path + event->path_bytes, name, event->name_bytes);
	event->header.size += event->name_bytes;
}

static void to_audit(struct event *event, enum held_by held_by)
{
	event->decision.verdict = VERDICT_ALLOW;
	event->decision.mode = MODE_AUDIT;
	event->decision.held_by = held_by;
}

static json_t *coverage(void)
{
	static struct kernel_report report = {
		.release = "6.1.0-25-amd64",
		.set = 0x11,
		.generation = 0x0123456789abcdefull,
		.memory_bytes = 1048576,
		.attached_boot_ns = 5000000000,
		.hooks =
			{
				[HOOK_EXEC] = {.hook = HOOK_EXEC,
					       .backend = BACKEND_LSM,
					       .attached = true,
					       .achieves = "prevents"},
				[HOOK_CONNECT] = {.hook = HOOK_CONNECT,
						  .backend = BACKEND_CGROUP,
						  .attached = true,
						  .achieves = "prevents"},
			},
	};
	static const struct stats stats = {.count[HOOK_EXEC][STAT_DECIDED] = 12};
	static struct summary_pauses pauses = {
		.count = 1,
		.list = {{.since_boot_ns = 1000000000,
			  .until_boot_ns = 3000000000000,
			  .reason = "run their uninstaller"}},
	};
	struct summary in = {
		.generation = &generation,
		.report = &report,
		.stats = &stats,
		.pauses = &pauses,
		.now_boot_ns = 61000000000,
		.boot_to_real_ns = context.boot_to_real_ns,
	};
	AUTO_JSON json_t *state = summary_state(&in);

	assert_non_null(state);
	assert_int_equal(json_object_set_new(state, "degraded", json_array()), 0);
	return record_coverage(&context, context.boot_to_real_ns + 61000000000, "start", state);
}

static json_t *fold_summary(void)
{
	static const char path[] = "/opt/example/bin/sensord";
	struct fold_key key = {
		.generation = generation.number,
		.inode = 77,
		.cgroup = 4711,
		.rule = 1,
		.device = 8 << 20 | 1,
		.uid = 1000,
		.kind = HOOK_EXEC,
		.verdict = VERDICT_DENY,
		.mode = MODE_ENFORCE,
	};
	struct fold fold = {61000001500, 70000000000, 41};
	struct record_repeat repeat = {.backend = BACKEND_LSM,
				       .matcher = MATCHER_PATH,
				       .recognised = RECOGNISED_PATH,
				       .path = path,
				       .path_bytes = sizeof(path) - 1};

	return record_fold(&context, &key, &fold, &repeat);
}

static json_t *traffic(void)
{
	static const struct evidence_key key = {
		.inode = 77,
		.device = 8 << 20 | 1,
		.uid = 1000,
		.to = {.address = {192, 0, 2, 1}, .port = 443, .family = 4, .protocol = 6},
	};
	static const struct evidence sums = {
		.connections = 3,
		.sent = 1048576,
		.received = 2048,
		.first_boot_ns = 60000000000,
		.last_boot_ns = 61000001500,
		.pid = 1234,
		.name = "sensord",
	};
	const struct record_traffic of = {
		.key = &key,
		.sums = &sums,
		.generation = &generation,
		.rule = &rules[1],
		.path = "/opt/example/bin/sensord",
		.domain = "telemetry.example.com",
		.open = 1,
		.now_boot_ns = 62000000000,
	};

	return record_traffic(&context, &of);
}

/* Of a rule that contains. */
static struct event *contained(const char *name, union buffer *buffer)
{
	struct event *event = make(buffer, HOOK_EXEC, "/opt/agent/bin/agentd");

	event->decision.rule = 5;
	if (!strncmp(name, "exec", 4)) {
		event->decision.verdict = VERDICT_ALLOW;
		event->decision.flags = EVENT_CONTAINED;
	} else {
		event->header.kind = HOOK_CONNECT;
		to_connect(event, 6);
		event->decision.rule = 5;
		event->decision.matcher = MATCHER_PATH;
		event->decision.recognised = RECOGNISED_CONTAINED;
	}
	if (!strcmp(name, "exec-contained-before")) {
		event->decision.flags |= EVENT_RAN_BEFORE;
		event->decision.backend = BACKEND_NONE;
		event->decision.mode = MODE_AUDIT;
		event->decision.held_by = HELD_BY_PAUSE;
	} else if (!strcmp(name, "connect-contained-socket")) {
		memset(&event->destination, 0, sizeof(event->destination));
		event->destination.socket = 17;	/* AF_PACKET */
	}
	return event;
}

static json_t *sample(const char *name, union buffer *buffer)
{
	struct event *event = make(buffer, HOOK_EXEC, "/opt/example/bin/sensord");
	struct enrichment more = {.parent_executable = "/usr/lib/systemd/systemd"};

	if (strstr(name, "contained")) {
		event = contained(name, buffer);
	} else if (!strcmp(name, "exec-audit")) {
		to_audit(event, HELD_BY_POLICY);
		strcpy(more.command_line, "/opt/example/bin/sensord --foreground");
	} else if (!strcmp(name, "exec-let-through")) {
		event->decision.verdict = VERDICT_ALLOW;
		event->decision.let_through = LET_THROUGH_ALLOWED;
		event->decision.allow = 3;
	} else if (!strncmp(name, "connect", 7)) {
		event->header.kind = HOOK_CONNECT;
		to_connect(event, strstr(name, "datagram") ? 17 : 6);
		if (strstr(name, "datagram")) {
			to_audit(event, HELD_BY_CONFIDENCE);
			event->destination.datagram = 1;
			event->destination.mapped = 1;
		}
		memset(more.container_id, 'c', CONTAINER_ID_BYTES - 1);
	} else if (!strcmp(name, "exec-content") || !strcmp(name, "exec-late")) {
		memset(event->sha256, 0xab, sizeof(event->sha256));
		event->decision.recognised = RECOGNISED_CONTENT;
		if (!strcmp(name, "exec-late")) {
			event->decision.verdict = VERDICT_ALLOW;
			event->decision.backend = BACKEND_FMOD_RET;
			more.late = more.ended = true;
			more.late_ns = 2345678;
		}
	} else if (!strcmp(name, "load-refused")) {
		event = make(buffer, HOOK_LOAD, "/tmp/copy.so");
		event->decision.recognised = RECOGNISED_IDENTITY;
		strcpy(more.executable, "/usr/bin/bash");
	} else if (!strncmp(name, "module", 6)) {
		event = make(buffer, HOOK_MODULE, "/usr/lib/modules/extra/example_kmod.ko");
		event->decision.recognised = RECOGNISED_NAME;
		event->decision.matcher = MATCHER_MODULE;
		strcpy(event->module, "example_kmod");
		strcpy(event->subject.name, "modprobe");
		if (!strcmp(name, "module-contain")) {
			event->decision.rule = 5;
			event->decision.verdict = VERDICT_ALLOW;
			event->decision.let_through = LET_THROUGH_CONTAIN;
		}
	} else if (!strcmp(name, "name-refused")) {
		to_name(event, RECOGNISED_SERVER_NAME, "eu-1.cloud.example.com");
	} else if (!strcmp(name, "name-recalled")) {
		event = make(buffer, HOOK_NAME, "");
		event->path_flags = EVENT_PATH_UNREADABLE;
		to_name(event, RECOGNISED_RESOLVED, "eu-2.cloud.example.com");
		event->decision.flags = EVENT_SUBJECT_RECALLED;
		event->decision.verdict = VERDICT_ALLOW;
		event->decision.let_through = LET_THROUGH_SHARED;
		strcpy(more.executable, "/opt/example/bin/sensord");
	} else if (!strcmp(name, "connect-open")) {
		event = make(buffer, HOOK_CONNECT, "/opt/example/bin/sensord");
		to_connect(event, 6);
		event->decision.backend = BACKEND_NONE;
		more.was_open = more.closed = true;
	} else if (!strcmp(name, "traffic")) {
		return traffic();
	} else if (!strcmp(name, "exec-summary")) {
		return fold_summary();
	} else if (!strcmp(name, "coverage")) {
		return coverage();
	}
	return record_event(&context, event, &more);
}

static const char *const sample_names[] = {
	"exec-refused", "exec-audit",    "exec-let-through", "connect-refused", "connect-datagram",
	"exec-summary", "lost",          "coverage",         "exec-content",    "exec-late",
	"load-refused", "module-refused", "connect-open", "traffic", "name-refused", "name-recalled",
	"module-contain", "exec-contained", "exec-contained-before",
	"connect-contained", "connect-contained-socket"};

static void check_sample(const char *name, const char *line)
{
	const char *write = getenv("EMBARGO_WRITE_SAMPLES");
	char path[4096];
	AUTO_JSON json_t *made = json_loads(line, 0, NULL), *kept = NULL;

	assert_non_null(made);
	snprintf(path, sizeof(path), "%s/%s.json", write ? write : SAMPLES, name);
	if (write)
		assert_int_equal(json_dump_file(made, path, JSON_INDENT(2)), 0);
	kept = json_load_file(path, 0, NULL);
	assert_non_null(kept);
	if (!json_equal(made, kept))
		fail_msg("%s differs from its sample; it is now: %s", name, line);
}

static void samples_are_what_is_made(void **state)
{
	char directory[] = "/tmp/test-record-XXXXXX", path[64];
	AUTO_FREE char *line = NULL;
	AUTO_FILE FILE *in = NULL;
	struct sink *sink = NULL;
	union buffer buffer;
	size_t room = 0;

	assert_non_null(mkdtemp(directory));
	snprintf(path, sizeof(path), "%s/events.jsonl", directory);
	assert_int_equal(sink_file_open(path, 0, 0, &sink), 0);
	for (size_t i = 0; i < ARRAY_LENGTH(sample_names); i++) {
		AUTO_JSON json_t *event = sample(sample_names[i], &buffer);

		assert_non_null(event);
		if (!strcmp(sample_names[i], "lost"))
			sink_missing(sink, LOST_RING_FULL, 17);
		assert_int_equal(sink_write(sink, event), 0);
	}
	sink_close(sink);
	in = fopen(path, "re");
	assert_non_null(in);
	for (size_t i = 0; i < ARRAY_LENGTH(sample_names); i++) {
		assert_true(getline(&line, &room, in) > 0);
		check_sample(sample_names[i], line);
	}
	assert_int_equal(unlink(path), 0);
	assert_int_equal(rmdir(directory), 0);
}

static const char *member(json_t *object, const char *part, const char *key)
{
	return json_string_value(json_object_get(json_object_get(object, part), key));
}

static void broken_utf8_is_escaped(void **state)
{
	union buffer buffer;
	struct event *event = make(&buffer, HOOK_EXEC, "/opt/\xff\\x/\xc3\xa4\n");
	AUTO_JSON json_t *object = record_event(&context, event, NULL);
	AUTO_FREE char *text = NULL;

	assert_non_null(object);
	assert_string_equal(member(object, "file", "path"), "/opt/\\xff\\\\x/\xc3\xa4\n");
	assert_true(json_is_true(json_object_get(json_object_get(object, "embargo"), "escaped")));
	text = json_dumps(object, JSON_COMPACT);
	assert_non_null(text);
	assert_null(strchr(text, '\n'));
}

static void every_broken_sequence_is_noticed(void **state)
{
	static const char *const broken[] = {
		"\x80",         "\xc0\xaf",         "\xe0\x80\xaf",
		"\xed\xa0\x80", "\xf4\x90\x80\x80", "\xf8\x88\x80\x80\x80",
		"\xc3",         "\xe2\x82"};

	for (size_t i = 0; i < ARRAY_LENGTH(broken); i++) {
		bool escaped = false;
		AUTO_JSON json_t *text = record_text(broken[i], strlen(broken[i]), &escaped);
		AUTO_FREE char *dumped = json_dumps(text, JSON_ENCODE_ANY);

		assert_true(escaped);
		assert_non_null(dumped);
	}
}

/* Many readers of JSON refuse a zero or end the text there. */
static void zero_is_escaped(void **state)
{
	bool escaped = false;
	AUTO_JSON json_t *text = record_text("a\0b", 3, &escaped);

	assert_true(escaped);
	assert_string_equal(json_string_value(text), "a\\x00b");
}

static void unknown_rule_is_a_number(void **state)
{
	union buffer buffer;
	struct event *event = make(&buffer, HOOK_EXEC, "/opt/x");
	AUTO_JSON json_t *object = NULL;

	event->decision.generation = 5;
	object = record_event(&context, event, NULL);
	assert_null(json_object_get(object, "rule"));
	assert_int_equal(json_integer_value(json_object_get(json_object_get(object, "embargo"),
							    "rule_number")),
			 1);
	event->decision.generation = generation.number;
	event->decision.rule = 6;
	assert_null(record_rule(&context, generation.number, 6));
}

static void previous_generation_gives_names(void **state)
{
	struct generation other = generation;
	struct record_context two = context;

	other.number = 42;
	two.generations[1] = &other;
	assert_ptr_equal(record_rule(&two, 42, 2), &rules[1]);
	assert_null(record_rule(&two, 43, 2));
}

static void unknown_kind_is_refused(void **state)
{
	union buffer buffer;
	struct event *event = make(&buffer, HOOK_EXEC, "/x");

	event->header.kind = HOOK_MAX;
	assert_null(record_event(&context, event, NULL));
	event->header.kind = HOOK_NONE;
	assert_null(record_event(&context, event, NULL));
}

static void time_has_microseconds(void **state)
{
	char text[RECORD_TIME_BYTES];

	record_time(1767225599999999999ull, text);
	assert_string_equal(text, "2025-12-31T23:59:59.999999Z");
	record_time(UINT64_MAX, text);
	assert_string_equal(text, "2554-07-21T23:34:33.709551Z");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(samples_are_what_is_made),
		cmocka_unit_test(broken_utf8_is_escaped),
		cmocka_unit_test(zero_is_escaped),
		cmocka_unit_test(every_broken_sequence_is_noticed),
		cmocka_unit_test(unknown_rule_is_a_number),
		cmocka_unit_test(previous_generation_gives_names),
		cmocka_unit_test(unknown_kind_is_refused),
		cmocka_unit_test(time_has_microseconds),
	};

	return cmocka_run_group_tests_name("record", tests, NULL, NULL);
}
