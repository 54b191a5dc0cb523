/* SPDX-License-Identifier: MIT */
/*
 * suspect_verdict.c - see suspect_verdict.h
 */
#include "suspect_verdict.h"
#include "clean.h"
#include "enrich.h"
#include "learned_set.h"
#include "log.h"
#include "still_runs.h"
#include "summary.h"

#include "../policy/match.h"
#include "../policy/policy.h"
#include <errno.h>
#include <limits.h>
#include <string.h>
#include <time.h>

/* ---------------------------------------------------------------- what it is */

/* What the content says. */
struct said {
	__u32 deny; /* a rule lists its digest */
	__u32 copy; /* a rule recognised another file with this content: counts where nothing says more, file_deny() */
	__u32 allow;
};

static int ask(const struct suspect_court *court, const struct suspect_answer *answer,
	       struct said *out)
{
	const struct gen_key listed = gen_key_of_digest(answer->content.sha256);
	const struct learned_key learned = learned_key_of_digest(answer->content.sha256);
	const union gen_value *value = generation_find(court->generation, &listed);
	struct learned known = {0};
	int err = kernel_learned_get(court->options->kernel, &learned, &known);

	if (err < 0 && err != -ENOENT)
		return err;
	out->deny = value ? value->digest.deny : 0;
	out->copy = known.deny;
	out->allow = learned_best(known.allow, value ? value->digest.allow : 0);
	return 0;
}

/* This state of the file is known, so that the kernel neither asks again nor lets it through again. */
static void note(struct learned *file, const struct said *said, const struct content *content)
{
	if (file->flags & LEARNED_BY_CONTENT) {
		file->deny = 0; /* of another content than the one that was read now */
		file->flags &= ~LEARNED_BY_CONTENT;
	}
	/* What is embargoed only because of what is in it is so no longer when that changes. */
	if (!file->deny && (said->deny || said->copy))
		file->flags |= LEARNED_BY_CONTENT;
	file->deny = learned_best(file->deny, said->deny);
	if (!file->deny)
		file->deny = said->copy;
	file->allow = learned_best(file->allow, said->allow);
	file->flags &= ~LEARNED_HASHED;
	if (content->settled)
		file->flags |= LEARNED_HASHED;
	file->change_ns = content->change_ns;
	file->size = content->bytes;
}

int suspect_judge(const struct suspect_court *court, const struct learned_key *key, bool identified,
		  const struct suspect_answer *answer, struct suspect_verdict *out_verdict)
{
	struct kernel *kernel = court->options->kernel;
	struct said said;
	int err = ask(court, answer, &said);

	if (err)
		return err;
	kernel_learned_lock(kernel);
	err = identified ? kernel_learned_get(kernel, key, &out_verdict->file) : 0;
	if (err == -ENOENT)
		err = 0;
	if (!err) {
		note(&out_verdict->file, &said, &answer->content);
		out_verdict->deny = said.deny ? said.deny : said.copy;
		if (identified) /* else it is asked for each time */
			err = kernel_learned_put(kernel, key, &out_verdict->file);
	}
	kernel_learned_unlock(kernel);
	return err;
}

/* ---------------------------------------------------------------- what becomes of it */

/* The path of a cgroup from the root of cgroup v2. */
static const char *cgroup_of(const struct suspect_court *court, __u64 id, char *buffer)
{
	char mount[PATH_MAX], link[64];
	ssize_t bytes;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", court->options->cgroup_fd);
	bytes = readlink(link, mount, sizeof(mount) - 1);
	if (court->options->cgroup_fd < 0 || bytes < 0 || !id ||
	    !enrich_cgroup(court->options->cgroup_fd, id, buffer))
		return NULL;
	mount[bytes] = 0;
	if (strncmp(buffer, mount, (size_t)bytes))
		return NULL;
	return buffer[bytes] ? buffer + bytes : "/";
}

static const struct generation_rule *rule_of(const struct suspect_court *court, __u32 number)
{
	return number && number <= court->generation->rule_count
		       ? &court->generation->rules[number - 1]
		       : NULL;
}

static struct match_decision decide(const struct suspect_court *court, const struct event *event,
				    const struct learned *file)
{
	AUTO_FREE struct summary_pauses *pauses = calloc(1, sizeof(*pauses));
	const struct match match = {.rule = rule_of(court, file->deny),
				    .allow = rule_of(court, file->allow)};
	struct match_subject subject = {.uid = event->subject.uid,
					.capped = court->options->audit_only};
	struct timespec now = {0};
	char path[PATH_MAX];

	(void)clock_gettime(CLOCK_REALTIME, &now); /* exists */
	subject.now_s = now.tv_sec;
	subject.cgroup = cgroup_of(court, event->subject.cgroup, path);
	subject.requirement_unmet =
		court->options->unmet && court->options->unmet(court->options->context);
	(void)clock_gettime(CLOCK_BOOTTIME, &now); /* exists */
	if (pauses)
		summary_pauses_read(court->options->pins, pauses);
	/* what cannot be read holds back: nobody is ended because we had no memory */
	subject.paused = !pauses ||
			 (match.rule &&
			  summary_is_paused(
				  pauses, name_hash(match.rule->vendor, strlen(match.rule->vendor)),
				  now.tv_sec * 1000000000ull + now.tv_nsec));
	return match_decide(court->generation, &match, &subject);
}

static __u64 now_boot_ns(void)
{
	struct timespec now = {0};

	(void)clock_gettime(CLOCK_BOOTTIME, &now); /* exists */
	return now.tv_sec * 1000000000ull + now.tv_nsec;
}

/* The attempt as if it had been recognised at once, but for that it went through. */
static void fill_decision(const struct suspect_court *court, struct event *event,
			  const struct suspect_answer *answer, const struct learned *file,
			  const struct match_decision *decision)
{
	struct event_decision *to = &event->decision;

	to->generation = court->generation->number;
	to->rule = file->deny;
	to->allow = decision->let_through == LET_THROUGH_ALLOWED ? file->allow : 0;
	to->verdict = VERDICT_ALLOW;
	to->mode = decision->mode;
	to->held_by = decision->held_by;
	to->let_through = decision->let_through;
	to->matcher = decision->match.rule ? decision->match.rule->matcher : MATCHER_NONE;
	to->recognised = RECOGNISED_CONTENT;
	to->flags &= EVENT_RAN_BEFORE;
	memcpy(event->sha256, answer->content.sha256, sizeof(event->sha256));
}

/* A rule that contains ends no program: what still runs is marked. Return: whether it is contained now. */
static bool contain(const struct suspect_court *court, const struct event *event,
		    const struct suspect_answer *answer, __u32 rule)
{
	int err = -ESRCH;

	if (still_is(&event->subject, HOOK_EXEC, &answer->file))
		err = court->options->contain(court->options->context, &event->subject, rule);
	if (err && err != -ESRCH)
		log_error("process %u runs a file that is to be contained and could not be: %s",
			  event->subject.pid, strerror(-err));
	return !err;
}

bool suspect_conclude(const struct suspect_court *court, struct event *event,
		      const struct suspect_answer *answer, const struct learned *file,
		      bool *out_ended)
{
	struct match_decision decision = decide(court, event, file);
	struct suspects_late late = {.event = event};
	bool contains = decision.match.rule && decision.match.rule->action == ACTION_CONTAIN,
	     contained;

	*out_ended = false;
	/* who only loads such a file is not contained */
	if (!decision.in_scope || (contains && event->header.kind == HOOK_LOAD))
		return false;
	/* nor is anybody ended here who ran before the policy: that is for "running" */
	if (event->decision.flags & EVENT_RAN_BEFORE && !contains)
		return false;
	if (file->flags & LEARNED_PROTECTED) {
		decision.verdict = VERDICT_ALLOW;
		decision.let_through = LET_THROUGH_PROTECTED;
	}
	contained = contains && event->header.kind == HOOK_EXEC && !decision.let_through &&
		    contain(court, event, answer, file->deny);
	if (contains)
		decision.verdict = VERDICT_ALLOW;
	if (contains && event->header.kind == HOOK_MODULE && !decision.let_through)
		decision.let_through = LET_THROUGH_CONTAIN;
	court->options->prepare(court->options->context, event);
	if (decision.verdict == VERDICT_DENY && !court->options->audit_only &&
	    event->header.kind != HOOK_MODULE) {
		int err = still_end(&event->subject, event->header.kind, &answer->file);

		late.ended = !err;
		if (err && err != -ESRCH)
			log_error("process %u runs an embargoed file and could not be ended: %s",
				  event->subject.pid, strerror(-err));
	}
	late.ran_ns = now_boot_ns() - event->header.boot_ns;
	fill_decision(court, event, answer, file, &decision);
	if (contained)
		event->decision.flags =
			EVENT_CONTAINED | (event->decision.flags & EVENT_RAN_BEFORE);
	court->options->late(court->options->context, &late);
	*out_ended = late.ended;
	return true;
}
