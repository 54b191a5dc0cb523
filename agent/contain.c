/* SPDX-License-Identifier: MIT */
/* contain.c - see contain.h. */
#include "contain.h"
#include "clean.h"
#include "enrich.h"
#include "log.h"

#include "../policy/generation.h"
#include "../policy/policy.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define TIDY_US 60000000ull
#define PASSES_MAX                                                                                 \
	100 /* each marks at least one generation of children; who forks faster than that is marked as it forks */
#define LISTED_MAX 100
#define COMM_BYTES 64

struct contain {
	struct contain_options options;
	sd_event_source *timer;              /* owned */
	const struct generation *generation; /* borrowed; NULL: nothing to contain */
	__u64 found;
};

static bool contains(const struct generation *generation)
{
	return generation_flags(generation) & GEN_FLAG_CONTAIN;
}

/* ---------------------------------------------------------------- what runs already */

/*
 * Until nothing new is found: a child that was born behind the look at its parent is found by the next one. From its mark on a process's
 * children are marked as they are born.
 */
static unsigned look(struct contain *contain)
{
	int marked = 1;
	unsigned sum = 0;

	for (unsigned i = 0; i < PASSES_MAX && marked > 0; i++) {
		marked = kernel_contain_running(contain->options.kernel);
		sum += marked > 0 ? (unsigned)marked : 0;
	}
	if (marked < 0)
		log_error(
			"programs that run already could not be looked at: %s. Those that the policy contains are contained "
			"only once they are started again",
			strerror(-marked));
	if (sum)
		log_notice("%u processes that ran already are contained", sum);
	contain->found += sum;
	return sum;
}

void contain_look(struct contain *contain)
{
	if (contain && contain->generation && look(contain))
		contain->options.found(contain->options.context);
}

int contain_late(struct contain *contain, const struct event_subject *subject, __u32 rule)
{
	struct contained_process process = {.pid = subject->pid,
					    .mark = {.start_boot_ns = subject->start_boot_ns}};
	const char *id;
	int err;

	if (!contain || !contain->generation || !rule || rule > contain->generation->rule_count)
		return -ENOENT;
	id = contain->generation->rules[rule - 1].id;
	process.mark.rule_id = name_hash(id, strlen(id));
	err = kernel_contain(contain->options.kernel, &process);
	if (err < 0)
		return err;
	(void)look(contain); /* what it has started */
	contain->options.found(contain->options.context);
	return 0;
}

/* ---------------------------------------------------------------- what is gone */

static bool is_gone(const struct contained_process *process)
{
	const struct event_subject subject = {.pid = process->pid,
					      .start_boot_ns = process->mark.start_boot_ns};

	return !enrich_same_process(&subject);
}

static void tidy(struct contain *contain)
{
	AUTO_FREE struct contained_process *list = NULL;
	size_t count = 0;

	if (kernel_contained(contain->options.kernel, &list, &count) < 0)
		return; /* the next time */
	for (size_t i = 0; i < count; i++)
		if (is_gone(&list[i]))
			(void)kernel_contain_end(contain->options.kernel,
						 &list[i]); /* it may just have gone by itself */
}

static int on_timer(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct contain *contain = userdata;

	tidy(contain);
	contain_look(contain); /* forks that the kernel did not show */
	(void)sd_event_source_set_time_relative(source, TIDY_US);
	return 0;
}

/* ---------------------------------------------------------------- life */

void contain_generation(struct contain *contain, const struct generation *generation)
{
	if (!contain)
		return;
	contain->generation = contains(generation) ? generation : NULL;
	contain->found = 0;
	(void)sd_event_source_set_time_relative(contain->timer, TIDY_US);
	(void)sd_event_source_set_enabled(contain->timer,
					  contain->generation ? SD_EVENT_ON : SD_EVENT_OFF);
	if (!contain->generation)
		return;
	tidy(contain);
	(void)look(contain);
}

int contain_new(const struct contain_options *options, struct contain **out_contain)
{
	struct contain *contain = calloc(1, sizeof(*contain));
	int err;

	if (!contain)
		return -ENOMEM;
	contain->options = *options;
	err = sd_event_add_time_relative(options->loop, &contain->timer, CLOCK_BOOTTIME, TIDY_US,
					 10000000, on_timer, contain);
	if (err >= 0)
		err = sd_event_source_set_enabled(contain->timer, SD_EVENT_OFF);
	if (err < 0) {
		contain_free(contain);
		return err;
	}
	*out_contain = contain;
	return 0;
}

void contain_free(struct contain *contain)
{
	if (!contain)
		return;
	sd_event_source_disable_unref(contain->timer);
	free(contain);
}

/* ---------------------------------------------------------------- status */

/* "" if the generation has no such rule */
static const char *rule_of(const struct generation *generation, __u64 rule_id)
{
	const struct gen_key key = {.kind = GEN_CONTAIN, .a = rule_id};
	const union gen_value *value = generation_find(generation, &key);

	if (!value || !value->contain.rule || value->contain.rule > generation->rule_count)
		return "";
	return generation->rules[value->contain.rule - 1].id;
}

static json_t *process_state(const struct contain *contain, const struct contained_process *process,
			     const struct record_context *context)
{
	json_t *one = json_pack("{s:I, s:s}", "pid", (json_int_t)process->pid, "rule",
				rule_of(contain->generation, process->mark.rule_id));
	char path[64], name[COMM_BYTES] = "", time[RECORD_TIME_BYTES];
	bool escaped = false;
	AUTO_FILE FILE *file = NULL;

	snprintf(path, sizeof(path), "/proc/%u/comm", process->pid);
	file = fopen(path, "re");
	if (file && fgets(name, sizeof(name), file))
		name[strcspn(name, "\n")] = 0;
	record_time(process->mark.start_boot_ns + context->boot_to_real_ns, time);
	if (one && ((name[0] &&
		     json_object_set_new(one, "name", record_text(name, strlen(name), &escaped))) ||
		    json_object_set_new(one, "since", json_string(time))))
		json_decref(take_ptr(one));
	return one;
}

static int compare(const void *a, const void *b)
{
	const struct contained_process *one = a, *other = b;

	return one->pid < other->pid ? -1 : one->pid > other->pid;
}

json_t *contain_state(struct contain *contain, const struct record_context *context)
{
	AUTO_FREE struct contained_process *list = NULL;
	AUTO_JSON json_t *listed = NULL;
	size_t count = 0, alive = 0;

	if (!contain || !contain->generation ||
	    kernel_contained(contain->options.kernel, &list, &count) < 0)
		return NULL;
	listed = json_array();
	if (count)
		qsort(list, count, sizeof(*list), compare);
	for (size_t i = 0; i < count; i++) {
		if (is_gone(&list[i]))
			continue;
		if (++alive <= LISTED_MAX &&
		    json_array_append_new(listed, process_state(contain, &list[i], context)))
			return NULL;
	}
	return json_pack("{s:I, s:I, s:I, s:I, s:O}", "processes", (json_int_t)alive, "room",
			 (json_int_t)kernel_contained_room(contain->options.kernel), "found",
			 (json_int_t)contain->found, "missed",
			 (json_int_t)kernel_contain_missed(contain->options.kernel), "list",
			 listed);
}
