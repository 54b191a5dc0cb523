/* SPDX-License-Identifier: MIT */
/*
 * domain.c - one spelling for a domain name: lower case, without the dot at its end, other scripts as
 * A-labels (IDNA2008, RFC 5891; mapped by UTS 46, non-transitional, as browsers do). Names that many
 * organisations share are refused with the public suffix list.
 */
#include "canonical.h"
#include "../bpf/abi.h"
#include "diagnostics.h"

#include <arpa/inet.h>
#include <errno.h>
#include <idn2.h>
#include <libpsl.h>
#include <stdbool.h>
#include <string.h>

#define DOMAIN_BYTES_MAX 253 /* RFC 1035 section 2.3.4, as text without the dot at the end */
#define LABEL_BYTES_MAX  63
#define EXPECTED         "expected 'api.example.com', or '*.example.com' for all below it"

/* With its length as well: 192.0.2.0/24 was meant for networks too. */
static bool is_address(const char *text)
{
	size_t bytes = strcspn(text, "/");
	unsigned char address[16];
	char host[64];

	if (bytes >= sizeof(host))
		return false;
	memcpy(host, text, bytes);
	host[bytes] = '\0';
	return inet_pton(AF_INET, host, address) == 1 || inet_pton(AF_INET6, host, address) == 1;
}

/* Things that hold a domain name, but are none. */
static int refuse_form(const char *text, struct problem *out_problem)
{
	const char *host = strstr(text, "://");
	size_t bytes;

	if (is_address(text))
		return problem_set(out_problem,
				   "'%s' is an address, no domain name; write it under 'networks'",
				   quoted(text).text);
	host = host ? host + 3 : text;
	bytes = strcspn(host, ":/");
	if (bytes && bytes < 64 && (host != text || host[bytes]))
		return problem_set(out_problem,
				   "'%s' is more than a domain name; write '%.*s' alone",
				   quoted(text).text, (int)bytes, host);
	if (strchr(text + (!strncmp(text, "*.", 2) ? 2 : 0), '*'))
		return problem_set(
			out_problem,
			"'%s': a '*' may stand at the beginning only, alone in its label; " EXPECTED,
			quoted(text).text);
	return 0;
}

/* Letters, digits, '-' and '_' in labels of the right length. Return: number of labels, 0: it is no name. */
static unsigned count_labels(const char *name)
{
	unsigned labels = 0, bytes = 0;

	for (const char *at = name;; at++) {
		if (*at == '.' || !*at) {
			if (!bytes || bytes > LABEL_BYTES_MAX)
				return 0;
			labels++;
			bytes = 0;
			if (!*at)
				break;
			continue;
		}
		if (!(*at >= 'a' && *at <= 'z') && !(*at >= '0' && *at <= '9') && *at != '-' &&
		    *at != '_')
			return 0;
		bytes++;
	}
	return labels;
}

static int make_ascii(const char *text, char *out, struct problem *out_problem)
{
	uint8_t *ascii = NULL;
	int code;

	code = idn2_lookup_u8((const uint8_t *)text, &ascii, IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL);
	if (code == IDN2_MALLOC)
		return -ENOMEM;
	if (code != IDN2_OK)
		return problem_set(out_problem, "'%s' cannot be a domain name: %s; " EXPECTED,
				   quoted(text).text, idn2_strerror(code));
	strcpy(out, (const char *)ascii); /* at most 255 bytes, or idn2 refuses it */
	idn2_free(ascii);
	return 0;
}

/*
 * The list that was built into libpsl, so that a host answers as its tests did. The rule "*" of the list is
 * left out: it would make a suffix of the last label of a name in a private zone.
 */
static int refuse_suffix(const char *text, const char *name, struct problem *out_problem)
{
	const psl_ctx_t *list = psl_builtin();

	if (!list)
		return problem_set(out_problem,
				   "'%s' cannot be checked: libpsl has no list of public suffixes",
				   quoted(text).text);
	if (psl_is_public_suffix2(list, name, PSL_TYPE_ICANN | PSL_TYPE_NO_STAR_RULE))
		return problem_set(
			out_problem,
			"'%s' is a public suffix: everybody registers names below '%s'; write the vendor's own, as '*.example.%s'",
			quoted(text).text, name, name);
	if (psl_is_public_suffix2(list, name, PSL_TYPE_PRIVATE | PSL_TYPE_NO_STAR_RULE))
		return problem_set(
			out_problem,
			"'%s' is shared by many organisations, the customers of one service; write the names that the vendor has there, as 'example.%s'",
			quoted(text).text, name);
	return 0;
}

static int make_name(const char *text, bool suffixes, char *out, struct problem *out_problem)
{
	bool below = !strncmp(text, "*.", 2), ascii = true;
	const char *name = text + (below ? 2 : 0);
	char *at = below ? stpcpy(out, "*.") : out;
	size_t bytes;
	int err = refuse_form(text, out_problem);

	if (err < 0)
		return err;
	for (bytes = 0; name[bytes]; bytes++) {
		ascii &= (unsigned char)name[bytes] < 0x80;
		at[bytes] = name[bytes] >= 'A' && name[bytes] <= 'Z' ? (char)(name[bytes] + 32)
								     : name[bytes];
	}
	at[bytes] = '\0';
	if (!ascii) {
		err = make_ascii(name, at, out_problem);
		if (err < 0)
			return err;
		bytes = strlen(at);
	}
	if (bytes && at[bytes - 1] == '.')
		at[--bytes] = '\0';

	if (bytes <= DOMAIN_BYTES_MAX) {
		unsigned labels = count_labels(at);

		err = labels && !suffixes ? refuse_suffix(text, at, out_problem) : 0;
		if (!err && !suffixes && labels + below > PATH_COMPONENTS_MAX)
			return problem_set(out_problem,
					   "'%s' has more than %d labels; no rule can name it",
					   quoted(text).text, PATH_COMPONENTS_MAX);
		if (err < 0 || labels > 1)
			return err;
	}
	return problem_set(out_problem, "'%s' is no domain name that can be named here; " EXPECTED,
			   quoted(text).text);
}

int canonical_domain(const char *text, char *out, struct problem *out_problem)
{
	return make_name(text, false, out, out_problem);
}

int canonical_name(const char *text, char *out, struct problem *out_problem)
{
	return make_name(text, true, out, out_problem);
}
