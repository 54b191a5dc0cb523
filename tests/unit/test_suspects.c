/* SPDX-License-Identifier: MIT */
/*
 * test_suspects.c - a program that runs, a content that is embargoed: the file is read, the fact is put, the program
 * is ended if the policy enforces, and an event tells it. The kernel is fake_kernel.c, the processes are real.
 */
#include "../../agent/clean.h"
#include "../../agent/content.h"
#include "../../agent/learned_set.h"
#include "../../agent/still_runs.h"
#include "../../agent/suspects.h"
#include "../../policy/rules.h"
#include "fake_kernel.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <cmocka.h>

int kernel_pauses(const char *pins, __u64 *out_vendors, struct pause *out_pauses, size_t capacity)
{
	return 0;
}

struct world {
	char directory[64], program[128];
	struct kernel kernel;
	struct generation *generation;
	struct suspects *suspects;
	sd_event *loop;
	struct content content;
	pid_t pid;
	bool unmet, contain;
	pid_t contained;
	__u32 deadline_ms;
	size_t told, seen;
	char seen_path[PATH_MAX];
	struct suspects_late last;
	struct event event; /* of last */
};

static bool on_unmet(void *context)
{
	return ((struct world *)context)->unmet;
}

static void on_prepare(void *context, const struct event *event)
{
}

static void on_late(void *context, const struct suspects_late *late)
{
	struct world *world = context;

	world->last = *late;
	memcpy(&world->event, late->event, sizeof(world->event));
	world->told++;
}

static void on_seen(void *context, const char *path)
{
	struct world *world = context;

	snprintf(world->seen_path, sizeof(world->seen_path), "%s", path);
	world->seen++;
}

static int on_contain(void *context, const struct event_subject *subject, __u32 rule)
{
	struct world *world = context;

	assert_int_equal(rule, 1);
	world->contained = (pid_t)subject->pid;
	return 0;
}

static void on_full(void *context)
{
}

static void compile(struct world *world, enum mode mode)
{
	struct rule rule = {.vendor = "example",
			    .vendor_name = "Example",
			    .product = "sensor",
			    .value = "/opt/example/**",
			    .reason = "",
			    .matcher = MATCHER_PATH,
			    .action = world->contain ? ACTION_CONTAIN : ACTION_DENY,
			    .target = mode,
			    .target_held_by = mode == MODE_AUDIT ? HELD_BY_POLICY : 0,
			    .confidence = 1};
	struct rules rules = {
		.policy = "p", .revision = 1, .mode = mode, .list = &rule, .count = 1};
	struct diagnostics diags = {0};

	assert_int_equal(rules_compile(&rules, &diags, &world->generation), 0);
	diagnostics_done(&diags);
}

static void copy(const char *from, const char *to)
{
	char buffer[65536];
	AUTO_FD int in = open(from, O_RDONLY | O_CLOEXEC),
		    out = open(to, O_WRONLY | O_CREAT | O_CLOEXEC, 0755);
	ssize_t bytes;

	assert_true(in >= 0 && out >= 0);
	while ((bytes = read(in, buffer, sizeof(buffer))) > 0)
		assert_int_equal(write(out, buffer, bytes), bytes);
}

static void start(struct world *world)
{
	char exe[64], link[PATH_MAX] = "";

	world->pid = fork();
	assert_true(world->pid >= 0);
	if (!world->pid) {
		execl(world->program, "sleep", "100", NULL);
		_exit(1);
	}
	snprintf(exe, sizeof(exe), "/proc/%d/exe", world->pid);
	for (int i = 0; i < 1000 && strcmp(link, world->program); i++) {
		ssize_t bytes = readlink(exe, link, sizeof(link) - 1);

		link[bytes < 0 ? 0 : bytes] = 0;
		usleep(1000);
	}
	assert_string_equal(link, world->program);
}

static int set_up(void **state)
{
	struct world *world = calloc(1, sizeof(*world));
	AUTO_FD int fd = -1;

	if (!world)
		return -1;
	strcpy(world->directory, "/tmp/test-suspects-XXXXXX");
	if (!mkdtemp(world->directory) || sd_event_new(&world->loop) < 0)
		return -1;
	snprintf(world->program, sizeof(world->program), "%s/program", world->directory);
	copy("/bin/sleep", world->program);
	world->kernel.room = 64;
	fd = open(world->program, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || content_hash(fd, &world->content) < 0)
		return -1;
	*state = world;
	return 0;
}

static int tear_down(void **state)
{
	struct world *world = *state;

	suspects_free(world->suspects);
	if (world->pid > 0) {
		(void)kill(world->pid, SIGKILL);
		(void)waitpid(world->pid, NULL, 0);
	}
	generation_free(world->generation);
	sd_event_unref(world->loop);
	(void)unlink(world->program);
	(void)rmdir(world->directory);
	free(world);
	return 0;
}

static void begin(struct world *world, enum mode mode, bool audit_only)
{
	const struct suspects_options options = {
		.loop = world->loop,
		.kernel = &world->kernel,
		.cgroup_fd = -1,
		.audit_only = audit_only,
		.unmet = on_unmet,
		.prepare = on_prepare,
		.late = on_late,
		.seen = on_seen,
		.contain = on_contain,
		.deadline_ms = world->deadline_ms,
		.full = on_full,
		.context = world,
	};

	compile(world, mode);
	assert_int_equal(suspects_new(&options, &world->suspects), 0);
	suspects_generation(world->suspects, world->generation);
}

static void learn_digest(struct world *world)
{
	const struct learned_key key = learned_key_of_digest(world->content.sha256);
	const struct learned learned = {.deny = 1, .size = world->content.bytes};

	assert_int_equal(kernel_learned_put(&world->kernel, &key, &learned), 0);
}

static unsigned long long start_ns(pid_t pid)
{
	unsigned long long ticks = 0;
	char path[64], text[1024];
	AUTO_FILE FILE *file = NULL;
	const char *at;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	file = fopen(path, "re");
	assert_true(file && fgets(text, sizeof(text), file));
	at = strrchr(text, ')') + 1;
	for (int field = 3; field < 22; field++)
		at = strchr(at + 1, ' ');
	assert_int_equal(sscanf(at, "%llu", &ticks), 1);
	return ticks * (1000000000ull / sysconf(_SC_CLK_TCK));
}

union buffer {
	struct event event;
	char bytes[sizeof(struct event) + 256];
};

static struct event *event_of(struct world *world, union buffer *buffer)
{
	AUTO_FD int fd = open(world->program, O_RDONLY | O_CLOEXEC);
	struct event *event = &buffer->event;
	struct identity identity;

	memset(buffer, 0, sizeof(*buffer));
	assert_int_equal(kernel_identify(&world->kernel, &fd, 1, &identity), 0);
	event->header.kind = HOOK_EXEC;
	event->decision.generation = world->generation->number;
	event->decision.flags = EVENT_WANTS_CONTENT;
	event->decision.backend = BACKEND_FMOD_RET;
	event->subject.pid = event->subject.tid = world->pid;
	event->subject.start_boot_ns = start_ns(world->pid);
	event->file = identity.file;
	event->path_bytes = strlen(world->program);
	memcpy(event->path, world->program, event->path_bytes);
	event->header.size = sizeof(*event) + event->path_bytes;
	return event;
}

/* Until something was told, or at most so long. */
static void loop(struct world *world, int rounds)
{
	for (int i = 0; i < rounds && !world->told; i++)
		assert_true(sd_event_run(world->loop, 20000) >= 0);
}

static bool is_running(struct world *world)
{
	int status;

	for (int i = 0; i < 50; i++) {
		if (waitpid(world->pid, &status, WNOHANG) == world->pid) {
			assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
			world->pid = 0;
			return false;
		}
		usleep(1000);
	}
	return true;
}

static long long counter(struct world *world, const char *key)
{
	AUTO_JSON json_t *state = suspects_state(world->suspects);

	return json_integer_value(json_object_get(state, key));
}

static void ends_what_is_embargoed(void **state)
{
	struct world *world = *state;
	const struct learned *file;
	union buffer buffer;

	start(world);
	begin(world, MODE_ENFORCE, false);
	learn_digest(world);
	suspects_ask(world->suspects, event_of(world, &buffer));
	loop(world, 250);
	assert_int_equal(world->told, 1);
	assert_true(world->last.ended);
	assert_false(is_running(world));
	assert_int_equal(world->event.decision.verdict, VERDICT_ALLOW);
	assert_int_equal(world->event.decision.mode, MODE_ENFORCE);
	assert_int_equal(world->event.decision.recognised, RECOGNISED_CONTENT);
	assert_int_equal(world->event.decision.rule, 1);
	assert_int_equal(world->event.decision.matcher, MATCHER_PATH);
	assert_int_equal(world->event.decision.flags, 0);
	assert_memory_equal(world->event.sha256, world->content.sha256, SHA256_BYTES);
	file = fake_file(&world->kernel, world->program);
	assert_non_null(file);
	assert_int_equal(file->deny, 1);
	/* the program is not a second old: another change could have the same time */
	assert_int_equal(file->flags, LEARNED_BY_CONTENT);
	assert_int_equal(file->size, world->content.bytes);
	assert_int_equal(file->change_ns, world->content.change_ns);
}

static void only_records(struct world *world, enum mode mode, bool audit_only, enum held_by held_by)
{
	union buffer buffer;

	start(world);
	begin(world, mode, audit_only);
	learn_digest(world);
	suspects_ask(world->suspects, event_of(world, &buffer));
	loop(world, 250);
	assert_int_equal(world->told, 1);
	assert_false(world->last.ended);
	assert_true(is_running(world));
	assert_int_equal(world->event.decision.mode, MODE_AUDIT);
	assert_int_equal(world->event.decision.held_by, held_by);
	assert_int_equal(fake_file(&world->kernel, world->program)->deny, 1);
}

/* A rule that contains ends nobody: the process is marked, in audit too. */
static void contains(struct world *world, enum mode mode, __u8 flags)
{
	union buffer buffer;
	struct event *event;

	world->contain = true;
	start(world);
	begin(world, mode, false);
	learn_digest(world);
	event = event_of(world, &buffer);
	event->decision.flags |= flags;
	suspects_ask(world->suspects, event);
	loop(world, 250);
	assert_int_equal(world->told, 1);
	assert_false(world->last.ended);
	assert_true(is_running(world));
	assert_int_equal(world->contained, world->pid);
	assert_int_equal(world->event.decision.verdict, VERDICT_ALLOW);
	assert_int_equal(world->event.decision.mode, mode);
	assert_int_equal(world->event.decision.flags, EVENT_CONTAINED | flags);
}

static void contains_what_is_embargoed(void **state)
{
	contains(*state, MODE_ENFORCE, 0);
}

static void contains_in_audit(void **state)
{
	contains(*state, MODE_AUDIT, 0);
}

static void contains_what_ran_before(void **state)
{
	contains(*state, MODE_ENFORCE, EVENT_RAN_BEFORE);
}

/* ... which is no reason to end it, if the rule refuses: the policy says what becomes of what runs. */
static void leaves_what_ran_before(void **state)
{
	struct world *world = *state;
	union buffer buffer;
	struct event *event;

	start(world);
	begin(world, MODE_ENFORCE, false);
	learn_digest(world);
	event = event_of(world, &buffer);
	event->decision.flags |= EVENT_RAN_BEFORE;
	suspects_ask(world->suspects, event);
	for (int i = 0; i < 250 && !counter(world, "read"); i++)
		assert_true(sd_event_run(world->loop, 20000) >= 0);
	assert_int_equal(counter(world, "read"), 1);
	assert_int_equal(world->told, 0);
	assert_true(is_running(world));
	assert_int_equal(fake_file(&world->kernel, world->program)->deny, 1);
}

static void audit_records(void **state)
{
	only_records(*state, MODE_AUDIT, false, HELD_BY_POLICY);
}

static void audit_only_records(void **state)
{
	only_records(*state, MODE_ENFORCE, true, HELD_BY_CAP);
}

static void unmet_requirement_records(void **state)
{
	((struct world *)*state)->unmet = true;
	only_records(*state, MODE_ENFORCE, false, HELD_BY_REQUIREMENT);
}

/* Nothing of it is embargoed: it is noted, so that the kernel does not ask again, and nobody is told. */
static void innocent(void **state)
{
	struct world *world = *state;
	union buffer buffer;

	start(world);
	begin(world, MODE_ENFORCE, false);
	usleep(1100000); /* until it is settled */
	suspects_ask(world->suspects, event_of(world, &buffer));
	for (int i = 0; i < 250 && !counter(world, "read"); i++)
		assert_true(sd_event_run(world->loop, 20000) >= 0);
	assert_int_equal(counter(world, "read"), 1);
	assert_int_equal(world->told, 0);
	assert_true(is_running(world));
	assert_int_equal(fake_file(&world->kernel, world->program)->deny, 0);
	assert_int_equal(fake_file(&world->kernel, world->program)->flags, LEARNED_HASHED);
}

/* The same file with another content is no longer what it was. */
static void changed_content(void **state)
{
	struct world *world = *state;
	const struct learned *file;
	union buffer buffer;
	struct event *event;
	struct learned_key key;
	const struct learned before = {.deny = 1, .flags = LEARNED_HASHED | LEARNED_BY_CONTENT};

	start(world);
	begin(world, MODE_ENFORCE, false);
	event = event_of(world, &buffer);
	key = learned_key_of_file(&event->file);
	assert_int_equal(kernel_learned_put(&world->kernel, &key, &before), 0);
	event->decision = (struct event_decision){.generation = world->generation->number,
						  .rule = 1,
						  .verdict = VERDICT_DENY,
						  .recognised = RECOGNISED_IDENTITY};
	suspects_seen(world->suspects, event);
	for (int i = 0; i < 250 && !counter(world, "read"); i++)
		assert_true(sd_event_run(world->loop, 20000) >= 0);
	file = fake_file(&world->kernel, world->program);
	assert_int_equal(file->deny, 0);
	assert_int_equal(file->flags, 0);
	assert_int_equal(world->told, 0);
	assert_true(is_running(world));
}

/* What a path rule recognised is for the search, which knows what is innocent: nothing is learned from it here. */
static void tells_what_was_seen(void **state)
{
	struct world *world = *state;
	struct learned fact = {.deny = 1};
	union buffer buffer;
	struct event *event;
	struct learned_key file;

	start(world);
	begin(world, MODE_ENFORCE, false);
	event = event_of(world, &buffer);
	event->decision = (struct event_decision){.generation = world->generation->number,
						  .rule = 1,
						  .verdict = VERDICT_DENY,
						  .recognised = RECOGNISED_PATH};
	file = learned_key_of_file(&event->file);
	event->file.inode++;
	suspects_seen(world->suspects, event);
	assert_int_equal(world->seen, 0); /* another file, at that path below another root */
	event->file.inode--;
	assert_int_equal(kernel_learned_put(&world->kernel, &file, &fact), 0);
	suspects_seen(world->suspects, event);
	assert_int_equal(world->seen, 1);
	assert_string_equal(world->seen_path, world->program);
	for (int i = 0; i < 5; i++)
		assert_true(sd_event_run(world->loop, 20000) >= 0);
	assert_int_equal(fake_count(&world->kernel, LEARNED_DIGEST), 0);
	assert_int_equal(counter(world, "read"), 0);
	fact.flags = LEARNED_HASHED;
	fact.size = event->file.size;
	assert_int_equal(kernel_learned_put(&world->kernel, &file, &fact), 0);
	suspects_seen(world->suspects, event);
	fact = (struct learned){.deny = 1, .flags = LEARNED_PROTECTED};
	assert_int_equal(kernel_learned_put(&world->kernel, &file, &fact), 0);
	suspects_seen(world->suspects, event);
	assert_int_equal(world->seen, 1);
}

/* A file that takes too long to read keeps one worker until its deadline, and nobody else. */
static void gives_up(void **state)
{
	struct world *world = *state;
	union buffer buffer;
	struct event *event;

	start(world);
	world->deadline_ms = 50;
	begin(world, MODE_ENFORCE, false);
	assert_int_equal(unlink(world->program), 0);
	{
		AUTO_FD int fd = open(world->program, O_WRONLY | O_CREAT | O_CLOEXEC, 0755);

		assert_true(fd >= 0);
		assert_int_equal(ftruncate(fd, 1ll << 40), 0); /* an hour of zeros */
	}
	event = event_of(world, &buffer);
	suspects_ask(world->suspects, event);
	for (int i = 0; i < 250 && !counter(world, "hung"); i++)
		assert_true(sd_event_run(world->loop, 20000) >= 0);
	assert_int_equal(counter(world, "hung"), 1);
	assert_int_equal(counter(world, "read"), 0);
	assert_true(is_running(world));
}

/* Files on a file system that somebody made himself leave room for the others. */
static void room_for_others(void **state)
{
	struct world *world = *state;
	union buffer buffer;
	struct event *event;

	start(world);
	begin(world, MODE_ENFORCE, false);
	event = event_of(world, &buffer);
	event->file.flags = 0;
	for (int i = 0; i < 200; i++) {
		event->file.inode++;
		suspects_ask(world->suspects, event);
	}
	assert_int_equal(counter(world, "overflow"), 200 - 128);
	event->file.flags = FILE_IDENTIFIED;
	for (int i = 0; i < 128; i++) {
		event->file.inode++;
		suspects_ask(world->suspects, event);
	}
	assert_int_equal(counter(world, "overflow"), 200 - 128);
	event->file.inode++;
	suspects_ask(world->suspects, event);
	assert_int_equal(counter(world, "overflow"), 200 - 128 + 1);
}

/* What is asked while the file is being read may be about what was written into it since. */
static void asked_while_it_is_read(void **state)
{
	struct world *world = *state;
	union buffer buffer;
	struct event *event;

	start(world);
	begin(world, MODE_ENFORCE, false);
	event = event_of(world, &buffer);
	suspects_ask(world->suspects, event); /* innocent: nothing is learned */
	usleep(200000);                       /* it has been read */
	learn_digest(world);                  /* as if it were another content */
	suspects_ask(world->suspects, event);
	for (int i = 0; i < 250 && counter(world, "read") < 2; i++)
		assert_true(sd_event_run(world->loop, 20000) >= 0);
	assert_int_equal(counter(world, "read"), 2);
}

/* Every process that attempts it is kept, one process only once, and what does not fit is counted. */
static void one_question_each(void **state)
{
	struct world *world = *state;
	union buffer buffer;
	struct event *event;

	start(world);
	begin(world, MODE_ENFORCE, false);
	learn_digest(world);
	event = event_of(world, &buffer);
	event->header.kind = HOOK_LOAD;
	for (int i = 0; i < 100; i++)
		suspects_ask(world->suspects, event);
	assert_int_equal(counter(world, "overflow"), 0);
	for (int i = 0; i < 30; i++) {
		event->subject.start_boot_ns++;
		suspects_ask(world->suspects, event);
	}
	assert_int_equal(counter(world, "overflow"), 0);
	event->subject.start_boot_ns++;
	suspects_ask(world->suspects, event);
	assert_int_equal(counter(world, "overflow"), 1);
	assert_int_equal(counter(world, "asked"), 131);
	for (int i = 0; i < 250 && world->told < 32; i++)
		assert_true(sd_event_run(world->loop, 20000) >= 0);
	assert_int_equal(world->told, 32);
	assert_int_equal(counter(world, "read"), 2);
}

/* A process that does something else by now, or another one with its number, is left alone. */
static void ends_nobody_else(void **state)
{
	struct world *world = *state;
	struct still_file file, other;
	union buffer buffer;
	struct event *event;
	struct stat st;

	start(world);
	begin(world, MODE_ENFORCE, false);
	event = event_of(world, &buffer);
	assert_int_equal(stat(world->program, &st), 0);
	file = (struct still_file){st.st_dev, st.st_ino};
	other = (struct still_file){st.st_dev, st.st_ino + 1};
	assert_int_equal(still_end(&event->subject, HOOK_EXEC, &other), -ESRCH);
	event->subject.start_boot_ns += 1000000000;
	assert_int_equal(still_end(&event->subject, HOOK_EXEC, &file), -ESRCH);
	assert_true(is_running(world));
	event->subject.start_boot_ns -= 1000000000;
	assert_int_equal(still_end(&event->subject, HOOK_LOAD, &file), 0);
	assert_false(is_running(world));
}

static void reads_maps(void **state)
{
	char text[] = "55d0-55d1 r--p 00000000 08:01 4711   /usr/bin/x\n"
		      "55d1-55d2 r-xp 00001000 08:01 4712   /usr/bin/y\n"
		      "broken\n7f00-7f01 rwxp 00000000 00:00 0";
	char again[sizeof(text)];

	memcpy(again, text, sizeof(text));
	assert_true(still_maps(text, sizeof(text) - 1, 4712));
	assert_false(still_maps(again, sizeof(again) - 1, 4711));
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(ends_what_is_embargoed),
		TEST(contains_what_is_embargoed),
		TEST(contains_in_audit),
		TEST(contains_what_ran_before),
		TEST(leaves_what_ran_before),
		TEST(audit_records),
		TEST(audit_only_records),
		TEST(unmet_requirement_records),
		TEST(innocent),
		TEST(changed_content),
		TEST(tells_what_was_seen),
		TEST(gives_up),
		TEST(one_question_each),
		TEST(room_for_others),
		TEST(asked_while_it_is_read),
		TEST(ends_nobody_else),
		cmocka_unit_test(reads_maps),
	};

	return cmocka_run_group_tests_name("suspects", tests, NULL, NULL);
}
