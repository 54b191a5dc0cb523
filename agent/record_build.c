/* SPDX-License-Identifier: MIT */
/* record_build.c - see record_build.h. */
#include "record_build.h"
#include "clean.h"
#include "table.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#define ECS_VERSION "8.11.0"

void build_put(struct build *build, json_t *object, const char *key, json_t *value)
{
	if (json_object_set_new(object, key, value))
		build->failed = true;
}

void build_word(struct build *build, json_t *object, const char *key, const char *word)
{
	if (word && *word)
		build_put(build, object, key, json_string(word));
}

void build_number(struct build *build, json_t *object, const char *key, __u64 number)
{
	build_put(build, object, key, json_integer(number));
}

void build_id(struct build *build, json_t *object, const char *key, __u64 id)
{
	build_put(build, object, key, json_sprintf("%llu", (unsigned long long)id));
}

void build_text(struct build *build, json_t *object, const char *key, const char *text,
		size_t bytes)
{
	build_put(build, object, key, record_text(text, bytes, &build->escaped));
}

void build_part(struct build *build, json_t *object, const char *key, json_t *part)
{
	if (part && !json_object_size(part))
		json_decref(part);
	else
		build_put(build, object, key, part);
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

void build_time(struct build *build, json_t *object, const char *key, __u64 boot_ns)
{
	char text[RECORD_TIME_BYTES];

	record_time(boot_ns + build->context->boot_to_real_ns, text);
	build_put(build, object, key, json_string(text));
}

void build_basename(struct build *build, json_t *object, const char *path, size_t bytes)
{
	const char *slash = memrchr(path, '/', bytes);
	const char *base = slash ? slash + 1 : path;

	if (base < path + bytes)
		build_text(build, object, "name", base, path + bytes - base);
}

void build_device(struct build *build, json_t *object, __u64 inode, __u32 device)
{
	build_id(build, object, "inode", inode);
	build_put(build, object, "device", json_sprintf("%u:%u", device >> 20, device & 0xfffff));
}

void build_destination(struct build *build, json_t *object, const __u8 *address, __u8 family,
		       __u8 protocol, __u16 port)
{
	json_t *destination = json_object(), *network = json_object();
	char text[INET6_ADDRSTRLEN];

	if (inet_ntop(family == 6 ? AF_INET6 : AF_INET, address, text, sizeof(text)))
		build_word(build, destination, "ip", text);
	build_number(build, destination, "port", port);
	build_put(build, object, "destination", destination);

	build_word(build, network, "type", family == 6 ? "ipv6" : "ipv4");
	if (protocol == IPPROTO_TCP || protocol == IPPROTO_UDP || protocol == IPPROTO_SCTP)
		build_word(build, network, "transport",
			   protocol == IPPROTO_TCP   ? "tcp"
			   : protocol == IPPROTO_UDP ? "udp"
						     : "sctp");
	if (protocol)
		build_id(build, network, "iana_number", protocol);
	build_put(build, object, "network", network);
}

void build_rule(struct build *build, json_t *object, const struct generation_rule *rule)
{
	json_t *part = json_object();

	if (rule) {
		build_word(build, part, "id", rule->id);
		build_text(build, part, "name", rule->value, strlen(rule->value));
	}
	build_part(build, object, "rule", part);
}

void build_generation(struct build *build, json_t *embargo, const struct generation *generation)
{
	if (!generation)
		return;
	build_word(build, embargo, "policy", generation->policy);
	build_number(build, embargo, "revision", generation->revision);
	build_put(build, embargo, "generation",
		  json_sprintf("%016llx", (unsigned long long)generation->number));
}

json_t *build_host(struct build *build, bool whole)
{
	json_t *host = json_object();
	const struct record_context *context = build->context;

	if (context->host_name && *context->host_name)
		build_text(build, host, "name", context->host_name, strlen(context->host_name));
	if (whole) {
		build_word(build, host, "id", context->host_id);
		if (context->boot_id)
			build_put(build, host, "boot", json_pack("{s:s}", "id", context->boot_id));
	}
	return host;
}

json_t *build_begin(struct build *build, __u64 real_ns)
{
	json_t *object = json_object();
	char text[RECORD_TIME_BYTES];

	record_time(real_ns, text);
	build_word(build, object, "@timestamp", text);
	build_put(build, object, "ecs", json_pack("{s:s}", "version", ECS_VERSION));
	return object;
}

json_t *build_finish(struct build *build, json_t *object, json_t *embargo)
{
	if (build->escaped)
		build_put(build, embargo, "escaped", json_true());
	build_put(build, object, "embargo", embargo);
	if (!build->failed)
		return object;
	json_decref(object);
	return NULL;
}
