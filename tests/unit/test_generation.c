/* SPDX-License-Identifier: MIT */
/*
 * test_generation.c - a generation as a file and as text: it comes back as it was, no damaged byte goes
 * unnoticed, a failed save leaves the old file, and the dump is the one that is checked in.
 */
#include "generation_walk.h"

#include <dirent.h>
#include <errno.h>
#include <setjmp.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define DIGEST                                                                                     \
	"sha256:112233445566778899aabbccddeeff00112233445566778899aabbccddeeff" /* and one byte */
#define ABI_OFFSET 8 /* of the ABI number in the file */

struct fixture {
	char directory[64], file[96];
	const char *golden;
	struct generation *gen;
};

static struct generation *sample(void)
{
	struct rule list[] = {
		path_rule("/opt/example/**", ACTION_DENY, MODE_ENFORCE),
		path_rule("/opt/example/lib*.so", ACTION_DENY, MODE_AUDIT),
		path_rule("/sbin/tool", ACTION_DENY, MODE_ENFORCE),
		path_rule("**/scan-\"ner\"", ACTION_DENY, MODE_ENFORCE),
		path_rule("/opt/example/bin/keep", ACTION_ALLOW, MODE_NONE),
		path_rule("/opt/example/bin/k*", ACTION_ALLOW, MODE_NONE),
		network_rule("192.0.2.0/24", 4, 0xc0000200, 0, 24),
		network_rule("192.0.2.7", 4, 0xc0000207, 0, 32),
		network_rule("198.51.100.0/25 443/tcp", 4, 0xc6336400, 0, 25),
		network_rule("2001:db8::/32", 6, 0x20010db800000000ull, 0, 32),
		path_rule("*.example.com", ACTION_DENY, MODE_ENFORCE),
		path_rule(DIGEST "00", ACTION_DENY, MODE_ENFORCE),
		path_rule(DIGEST "00", ACTION_ALLOW, MODE_NONE),
		path_rule(DIGEST "ff", ACTION_DENY, MODE_AUDIT),
		path_rule("example-*", ACTION_DENY, MODE_ENFORCE),
		path_rule("Example, Inc.", ACTION_DENY, MODE_AUDIT),
		path_rule("example_kmod", ACTION_DENY, MODE_ENFORCE),
		path_rule("example_*", ACTION_DENY, MODE_AUDIT),
		path_rule("keep.example.com", ACTION_ALLOW, MODE_NONE),
		path_rule("/opt/contained/**", ACTION_CONTAIN, MODE_ENFORCE),
	};
	static const __u8 kinds[] = {MATCHER_DIGEST,  MATCHER_DIGEST,         MATCHER_DIGEST,
				     MATCHER_PACKAGE, MATCHER_PACKAGE_VENDOR, MATCHER_MODULE,
				     MATCHER_MODULE,  MATCHER_DOMAIN};
	struct rule internal[] = {
		network_rule("10.0.0.0/8", 4, 10u << 24, 0, 8),
		network_rule("192.0.2.128/25", 4, 0xc0000280, 0, 25),
		network_rule("::1/128", 6, 0, 1, 128),
	};
	static const char *const only[] = {"/system.slice", "/user.slice/user-*.slice"};
	static const char *const exclude[] = {"/system.slice/backup*.service"};
	static const char *const containers[] = {"/*/docker-*.scope"};
	static const __u32 users[] = {0, 1000};
	struct rules rules = {
		.policy = "test",
		.revision = 7,
		.mode = MODE_AUDIT,
		.scope = {.only_cgroups = only, .only_cgroup_count = 2,
			  .exclude_cgroups = exclude, .exclude_cgroup_count = 1,
			  .container_cgroups = containers, .container_cgroup_count = 1,
			  .users = users, .user_count = 2,
			  .flags = SCOPE_ONLY_USERS | SCOPE_NO_CONTAINERS},
		.requires = {.package = "replacement", .exec_prevent = true},
		.flags = GEN_FLAG_REFUSE_NO_NAME | GEN_FLAG_REFUSE_QUIC,
		.internal = internal,
		.internal_count = sizeof(internal) / sizeof(*internal),
		.list = list,
		.count = sizeof(list) / sizeof(*list),
	};
	struct diagnostics diags = {0};
	struct generation *gen = NULL;

	list[4].until_s = 1806451200;
	list[8].network.protocol = PROTOCOL_TCP;
	list[8].network.port_count = 1;
	list[8].network.port_first[0] = list[8].network.port_last[0] = 443;
	list[10].matcher = MATCHER_DOMAIN;
	for (unsigned i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
		list[11 + i].matcher = kinds[i];
	list[11].size = list[12].size = 1234567;
	list[13].unenforced_why = "the size is not said";
	assert_int_equal(rules_compile(&rules, &diags, &gen), 0);
	assert_int_equal(diags.count, 0);
	return gen;
}

/* The names of interpreters are more than all the rest. */
static struct generation *strict_sample(void)
{
	struct rule list[] = {path_rule(DIGEST "00", ACTION_DENY, MODE_ENFORCE),
			      path_rule("/opt/example/tool", ACTION_DENY, MODE_ENFORCE)};

	list[0].matcher = MATCHER_DIGEST;
	list[0].size = INT64_MAX;
	list[0].strict = 1;
	return compile_ok(list, 2);
}

static int set_up_with(void **state, const char *golden, struct generation *gen)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));

	strcpy(fixture->directory, "/tmp/embargo-generation-XXXXXX");
	if (!mkdtemp(fixture->directory))
		return -1;
	snprintf(fixture->file, sizeof(fixture->file), "%s/last-good", fixture->directory);
	fixture->gen = gen;
	fixture->golden = golden;
	*state = fixture;
	return 0;
}

static int set_up(void **state)
{
	return set_up_with(state, GOLDEN "/sample.txt", sample());
}

static int set_up_strict(void **state)
{
	return set_up_with(state, GOLDEN "/strict.txt", strict_sample());
}

static int tear_down(void **state)
{
	struct fixture *fixture = *state;

	generation_free(fixture->gen);
	(void)unlink(fixture->file); /* not every test makes one */
	rmdir(fixture->directory);
	free(fixture);
	return 0;
}

static char *dumped(const struct generation *gen)
{
	char *text;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	generation_dump(gen, out);
	fclose(out);
	return text;
}

static unsigned char *contents(const char *path, size_t *out_size)
{
	FILE *in = fopen(path, "rb");
	unsigned char *data = malloc(1 << 20);

	assert_non_null(in);
	*out_size = fread(data, 1, 1 << 20, in);
	fclose(in);
	return data;
}

static unsigned files_in(const char *path)
{
	DIR *directory = opendir(path);
	unsigned count = 0;

	while (readdir(directory))
		count++;
	closedir(directory);
	return count - 2;
}

static void comes_back_as_it_was(void **state)
{
	struct fixture *fixture = *state;
	struct generation *again = NULL;
	char *texts[2];
	struct stat st;

	assert_int_equal(generation_save(fixture->gen, fixture->file), 0);
	assert_int_equal(generation_save(fixture->gen, fixture->file), 0); /* over the old one */
	assert_int_equal(stat(fixture->file, &st), 0);
	assert_int_equal(st.st_mode & 077, 0);
	assert_int_equal(files_in(fixture->directory), 1);
	assert_int_equal(generation_load(fixture->file, &again), 0);
	texts[0] = dumped(fixture->gen);
	texts[1] = dumped(again);
	assert_string_equal(texts[0], texts[1]);
	assert_true(again->number == fixture->gen->number);
	assert_int_equal(again->mode, fixture->gen->mode);
	assert_memory_equal(again->keys, fixture->gen->keys,
			    again->entry_count * sizeof(*again->keys));
	assert_memory_equal(again->values, fixture->gen->values,
			    again->entry_count * sizeof(*again->values));
	free(texts[0]);
	free(texts[1]);
	generation_free(again);
}

static void failed_save_leaves_the_old_file(void **state)
{
	struct fixture *fixture = *state;
	char path[128];

	snprintf(path, sizeof(path), "%s/missing/file", fixture->directory);
	assert_int_equal(generation_save(fixture->gen, path), -ENOENT);
	/* a directory cannot be replaced by a file: the temporary one must go again */
	assert_int_equal(mkdir(fixture->file, 0700), 0);
	assert_int_equal(generation_save(fixture->gen, fixture->file), -EISDIR);
	assert_int_equal(files_in(fixture->directory), 1);
	assert_int_equal(rmdir(fixture->file), 0);
}

static void every_damage_is_found(void **state)
{
	struct fixture *fixture = *state;
	struct generation *again = NULL;
	unsigned char *data;
	size_t size;

	assert_int_equal(generation_load(fixture->file, &again), -ENOENT);
	assert_int_equal(generation_load(fixture->directory, &again), -EBADMSG);
	assert_int_equal(generation_save(fixture->gen, fixture->file), 0);
	data = contents(fixture->file, &size);
	for (size_t i = 0; i < size; i++) {
		data[i] ^= 1u << i % 8;
		assert_int_equal(generation_decode(data, size, &again), -EBADMSG);
		data[i] ^= 1u << i % 8;
		assert_int_equal(generation_decode(data, i, &again), -EBADMSG);
	}
	assert_null(again);
	assert_int_equal(generation_decode(data, size, &again), 0);
	generation_free(again);
	free(data);
}

/* Damage that comes with the right checksum is still refused, or harmless. */
static void checksum_is_not_the_only_check(void **state)
{
	struct fixture *fixture = *state;
	struct generation *again;
	size_t size, refused = 0;
	unsigned char *data;

	assert_int_equal(generation_save(fixture->gen, fixture->file), 0);
	data = contents(fixture->file, &size);
	for (size_t i = 0; i < size - 32; i++) {
		int err;

		data[i] ^= 0x80;
		crypto_generichash(data + size - 32, 32, data, size - 32, NULL, 0);
		again = NULL;
		err = generation_decode(data, size, &again);
		assert_true(err == 0 || err == -EBADMSG || err == -EPROTO || err == -ENOMEM);
		if (i >= ABI_OFFSET && i < ABI_OFFSET + 4)
			assert_int_equal(err, -EPROTO);
		if (!err)
			free(dumped(again));
		refused += err != 0;
		generation_free(again);
		data[i] ^= 0x80;
	}
	/* the entries have their own number, so only names can change unnoticed */
	assert_true(refused > fixture->gen->entry_count * 56);
	free(data);
}

static void finds_every_entry_and_no_other(void **state)
{
	const struct generation *gen = ((struct fixture *)*state)->gen;

	for (size_t i = 0; i < gen->entry_count; i++) {
		struct gen_key key = gen->keys[i];

		assert_ptr_equal(generation_find(gen, &key), &gen->values[i]);
		key.b ^= 0x5555;
		assert_null(generation_find(gen, &key));
		if (i)
			assert_true(memcmp(&gen->keys[i - 1], &gen->keys[i], sizeof(key)) < 0);
	}
}

/* With EMBARGO_UPDATE_GOLDEN: read the difference before it is committed. */
static void update(const char *path, const char *text)
{
	FILE *out = getenv("EMBARGO_UPDATE_GOLDEN") ? fopen(path, "we") : NULL;

	if (!out)
		return;
	fputs(text, out);
	assert_int_equal(fclose(out), 0);
}

/* The golden file: change it only together with the format, or with what a rule means. */
static void dump_is_the_golden_one(void **state)
{
	const struct fixture *fixture = *state;
	char *text = dumped(fixture->gen), *golden;
	size_t size;

	update(fixture->golden, text);
	golden = (char *)contents(fixture->golden, &size);
	golden[size] = '\0';
	if (strcmp(text, golden)) {
		fputs(text, stdout); /* whole: the framework cuts long messages */
		fail_msg("the dump differs from %s", fixture->golden);
	}
	free(golden);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(comes_back_as_it_was, set_up, tear_down),
		cmocka_unit_test_setup_teardown(failed_save_leaves_the_old_file, set_up, tear_down),
		cmocka_unit_test_setup_teardown(every_damage_is_found, set_up, tear_down),
		cmocka_unit_test_setup_teardown(checksum_is_not_the_only_check, set_up, tear_down),
		cmocka_unit_test_setup_teardown(finds_every_entry_and_no_other, set_up, tear_down),
		cmocka_unit_test_setup_teardown(dump_is_the_golden_one, set_up, tear_down),
		cmocka_unit_test_setup_teardown(comes_back_as_it_was, set_up_strict, tear_down),
		cmocka_unit_test_setup_teardown(every_damage_is_found, set_up_strict, tear_down),
		cmocka_unit_test_setup_teardown(checksum_is_not_the_only_check, set_up_strict,
						tear_down),
		cmocka_unit_test_setup_teardown(dump_is_the_golden_one, set_up_strict, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
