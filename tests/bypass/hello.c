/* SPDX-License-Identifier: MIT */
/* hello.c - a ClientHello (RFC 8446, section 4.1.2) as a trick wants it. See reach.h. */
#include "reach.h"

#include <errno.h>
#include <string.h>

enum {
	HANDSHAKE = 22, CLIENT_HELLO = 1, RECORD_MAX = 16384, MESSAGE_MAX = 40000,
	SERVER_NAME = 0, GROUPS = 10, PADDING = 21, VERSIONS = 43, KEY_SHARE = 51, ECH = 0xfe0d, GREASE = 0x7a7a,
	X25519 = 29, X25519_MLKEM768 = 4588,
};

struct bytes {
	unsigned char at[MESSAGE_MAX];
	size_t used;
};

static void put(struct bytes *out, const void *bytes, size_t count)
{
	if (out->used + count > sizeof(out->at)) {
		errno = ENOSPC;
		quit("hello");
	}
	if (bytes)
		memcpy(out->at + out->used, bytes, count);
	else
		memset(out->at + out->used, 0x41, count);
	out->used += count;
}

static void put8(struct bytes *out, unsigned value)
{
	put(out, (unsigned char[]){ (unsigned char)value }, 1);
}

static void put16(struct bytes *out, unsigned value)
{
	put8(out, value >> 8);
	put8(out, value & 0xff);
}

static void put_extension(struct bytes *out, unsigned type, const void *body, size_t size)
{
	put16(out, type);
	put16(out, (unsigned)size);
	put(out, body, size);
}

static void put_server_name(struct bytes *out, const struct hello *hello)
{
	struct bytes list = {};
	size_t length;

	if (!hello->name)
		return;
	length = strlen(hello->name);
	put16(&list, (unsigned)length + 3 + (hello->other_kind_first ? 3 + 4 : 0));
	if (hello->other_kind_first) {
		put8(&list, 7);
		put16(&list, 4);
		put(&list, "else", 4);
	}
	put8(&list, 0);
	put16(&list, (unsigned)length);
	put(&list, hello->name, length);
	put_extension(out, SERVER_NAME, list.at, list.used);
}

static void put_key_share(struct bytes *out, const struct hello *hello)
{
	size_t size = hello->key ? hello->key : 32;

	put16(out, KEY_SHARE);
	put16(out, (unsigned)size + 6);
	put16(out, (unsigned)size + 4);
	put16(out, hello->key ? X25519_MLKEM768 : X25519);
	put16(out, (unsigned)size);
	put(out, NULL, size);
}

static void put_extensions(struct bytes *out, const struct hello *hello)
{
	static const unsigned char groups[] = { 0, 4, 0x11, 0xec, 0, X25519 }, versions[] = { 4, 3, 4, 3, 3 };

	if (hello->grease)
		put_extension(out, GREASE, "", 1);
	if (hello->padding)
		put_extension(out, PADDING, NULL, hello->padding);
	if (!hello->last)
		put_server_name(out, hello);
	put_extension(out, GROUPS, groups, sizeof(groups));
	put_extension(out, VERSIONS, versions, sizeof(versions));
	put_key_share(out, hello);
	if (hello->ech)
		put_extension(out, ECH, NULL, 250);
	if (hello->last)
		put_server_name(out, hello);
	if (hello->grease)
		put_extension(out, GREASE + 0x1010, "", 0);
}

static void put_message(struct bytes *out, const struct hello *hello)
{
	static const unsigned char ciphers[] = { 0x13, 1, 0x13, 2, 0x13, 3, 0xc0, 0x2f };
	struct bytes extensions = {};
	size_t length;

	put_extensions(&extensions, hello);
	length = 2 + 32 + 1 + 32 + 2 + sizeof(ciphers) + (hello->grease ? 2 : 0) + 2 + 2 + extensions.used;
	put8(out, CLIENT_HELLO);
	put8(out, (unsigned)(length >> 16));
	put16(out, length & 0xffff);
	put16(out, 0x0303);
	put(out, NULL, 32);	/* random */
	put8(out, 32);
	put(out, NULL, 32);	/* session */
	put16(out, sizeof(ciphers) + (hello->grease ? 2 : 0));
	if (hello->grease)
		put16(out, GREASE);
	put(out, ciphers, sizeof(ciphers));
	put16(out, 0x0100);	/* compression: none */
	put16(out, (unsigned)extensions.used);
	put(out, extensions.at, extensions.used);
}

size_t hello_build(const struct hello *hello, unsigned char *out, size_t room)
{
	struct bytes message = {}, records = {};
	size_t most = hello->records ? hello->records : RECORD_MAX;

	put_message(&message, hello);
	for (size_t at = 0; at < message.used; at += most) {
		size_t size = message.used - at < most ? message.used - at : most;

		put8(&records, HANDSHAKE);
		put16(&records, 0x0301);
		put16(&records, (unsigned)size);
		put(&records, message.at + at, size);
	}
	/* a record with the end in it, so that who reads records on is not confused */
	put(&records, (unsigned char[]){ 23, 3, 3, 0, sizeof(THE_END) - 1 }, 5);
	put(&records, THE_END, sizeof(THE_END) - 1);
	errno = ENOSPC;
	if (records.used > room)
		quit("hello");
	memcpy(out, records.at, records.used);
	return records.used;
}
