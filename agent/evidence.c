/* SPDX-License-Identifier: MIT */
/*
 * evidence.c - see evidence.h. The agent looks while something is open or not told yet, and sleeps otherwise.
 */
#include "evidence.h"
#include "clean.h"
#include "deliver.h"
#include "log.h"

#include "../policy/policy.h"
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define SECOND_NS  1000000000ull
#define HOUR_NS	   (3600 * SECOND_NS)
#define QUIET_NS   (5 * SECOND_NS) /* without a connection: a pair is over for now */
#define MUCH_BYTES (1ull << 20)
#define SOON_US	   5000000ull /* to the next look, while something has not been told */
#define LATER_US   60000000ull /* while connections are only open */
#define PATHS_KEPT 64

/* Programs by the identity that evidence knows them by. */
struct known_path {
	__u64 inode;
	__u32 device;
	char path[EVIDENCE_PATH_BYTES];
};

/* Names of connections, by their keys: one that only a server name told is not among those that were resolved. */
struct known_name {
	__u64 key;
	char text[DOMAIN_BYTES + 1];
};

struct evidence_book {
	struct evidence_options options;
	sd_event_source *timer;
	struct evidence_row *rows; /* sorted by key */
	size_t count, room;
	struct known_path paths[PATHS_KEPT];
	unsigned next_path;
	struct known_name names[PATHS_KEPT];
	unsigned next_name;
};

/* ---------------------------------------------------------------- what an event is due of */

static bool has_changed(const struct evidence_row *row)
{
	return row->sums.connections != row->told_connections || row->sums.sent != row->told_sent ||
	       row->sums.received != row->told_received;
}

/* By as much as was told before, and not by a trifle. */
static bool has_grown_much(const struct evidence_row *row)
{
	__u64 told = row->told_sent + row->told_received;
	__u64 more = row->sums.sent + row->sums.received - told;

	return more >= MUCH_BYTES && more >= told;
}

enum evidence_due evidence_due(const struct evidence_row *row, __u64 now_boot_ns)
{
	__u64 since = row->told_boot_ns ? row->told_boot_ns : row->sums.first_boot_ns;
	bool hour = now_boot_ns >= since + HOUR_NS;
	bool over = !row->open && now_boot_ns >= row->sums.last_boot_ns + QUIET_NS;

	if (over && (has_changed(row) ? !row->told_final || hour : row->told_boot_ns && !row->told_final))
		return EVIDENCE_FINAL;
	if (has_changed(row) && (hour || has_grown_much(row)))
		return over ? EVIDENCE_FINAL : EVIDENCE_GOES_ON;
	return EVIDENCE_NOT_YET;
}

/* Nothing will come of it until something new is counted. */
static bool is_told(const struct evidence_row *row)
{
	return !row->open && !has_changed(row) && (row->told_final || !row->told_boot_ns);
}

/* ---------------------------------------------------------------- looking */

static int compare_keys(const void *a, const void *b)
{
	return memcmp(&((const struct evidence_row *)a)->key, &((const struct evidence_row *)b)->key,
		      sizeof(struct evidence_key));
}

static struct evidence_row *find_row(struct evidence_row *rows, size_t count, const struct evidence_key *key)
{
	struct evidence_row wanted = {.key = *key};

	return count ? bsearch(&wanted, rows, count, sizeof(*rows), compare_keys) : NULL;
}

/* A connection that is counted, and how far it is; by cookie. */
struct live {
	__u64 cookie, sent, received;
	struct evidence_key key;
};

struct look {
	struct live *live;
	size_t live_count, live_room;
	struct evidence_row *rows;
	size_t count, room;
};

static void look_done(struct look *look)
{
	free(look->live);
	free(look->rows);
}

/* Return: 0 with room for one more, or -ENOMEM. */
static int grow(void *list, size_t count, size_t *room, size_t size)
{
	void **at = list, *grown;

	if (count < *room)
		return 0;
	grown = reallocarray(*at, *room ? *room * 2 : 64, size);
	if (!grown)
		return -ENOMEM;
	*at = grown;
	*room = *room ? *room * 2 : 64;
	return 0;
}

static int take_flow(void *context, __u64 cookie, const struct flow *flow)
{
	struct look *look = context;
	int err = grow(&look->live, look->live_count, &look->live_room, sizeof(*look->live));

	if (err < 0)
		return err;
	look->live[look->live_count++] = (struct live){.cookie = cookie, .key = flow->key};
	return 0;
}

static int compare_cookies(const void *a, const void *b)
{
	const struct live *one = a, *other = b;

	return one->cookie < other->cookie ? -1 : one->cookie > other->cookie;
}

static int take_socket(void *context, const struct open_socket *socket)
{
	struct look *look = context;
	struct live wanted = {.cookie = socket->cookie}, *live;

	live = socket->cookie ? bsearch(&wanted, look->live, look->live_count, sizeof(wanted),
					compare_cookies)
			      : NULL;
	if (!live)
		return 0;
	live->sent = socket->sent;
	live->received = socket->received;
	return 0;
}

static int take_sums(void *context, const struct evidence_key *key, const struct evidence *sums)
{
	struct look *look = context;
	int err = grow(&look->rows, look->count, &look->room, sizeof(*look->rows));

	if (err < 0)
		return err;
	look->rows[look->count++] = (struct evidence_row){.key = *key, .sums = *sums};
	return 0;
}

/*
 * The order makes it exact: the kernel takes a flow away before it adds its bytes, so a flow that is still there after the
 * sums were read is not in them.
 */
static int look_at(struct kernel *kernel, struct look *look)
{
	int err = kernel_flows(kernel, take_flow, look);

	if (!err && look->live_count) {
		qsort(look->live, look->live_count, sizeof(*look->live), compare_cookies);
		err = kernel_sockets(kernel, take_socket, look);
	}
	if (!err)
		err = kernel_evidence(kernel, take_sums, look);
	if (err)
		return err;
	if (look->count)
		qsort(look->rows, look->count, sizeof(*look->rows), compare_keys);
	for (size_t i = 0; i < look->live_count; i++) {
		const struct live *live = &look->live[i];
		struct evidence_row *row = find_row(look->rows, look->count, &live->key);

		if (!row || !kernel_flow_is_open(kernel, live->cookie))
			continue;
		row->open++;
		row->sums.sent += live->sent;
		row->sums.received += live->received;
	}
	return 0;
}

static void find_path(const struct evidence_book *book, struct evidence_row *row)
{
	char link[64];
	struct stat st;
	ssize_t bytes;

	for (size_t i = 0; i < PATHS_KEPT; i++)
		if (book->paths[i].inode == row->key.inode && book->paths[i].device == row->key.device) {
			memcpy(row->path, book->paths[i].path, sizeof(row->path));
			return;
		}
	snprintf(link, sizeof(link), "/proc/%u/exe", row->sums.pid);
	if (stat(link, &st) < 0 || st.st_ino != row->key.inode)
		return; /* the number may be another process's by now */
	bytes = readlink(link, row->path, sizeof(row->path) - 1);
	row->path[bytes > 0 ? bytes : 0] = 0;
}

static void find_domain(const struct evidence_book *book, struct evidence_row *row)
{
	struct domain_text name;

	for (size_t i = 0; i < PATHS_KEPT; i++)
		if (book->names[i].key == row->key.name) {
			memcpy(row->domain, book->names[i].text, sizeof(row->domain));
			return;
		}
	if (kernel_name(book->options.kernel, row->key.name, &name) < 0)
		return;
	memcpy(row->domain, name.text, name.bytes);
	row->domain[name.bytes] = 0;
}

/* What was known of a row stays known. A connection that closes while we look is missing for a moment: what was told stays. */
static void keep_known(struct evidence_row *row, const struct evidence_row *before)
{
	memcpy(row->path, before->path, sizeof(row->path));
	memcpy(row->domain, before->domain, sizeof(row->domain));
	row->told_connections = before->told_connections;
	row->told_sent = before->told_sent;
	row->told_received = before->told_received;
	row->told_boot_ns = before->told_boot_ns;
	row->told_final = before->told_final;
	if (row->sums.sent < row->told_sent)
		row->sums.sent = row->told_sent;
	if (row->sums.received < row->told_received)
		row->sums.received = row->told_received;
}

static int refresh(struct evidence_book *book)
{
	CLEANUP(look_done) struct look look = {0};
	int err = look_at(book->options.kernel, &look);

	if (err < 0)
		return err;
	for (size_t i = 0; i < look.count; i++) {
		const struct evidence_row *before = find_row(book->rows, book->count, &look.rows[i].key);

		if (before)
			keep_known(&look.rows[i], before);
		if (!look.rows[i].path[0])
			find_path(book, &look.rows[i]);
		if (look.rows[i].key.name && !look.rows[i].domain[0])
			find_domain(book, &look.rows[i]);
	}
	free(book->rows);
	book->rows = take_ptr(look.rows);
	book->count = look.count;
	book->room = look.room;
	return 0;
}

/* ---------------------------------------------------------------- telling */

/* The words of a rule: of the active generation, or of the one before. */
static const struct generation_rule *rule_of(const struct record_context *context, __u64 id,
					     const struct generation **out_generation)
{
	for (size_t i = 0; i < RECORD_GENERATIONS; i++) {
		const struct generation *generation = context->generations[i];

		for (size_t j = 0; generation && j < generation->rule_count; j++) {
			const struct generation_rule *rule = &generation->rules[j];

			if (rule->action == ACTION_ALLOW || name_hash(rule->id, strlen(rule->id)) != id)
				continue;
			*out_generation = generation;
			return rule;
		}
	}
	return NULL;
}

static void tell(struct evidence_book *book, struct evidence_row *row, bool final, __u64 now)
{
	const struct evidence_options *options = &book->options;
	struct record_traffic traffic = {.key = &row->key,
					 .sums = &row->sums,
					 .open = row->open,
					 .final = final,
					 .path = row->path,
					 .domain = row->domain[0] ? row->domain : NULL,
					 .now_boot_ns = now};

	traffic.rule = rule_of(options->context, row->key.rule, &traffic.generation);
	options->tell(options->userdata, record_traffic(options->context, &traffic));
	row->told_connections = row->sums.connections;
	row->told_sent = row->sums.sent;
	row->told_received = row->sums.received;
	row->told_boot_ns = now;
	row->told_final = final;
}

/* Return: microseconds to the next look; 0: there is nothing to look at. */
static __u64 look_and_tell(struct evidence_book *book)
{
	__u64 now = deliver_now(), next = 0;
	int err = refresh(book);

	if (err < 0) {
		log_warning("what leaves through connections cannot be read: %s; trying again in a minute",
			    strerror(-err));
		return LATER_US;
	}
	for (size_t i = 0; i < book->count; i++) {
		struct evidence_row *row = &book->rows[i];
		enum evidence_due due = evidence_due(row, now);

		if (due != EVIDENCE_NOT_YET)
			tell(book, row, due == EVIDENCE_FINAL, now);
		if (is_told(row))
			continue;
		if (!row->open && !row->told_final)
			next = SOON_US;
		else if (!next)
			next = LATER_US;
	}
	return next;
}

static void arm(struct evidence_book *book, __u64 in_us)
{
	(void)sd_event_source_set_time_relative(book->timer, in_us);
	(void)sd_event_source_set_enabled(book->timer, in_us ? SD_EVENT_ONESHOT : SD_EVENT_OFF);
}

static int on_timer(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct evidence_book *book = userdata;

	arm(book, look_and_tell(book));
	return 0;
}

void evidence_woken(struct evidence_book *book)
{
	int state = SD_EVENT_OFF;
	uint64_t at = 0;

	if (!book)
		return;
	(void)sd_event_source_get_enabled(book->timer, &state);
	(void)sd_event_source_get_time(book->timer, &at);
	if (state == SD_EVENT_OFF || at > deliver_now() / 1000 + SOON_US)
		arm(book, SOON_US);
}

static void remember_path(struct evidence_book *book, const struct event *event)
{
	struct known_path *slot = NULL;

	if (!event->file.inode || event->path_flags || event->path_bytes >= EVIDENCE_PATH_BYTES)
		return;
	for (size_t i = 0; i < PATHS_KEPT && !slot; i++)
		if (book->paths[i].inode == event->file.inode && book->paths[i].device == event->file.device)
			slot = &book->paths[i];
	if (!slot)
		slot = &book->paths[book->next_path++ % PATHS_KEPT];
	slot->inode = event->file.inode;
	slot->device = event->file.device;
	memcpy(slot->path, event->path, event->path_bytes);
	slot->path[event->path_bytes] = 0;
}

static void remember_name(struct evidence_book *book, const struct event *event)
{
	const char *text = event->path + event->path_bytes;
	__u64 key = name_hash(text, event->name_bytes);
	struct known_name *slot = &book->names[book->next_name % PATHS_KEPT];

	if (!event->name_bytes || event->name_bytes > DOMAIN_BYTES)
		return;
	for (size_t i = 0; i < PATHS_KEPT; i++)
		if (book->names[i].key == key)
			return;
	book->next_name++;
	slot->key = key;
	memcpy(slot->text, text, event->name_bytes);
	slot->text[event->name_bytes] = 0;
}

void evidence_event(struct evidence_book *book, const struct event *event)
{
	bool connects = event->header.kind == HOOK_CONNECT || event->header.kind == HOOK_NAME;

	if (!book || !connects || event->decision.verdict != VERDICT_ALLOW)
		return;
	remember_path(book, event);
	remember_name(book, event);
	evidence_woken(book);
}

void evidence_switched(struct evidence_book *book)
{
	__u64 now = deliver_now();
	int err;

	if (!book)
		return;
	err = refresh(book);
	for (size_t i = 0; !err && i < book->count; i++) {
		struct evidence_row *row = &book->rows[i];
		const struct generation *generation = NULL;

		(void)rule_of(book->options.context, row->key.rule, &generation);
		if (generation == book->options.context->generations[0] || row->open)
			continue;
		if (!row->told_final || has_changed(row))
			tell(book, row, true, now);
		(void)kernel_evidence_remove(book->options.kernel, &row->key); /* else it is told once more */
	}
	evidence_woken(book);
}

/* ---------------------------------------------------------------- status */

static int compare_bytes(const void *a, const void *b)
{
	const struct evidence_row *one = a, *other = b;
	__u64 bytes = one->sums.sent + one->sums.received, others = other->sums.sent + other->sums.received;

	if (bytes != others)
		return bytes > others ? -1 : 1;
	return compare_keys(a, b);
}

static json_t *rows_json(const struct evidence_row *rows, size_t count, const struct record_context *context)
{
	AUTO_FREE struct evidence_row *sorted = calloc(count + 1, sizeof(*sorted));
	AUTO_JSON json_t *list = json_array();

	if (!sorted)
		return NULL;
	if (count)
		memcpy(sorted, rows, count * sizeof(*sorted));
	qsort(sorted, count, sizeof(*sorted), compare_bytes);
	for (size_t i = 0; i < count && i < EVIDENCE_ROWS_TOLD; i++) {
		struct record_traffic traffic = {.key = &sorted[i].key,
						 .sums = &sorted[i].sums,
						 .open = sorted[i].open,
						 .path = sorted[i].path,
						 .domain = sorted[i].domain[0] ? sorted[i].domain : NULL};

		traffic.rule = rule_of(context, sorted[i].key.rule, &traffic.generation);
		if (json_array_append_new(list, record_traffic_row(context, &traffic)))
			return NULL;
	}
	return json_pack("{s:O, s:I}", "rows", list, "left_out",
			 (json_int_t)(count > EVIDENCE_ROWS_TOLD ? count - EVIDENCE_ROWS_TOLD : 0));
}

json_t *evidence_json(struct evidence_book *book)
{
	if (!book)
		return rows_json(NULL, 0, NULL);
	(void)refresh(book); /* what was there at the last look is told then */
	return rows_json(book->rows, book->count, book->options.context);
}

json_t *evidence_pinned_json(const char *pins, const struct record_context *context)
{
	CLEANUP(look_done) struct look look = {0};

	(void)kernel_evidence_pinned(pins, take_sums, &look); /* nothing is pinned: no rows */
	return rows_json(look.rows, look.count, context);
}

/* ---------------------------------------------------------------- begin and end */

int evidence_new(const struct evidence_options *options, struct evidence_book **out_book)
{
	struct evidence_book *book = calloc(1, sizeof(*book));
	int err;

	if (!book)
		return -ENOMEM;
	book->options = *options;
	err = sd_event_add_time_relative(options->loop, &book->timer, CLOCK_BOOTTIME, SOON_US, 1000000, on_timer, book);
	if (err < 0) {
		free(book);
		return err;
	}
	*out_book = book;
	return 0;
}

void evidence_free(struct evidence_book *book)
{
	if (!book)
		return;
	sd_event_source_disable_unref(book->timer);
	free(book->rows);
	free(book);
}
