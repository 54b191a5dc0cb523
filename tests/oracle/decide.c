// SPDX-License-Identifier: MIT
/*
 * decide.c - what the product decides, for comparison with the oracle: documents and attempts on standard
 * input, one answer a line on standard output. Everything is the real thing: the readers, the compiler, and
 * the kernel's own decision code compiled for the host (policy/match.h). One process decides any number of
 * rounds.
 *
 *	catalog BYTES		and that many bytes of YAML follow: a vendor; policy BYTES likewise
 *	labels NAME=VALUE...	the host's labels are known; without this line they are not
 *	read-at SECONDS		the time at which the policy is read
 *	keep			what is compiled is written to a file and read again, as over a reboot
 *	go			answers "ready" or "refused MESSAGE"
 *	exec CGROUP UID SECONDS HELD PAUSED PATH
 *	connect CGROUP UID SECONDS HELD PAUSED ADDRESS PORT PROTOCOL [PATH]	PATH: of the program that connects
 *	domain CGROUP UID SECONDS HELD PAUSED NAME
 *	file CGROUP UID SECONDS HELD PAUSED NAME=VALUE...	exec with more that is known; see take_fact()
 *	end			of the round
 *	mode TARGET TARGET-HELD-BY CAP PAUSE BREAKER REQUIREMENT STAGE
 *
 * Words are separated by tabs. HELD is some of the letters c b r s or '-'; PAUSED is vendors with commas between,
 * "everything", or '-'.
 */
#include "../../policy/match.h"
#include "../../policy/model.h"
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define WORDS_MAX 80

/* What was read of a round. */
struct round {
	struct catalog *catalog;
	struct yaml_tree *tree; /* of the policy, until it is read */
	struct policy *policy;
	struct generation *generation;
	struct match_index *index; /* of it */
	struct diagnostics diags;
	char *labels; /* the line that names them */
	bool keep;
	const char *names[WORDS_MAX], *values[WORDS_MAX];
	struct policy_host host;
};

static _Noreturn void fail(const char *what)
{
	fprintf(stderr, "oracle-decide: %s\n", what);
	exit(3);
}

static int user_id(void *context, const char *name, __u32 *out_uid)
{
	static const struct {
		const char *name;
		__u32 uid;
	} users[] = {{"root", 0}, {"alice", 1000}, {"bob", 1001}, {"carol", 4294967294u}};

	for (size_t i = 0; i < sizeof(users) / sizeof(users[0]); i++) {
		if (!strcmp(users[i].name, name)) {
			*out_uid = users[i].uid;
			return 0;
		}
	}
	return -ENOENT;
}

static void round_begin(struct round *round)
{
	memset(round, 0, sizeof(*round));
	round->catalog = catalog_new();
	if (!round->catalog)
		fail("no memory");
	round->host.user_id = user_id;
}

static void round_end(struct round *round)
{
	match_index_free(round->index);
	generation_free(round->generation);
	policy_free(round->policy);
	yaml_tree_free(round->tree);
	catalog_free(round->catalog);
	diagnostics_done(&round->diags);
	free(round->labels);
}

/* The words of a line, in place. Returns how many. */
static size_t split(char *line, char **words)
{
	size_t count = 0;

	for (char *word = line; word && count < WORDS_MAX; count++) {
		words[count] = word;
		word = strchr(word, '\t');
		if (word)
			*word++ = 0;
	}
	return count;
}

static struct yaml_tree *read_document(struct round *round, const char *name,
				       const char *bytes_text)
{
	size_t bytes = strtoul(bytes_text, NULL, 10);
	struct yaml_tree *tree = NULL;
	char *text = malloc(bytes + 1);

	if (!text || fread(text, 1, bytes, stdin) != bytes)
		fail("a document that is cut off");
	(void)yaml_tree_parse(name, text, bytes, &round->diags, &tree); /* errors are in the list */
	free(text);
	return tree;
}

static void read_labels(struct round *round, const char *line)
{
	char *words[WORDS_MAX];
	size_t count;

	round->labels = strdup(line);
	if (!round->labels)
		fail("no memory");
	count = split(round->labels, words);
	for (size_t i = 1; i < count; i++) {
		char *value = strchr(words[i], '=');

		if (!value)
			fail("a label without '='");
		*value++ = 0;
		round->names[i - 1] = words[i];
		round->values[i - 1] = value;
	}
	round->host.label_names = round->names;
	round->host.label_values = round->values;
	round->host.label_count = count - 1;
	round->host.labels_known = true;
}

static void refused(const struct round *round)
{
	for (size_t i = 0; i < round->diags.count; i++) {
		const struct diagnostic *d = &round->diags.list[i];

		if (d->severity == SEVERITY_ERROR) {
			printf("refused\t%s:%u:%u: %s\n", d->file, d->line, d->column, d->message);
			return;
		}
	}
	printf("refused\twithout a word\n");
}

/* The last good policy of a host is this file; it has to decide the same. */
static void save_and_load(struct round *round)
{
	char directory[] = "/tmp/embargo-oracle.XXXXXX", path[sizeof(directory) + 8];
	struct generation *again = NULL;
	int err;

	if (!mkdtemp(directory))
		fail("cannot make a directory in /tmp");
	snprintf(path, sizeof(path), "%s/policy", directory);
	err = generation_save(round->generation, path);
	if (!err)
		err = generation_load(path, &again);
	(void)unlink(path); /* an error left it, or there is none */
	(void)rmdir(directory);
	if (err)
		fail(strerror(-err));
	generation_free(round->generation);
	round->generation = again;
}

static void go(struct round *round)
{
	struct yaml_tree *tree = round->tree;
	int err = -EINVAL;

	round->tree = NULL;
	catalog_finish(round->catalog, &round->diags);
	if (tree && !round->diags.errors)
		err = policy_read(tree, round->catalog, &round->host, &round->diags,
				  &round->policy);
	else
		yaml_tree_free(tree);
	if (!err)
		err = policy_compile(round->policy, &round->diags, &round->generation);
	if (err) {
		refused(round);
		return;
	}
	if (round->keep)
		save_and_load(round);
	if (match_index_new(round->generation, &round->index))
		fail("no memory");
	printf("ready\n");
}

/* Is the vendor of this rule paused? By the key that the kernel would look up. */
static bool is_paused(const struct generation *generation, const struct generation_rule *rule,
		      const char *paused)
{
	struct gen_key key = {.kind = GEN_RULE, .node = (__u32)(rule - generation->rules) + 1};
	const union gen_value *value = generation_find(generation, &key);

	if (!value)
		fail("a rule without its entry");
	while (*paused && strcmp(paused, "-")) {
		size_t bytes = strcspn(paused, ",");

		if ((bytes == 10 && !strncmp(paused, "everything", 10)) ||
		    name_hash(paused, bytes) == value->rule.vendor)
			return true;
		paused += bytes + (paused[bytes] == ',');
	}
	return false;
}

static bool has_requirements(const struct generation *generation)
{
	struct gen_key key = {.kind = GEN_HEADER};
	const union gen_value *value = generation_find(generation, &key);

	return value && value->header.flags & GEN_FLAG_REQUIRES;
}

struct where {
	unsigned family;
	__u64 a, b;
};

static struct where read_address(const char *text)
{
	struct in6_addr six;
	struct in_addr four;
	__u32 part[4];

	if (inet_pton(AF_INET, text, &four) == 1)
		return (struct where){4, ntohl(four.s_addr), 0};
	if (inet_pton(AF_INET6, text, &six) != 1)
		fail("no address");
	for (int i = 0; i < 4; i++) {
		memcpy(&part[i], six.s6_addr + 4 * i, 4);
		part[i] = ntohl(part[i]);
	}
	if (IN6_IS_ADDR_V4MAPPED(&six)) /* the caller's part of the border, as in the hook */
		return (struct where){4, part[3], 0};
	return (struct where){6, (__u64)part[0] << 32 | part[1], (__u64)part[2] << 32 | part[3]};
}

/* What holds back is of a rule: a vendor is paused. */
static struct match_decision decide_held(const struct generation *generation,
					 const struct match *match, const struct match_subject *who,
					 char **words)
{
	const char *held = words[4], *paused = words[5];
	struct match_subject subject = *who;

	subject.capped = strchr(held, 'c');
	subject.breaker_open = strchr(held, 'b');
	subject.stage_held = strchr(held, 's');
	subject.requirement_unmet = strchr(held, 'r') && has_requirements(generation);
	subject.paused = match->rule && is_paused(generation, match->rule, paused);
	return match_decide(generation, match, &subject);
}

/* The rule that contains a program with this file since it was executed, in whatever mode. */
static const struct generation_rule *contained_by(const struct generation *generation,
						  const struct match_subject *who, const char *path)
{
	const struct match match = match_path(generation, path);
	struct match_decision decision = match_decide(generation, &match, who);
	bool marked = decision.in_scope && match.rule && match.rule->action == ACTION_CONTAIN &&
		      !decision.let_through;

	return marked ? match.rule : NULL;
}

static struct match_decision decide_connect(const struct generation *generation,
					    const struct match_subject *who, char **words,
					    size_t count)
{
	unsigned port = strtoul(words[7], NULL, 10), protocol = strtoul(words[8], NULL, 10);
	const struct where to = read_address(words[6]);
	struct match match = match_address(generation, to.family, to.a, to.b, protocol, port);
	struct match_decision decision = decide_held(generation, &match, who, words);
	const struct generation_rule *contained =
		count == 10 ? contained_by(generation, who, words[9]) : NULL;

	if (!contained || decision.verdict == VERDICT_DENY ||
	    match_internal(generation, to.family, to.a, to.b))
		return decision;
	match = (struct match){.rule = contained, .allow = match.allow, .leaves = true};
	return decide_held(generation, &match, who, words);
}

static void answer(struct match_decision decision, bool module)
{
	const char *verdict =
		decision.contained && !module ? "contain" : verdict_word(decision.verdict);

	printf("%s\t%s\t%s\t%s\t%s\t%s\t%s\n",
	       decision.match.undecided ? "undecided"
	       : decision.in_scope      ? "in"
					: "out",
	       decision.match.rule ? decision.match.rule->id : "-",
	       decision.match.allow ? decision.match.allow->id : "-", verdict,
	       decision.match.rule ? mode_word(decision.mode) : "-", held_by_word(decision.held_by),
	       let_through_word(decision.let_through));
}

/* The smaller of two numbers, where 0 is none: what a fact keeps of several rules. */
static __u32 first_of(__u32 a, __u32 b)
{
	return !a || (b && b < a) ? b : a;
}

/* What the agent would have learned about a file: the numbers of what it is known as. */
static void learn(const struct round *round, struct match match, __u32 *deny, __u32 *allow)
{
	*deny = first_of(*deny, match_number(round->generation, match.rule));
	if (allow)
		*allow = first_of(*allow, match_number(round->generation, match.allow));
}

/* One thing that is known of a file. "known" is a path under which it was found; "copy-" is of another file with this content. */
static void take_fact(const struct round *round, char *word, struct match_file *file)
{
	char *value = strchr(word, '=');
	bool copy = !strncmp(word, "copy-", 5);
	__u32 *deny = copy ? &file->copy_deny : &file->identity_deny;
	__u32 *allow = copy ? NULL : &file->identity_allow;

	if (!value)
		fail("a fact without '='");
	*value++ = 0;
	word += copy ? 5 : 0;
	if (!strcmp(word, "path"))
		file->path = value;
	else if (!strcmp(word, "digest"))
		file->digest = value;
	else if (!strcmp(word, "module"))
		file->module = value;
	else if (!strcmp(word, "away"))
		file->away = true;
	else if (!strcmp(word, "protected"))
		file->is_protected = true;
	else if (!strcmp(word, "opened"))
		file->opened = true;
	else if (!strcmp(word, "known"))
		learn(round, match_path(round->generation, value), deny, allow);
	else if (!strcmp(word, "package"))
		learn(round, match_text(round->index, MATCHER_PACKAGE, value), deny, allow);
	else if (!strcmp(word, "vendor"))
		learn(round, match_text(round->index, MATCHER_PACKAGE_VENDOR, value), deny, allow);
	else
		fail("an unknown fact");
}

static struct match match_known(const struct round *round, char **words, size_t count)
{
	struct match_file file = {0};

	for (size_t i = 0; i < count; i++)
		take_fact(round, words[i], &file);
	return match_file(round->generation, &file);
}

static bool is_module(char **words, size_t count)
{
	bool module = false;

	for (size_t i = 6; i < count; i++)
		module |= !strncmp(words[i], "module", 6);
	return !strcmp(words[0], "file") && module;
}

static void attempt(const struct round *round, char **words, size_t count)
{
	struct match_subject subject = {0};
	struct match match = {0};

	if (!round->generation)
		return; /* the refusal was the answer */
	subject.cgroup = words[1];
	subject.uid = strtoul(words[2], NULL, 10);
	subject.now_s = strtoll(words[3], NULL, 10);
	if (!strcmp(words[0], "exec") && count == 7)
		match = match_path(round->generation, words[6]);
	else if (!strcmp(words[0], "file") && count > 6)
		match = match_known(round, words + 6, count - 6);
	else if (!strcmp(words[0], "domain") && count == 7)
		match = match_domain(round->generation, words[6]);
	else if (strcmp(words[0], "connect") || count < 9 || count > 10)
		fail("an attempt with too few or too many words");
	if (!strcmp(words[0], "connect"))
		answer(decide_connect(round->generation, &subject, words, count), false);
	else
		answer(decide_held(round->generation, &match, &subject, words),
		       is_module(words, count));
}

static void mode(char **words, size_t count)
{
	struct mode_inputs in;
	struct effective_mode out;
	__u8 *members[] = {&in.target,       &in.target_held_by,    &in.capped,    &in.paused,
			   &in.breaker_open, &in.requirement_unmet, &in.stage_held};

	if (count != 8)
		fail("a mode with too few or too many words");
	for (size_t i = 0; i < 7; i++)
		*members[i] = strtoul(words[i + 1], NULL, 10);
	out = mode_effective(&in);
	printf("%s\t%s\n", mode_word(out.mode), held_by_word(out.held_by));
}

static void take_line(struct round *round, char *line)
{
	char *words[WORDS_MAX];
	size_t count;

	if (!strncmp(line, "labels", 6)) {
		read_labels(round, line);
		return;
	}
	count = split(line, words);
	if (!strcmp(words[0], "catalog") && count == 2) {
		struct yaml_tree *tree = read_document(round, "vendor.yaml", words[1]);

		if (tree && catalog_add(round->catalog, tree, 0, &round->diags))
			fail("no memory");
	} else if (!strcmp(words[0], "policy") && count == 2 && !round->tree) {
		round->tree = read_document(round, "policy.yaml", words[1]);
	} else if (!strcmp(words[0], "read-at") && count == 2) {
		round->host.now_s = strtoll(words[1], NULL, 10);
	} else if (!strcmp(words[0], "keep")) {
		round->keep = true;
	} else if (!strcmp(words[0], "go")) {
		go(round);
	} else if (!strcmp(words[0], "mode")) {
		mode(words, count);
	} else if (!strcmp(words[0], "end")) {
		round_end(round);
		round_begin(round);
		(void)fflush(stdout); /* an error is an answer that is missing */
	} else {
		attempt(round, words, count);
	}
}

int main(void)
{
	struct round round;
	char *line = NULL;
	size_t size = 0;
	ssize_t bytes;

	round_begin(&round);
	while ((bytes = getline(&line, &size, stdin)) > 0) {
		if (line[bytes - 1] == '\n')
			line[bytes - 1] = 0;
		take_line(&round, line);
	}
	round_end(&round);
	free(line);
	return ferror(stdin) || fflush(stdout) ? 3 : 0;
}
