/* SPDX-License-Identifier: MIT */
/*
 * answer.c - the resolver's answers. Which trick's addresses a name has is in the name: the first label that is one
 * letter and a number. What is before it says how the answer is to be:
 *
 *   ttl0     it may be kept for no second
 *   several  another address comes first, which nobody else has
 *   chain    through eight aliases
 *   order    the address comes before the alias that leads to it
 *   big      behind 1,000 bytes of text
 */
#include "net.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

enum { TYPE_A = 1, TYPE_CNAME = 5, TYPE_TXT = 16, TYPE_AAAA = 28, HEADER = 12, CHAIN = 8 };

struct answer {
	uint8_t *bytes;
	size_t used, room;
	unsigned records;
};

static void put(struct answer *answer, const void *bytes, size_t count)
{
	if (answer->used + count > answer->room)
		return;
	memcpy(answer->bytes + answer->used, bytes, count);
	answer->used += count;
}

static void put16(struct answer *answer, unsigned value)
{
	put(answer, (uint8_t[]){ (uint8_t)(value >> 8), (uint8_t)value }, 2);
}

/* A name without compression, labels from text. */
static void put_name(struct answer *answer, const char *name)
{
	while (*name) {
		size_t length = strcspn(name, ".");

		put(answer, (uint8_t[]){ (uint8_t)length }, 1);
		put(answer, name, length);
		name += length + (name[length] == '.');
	}
	put(answer, "", 1);
}

/* The head of a record; @owner NULL: the question's name, by a pointer. Returns where its length goes. */
static size_t begin(struct answer *answer, const char *owner, unsigned type, unsigned ttl)
{
	if (owner)
		put_name(answer, owner);
	else
		put16(answer, 0xc000 | HEADER);
	put16(answer, type);
	put16(answer, 1);
	put16(answer, ttl >> 16);
	put16(answer, ttl & 0xffff);
	put16(answer, 0);
	answer->records++;
	return answer->used;
}

static void end(struct answer *answer, size_t began)
{
	answer->bytes[began - 2] = (uint8_t)((answer->used - began) >> 8);
	answer->bytes[began - 1] = (uint8_t)(answer->used - began);
}

static void put_address(struct answer *answer, const char *owner, unsigned type, unsigned number, unsigned ttl)
{
	uint8_t four[] = { 198, 18, (uint8_t)number, 1 };
	uint8_t six[16] = { 0xfd, 0x18, [6] = (uint8_t)(number >> 8), [7] = (uint8_t)number, [15] = 1 };
	size_t at = begin(answer, owner, type, ttl);

	put(answer, type == TYPE_A ? four : six, type == TYPE_A ? sizeof(four) : sizeof(six));
	end(answer, at);
}

static void put_alias(struct answer *answer, const char *owner, const char *target)
{
	size_t at = begin(answer, owner, TYPE_CNAME, 300);

	put_name(answer, target);
	end(answer, at);
}

static void put_chain(struct answer *answer, const char *denied, unsigned number)
{
	char owner[128] = "", target[128];

	for (unsigned i = 0; i < CHAIN; i++) {
		if (i == CHAIN - 1)
			snprintf(target, sizeof(target), "%s", denied);
		else
			snprintf(target, sizeof(target), "link%u.of%u.customer.example", i, number);
		put_alias(answer, *owner ? owner : NULL, target);
		memcpy(owner, target, sizeof(owner));
	}
}

static void put_text(struct answer *answer)
{
	char text[101];

	memset(text, 'x', sizeof(text));
	text[0] = 100;
	for (int i = 0; i < 10; i++) {
		size_t at = begin(answer, NULL, TYPE_TXT, 300);

		put(answer, text, sizeof(text));
		end(answer, at);
	}
}

/* A question's name as text, lower case. Returns the bytes of it in the message; 0: it is none. */
static size_t read_name(const uint8_t *bytes, size_t size, char *out, size_t room)
{
	size_t at = 0, used = 0;

	while (at < size && bytes[at]) {
		size_t length = bytes[at];

		if (length > 63 || at + 1 + length >= size || used + length + 2 > room)
			return 0;
		for (size_t i = 0; i < length; i++) {
			char c = (char)bytes[at + 1 + i];

			out[used++] = c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
		}
		out[used++] = '.';
		at += 1 + length;
	}
	out[used ? used - 1 : 0] = '\0';
	return at < size ? at + 1 : 0;
}

/* The trick's number in the first label that is a letter and a number; its letter, too. */
static char find_number(const char *name, unsigned *out)
{
	while (*name) {
		char letter, dot;

		if (sscanf(name, "%c%3u%c", &letter, out, &dot) == 3 && dot == '.' && strchr("nia", letter))
			return letter;
		name += strcspn(name, ".");
		name += *name == '.';
	}
	return '\0';
}

static void answer_name(struct answer *answer, const char *name, unsigned type)
{
	char denied[64];
	unsigned number, ttl = strstr(name, "ttl0.") ? 0 : 300;
	char letter = find_number(name, &number);
	bool is_alias = letter == 'a', late = strstr(name, "order.") != NULL;

	if (!letter || (type != TYPE_A && type != TYPE_AAAA))
		return;
	snprintf(denied, sizeof(denied), DENIED_FORM, number);
	if (strstr(name, "big."))
		put_text(answer);
	if (is_alias && strstr(name, "chain."))
		put_chain(answer, denied, number);
	else if (is_alias && !late)
		put_alias(answer, NULL, denied);
	if (strstr(name, "several."))
		put_address(answer, NULL, type, OF_NOBODY, ttl);
	put_address(answer, is_alias ? denied : NULL, type, number, ttl);
	if (is_alias && late)
		put_alias(answer, NULL, denied);
}

size_t answer_build(const uint8_t *question, size_t size, uint8_t *out, size_t room)
{
	struct answer answer = { .bytes = out, .room = room };
	char name[256];
	size_t length;

	if (size < HEADER + 5)
		return 0;
	length = read_name(question + HEADER, size - HEADER, name, sizeof(name));
	if (!length || HEADER + length + 4 > size)
		return 0;
	put(&answer, question, HEADER + length + 4);
	answer_name(&answer, name, question[HEADER + length + 1]);
	out[2] = 0x84;	/* an answer, of who knows */
	out[3] = 0x80;
	memset(out + 4, 0, 8);
	out[5] = 1;
	out[7] = (uint8_t)answer.records;
	return answer.used;
}
