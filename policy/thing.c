/* SPDX-License-Identifier: MIT */
/*
 * thing.c - see thing.h
 */
#include "thing.h"
#include "fact.h"
#include "policy.h"

#include <errno.h>
#include <string.h>

/* A hook or a kind of fact that begins to be enforced loses its reason here, or in fact.c. */
static const struct thing_kind kinds[] = {
	{"exec", HOOK_EXEC, MATCHER_PATH, NULL},
	{"load", HOOK_LOAD, MATCHER_PATH, NULL},
	{"connect", HOOK_CONNECT, MATCHER_NETWORK, NULL},
	{"digest", HOOK_NONE, MATCHER_DIGEST, NULL},
	{"package", HOOK_NONE, MATCHER_PACKAGE, NULL},
	{"package-vendor", HOOK_NONE, MATCHER_PACKAGE_VENDOR, NULL},
	{"module", HOOK_MODULE, MATCHER_MODULE, NULL},
	{"domain", HOOK_NAME, MATCHER_DOMAIN, NULL},
	{"unit", HOOK_NONE, MATCHER_UNIT, NULL},
	{"image", HOOK_NONE, MATCHER_IMAGE, NULL},
	{"marker", HOOK_NONE, MATCHER_MARKER, NULL},
	{"repository", HOOK_NONE, MATCHER_REPOSITORY, NULL},
	{0},
};

const struct thing_kind *thing_kinds(void)
{
	return kinds;
}

const struct thing_kind *thing_kind(const char *word, size_t bytes)
{
	for (const struct thing_kind *kind = kinds; kind->word; kind++)
		if (strlen(kind->word) == bytes && !memcmp(kind->word, word, bytes))
			return kind;
	return NULL;
}

/* ---------------------------------------------------------------- paths */

/* A file as the kernel knows it, after it followed every link: what a hook sees. */
static int read_path(const char *text, struct problem *out_problem)
{
	if (*text != '/')
		return problem_set(out_problem,
				   "'%s' does not begin with '/'; write the whole path",
				   quoted(text).text);
	if (strpbrk(text, "*?"))
		return problem_set(out_problem, "'%s' is a pattern; write the path of one file",
				   quoted(text).text);
	for (const char *name = text; *name; name += strcspn(name, "/")) {
		size_t bytes = strcspn(++name, "/");

		if (bytes == 0)
			return problem_set(out_problem, "'%s' names no file: '/' %s",
					   quoted(text).text,
					   *name ? "is there twice" : "is at its end");
		if (!strncmp(name, "..", bytes) && bytes <= 2)
			return problem_set(
				out_problem,
				"'%s' goes through '%.*s'; rules see the file that it leads to: write that path",
				quoted(text).text, (int)bytes, name);
	}
	return 0;
}

/* ---------------------------------------------------------------- addresses */

/* "443" or "443/udp", behind the colon. */
static int read_port(const char *text, const char *whole, struct thing *thing,
		     struct problem *out_problem)
{
	const char *slash = strchrnul(text, '/');
	unsigned long port = 0;
	int protocol = THING_PROTOCOL;

	for (const char *at = text; at < slash; at++)
		port = *at < '0' || *at > '9' || port > 65535 ? 65536
							      : port * 10 + (unsigned)(*at - '0');
	if (!port || port > 65535)
		return problem_set(out_problem,
				   "'%.*s' in '%s' is no port; expected a number from 1 to 65535",
				   (int)(slash - text), text, quoted(whole).text);
	if (*slash)
		protocol = network_parse_protocol(slash + 1);
	if (protocol <= 0)
		return problem_set(out_problem,
				   "'%s' in '%s' is no protocol; expected tcp, udp or sctp",
				   quoted(slash + 1).text, quoted(whole).text);
	thing->port = (__u16)port;
	thing->protocol = (__u8)protocol;
	return 0;
}

static int refuse_address(const char *text, struct problem *out_problem)
{
	/* no hexadecimal digit: then it is a name */
	bool name = strpbrk(text, "ghijklmnopqrstuvwxyz") != NULL;

	return problem_set(
		out_problem,
		"'%s' is no address; expected one as 192.0.2.1:443 or [2001:db8::1]:443/udp%s",
		quoted(text).text, name ? ", or 'domain' for a name" : "");
}

static int read_address(const char *text, struct thing *thing, struct problem *out_problem)
{
	const char *colon = strchr(text, ':'), *begin = text, *end = strchr(text, 0), *port = NULL;
	struct rule_network network = {0};
	struct network_problem ignored;
	char address[64];

	if (*text == '[') { /* RFC 3986 section 3.2.2 */
		begin++;
		end = strchr(text, ']');
		if (!end || (end[1] && end[1] != ':'))
			return refuse_address(text, out_problem);
		port = end[1] ? end + 2 : NULL;
	} else if (colon && !strchr(colon + 1, ':')) {
		end = colon;
		port = colon + 1;
	}
	if ((size_t)(end - begin) >= sizeof(address) || memchr(begin, '/', end - begin))
		return refuse_address(text, out_problem);
	memcpy(address, begin, end - begin);
	address[end - begin] = '\0';
	if (network_parse_cidr(address, &network, &ignored) < 0)
		return refuse_address(text, out_problem);
	thing->family = network.family;
	thing->a = network.a;
	thing->b = network.b;
	thing->port = THING_PORT;
	thing->protocol = THING_PROTOCOL;
	return port ? read_port(port, text, thing, out_problem) : 0;
}

/* ---------------------------------------------------------------- names */

/* In the arena; NULL after a problem. */
static const char *canonical(unsigned matcher, const char *text, struct arena *arena,
			     struct problem *out_problem)
{
	char out[CANONICAL_BYTES];
	const char *copy = text;
	int err = 0;

	if (matcher != MATCHER_PATH && matcher != MATCHER_NETWORK) {
		err = fact_canonical_thing(matcher, text, out, out_problem);
		copy = out;
	}
	copy = err < 0 ? NULL : arena_text(arena, copy, strlen(copy));
	if (!copy && err != -EINVAL)
		(void)problem_set(out_problem, "out of memory");
	return copy;
}

static int read_name(unsigned matcher, const char *text, struct problem *out_problem)
{
	bool wild = matcher == MATCHER_DOMAIN ? strchr(text, '*') != NULL
					      : matcher != MATCHER_DIGEST && strpbrk(text, "*?");

	if (!*text)
		return problem_set(out_problem,
				   "the text '' is empty; expected at least one character");
	if (wild)
		return problem_set(out_problem, "'%s' is a pattern; write one name",
				   quoted(text).text);
	return 0;
}

int thing_read(const struct thing_kind *kind, const char *text, struct arena *arena,
	       struct thing *out_thing, struct problem *out_problem)
{
	struct thing thing = {.hook = kind->hook, .matcher = kind->matcher};
	int err;

	if (kind->matcher == MATCHER_PATH)
		err = read_path(text, out_problem);
	else if (kind->matcher == MATCHER_NETWORK)
		err = read_address(text, &thing, out_problem);
	else
		err = read_name(kind->matcher, text, out_problem);
	if (err < 0)
		return err;
	thing.text = canonical(kind->matcher, text, arena, out_problem);
	if (!thing.text)
		return -EINVAL;
	*out_thing = thing;
	return 0;
}

static const struct thing_kind *kind_of(const struct thing *thing)
{
	const struct thing_kind *kind = kinds;

	while (kind->word && (kind->hook != thing->hook || kind->matcher != thing->matcher))
		kind++;
	return kind;
}

void thing_format(const struct thing *thing, FILE *out)
{
	char text[NETWORK_TEXT_BYTES];
	struct rule_network network = {
		.family = thing->family,
		.bits = thing->family == 4 ? 32 : 128,
		.protocol = thing->protocol,
		.a = thing->a,
		.b = thing->b,
	};

	fputs(kind_of(thing)->word ?: "?", out);
	if (thing->matcher != MATCHER_NETWORK) {
		fprintf(out, " %s", thing->text);
		return;
	}
	network_format(&network, text);
	fprintf(out, " %.*s port %u%s", (int)strcspn(text, "/"), text, thing->port,
		text + strcspn(text, " "));
}

/* ---------------------------------------------------------------- asking */

const char *outcome_word(unsigned outcome)
{
	static const char *const words[] = {
		[OUTCOME_UNKNOWN] = "unknown",     [OUTCOME_DENY] = "deny",
		[OUTCOME_AUDIT] = "audit",         [OUTCOME_ALLOW] = "allow",
		[OUTCOME_NONE] = "none",           [OUTCOME_NOT_ENFORCED] = "not-enforced",
		[OUTCOME_UNDECIDED] = "undecided", [OUTCOME_CONTAIN] = "contain",
	};
	_Static_assert(sizeof(words) / sizeof(*words) == OUTCOME_MAX, "a word for each outcome");

	return outcome < OUTCOME_MAX ? words[outcome] : NULL;
}

struct match thing_match(const struct generation *generation, const struct match_index *index,
			 const struct thing *thing)
{
	struct match match = {0};

	switch (thing->matcher) {
	case MATCHER_PATH:
		match = match_path(generation, thing->text);
		break;
	case MATCHER_NETWORK:
		match = match_address(generation, thing->family, thing->a, thing->b,
				      thing->protocol, thing->port);
		break;
	case MATCHER_DIGEST:
		match = match_digest(generation, thing->text);
		break;
	case MATCHER_MODULE:
		match = match_module(generation, thing->text);
		break;
	case MATCHER_DOMAIN:
		match = match_domain(generation, thing->text);
		break;
	default:
		break;
	}
	if (match.rule || match.undecided || !index || thing->matcher == MATCHER_PATH ||
	    thing->matcher == MATCHER_NETWORK)
		return match;
	return match_text(index, thing->matcher, thing->text); /* only listed, or for finding */
}

/* Of a rule that contains: as the hooks, which record what runs, and modules, which cannot be contained. */
static enum outcome outcome_of_contain(const struct match_decision *decision, unsigned hook)
{
	if (hook == HOOK_LOAD)
		return OUTCOME_NONE;
	return decision->contained && hook != HOOK_MODULE ? OUTCOME_CONTAIN : OUTCOME_AUDIT;
}

static enum outcome outcome_of(const struct match_decision *decision, unsigned hook, bool enforced)
{
	if (decision->match.undecided)
		return OUTCOME_UNDECIDED;
	if (!decision->match.rule || !decision->in_scope)
		return OUTCOME_NONE;
	if (decision->let_through)
		return OUTCOME_ALLOW;
	if (!enforced)
		return OUTCOME_NOT_ENFORCED;
	if (decision->match.rule->action == ACTION_CONTAIN && !decision->match.leaves)
		return outcome_of_contain(decision, hook);
	return decision->verdict == VERDICT_DENY ? OUTCOME_DENY : OUTCOME_AUDIT;
}

/* Who is contained reaches the internal networks only; what nobody may reach is refused by its own rule. */
static struct match_decision decide_contained(const struct generation *generation,
					      const struct thing *thing,
					      const struct match_subject *subject,
					      struct match_decision decision)
{
	const struct match match = {
		.rule = subject->contained, .allow = decision.match.allow, .leaves = true};

	if (thing->matcher != MATCHER_NETWORK || decision.verdict == VERDICT_DENY ||
	    match_internal(generation, thing->family, thing->a, thing->b))
		return decision;
	return match_decide(generation, &match, subject);
}

struct answer thing_ask(const struct generation *generation, const struct match_index *index,
			const struct thing *thing, const struct match_subject *subject)
{
	struct match match = thing_match(generation, index, thing);
	struct answer answer = {.decision = match_decide(generation, &match, subject)};
	const char *why = kind_of(thing)->why;
	bool listed = match.rule && !match_is_enforced(generation, match.rule);

	if (subject->contained)
		answer.decision = decide_contained(generation, thing, subject, answer.decision);
	answer.outcome = outcome_of(&answer.decision, thing->hook, !why && !listed);
	if (answer.outcome != OUTCOME_NOT_ENFORCED)
		return answer;
	if (!why)
		why = *match.rule->why ? match.rule->why : "it is for finding and reporting only";
	answer.why = why;
	return answer;
}
