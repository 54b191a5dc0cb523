/* SPDX-License-Identifier: MIT */
/*
 * test_sink_file.c - the event file: chain, rotation, restart, a torn end, a full disk, and what the
 * verification finds. A full disk is made with RLIMIT_FSIZE: the kernel then
 * takes a part of a line and refuses the rest, as a full file system does.
 */
#include "../../agent/clean.h"
#include "../../agent/sink.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <cmocka.h>

struct place {
	char directory[64];
	char file[96];
};

static int set_up(void **state)
{
	struct place *place = calloc(1, sizeof(*place));

	if (!place)
		return -1;
	strcpy(place->directory, "/tmp/test-sink-XXXXXX");
	if (!mkdtemp(place->directory))
		return -1;
	snprintf(place->file, sizeof(place->file), "%s/events.jsonl", place->directory);
	*state = place;
	return 0;
}

static int tear_down(void **state)
{
	struct place *place = *state;
	char name[128];

	(void)unlink(place->file);
	for (int i = 1; i < 10; i++) {
		snprintf(name, sizeof(name), "%s.%d", place->file, i);
		(void)unlink(name);
	}
	(void)rmdir(place->directory);
	free(place);
	return 0;
}

static int write_event(struct sink *sink, const char *text)
{
	AUTO_JSON json_t *event =
		json_pack("{s:s, s:{s:s}}", "message", text, "embargo", "mode", "audit");

	return sink_write(sink, event);
}

static struct sink *open_sink(const struct place *place, unsigned long long rotate, unsigned keep)
{
	struct sink *sink = NULL;

	assert_int_equal(sink_file_open(place->file, rotate, keep, &sink), 0);
	return sink;
}

struct found {
	long count;
	unsigned long line;
	enum chain_finding finding;
};

static bool note_finding(void *context, unsigned long line, enum chain_finding finding,
			 const struct chain *before)
{
	struct found *found = context;

	if (!found->count++) {
		found->line = line;
		found->finding = finding;
	}
	return true;
}

static struct found verify(const char *path, struct chain *chain, bool *first)
{
	AUTO_FILE FILE *in = fopen(path, "re");
	struct found found = {0};
	unsigned long lines;

	assert_non_null(in);
	assert_true(chain_verify(in, chain, first, note_finding, &found, &lines) >= 0);
	return found;
}

static struct found verify_alone(const char *path)
{
	struct chain chain;
	bool first = true;

	chain_init(&chain);
	return verify(path, &chain, &first);
}

static void write_lines(const struct place *place, int count)
{
	struct sink *sink = open_sink(place, 0, 0);

	for (int i = 0; i < count; i++)
		assert_int_equal(write_event(sink, "something happened"), 0);
	sink_close(sink);
}

/* Run a sed script over the file. */
static void edit(const struct place *place, const char *script)
{
	char command[512];

	snprintf(command, sizeof(command), "sed -i '%s' %s", script, place->file);
	assert_int_equal(system(command), 0);
}

static void chain_goes_on_after_restart(void **state)
{
	struct sink *sink;

	write_lines(*state, 3);
	write_lines(*state, 2);
	sink = open_sink(*state, 0, 0);
	assert_int_equal(sink->chain.sequence, 5);
	sink_close(sink);
	assert_int_equal(verify_alone(((struct place *)*state)->file).count, 0);
}

static void changed_line_is_found(void **state)
{
	struct found found;

	write_lines(*state, 5);
	edit(*state, "3s/something/nothing/");
	found = verify_alone(((struct place *)*state)->file);
	assert_int_equal(found.count, 1);
	assert_int_equal(found.line, 3);
	assert_int_equal(found.finding, CHAIN_CHANGED);
}

static void missing_line_is_found(void **state)
{
	struct found found;

	write_lines(*state, 5);
	edit(*state, "3d");
	found = verify_alone(((struct place *)*state)->file);
	assert_int_equal(found.count, 1);
	assert_int_equal(found.line, 3);
}

static void changed_first_line_is_found(void **state)
{
	struct found found;

	write_lines(*state, 3);
	edit(*state, "1s/something/nothing/");
	found = verify_alone(((struct place *)*state)->file);
	assert_int_equal(found.count, 1);
	assert_int_equal(found.line, 1);
}

static void foreign_line_is_found(void **state)
{
	write_lines(*state, 3);
	edit(*state, "2s/.*/not an event/");
	assert_true(verify_alone(((struct place *)*state)->file).finding == CHAIN_NOT_JSON);
}

static void rotation_keeps_n_and_the_chain(void **state)
{
	struct place *place = *state;
	struct sink *sink = open_sink(place, 1000, 3);
	char name[128];
	struct chain chain;
	bool first = true;

	for (int i = 0; i < 40; i++)
		assert_int_equal(write_event(sink, "something happened"), 0);
	sink_close(sink);
	chain_init(&chain);
	for (int i = 3; i >= 0; i--) {
		struct stat st;

		snprintf(name, sizeof(name), i ? "%s.%d" : "%s", place->file, i);
		assert_int_equal(stat(name, &st), 0);
		assert_true(st.st_size <= 1000);
		assert_int_equal(verify_alone(name).count, 0);
		assert_int_equal(verify(name, &chain, &first).count, 0);
	}
	assert_int_equal(chain.sequence, 40);
	snprintf(name, sizeof(name), "%s.4", place->file);
	assert_int_equal(access(name, F_OK), -1);
}

static void chain_goes_on_after_rotation_by_hand(void **state)
{
	struct place *place = *state;
	char name[128];
	struct chain chain;
	bool first = true;

	write_lines(place, 3);
	snprintf(name, sizeof(name), "%s.1", place->file);
	assert_int_equal(rename(place->file, name), 0);
	write_lines(place, 3);
	chain_init(&chain);
	assert_int_equal(verify(name, &chain, &first).count, 0);
	assert_int_equal(verify(place->file, &chain, &first).count, 0);
	assert_int_equal(chain.sequence, 6);
}

static void removed_file_is_begun_again(void **state)
{
	struct place *place = *state;
	struct sink *sink = open_sink(place, 0, 0);

	assert_int_equal(write_event(sink, "one"), 0);
	assert_int_equal(unlink(place->file), 0);
	assert_int_equal(write_event(sink, "two"), 0);
	sink_close(sink);
	assert_int_equal(verify_alone(place->file).count, 0);
}

static void torn_line_is_removed_and_counted(void **state)
{
	struct place *place = *state;
	struct sink *sink;
	FILE *file;

	write_lines(place, 2);
	file = fopen(place->file, "a");
	assert_non_null(file);
	fputs("{\"message\":\"half", file);
	assert_int_equal(fclose(file), 0);
	sink = open_sink(place, 0, 0);
	assert_int_equal(sink->pending[LOST_CUT_OFF], 1);
	assert_int_equal(write_event(sink, "after the crash"), 0);
	assert_int_equal(sink->pending[LOST_CUT_OFF], 0);
	sink_close(sink);
	assert_int_equal(verify_alone(place->file).count, 0);
}

static json_t *last_event(const struct place *place)
{
	AUTO_FILE FILE *in = fopen(place->file, "re");
	AUTO_FREE char *line = NULL;
	json_t *event = NULL;
	size_t room = 0;

	assert_non_null(in);
	while (getline(&line, &room, in) > 0) {
		json_decref(event);
		event = json_loads(line, 0, NULL);
	}
	return event;
}

/* A file that cannot grow behaves like a full disk: a part of a line fits, the rest does not. */
static void full_disk_is_counted_and_told(void **state)
{
	struct place *place = *state;
	struct sink *sink = open_sink(place, 0, 0);
	struct rlimit old, tight;
	AUTO_JSON json_t *event = NULL;
	json_t *lost;
	struct stat st;

	assert_int_equal(write_event(sink, "before"), 0);
	assert_int_equal(stat(place->file, &st), 0);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
	tight = (struct rlimit){.rlim_cur = st.st_size + 20, .rlim_max = old.rlim_max};
	(void)signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &tight), 0);
	assert_true(write_event(sink, "does not fit") < 0);
	assert_true(write_event(sink, "does not fit either") < 0);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
	assert_int_not_equal(sink->failing, 0);
	assert_int_equal(write_event(sink, "after"), 0);
	assert_int_equal(sink->failing, 0);
	assert_int_equal(sink->lost[LOST_DISK_FULL], 2);
	sink_close(sink);

	event = last_event(place);
	lost = json_object_get(json_object_get(event, "embargo"), "lost");
	assert_int_equal(json_integer_value(json_object_get(lost, "disk_full")), 2);
	assert_int_equal(
		json_integer_value(json_object_get(json_object_get(event, "embargo"), "sequence")),
		2);
	assert_int_equal(verify_alone(place->file).count, 0);
}

static void second_writer_is_refused(void **state)
{
	struct place *place = *state;
	struct sink *sink = open_sink(place, 0, 0), *other = NULL;

	assert_int_equal(sink_file_open(place->file, 0, 0, &other), -EBUSY);
	assert_null(other);
	sink_close(sink);
}

static void only_regular_files(void **state)
{
	struct sink *sink = NULL;

	assert_int_equal(sink_file_open("/dev/null", 0, 0, &sink), -EINVAL);
	assert_int_equal(sink_file_open("/tmp", 0, 0, &sink), -EISDIR);
}

static void every_reason_has_a_word(void **state)
{
	for (unsigned i = 0; i < LOST_MAX; i++)
		assert_non_null(lost_word(i));
	assert_null(lost_word(LOST_MAX));
	for (unsigned i = 0; i < CHAIN_MAX; i++)
		assert_non_null(chain_finding_word(i));
	assert_null(chain_finding_word(CHAIN_MAX));
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(chain_goes_on_after_restart),
		TEST(changed_line_is_found),
		TEST(missing_line_is_found),
		TEST(changed_first_line_is_found),
		TEST(foreign_line_is_found),
		TEST(rotation_keeps_n_and_the_chain),
		TEST(chain_goes_on_after_rotation_by_hand),
		TEST(removed_file_is_begun_again),
		TEST(torn_line_is_removed_and_counted),
		TEST(full_disk_is_counted_and_told),
		TEST(second_writer_is_refused),
		TEST(only_regular_files),
		cmocka_unit_test(every_reason_has_a_word),
	};

	return cmocka_run_group_tests_name("sink_file", tests, NULL, NULL);
}
