/* SPDX-License-Identifier: MIT */
/*
 * suspects.c - see suspects.h. The parent decides, because it knows the policy, pauses and requirements of now; the
 * child only opens and reads. What the child says is believed only for the very file that the kernel asked about.
 */
#include "suspects.h"
#include "clean.h"
#include "learned_set.h"
#include "suspect_queue.h"
#include "suspect_verdict.h"

#include "../policy/generation.h"
#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>

/* ---------------------------------------------------------------- the answer */

static void conclude(struct suspects *suspects, const struct suspect *suspect,
		     const struct suspect_court *court, const struct suspect_answer *answer,
		     const struct learned *file)
{
	for (size_t i = 0; i < suspect->reading; i++) {
		bool ended = false;

		/* the others were refused already */
		if (!(suspect->events[i]->decision.flags & EVENT_WANTS_CONTENT))
			continue;
		if (!suspect_conclude(court, suspect->events[i], answer, file, &ended))
			continue;
		suspects->embargoed++;
		suspects->ended += ended;
	}
}

void suspect_answered(struct suspects *suspects, struct suspect *suspect,
		      const struct suspect_answer *answer)
{
	const struct suspect_court court = {&suspects->options, suspects->generation};
	struct suspect_verdict verdict = {0};
	int err;

	if (answer->err) {
		suspects->unreachable++;
		return;
	}
	err = suspect_judge(&court, &suspect->key, suspect_is_identified(suspect), answer,
			    &verdict);
	if (err == -E2BIG)
		suspects->options.full(suspects->options.context);
	suspects->read++;
	/* also when the fact could not be put: what runs now runs now */
	if (verdict.deny)
		conclude(suspects, suspect, &court, answer, &verdict.file);
}

/* ---------------------------------------------------------------- from outside */

void suspects_ask(struct suspects *suspects, const struct event *event)
{
	/* a question that names no generation is about the one that is active */
	if (!suspects || !suspects->generation ||
	    (event->decision.generation &&
	     event->decision.generation != suspects->generation->number))
		return;
	suspects->asked++;
	suspect_queue_add(suspects, event, false);
}

/* As far as its path tells: is the file still in the state that was read? */
static bool is_unchanged(const char *path, const struct learned *known)
{
	struct stat st;

	return lstat(path, &st) == 0 && (__u64)st.st_size == known->size &&
	       st.st_ctim.tv_sec * 1000000000ull + st.st_ctim.tv_nsec == known->change_ns;
}

/* Is that path the same file as this process sees it? In a container or below another root it is another one. */
static bool is_here(const char *path, const struct event *event)
{
	struct stat st;

	return lstat(path, &st) == 0 && st.st_ino == event->file.inode;
}

/* What is known of its file; nothing may be. */
static int known_of(struct suspects *suspects, const struct event *event, struct learned *out)
{
	const struct learned_key key = learned_key_of_file(&event->file);
	int err = kernel_learned_get(suspects->options.kernel, &key, out);

	return err == -ENOENT ? 0 : err;
}

/* The path of an event, from the root of its process; false if it is not whole. */
static bool path_of(const struct event *event, char *out_path)
{
	if (event->path_flags || event->path_bytes >= PATH_MAX)
		return false;
	memcpy(out_path, event->path, event->path_bytes);
	out_path[event->path_bytes] = 0;
	return *out_path == '/';
}

void suspects_seen(struct suspects *suspects, const struct event *event)
{
	struct learned known = {0};
	char path[PATH_MAX];

	if (!suspects || !suspects->generation || !event->decision.rule ||
	    event->decision.let_through || !event->file.size ||
	    !(event->file.flags & FILE_IDENTIFIED) ||
	    event->decision.generation != suspects->generation->number)
		return;
	if (!path_of(event, path) || known_of(suspects, event, &known) ||
	    known.flags & LEARNED_PROTECTED)
		return;
	/*
	 * A file that was renamed or written to stays refused until it was read again: the other way round every rename
	 * of an embargoed copy would let it run once more.
	 */
	if (event->decision.recognised == RECOGNISED_IDENTITY && known.flags & LEARNED_BY_CONTENT &&
	    !is_unchanged(path, &known))
		suspect_queue_add(suspects, event, true);
	if (event->decision.recognised == RECOGNISED_PATH && is_here(path, event) &&
	    !(known.flags & LEARNED_HASHED && known.size == event->file.size))
		suspects->options.seen(suspects->options.context, path);
}

int suspects_new(const struct suspects_options *options, struct suspects **out_suspects)
{
	struct suspects *suspects = calloc(1, sizeof(*suspects));

	if (!suspects)
		return -ENOMEM;
	suspects->options = *options;
	*out_suspects = suspects;
	return 0;
}

void suspects_free(struct suspects *suspects)
{
	if (!suspects)
		return;
	suspect_queue_clear(suspects);
	free(suspects);
}

void suspects_generation(struct suspects *suspects, const struct generation *generation)
{
	if (!suspects)
		return;
	suspect_queue_clear(suspects);
	suspects->generation = generation;
}

json_t *suspects_state(const struct suspects *suspects)
{
	return json_pack(
		"{s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "asked", (json_int_t)suspects->asked, "read",
		(json_int_t)suspects->read, "embargoed", (json_int_t)suspects->embargoed, "ended",
		(json_int_t)suspects->ended, "unreachable", (json_int_t)suspects->unreachable,
		"overflow", (json_int_t)suspects->overflow, "hung", (json_int_t)suspects->hung);
}

bool suspects_by_agent(const struct kernel_report *report)
{
	return !report->hooks[HOOK_EXEC].hashes;
}
