/* SPDX-License-Identifier: MIT */
/*
 * suspects.c - see suspects.h. The parent decides, because it knows the policy, pauses and requirements of now; the
 * child only opens and reads. What the child says is believed only for the very file that the kernel asked about.
 */
#include "suspects.h"
#include "apart.h"
#include "clean.h"
#include "content.h"
#include "enrich.h"
#include "host_lint.h"
#include "learned_set.h"
#include "log.h"
#include "still_runs.h"
#include "summary.h"

#include "../policy/match.h"
#include "../policy/policy.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/stat.h>
#include <time.h>

#define SUSPECTS_MAX 256 /* files that wait or are being read */
#define WORKERS_MAX  4
#define EVENTS_MAX   16 /* attempts with one file */
#define TRIES	     8	/* to open a file that an exec has not switched to yet; then 255 ms are over */

struct suspect {
	struct suspects *owner;
	struct learned_key key;
	struct event *events[EVENTS_MAX]; /* owned */
	size_t event_count;
	bool seen_only; /* nobody waits: recognised already, read for the sake of copies */
	struct apart apart;
	sd_event_source *pipe; /* owned */
};

/* What the child says. */
struct answer {
	__s32 err; /* 0; -ENOENT (the file could not be reached); another errno */
	__u8 shared; /* a protected file has this content */
	__u8 zero[3];
	struct content content;
	struct still_file file;
};

struct suspects {
	struct suspects_options options;
	const struct generation *generation; /* borrowed */
	const struct host_paths *protected_paths; /* borrowed */
	struct suspect *list[SUSPECTS_MAX]; /* owned; oldest first */
	size_t count, workers;
	__u64 asked, read, embargoed, ended, unreachable, overflow;
};

/* ---------------------------------------------------------------- the child */

/* Open this path if it is the very file, and nothing that could keep us. Return: descriptor; -ENOENT. */
static int open_if(struct kernel *kernel, const char *path, const struct learned_key *key)
{
	AUTO_FD int handle = open(path, O_PATH | O_CLOEXEC), fd = -1;
	struct identity identity;
	struct learned_key found;
	struct stat st;
	char link[64];

	if (handle < 0 || fstat(handle, &st) < 0 || !S_ISREG(st.st_mode))
		return -ENOENT;
	snprintf(link, sizeof(link), "/proc/self/fd/%d", handle);
	fd = open(link, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd < 0 || kernel_identify(kernel, &fd, 1, &identity))
		return -ENOENT;
	found = learned_key_of_file(&identity.file);
	return memcmp(&found, key, sizeof(found)) ? -ENOENT : take_fd(fd);
}

/*
 * As what the process runs, by the path in our view, or in the process's. On fmod_ret and lsm the program has not
 * been switched yet when the event was sent, and a file without a name can be reached only once it has.
 */
static int open_suspect(struct kernel *kernel, const struct event *event, const struct learned_key *key)
{
	AUTO_FREE char *path = malloc(EVENT_PATH_MAX + 1), *below = malloc(EVENT_PATH_MAX + 64);
	char exe[64];
	int fd = -ENOENT;

	if (!path || !below)
		return -ENOMEM;
	memcpy(path, event->path, event->path_bytes);
	path[event->path_bytes] = 0;
	snprintf(exe, sizeof(exe), "/proc/%u/exe", event->subject.pid);
	snprintf(below, EVENT_PATH_MAX + 64, "/proc/%u/root%s", event->subject.pid, path);
	for (unsigned i = 0; fd < 0 && i < TRIES; i++) {
		const struct timespec pause = {.tv_nsec = 1000000l << i};

		if (event->header.kind == HOOK_EXEC)
			fd = open_if(kernel, exe, key);
		if (fd < 0 && *path == '/')
			fd = open_if(kernel, path, key);
		if (fd < 0 && *path == '/')
			fd = open_if(kernel, below, key);
		if (fd < 0 && !enrich_same_process(&event->subject))
			break;
		if (fd < 0)
			(void)nanosleep(&pause, NULL);
	}
	return fd;
}

static int is_shared(const struct suspects *suspects, const struct content *content, bool *out_shared)
{
	struct content_guard *guard = content_guard_new();
	int err = guard ? 0 : -ENOMEM;

	for (size_t i = 0; !err && i < suspects->protected_paths->count; i++) {
		const char *path = suspects->protected_paths->list[i];
		struct stat st;

		if (stat(path, &st) == 0 && (__u64)st.st_size == content->bytes)
			err = content_guard_add(guard, path, content->bytes);
	}
	if (!err)
		*out_shared = content_guard_has(guard, content);
	content_guard_free(guard);
	return err;
}

static int examine(const struct suspect *suspect, struct answer *answer)
{
	const struct suspects *suspects = suspect->owner;
	AUTO_FD int fd = -1;
	bool shared = false;
	struct stat st;
	int err;

	for (size_t i = 0; i < suspect->event_count && fd < 0; i++)
		fd = open_suspect(suspects->options.kernel, suspect->events[i], &suspect->key);
	if (fd < 0 || fstat(fd, &st) < 0)
		return -ENOENT;
	answer->file = (struct still_file){st.st_dev, st.st_ino};
	err = content_hash(fd, &answer->content);
	if (!err)
		err = is_shared(suspects, &answer->content, &shared);
	answer->shared = shared;
	return err;
}

static int work(void *context, int fd)
{
	const struct suspect *suspect = context;
	struct answer answer = {0};

	if (suspect->seen_only)
		apart_low_priority();
	answer.err = examine(suspect, &answer);
	return apart_write(fd, &answer, sizeof(answer));
}

/* ---------------------------------------------------------------- the queue */

static void suspect_free(struct suspect *suspect)
{
	if (!suspect)
		return;
	sd_event_source_disable_unref(suspect->pipe);
	(void)apart_end(&suspect->apart, true);
	for (size_t i = 0; i < suspect->event_count; i++)
		free(suspect->events[i]);
	free(suspect);
}

static void forget(struct suspects *suspects, struct suspect *suspect)
{
	for (size_t i = 0; i < suspects->count; i++) {
		if (suspects->list[i] != suspect)
			continue;
		memmove(&suspects->list[i], &suspects->list[i + 1],
			(suspects->count - i - 1) * sizeof(suspects->list[0]));
		suspects->count--;
		break;
	}
	suspect_free(suspect);
}

static struct event *copy_of(const struct event *event)
{
	struct event *copy = malloc(event->header.size);

	if (copy)
		memcpy(copy, event, event->header.size);
	return copy;
}

static int add_event(struct suspect *suspect, const struct event *event)
{
	if (suspect->event_count == EVENTS_MAX)
		return -E2BIG;
	suspect->events[suspect->event_count] = copy_of(event);
	if (!suspect->events[suspect->event_count])
		return -ENOMEM;
	suspect->event_count++;
	return 0;
}

static struct suspect *find(struct suspects *suspects, const struct learned_key *key)
{
	for (size_t i = 0; i < suspects->count; i++)
		if (!memcmp(&suspects->list[i]->key, key, sizeof(*key)))
			return suspects->list[i];
	return NULL;
}

static int on_answer(sd_event_source *source, int fd, uint32_t revents, void *userdata);

static int begin(struct suspect *suspect)
{
	struct suspects *suspects = suspect->owner;
	int err = apart_start(work, suspect, &suspect->apart);

	if (err < 0)
		return err;
	suspects->workers++;
	return sd_event_add_io(suspects->options.loop, &suspect->pipe, suspect->apart.fd, EPOLLIN, on_answer,
			       suspect);
}

/* Those that somebody waits for come first. */
static struct suspect *next(struct suspects *suspects)
{
	struct suspect *other = NULL;

	for (size_t i = 0; i < suspects->count; i++) {
		struct suspect *one = suspects->list[i];

		if (one->apart.pid)
			continue;
		if (!one->seen_only)
			return one;
		if (!other)
			other = one;
	}
	return other;
}

static void begin_some(struct suspects *suspects)
{
	struct suspect *suspect;

	while (suspects->workers < WORKERS_MAX && (suspect = next(suspects))) {
		int err = begin(suspect);

		if (err >= 0)
			continue;
		log_warning("a file could not be read for its content: %s. It is asked for again when it runs next",
			    strerror(-err));
		suspects->workers -= suspect->apart.pid != 0;
		suspects->unreachable++;
		forget(suspects, suspect);
	}
}

static void overflow(struct suspects *suspects)
{
	suspects->overflow++;
	if (!(suspects->overflow & (suspects->overflow - 1)))
		log_warning("%llu attempts could not be looked at for the content of their file, because too many came at "
			    "a time; each is asked for again when it runs next",
			    (unsigned long long)suspects->overflow);
}

static void add(struct suspects *suspects, const struct event *event, bool seen_only)
{
	const struct learned_key key = learned_key_of_file(&event->file);
	struct suspect *suspect = find(suspects, &key);

	if (!suspect && suspects->count < SUSPECTS_MAX) {
		suspect = calloc(1, sizeof(*suspect));
		if (suspect) {
			*suspect = (struct suspect){.owner = suspects, .key = key, .seen_only = seen_only, .apart.fd = -1};
			suspects->list[suspects->count++] = suspect;
		}
	} else if (suspect && seen_only) {
		return; /* it is being read */
	}
	if (!suspect || add_event(suspect, event)) {
		overflow(suspects);
		if (suspect && !suspect->event_count)
			forget(suspects, suspect);
		return;
	}
	suspect->seen_only &= seen_only;
	begin_some(suspects);
}

/* ---------------------------------------------------------------- what it is */

/* What the content says, and what is known of the file. */
struct verdict_of {
	struct learned file;
	__u32 deny, allow; /* by content */
};

static int judge(struct suspects *suspects, const struct suspect *suspect, const struct answer *answer,
		 struct verdict_of *out)
{
	struct kernel *kernel = suspects->options.kernel;
	const struct gen_key listed = gen_key_of_digest(answer->content.sha256);
	const struct learned_key learned = learned_key_of_digest(answer->content.sha256);
	const union gen_value *value = generation_find(suspects->generation, &listed);
	struct learned known = {0};
	int err = kernel_learned_get(kernel, &suspect->key, &out->file);

	if (err < 0 && err != -ENOENT)
		return err;
	err = kernel_learned_get(kernel, &learned, &known);
	if (err < 0 && err != -ENOENT)
		return err;
	out->deny = learned_best(known.deny, value ? value->digest.deny : 0);
	out->allow = learned_best(known.allow, value ? value->digest.allow : 0);
	return 0;
}

/* Tell the kernel that this state of the file is known, so that it neither asks again nor lets it through again. */
static int put(struct suspects *suspects, const struct suspect *suspect, const struct answer *answer,
	       struct verdict_of *verdict)
{
	struct kernel *kernel = suspects->options.kernel;
	const struct learned_key digest = learned_key_of_digest(answer->content.sha256),
				 size = learned_key_of_size(answer->content.bytes);
	const struct learned none = {0};
	struct learned known = {.deny = verdict->file.deny, .size = answer->content.bytes};
	int err = 0;

	if (suspect->seen_only && verdict->file.deny && !verdict->file.allow && !answer->shared &&
	    !(verdict->file.flags & LEARNED_PROTECTED)) {
		known.deny = learned_best(known.deny, verdict->deny);
		known.allow = verdict->allow;
		err = kernel_learned_put(kernel, &digest, &known);
		if (!err)
			err = kernel_learned_put(kernel, &size, &none);
	}
	verdict->file.deny = learned_best(verdict->file.deny, verdict->deny);
	verdict->file.allow = learned_best(verdict->file.allow, verdict->allow);
	verdict->file.flags |= LEARNED_HASHED;
	verdict->file.change_ns = answer->content.change_ns;
	verdict->file.size = answer->content.bytes;
	if (err || !(suspect->events[0]->file.flags & FILE_IDENTIFIED))
		return err; /* it is asked for each time */
	return kernel_learned_put(kernel, &suspect->key, &verdict->file);
}

/* The path of a cgroup from the root of cgroup v2. */
static const char *cgroup_of(const struct suspects *suspects, __u64 id, char *buffer)
{
	char mount[PATH_MAX], link[64];
	ssize_t bytes;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", suspects->options.cgroup_fd);
	bytes = readlink(link, mount, sizeof(mount) - 1);
	if (suspects->options.cgroup_fd < 0 || bytes < 0 || !id ||
	    !enrich_cgroup(suspects->options.cgroup_fd, id, buffer))
		return NULL;
	mount[bytes] = 0;
	if (strncmp(buffer, mount, (size_t)bytes))
		return NULL;
	return buffer[bytes] ? buffer + bytes : "/";
}

static const struct generation_rule *rule_of(const struct suspects *suspects, __u32 number)
{
	return number && number <= suspects->generation->rule_count ? &suspects->generation->rules[number - 1]
								     : NULL;
}

static struct match_decision decide(const struct suspects *suspects, const struct event *event,
				    const struct learned *file)
{
	AUTO_FREE struct summary_pauses *pauses = calloc(1, sizeof(*pauses));
	const struct match match = {.rule = rule_of(suspects, file->deny), .allow = rule_of(suspects, file->allow)};
	struct match_subject subject = {.uid = event->subject.uid, .capped = suspects->options.audit_only};
	struct timespec now = {0};
	char path[PATH_MAX];

	(void)clock_gettime(CLOCK_REALTIME, &now); /* exists */
	subject.now_s = now.tv_sec;
	subject.cgroup = cgroup_of(suspects, event->subject.cgroup, path);
	subject.requirement_unmet = suspects->options.unmet && suspects->options.unmet(suspects->options.context);
	(void)clock_gettime(CLOCK_BOOTTIME, &now); /* exists */
	if (pauses)
		summary_pauses_read(suspects->options.pins, pauses);
	/* what cannot be read holds back: nobody is ended because we had no memory */
	subject.paused = !pauses || (match.rule && summary_is_paused(pauses, name_hash(match.rule->vendor, strlen(match.rule->vendor)),
								     now.tv_sec * 1000000000ull + now.tv_nsec));
	return match_decide(suspects->generation, &match, &subject);
}

static __u64 now_boot_ns(void)
{
	struct timespec now = {0};

	(void)clock_gettime(CLOCK_BOOTTIME, &now); /* exists */
	return now.tv_sec * 1000000000ull + now.tv_nsec;
}

/* The attempt as if it had been recognised at once, but for that it went through. */
static void fill_decision(const struct suspects *suspects, struct event *event, const struct answer *answer,
			  const struct learned *file, const struct match_decision *decision)
{
	struct event_decision *to = &event->decision;

	to->generation = suspects->generation->number;
	to->rule = file->deny;
	to->allow = decision->let_through == LET_THROUGH_ALLOWED ? file->allow : 0;
	to->verdict = VERDICT_ALLOW;
	to->mode = decision->mode;
	to->held_by = decision->held_by;
	to->let_through = decision->let_through;
	to->matcher = decision->match.rule ? decision->match.rule->matcher : MATCHER_NONE;
	to->recognised = RECOGNISED_CONTENT;
	to->flags = 0;
	memcpy(event->sha256, answer->content.sha256, sizeof(event->sha256));
}

static void conclude(struct suspects *suspects, struct event *event, const struct answer *answer,
		     const struct learned *file)
{
	struct match_decision decision = decide(suspects, event, file);
	struct suspects_late late = {.event = event};

	if (!decision.in_scope)
		return;
	if (file->flags & LEARNED_PROTECTED) {
		decision.verdict = VERDICT_ALLOW;
		decision.let_through = LET_THROUGH_PROTECTED;
	}
	suspects->options.prepare(suspects->options.context, event);
	if (decision.verdict == VERDICT_DENY && !suspects->options.audit_only && event->header.kind != HOOK_MODULE) {
		int err = still_end(&event->subject, event->header.kind, &answer->file);

		late.ended = !err;
		suspects->ended += !err;
		if (err && err != -ESRCH)
			log_error("process %u runs an embargoed file and could not be ended: %s", event->subject.pid,
				  strerror(-err));
	}
	late.ran_ns = now_boot_ns() - event->header.boot_ns;
	fill_decision(suspects, event, answer, file, &decision);
	suspects->embargoed++;
	suspects->options.late(suspects->options.context, &late);
}

static void take(struct suspects *suspects, struct suspect *suspect, const struct answer *answer)
{
	struct verdict_of verdict = {0};
	int err = answer->err ? answer->err : judge(suspects, suspect, answer, &verdict);

	if (!err)
		err = put(suspects, suspect, answer, &verdict);
	if (err == -E2BIG)
		suspects->options.full(suspects->options.context);
	if (answer->err) {
		suspects->unreachable++;
		return;
	}
	suspects->read++;
	/* also when the fact could not be put: what runs now runs now */
	for (size_t i = 0; i < suspect->event_count && verdict.deny && !suspect->seen_only; i++)
		conclude(suspects, suspect->events[i], answer, &verdict.file);
}

static int on_answer(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
	struct suspect *suspect = userdata;
	struct suspects *suspects = suspect->owner;
	struct answer answer;

	if (apart_read(fd, &answer, sizeof(answer), 0) != 1)
		answer = (struct answer){.err = -EIO};
	(void)apart_end(&suspect->apart, false); /* it has nothing left to do */
	suspects->workers--;
	take(suspects, suspect, &answer);
	forget(suspects, suspect);
	begin_some(suspects);
	return 0;
}

/* ---------------------------------------------------------------- from outside */

void suspects_ask(struct suspects *suspects, const struct event *event)
{
	/* a question that names no generation is about the one that is active */
	if (!suspects || !suspects->generation ||
	    (event->decision.generation && event->decision.generation != suspects->generation->number))
		return;
	suspects->asked++;
	add(suspects, event, false);
}

void suspects_seen(struct suspects *suspects, const struct event *event)
{
	const struct learned_key key = learned_key_of_file(&event->file);
	struct learned known = {0};

	if (!suspects || !suspects->generation || event->decision.recognised != RECOGNISED_PATH ||
	    !event->decision.rule || event->decision.let_through || !event->file.size ||
	    !(event->file.flags & FILE_IDENTIFIED) ||
	    event->decision.generation != suspects->generation->number)
		return;
	/* the kernel has put it, unless it had no room */
	if (kernel_learned_get(suspects->options.kernel, &key, &known) || known.flags & LEARNED_PROTECTED ||
	    (known.flags & LEARNED_HASHED && known.size == event->file.size))
		return;
	add(suspects, event, true);
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

static void give_up(struct suspects *suspects)
{
	for (size_t i = 0; i < suspects->count; i++)
		suspect_free(suspects->list[i]);
	suspects->count = suspects->workers = 0;
}

void suspects_free(struct suspects *suspects)
{
	if (!suspects)
		return;
	give_up(suspects);
	free(suspects);
}

void suspects_generation(struct suspects *suspects, const struct generation *generation,
			 const struct host_paths *protected_paths)
{
	if (!suspects)
		return;
	give_up(suspects);
	suspects->generation = generation;
	suspects->protected_paths = protected_paths;
}

json_t *suspects_state(const struct suspects *suspects)
{
	return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I}", "asked", (json_int_t)suspects->asked, "read",
			 (json_int_t)suspects->read, "embargoed", (json_int_t)suspects->embargoed, "ended",
			 (json_int_t)suspects->ended, "unreachable", (json_int_t)suspects->unreachable, "overflow",
			 (json_int_t)suspects->overflow);
}

bool suspects_by_agent(const struct kernel_report *report)
{
	return report->hooks[HOOK_EXEC].backend != BACKEND_LSM ||
	       (report->hooks[HOOK_LOAD].hook && report->hooks[HOOK_LOAD].backend != BACKEND_LSM);
}
