/* SPDX-License-Identifier: MIT */
/*
 * cmd_policy_explain.c - embargo policy explain: one question, and the answer in sentences.
 */
#include "clean.h"
#include "explain.h"

#include <errno.h>
#include <string.h>

static void explain_done(struct explain *explain)
{
	arena_done(&explain->arena);
	policy_work_done(&explain->work);
}

static json_t *product_json(const struct explain *explain)
{
	struct explained_product one = explain_product(explain->policy, explain->question.product);
	json_t *object = explain_product_json(explain->policy, &one);

	if (json_object_set_new(object, "matchers", explain_matchers_json(explain))) {
		json_decref(object);
		return NULL;
	}
	return object;
}

static json_t *question_json(const struct explain *explain)
{
	struct origin origin;

	switch (explain->question.kind) {
	case QUESTION_THING:
		return explain_thing_json(explain);
	case QUESTION_VENDOR:
		return explain_vendor_json(explain);
	case QUESTION_PRODUCT:
		return product_json(explain);
	case QUESTION_LINE:
		return json_pack("{s:s, s:o}", "line", explain->question.line->name.text,
				 "matchers", explain_matchers_json(explain));
	default:
		origin = origin_find(explain->policy, explain->generation, explain->question.rule);
		return json_pack("{s:o}", "rule", explain_origin_json(explain->policy, &origin));
	}
}

static int print_question(const struct explain *explain)
{
	switch (explain->question.kind) {
	case QUESTION_THING:
		return explain_print_thing(explain);
	case QUESTION_VENDOR:
		return explain_print_vendor(explain);
	case QUESTION_PRODUCT:
		return explain_print_product(explain);
	case QUESTION_LINE:
		return explain_print_line(explain);
	default:
		return explain_print_rule(explain);
	}
}

/* The policy that is meant when none is named: the one that the agent of this host has. */
static const char *policy_file(const struct policy_arguments *arguments,
			       const struct policy_work *work)
{
	if (arguments->policy)
		return arguments->policy;
	if (work->config && work->config->policy)
		return work->config->policy;
	return DEFAULT_POLICY;
}

static int read_question(struct explain *explain)
{
	struct problem problem;
	int err;

	err = question_read(explain->arguments->files[0], explain->policy, explain->generation,
			    &explain->arena, &explain->question, &problem);
	if (err == 0 && explain->question.kind == QUESTION_THING)
		err = explain_thing(explain->policy, explain->generation, &explain->question.thing,
				    explain->work.host.now_s, &explain->explanation);
	if (err == 0)
		return COMMAND_GOOD;
	if (err == -ENOMEM) {
		command_say("out of memory");
		return COMMAND_FAILED;
	}
	if (err == -EINVAL)
		return command_usage("policy explain", "%s", problem.text);
	command_say("%s", problem.text);
	return COMMAND_FINDINGS;
}

static int run(const struct command_context *context, const struct policy_arguments *arguments)
{
	CLEANUP(explain_done) struct explain explain = {.arguments = arguments};
	const char *file;
	int result = policy_work_open(arguments, &explain.work);

	if (result != COMMAND_GOOD)
		return result;
	file = policy_file(arguments, &explain.work);
	if (!arguments->policy && access(file, F_OK) < 0) {
		command_say("this host has no policy \"%s\"; name one with --policy FILE", file);
		return COMMAND_FAILED;
	}
	result = policy_work_good(arguments, file, &explain.work);
	if (result != COMMAND_GOOD)
		return result;
	explain.policy = explain.work.compiled.policy;
	explain.generation = explain.work.compiled.generation;
	result = read_question(&explain);
	if (result != COMMAND_GOOD)
		return result;
	if (arguments->json) {
		AUTO_JSON json_t *object = question_json(&explain);

		return command_json(object);
	}
	return print_question(&explain);
}

const struct policy_command policy_explain = {
	.name = "explain",
	.what = "which rule decides about something, and why",
	.options = POLICY_COMPILES "pa",
	.files_min = 1,
	.files_max = 1,
	.files = "one thing to explain",
	.help = "usage: embargo policy explain WHAT [--policy FILE] [options]\n"
		"\n"
		"Says which rule would decide and why: the line of the policy that reaches it, through\n"
		"which company, the fact of the catalogue with its sources, the mode and what holds it\n"
		"back, exceptions, and which other rules match. WHAT is one of:\n"
		"\n"
		"  /opt/CrowdStrike/falcond        a path\n"
		"  203.0.113.7:443                 an address; [2001:db8::1]:53/udp\n"
		"  api.example.com                 a domain name\n"
		"  crowdstrike                     a vendor: what the policy means by it, and what not\n"
		"  crowdstrike/falcon-sensor       a product, with its matchers\n"
		"  local-additions                 a line of the policy with matchers in place\n"
		"  wiz/sensor/path/0a1b2c3d        a rule, by the id that events carry\n"
		"  package:acme                    any kind: exec, load, package, module, digest, ...\n"
		"\n"
		"  --policy FILE        the policy (the agent's own, or " DEFAULT_POLICY ")\n"
		"  --all                every matcher of a product\n" POLICY_COMPILES_HELP
		"  --json               the same for programs\n"
		"\n"
		"Exit status: 0 explained; 1 it is not known, or the policy has errors; 2 it is nothing\n"
		"that can be explained; 3 could not do it.\n",
	.run = run,
};
