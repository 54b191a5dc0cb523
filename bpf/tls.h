/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * tls.h - the server name of a TLS ClientHello (RFC 8446 section 4.1.2, RFC 6066 section 3), as functions over plain memory: the
 * kernel program and the tests on the host compile the same lines. The hello is read byte by byte where it says something and
 * skipped where it does not, at offsets from the beginning of the stream; where one packet ends the state waits for the
 * next. So it may lie in any number of TLS records and packets, in any order of extensions, and be as large as it likes.
 *
 * The includer defines TLS_BYTE(source, offset, out), which reads one byte and returns 0, or something else when it cannot.
 */
#ifndef EMBARGO_TLS_H
#define EMBARGO_TLS_H

#include "abi.h"

enum tls_answer {
	TLS_GOES_ON = 0,	/* of a step: there is a next one */
	TLS_MORE,		/* the bytes so far say nothing yet */
	TLS_NAMED,		/* .name is the server name, in lower case */
	TLS_NO_NAME,		/* TLS without a server name, or a hello that no server would accept */
	TLS_OTHER,		/* not TLS */
};

enum tls_header {		/* which byte of a record's header comes next: RFC 8446 section 5.1 */
	TLS_HEADER_TYPE = 0,
	TLS_HEADER_MAJOR,
	TLS_HEADER_MINOR,
	TLS_HEADER_LENGTH_HIGH,
	TLS_HEADER_LENGTH_LOW,
	TLS_HEADER_SSL2_LENGTH,	/* of a hello in the format of SSL 2.0: RFC 5246, appendix E.2 */
	TLS_HEADER_SSL2_TYPE,
};

enum tls_field {		/* of the handshake message, in their order; those with (s) are skipped */
	TLS_FIELD_TYPE = 0,
	TLS_FIELD_LENGTH,
	TLS_FIELD_VERSION,
	TLS_FIELD_RANDOM,		/* (s) */
	TLS_FIELD_SESSION_BYTES,
	TLS_FIELD_SESSION,		/* (s) */
	TLS_FIELD_CIPHERS_BYTES,
	TLS_FIELD_CIPHERS,		/* (s) */
	TLS_FIELD_COMPRESSION_BYTES,
	TLS_FIELD_COMPRESSION,		/* (s) */
	TLS_FIELD_EXTENSIONS_BYTES,
	TLS_FIELD_EXTENSION_TYPE,
	TLS_FIELD_EXTENSION_BYTES,
	TLS_FIELD_EXTENSION,		/* (s) */
	TLS_FIELD_LIST_BYTES,		/* of the extension server_name */
	TLS_FIELD_NAME_TYPE,
	TLS_FIELD_NAME_BYTES,
	TLS_FIELD_OTHER_NAME,		/* (s) */
	TLS_FIELD_NAME,			/* goes into .name */
};

#define TLS_RECORD_HANDSHAKE 22
#define TLS_RECORD_BYTES_MAX 16384	/* RFC 8446, section 5.1 */
#define TLS_CLIENT_HELLO     1
#define TLS_SERVER_NAME      0		/* extension type, and the type of a name in it that is of a host */

/* All zero at the beginning of a stream but .left and .hello: tls_begin(). */
struct tls_parse {
	__u32 at;		/* offset in the stream of the byte that is wanted next */
	__u32 record;		/* bytes of the record to come */
	__u32 hello;		/* bytes of the message behind the field */
	__u32 left;		/* bytes of the field to come */
	__u32 value;		/* of the field so far */
	__u16 extensions;	/* bytes of extensions behind this one */
	__u16 names;		/* bytes of the list of names behind this one */
	__u8 header;		/* enum tls_header */
	__u8 field;		/* enum tls_field */
	__u8 length_high;	/* of the record: its header may come in the middle of a field */
	__u8 zero;
	struct domain_text name;
};

/* How many steps one packet is worth: a hello of today takes about 250; one that takes this many is of nobody's making. */
#define TLS_STEPS_MAX 1024

static inline __attribute__((always_inline)) void tls_begin(struct tls_parse *parse)
{
	__builtin_memset(parse, 0, sizeof(*parse));
	parse->left = 1;
	parse->hello = 3;	/* until the length has been read */
}

/* Before the first byte of a handshake it may be anything; behind it, it is a hello that went wrong. */
static inline __attribute__((always_inline)) int tls_wrong(const struct tls_parse *parse)
{
	return parse->field == TLS_FIELD_TYPE ? TLS_OTHER : TLS_NO_NAME;
}

static inline __attribute__((always_inline)) int tls_header_byte(struct tls_parse *parse, __u8 byte)
{
	__u8 header = parse->header;

	parse->header = header + 1;
	switch (header) {
	case TLS_HEADER_TYPE:
		if (parse->at == 1 && byte & 0x80)
			parse->header = TLS_HEADER_SSL2_LENGTH;
		else if (byte != TLS_RECORD_HANDSHAKE)
			return tls_wrong(parse);
		return TLS_GOES_ON;
	case TLS_HEADER_MAJOR:
		return byte == 3 ? TLS_GOES_ON : tls_wrong(parse);
	case TLS_HEADER_LENGTH_HIGH:
		parse->length_high = byte;
		return TLS_GOES_ON;
	case TLS_HEADER_LENGTH_LOW:
		parse->record = (__u32)parse->length_high << 8 | byte;
		parse->header = TLS_HEADER_TYPE;
		return parse->record && parse->record <= TLS_RECORD_BYTES_MAX ? TLS_GOES_ON : tls_wrong(parse);
	case TLS_HEADER_SSL2_TYPE:
		return byte == TLS_CLIENT_HELLO ? TLS_NO_NAME : TLS_OTHER;
	}
	return TLS_GOES_ON;
}

/* Go on with a field; more than the message has left is no hello. */
static inline __attribute__((always_inline)) int tls_want(struct tls_parse *parse, enum tls_field field, __u32 bytes)
{
	if (bytes > parse->hello)
		return TLS_NO_NAME;
	parse->hello -= bytes;
	parse->field = field;
	parse->left = bytes;
	return TLS_GOES_ON;
}

static inline __attribute__((always_inline)) int tls_want_extension(struct tls_parse *parse)
{
	if (parse->extensions < 4)
		return TLS_NO_NAME;
	parse->extensions -= 4;
	return tls_want(parse, TLS_FIELD_EXTENSION_TYPE, 2);
}

static inline __attribute__((always_inline)) int tls_want_name(struct tls_parse *parse)
{
	if (parse->names < 3)
		return TLS_NO_NAME;
	parse->names -= 3;
	return tls_want(parse, TLS_FIELD_NAME_TYPE, 1);
}

static inline __attribute__((always_inline)) int tls_extension_begins(struct tls_parse *parse, __u32 type, __u32 bytes)
{
	if (bytes > parse->extensions)
		return TLS_NO_NAME;
	parse->extensions -= bytes;
	if (type != TLS_SERVER_NAME)
		return tls_want(parse, TLS_FIELD_EXTENSION, bytes);
	if (bytes < 2)
		return TLS_NO_NAME;
	parse->names = bytes - 2;
	return tls_want(parse, TLS_FIELD_LIST_BYTES, 2);
}

static inline __attribute__((always_inline)) int tls_name_begins(struct tls_parse *parse, __u32 type, __u32 bytes)
{
	if (bytes > parse->names)
		return TLS_NO_NAME;
	parse->names -= bytes;
	if (type != TLS_SERVER_NAME)
		return tls_want(parse, TLS_FIELD_OTHER_NAME, bytes);
	if (!bytes || bytes > DOMAIN_BYTES + 1)	/* the last dot does not belong there, but does not hide a name */
		return TLS_NO_NAME;
	return tls_want(parse, TLS_FIELD_NAME, bytes);
}

/* One byte of the name; an index that is too large is another byte and nothing worse. */
static inline __attribute__((always_inline)) __u8 *tls_name_at(struct tls_parse *parse, __u32 at)
{
	return (__u8 *)&parse->name + ((__builtin_offsetof(struct domain_text, text) + at) & 255);
}

static inline __attribute__((always_inline)) int tls_name_ends(struct tls_parse *parse)
{
	__u8 *last = tls_name_at(parse, parse->name.bytes - 1);

	if (*last == '.') {
		*last = 0;
		parse->name.bytes--;
	}
	return parse->name.bytes && parse->name.bytes <= DOMAIN_BYTES ? TLS_NAMED : TLS_NO_NAME;
}

/* A field is complete: what comes behind it? */
static inline __attribute__((always_inline)) int tls_next(struct tls_parse *parse)
{
	__u32 value = parse->value;

	/* in "value" stays the type while the length that follows it is read: three bytes are the most that is asked of it */
	if (parse->field != TLS_FIELD_EXTENSION_TYPE && parse->field != TLS_FIELD_NAME_TYPE)
		parse->value = 0;
	switch (parse->field) {
	case TLS_FIELD_TYPE:
		return value == TLS_CLIENT_HELLO ? tls_want(parse, TLS_FIELD_LENGTH, 3) : TLS_OTHER;
	case TLS_FIELD_LENGTH:
		parse->hello = value;
		return tls_want(parse, TLS_FIELD_VERSION, 2);
	case TLS_FIELD_VERSION:
		return value >> 8 == 3 ? tls_want(parse, TLS_FIELD_RANDOM, 32) : TLS_OTHER;
	case TLS_FIELD_RANDOM:
		return tls_want(parse, TLS_FIELD_SESSION_BYTES, 1);
	case TLS_FIELD_SESSION_BYTES:
		return tls_want(parse, TLS_FIELD_SESSION, value);
	case TLS_FIELD_SESSION:
		return tls_want(parse, TLS_FIELD_CIPHERS_BYTES, 2);
	case TLS_FIELD_CIPHERS_BYTES:
		return tls_want(parse, TLS_FIELD_CIPHERS, value);
	case TLS_FIELD_CIPHERS:
		return tls_want(parse, TLS_FIELD_COMPRESSION_BYTES, 1);
	case TLS_FIELD_COMPRESSION_BYTES:
		return tls_want(parse, TLS_FIELD_COMPRESSION, value);
	case TLS_FIELD_COMPRESSION:
		return tls_want(parse, TLS_FIELD_EXTENSIONS_BYTES, 2);
	case TLS_FIELD_EXTENSIONS_BYTES:
		parse->extensions = value;
		return tls_want_extension(parse);
	case TLS_FIELD_EXTENSION_TYPE:
		return tls_want(parse, TLS_FIELD_EXTENSION_BYTES, 2);
	case TLS_FIELD_EXTENSION_BYTES:
		return tls_extension_begins(parse, value >> 16, value & 0xffff);
	case TLS_FIELD_EXTENSION:
		return tls_want_extension(parse);
	case TLS_FIELD_LIST_BYTES:
		if (value < parse->names)
			parse->names = value;
		return tls_want_name(parse);
	case TLS_FIELD_NAME_TYPE:
		return tls_want(parse, TLS_FIELD_NAME_BYTES, 2);
	case TLS_FIELD_NAME_BYTES:
		return tls_name_begins(parse, value >> 16, value & 0xffff);
	case TLS_FIELD_OTHER_NAME:
		return tls_want_name(parse);
	}
	return tls_name_ends(parse);
}

static inline __attribute__((always_inline)) int tls_is_skipped(__u32 field)
{
	const __u32 skipped = 1 << TLS_FIELD_RANDOM | 1 << TLS_FIELD_SESSION | 1 << TLS_FIELD_CIPHERS |
			      1 << TLS_FIELD_COMPRESSION | 1 << TLS_FIELD_EXTENSION | 1 << TLS_FIELD_OTHER_NAME;

	return skipped >> (field & 31) & 1;
}

static inline __attribute__((always_inline)) void tls_skip(struct tls_parse *parse, __u32 end)
{
	__u32 bytes = parse->left;

	if (bytes > parse->record)
		bytes = parse->record;
	if (bytes > end - parse->at)
		bytes = end - parse->at;
	parse->at += bytes;
	parse->record -= bytes;
	parse->left -= bytes;
}

static inline __attribute__((always_inline)) void tls_field_byte(struct tls_parse *parse, __u8 byte)
{
	parse->record--;
	parse->left--;
	if (parse->field != TLS_FIELD_NAME) {
		parse->value = parse->value << 8 | byte;
		return;
	}
	if (byte >= 'A' && byte <= 'Z')
		byte += 'a' - 'A';
	*tls_name_at(parse, parse->name.bytes) = byte;
	parse->name.bytes++;
}

/**
 * tls_step() - one byte, one part that is skipped, or one change of field
 * @parse:  after tls_begin()
 * @source: for TLS_BYTE
 * @base:   what to add to an offset in the stream to have one in @source; may wrap around
 * @end:    offset in the stream behind the last byte that there is; parse->at is not behind it
 *
 * Return: enum tls_answer. After any but TLS_GOES_ON and TLS_MORE there is nothing more to ask.
 */
static inline __attribute__((always_inline)) int tls_step(struct tls_parse *parse, void *source, __u32 base, __u32 end)
{
	__u8 byte = 0;

	if (!parse->left)
		return tls_next(parse);
	if (parse->at >= end)
		return TLS_MORE;
	if (parse->record && tls_is_skipped(parse->field)) {
		tls_skip(parse, end);
		return TLS_GOES_ON;
	}
	if (TLS_BYTE(source, base + parse->at, &byte))
		return tls_wrong(parse);
	parse->at++;
	if (!parse->record)
		return tls_header_byte(parse, byte);
	tls_field_byte(parse, byte);
	return TLS_GOES_ON;
}

#endif
