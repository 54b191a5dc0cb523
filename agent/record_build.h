/* SPDX-License-Identifier: MIT */
/*
 * record_build.h - what the objects of record.h are made of. For record.c and record_traffic.c only.
 *
 * Every build_...() puts a member into an object or makes one; a member that could not be made is remembered, so that
 * build_finish() gives up an object with a hole in it. Objects and texts are borrowed, a json_t that is put in is taken.
 */
#ifndef EMBARGO_RECORD_BUILD_H
#define EMBARGO_RECORD_BUILD_H

#include "record.h"

/* The object while it is being made: a missing member must not go unnoticed. */
struct build {
	const struct record_context *context;
	bool failed;
	bool escaped;	/* some text was not UTF-8 */
};

/** build_put() - @value is taken; NULL: it could not be made */
void build_put(struct build *build, json_t *object, const char *key, json_t *value);
/** build_word() - one of our own; nothing for NULL or "" */
void build_word(struct build *build, json_t *object, const char *key, const char *word);
void build_number(struct build *build, json_t *object, const char *key, __u64 number);
/** build_id() - as a text: identifiers are keywords in the schema of ECS, not numbers */
void build_id(struct build *build, json_t *object, const char *key, __u64 id);
/** build_text() - anything that came from outside; record_text() */
void build_text(struct build *build, json_t *object, const char *key, const char *text, size_t bytes);
/** build_part() - @part is taken; left out if nothing is known of it */
void build_part(struct build *build, json_t *object, const char *key, json_t *part);
/** build_time() - @boot_ns: CLOCK_BOOTTIME */
void build_time(struct build *build, json_t *object, const char *key, __u64 boot_ns);
/** build_basename() - "name", of a path */
void build_basename(struct build *build, json_t *object, const char *path, size_t bytes);
/** build_device() - "inode" and "device" of a file; @device: major << 20 | minor */
void build_device(struct build *build, json_t *object, __u64 inode, __u32 device);
/** build_destination() - "destination" and "network"; @address: 4 or 16 bytes, as @family (4, 6) says */
void build_destination(struct build *build, json_t *object, const __u8 *address, __u8 family, __u8 protocol, __u16 port);
/** build_rule() - "rule"; nothing for NULL */
void build_rule(struct build *build, json_t *object, const struct generation_rule *rule);
/** build_generation() - which policy; nothing for NULL */
void build_generation(struct build *build, json_t *embargo, const struct generation *generation);
/** build_host() - new; @whole: with the identifiers of machine and boot */
json_t *build_host(struct build *build, bool whole);
/** build_begin() - a new object with its time; @real_ns: CLOCK_REALTIME */
json_t *build_begin(struct build *build, __u64 real_ns);
/** build_finish() - with @embargo, which is taken, as its last member. Return: @object; NULL: something could not be made */
json_t *build_finish(struct build *build, json_t *object, json_t *embargo);

#endif
