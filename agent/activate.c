/* SPDX-License-Identifier: MIT */
/*
 * activate.c - the way of a policy from its file into the kernel, and the two compiled policies that a
 * host keeps: the last good one, for a start with a broken policy, and the one before it, for the names
 * in its events and for the way back.
 */
#include "activate.h"
#include "clean.h"
#include "compiled.h"
#include "contain.h"
#include "host_lint.h"
#include "inventory/inventory.h"
#include "kernel.h"
#include "learn.h"
#include "log.h"
#include "names.h"
#include "suspects.h"

#include <errno.h>
#include <malloc.h>
#include <string.h>
#include <sys/stat.h>

#define LAST_GOOD     "generation.bin"
#define LAST_PREVIOUS "generation.previous.bin"

static void clean_generation(struct generation **at)
{
	generation_free(*at);
}

int activate_compile(const char *policy, const char *const *catalogs, size_t catalog_count,
		     const struct policy_host *host, struct diagnostics *diags,
		     struct host_paths *out_protected, struct generation **out_gen)
{
	CLEANUP(compiled_done) struct compiled compiled = {0};
	struct inventory *inventory = NULL;
	int err;

	err = compiled_read(policy, catalogs, catalog_count, host, diags, &compiled);
	if (err == 0)
		err = inventory_open(NULL, &inventory);
	if (err == 0)
		err = host_lint(compiled.policy, compiled.generation, inventory, diags,
				out_protected);
	inventory_close(inventory);
	if (err == 0)
		*out_gen = take_ptr(compiled.generation);
	return err;
}

static void log_diagnostics(const struct diagnostics *diags)
{
	for (size_t i = 0; i < diags->count; i++) {
		const struct diagnostic *one = &diags->list[i];

		log_print(one->severity == SEVERITY_ERROR     ? LOG_LEVEL_ERROR
			  : one->severity == SEVERITY_WARNING ? LOG_LEVEL_WARNING
							      : LOG_LEVEL_INFO,
			  "%s:%u:%u: %s", one->file ? one->file : "", one->line, one->column,
			  one->message ? one->message : "");
	}
}

static int state_file(const struct activation *activation, const char *name, char *out_path)
{
	int length = snprintf(out_path, PATH_MAX, "%s/%s", activation->state, name);

	return length < PATH_MAX ? 0 : -ENAMETOOLONG;
}

/* Return: NULL if there is none that can be read; a damaged one is said. */
static struct generation *read_kept(const struct activation *activation, const char *name)
{
	struct generation *generation = NULL;
	char path[PATH_MAX];
	int err;

	err = state_file(activation, name, path);
	if (err == 0)
		err = generation_load(path, &generation);
	if (err < 0 && err != -ENOENT)
		log_warning("\"%s\" cannot be used: %s. Going on without it", path,
			    err == -EBADMSG  ? "it is damaged"
			    : err == -EPROTO ? "it was made by another version"
					     : strerror(-err));
	return generation;
}

/* Revisions of one policy only go up; another policy has its own. */
static bool is_older(const struct generation *candidate, const struct generation *than)
{
	return than && !strcmp(candidate->policy, than->policy) &&
	       candidate->revision < than->revision;
}

static void why_not(int err, const char *policy, const struct diagnostics *diags, char *text)
{
	if (err == -EINVAL)
		snprintf(
			text, ACTIVATE_TEXT_BYTES,
			"\"%s\" has %zu error%s; correct it (embargo policy check --host) and reload",
			policy, diags->errors, diags->errors == 1 ? "" : "s");
	else
		snprintf(text, ACTIVATE_TEXT_BYTES, "\"%s\" or its catalogue cannot be read: %s",
			 policy, strerror(-err));
}

int activate_first(struct activation *activation)
{
	CLEANUP(clean_generation) struct generation *good = read_kept(activation, LAST_GOOD);
	CLEANUP(clean_generation) struct generation *compiled = NULL;
	CLEANUP(diagnostics_done) struct diagnostics diags = {0};
	struct policy_host host = host_describe(&activation->labels);
	int err;

	activation->previous = read_kept(activation, LAST_PREVIOUS);
	err = activate_compile(activation->policy, activation->catalogs, activation->catalog_count,
			       &host, &diags, &activation->protected, &compiled);
	log_diagnostics(&diags);
	if (err < 0) {
		why_not(err, activation->policy, &diags, activation->trouble);
	} else if (is_older(compiled, good)) {
		snprintf(
			activation->trouble, ACTIVATE_TEXT_BYTES,
			"\"%s\" is revision %u, older than the last good %u; raise its revision, or "
			"go back with embargo policy apply --rollback",
			activation->policy, compiled->revision, good->revision);
		err = -ESTALE;
	}
	if (err == 0) {
		activation->active = take_ptr(compiled);
		if (good && good->number != activation->active->number) {
			generation_free(activation->previous);
			activation->previous = take_ptr(good);
		}
		return 0;
	}
	log_error("%s", activation->trouble);
	if (!good)
		return -ENOKEY;
	log_error("the last good policy is used instead: \"%s\" revision %u", good->policy,
		  good->revision);
	activation->fell_back = true;
	activation->active = take_ptr(good);
	return 0;
}

/* The one before goes first, so that at no moment the last good one is missing. */
static int keep_both(struct activation *activation)
{
	char path[PATH_MAX];
	int err;

	if (mkdir(activation->state, 0700) < 0 && errno != EEXIST)
		return -errno;
	if (activation->previous) {
		err = state_file(activation, LAST_PREVIOUS, path);
		if (err == 0)
			err = generation_save(activation->previous, path);
		if (err < 0)
			return err;
	}
	err = state_file(activation, LAST_GOOD, path);
	return err < 0 ? err : generation_save(activation->active, path);
}

void activate_keep(struct activation *activation)
{
	int err;

	if (activation->fell_back)
		return; /* it came from there */
	err = keep_both(activation);
	activation->trouble[0] = 0;
	if (err == 0)
		return;
	snprintf(
		activation->trouble, ACTIVATE_TEXT_BYTES,
		"the policy is active but could not be kept in \"%s\" (%s): after a restart an older "
		"one may be used; make room there and reload",
		activation->state, strerror(-err));
	log_error("%s", activation->trouble);
}

static void look_at(const struct generation *generation, struct kernel *kernel,
		    struct requirements *out)
{
	AUTO_FREE struct kernel_report *report = NULL;

	if (generation->requires.exec_prevent)
		report = calloc(1, sizeof(*report));
	if (report && kernel_report(kernel, report) < 0)
		free(take_ptr(report));
	requirements_check(&generation->requires, "/", report, out);
}

/* A generation counts as met in the kernel as long as it is one of these two. */
static void tell_met(struct kernel *kernel, __u64 active, __u64 next)
{
	const __u64 met[2] = {active, next};
	int err = kernel_set_met(kernel, met);

	if (err < 0)
		log_error(
			"the kernel could not be told that the requirements are met: %s. Rules of the "
			"policy only record; reload (systemctl reload embargod)",
			strerror(-err));
}

static __u64 number_if_met(const struct generation *generation,
			   const struct requirements *requirements)
{
	return requirements_met(requirements) ? generation->number : 0;
}

void activate_require(struct activation *activation, struct kernel *kernel)
{
	look_at(activation->active, kernel, &activation->requirements);
	tell_met(kernel, number_if_met(activation->active, &activation->requirements), 0);
}

/* A policy that could not be used left nothing behind to go on with. */
static const struct host_paths *protected_of(struct activation *activation)
{
	int err = activation->protected.count ? 0 : host_protected(&activation->protected);

	if (err < 0)
		log_warning("what this host cannot lose could not be looked up: %s",
			    strerror(-err));
	return &activation->protected;
}

void activate_learn(struct activation *activation, struct kernel *kernel)
{
	const struct host_paths *paths = protected_of(activation);
	CLEANUP(learned_set_done) struct learned_set facts = {0};
	size_t failed;

	learn_before(kernel, NULL, activation->active, paths->list, paths->count, &facts);
	failed = learn_put(kernel, &facts);
	if (failed)
		log_warning(
			"%zu of %zu facts about protected and excepted files did not reach the kernel; the search "
			"tries again",
			failed, facts.count);
}

void activate_follow(struct activation *activation)
{
	suspects_generation(activation->suspects, activation->active);
	learn_generation(activation->learn, activation->active);
	names_generation(activation->names, activation->active);
	contain_generation(activation->contain, activation->active);
}

/* Take ownership of a generation and switch to it. */
static int switch_to(struct activation *activation, struct kernel *kernel, struct generation *taken,
		     char *error)
{
	CLEANUP(clean_generation) struct generation *next = taken;
	CLEANUP(learned_set_done) struct learned_set facts = {0};
	const struct host_paths *paths = protected_of(activation);
	struct requirements requirements;
	struct learned_list learned;
	int err;

	/* both count while one takes the place of the other, so that there is no moment without */
	look_at(next, kernel, &requirements);
	tell_met(kernel, number_if_met(activation->active, &activation->requirements),
		 number_if_met(next, &requirements));
	learn_stop(activation->learn); /* nobody else changes facts while they are carried over */
	learn_before(kernel, activation->active, next, paths->list, paths->count, &facts);
	learned = learned_set_list(&facts);
	err = kernel_apply(kernel, next, &learned);
	if (err < 0) {
		activate_require(activation, kernel);
		activate_follow(activation);
		snprintf(error, ACTIVATE_TEXT_BYTES,
			 "the kernel did not take the policy: %s; the one before is still active",
			 strerror(-err));
		return err;
	}
	/* Exactly the same policy once more (a reload): the previous one stays what it was. */
	if (activation->active->number != next->number) {
		generation_free(activation->previous);
		activation->previous = take_ptr(activation->active);
	}
	generation_free(activation->active);
	activation->active = take_ptr(next);
	activate_follow(activation);
	activation->requirements = requirements;
	tell_met(kernel, number_if_met(activation->active, &requirements), 0);
	activation->fell_back = false;
	activate_keep(activation);
	malloc_trim(0); /* a large policy leaves much free memory behind */
	return 0;
}

int activate_file(struct activation *activation, struct kernel *kernel, const char *policy,
		  bool older, struct diagnostics *diags, char *error)
{
	CLEANUP(clean_generation) struct generation *compiled = NULL;
	struct policy_host host = host_describe(&activation->labels);
	int err;

	if (!policy)
		policy = activation->policy;
	err = activate_compile(policy, activation->catalogs, activation->catalog_count, &host,
			       diags, &activation->protected, &compiled);
	log_diagnostics(diags);
	if (err < 0) {
		why_not(err, policy, diags, error);
		return err;
	}
	if (!older && is_older(compiled, activation->active)) {
		snprintf(
			error, ACTIVATE_TEXT_BYTES,
			"\"%s\" is revision %u, older than the active %u; raise its revision, or go "
			"back with --rollback --reason TEXT",
			policy, compiled->revision, activation->active->revision);
		return -ESTALE;
	}
	return switch_to(activation, kernel, take_ptr(compiled), error);
}

int activate_previous(struct activation *activation, struct kernel *kernel, char *error)
{
	struct generation *previous = read_kept(activation, LAST_PREVIOUS);

	if (!previous) {
		snprintf(
			error, ACTIVATE_TEXT_BYTES, "%s",
			"no policy before the active one is kept on this host; name the file to go "
			"back to");
		return -ENOENT;
	}
	return switch_to(activation, kernel, previous, error);
}

void activate_done(struct activation *activation)
{
	generation_free(take_ptr(activation->active));
	generation_free(take_ptr(activation->previous));
	host_paths_done(&activation->protected);
}
