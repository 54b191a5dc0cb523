/* SPDX-License-Identifier: MIT */
/*
 * names.c - see names.h. Nothing here decides: it puts names and addresses into the kernel's maps, where rules are asked when
 * somebody connects.
 */
#include "names.h"
#include "clean.h"
#include "deliver.h"
#include "hosts.h"
#include "kernel.h"
#include "log.h"
#include "names_cache.h"

#include "../policy/match.h"
#include "../policy/policy.h"
#include <errno.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>

#define HOSTS		"/etc/hosts"
#define SWEEP_US	60000000ull
#define ACCURACY_US	1000000ull
#define FOR_EVER	(~0ull)
#define COUNTED_MAX	50000	/* entries that are counted anew for every status */
#define TROUBLE_PERCENT 80

/* An address that /etc/hosts gives a name. */
struct given {
	struct address_key address;
	__u64 name;
};

struct names {
	struct kernel *kernel;			/* borrowed */
	const struct generation *generation;	/* borrowed; NULL: none yet */
	sd_event *loop;				/* borrowed */
	void (*found)(void *userdata);
	void *userdata;
	sd_event_source *timer;			/* owned: every minute */
	sd_event_source *directory, *file;	/* owned: inotify; NULL: cannot be watched, the timer looks */
	struct stat hosts;			/* as it was read last */
	struct given *given;			/* owned; sorted once it is whole */
	size_t given_count, given_room;
	size_t failed;				/* names of /etc/hosts that did not fit */
	struct names_cache *cache;		/* owned */
	struct kernel_resolved counts;
	bool trouble_said;
};

bool names_denied(const struct generation *generation, const struct domain_text *name)
{
	char text[DOMAIN_BYTES + 1];

	memcpy(text, name->text, name->bytes);
	text[name->bytes] = '\0';
	return match_domain(generation, text).rule != NULL;
}

__u64 names_key(const struct domain_text *name)
{
	return name_hash(name->text, name->bytes);
}

static bool denied(const struct names *names, const struct domain_text *name)
{
	return names_denied(names->generation, name);
}

/* ---------------------------------------------------------------- /etc/hosts */

static int given_add(struct names *names, const struct address_key *address, __u64 name)
{
	if (names->given_count == names->given_room) {
		size_t room = 2 * names->given_room + 16;
		struct given *more = realloc(names->given, room * sizeof(*more));

		if (!more)
			return -ENOMEM;
		names->given = more;
		names->given_room = room;
	}
	names->given[names->given_count++] = (struct given){*address, name};
	return 0;
}

static int give(struct names *names, const struct address_key *address, const struct domain_text *name)
{
	__u64 key = names_key(name);
	int err = kernel_resolved_put(names->kernel, address, key, name, FOR_EVER, deliver_now());

	if (err < 0)
		names->failed++;
	return given_add(names, address, key);
}

static int give_denied(void *context, const struct address_key *address, const struct domain_text *name)
{
	struct names *names = context;

	return denied(names, name) ? give(names, address, name) : 0;
}

/* Innocent names say that the address of a denied one is shared; of others they say nothing. */
static int give_innocent(void *context, const struct address_key *address, const struct domain_text *name)
{
	struct names *names = context;

	if (!kernel_address_known(names->kernel, address) || denied(names, name))
		return 0;
	return give(names, address, name);
}

static int compare_given(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct given));
}

/* What is believed for ever and is not given any more: also what an agent before this one has put. */
static int take_back(void *context, const struct address_key *address, const struct learned_address *known)
{
	struct names *names = context;

	for (size_t i = 0; i < ADDRESS_NAMES_MAX; i++) {
		struct given one = {*address, known->names[i].name};

		if (!one.name || known->names[i].until_boot_ns != FOR_EVER ||
		    (names->given_count &&
		     bsearch(&one, names->given, names->given_count, sizeof(one), compare_given)))
			continue;
		(void)kernel_resolved_forget(names->kernel, address, one.name,
					     deliver_now() + TTL_MAX_S * 1000000000ull); /* or it is gone */
	}
	return 0;
}

static void watch_file(struct names *names);

static void read_hosts(struct names *names)
{
	int err = 0;

	if (!names->generation)
		return;
	names->given_count = 0;
	names->failed = 0;
	if (stat(HOSTS, &names->hosts) < 0)
		memset(&names->hosts, 0, sizeof(names->hosts));
	else
		err = hosts_each(HOSTS, give_denied, names) ?: hosts_each(HOSTS, give_innocent, names);
	if (err < 0) {
		log_warning("\"%s\" cannot be read: %s. What is known of it stays as it was", HOSTS, strerror(-err));
		return;
	}
	if (names->given_count)
		qsort(names->given, names->given_count, sizeof(*names->given), compare_given);
	(void)kernel_addresses_each(names->kernel, take_back, names); /* the callback never ends it */
	if (names->failed)
		log_warning("%zu names of \"%s\" did not fit into the kernel: see embargo status, names", names->failed, HOSTS);
}

static bool hosts_changed(const struct names *names)
{
	struct stat now = {0};

	(void)stat(HOSTS, &now); /* zeroes: it is gone */
	return now.st_ino != names->hosts.st_ino || now.st_dev != names->hosts.st_dev ||
	       now.st_size != names->hosts.st_size || now.st_mtim.tv_sec != names->hosts.st_mtim.tv_sec ||
	       now.st_mtim.tv_nsec != names->hosts.st_mtim.tv_nsec;
}

static int on_hosts(sd_event_source *source, const struct inotify_event *event, void *userdata)
{
	struct names *names = userdata;

	if (source == names->directory && (!event->len || strcmp(event->name, "hosts")))
		return 0;
	if (source == names->directory)
		watch_file(names); /* another file has the name */
	if (!hosts_changed(names))
		return 0;
	read_hosts(names);
	names->found(names->userdata);
	return 0;
}

/* Beside the directory: it may be mounted there, as container managers do, or be a link that leads elsewhere. */
static void watch_file(struct names *names)
{
	names->file = sd_event_source_disable_unref(names->file);
	(void)sd_event_add_inotify(names->loop, &names->file, HOSTS, IN_MODIFY | IN_CLOSE_WRITE, on_hosts,
				   names); /* the timer looks, too */
}

/* ---------------------------------------------------------------- what was seen before */

static int take_seen(void *context, const struct address_key *address, const struct seen_address *known)
{
	struct names *names = context;
	__u64 now = deliver_now();

	if (known->until_boot_ns <= now || !denied(names, &known->name))
		return 0;
	if (kernel_resolved_put(names->kernel, address, names_key(&known->name), &known->name, known->until_boot_ns, now))
		names->failed++;
	else
		kernel_seen_forget(names->kernel, address);
	return 0;
}

/* ---------------------------------------------------------------- every minute */

static bool has_names(const struct generation *generation)
{
	return generation_flags(generation) & GEN_FLAG_NAMES;
}

static void arm(struct names *names)
{
	bool wanted = has_names(names->generation) || names->counts.names || names->counts.addresses;

	(void)sd_event_source_set_time_relative(names->timer, SWEEP_US);
	(void)sd_event_source_set_enabled(names->timer, wanted ? SD_EVENT_ONESHOT : SD_EVENT_OFF);
}

static void sweep(struct names *names)
{
	char text[256];

	(void)kernel_resolved_sweep(names->kernel, deliver_now(), &names->counts); /* counted as far as it came */
	if (!names_trouble(names, text, sizeof(text)))
		names->trouble_said = false;
	else if (!names->trouble_said) {
		log_warning("%s", text);
		names->trouble_said = true;
	}
}

static int on_minute(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct names *names = userdata;

	if (hosts_changed(names)) {
		watch_file(names);
		read_hosts(names);
		names->found(names->userdata);
	}
	sweep(names);
	arm(names);
	return 0;
}

void names_generation(struct names *names, const struct generation *generation)
{
	if (!names)
		return;
	names->generation = generation;
	watch_file(names); /* another one may have been mounted there, which nobody tells */
	read_hosts(names);
	(void)kernel_seen_each(names->kernel, take_seen, names); /* the callback never ends it */
	names_cache_read(names->cache, has_names(generation) ? generation : NULL);
	sweep(names);
	arm(names);
}

int names_new(sd_event *loop, struct kernel *kernel, int resolver_fd, void (*found)(void *userdata), void *userdata,
	      struct names **out_names)
{
	struct names *names = calloc(1, sizeof(*names));
	int err;

	if (!names) {
		clean_fd(&resolver_fd);
		return -ENOMEM;
	}
	names->loop = loop;
	names->found = found;
	names->userdata = userdata;
	names->kernel = kernel;
	err = names_cache_new(loop, kernel, resolver_fd, found, userdata, &names->cache);
	if (err >= 0)
		err = sd_event_add_time_relative(loop, &names->timer, CLOCK_BOOTTIME, SWEEP_US, ACCURACY_US, on_minute,
						 names);
	if (err >= 0)
		err = sd_event_source_set_enabled(names->timer, SD_EVENT_OFF);
	if (err < 0) {
		names_free(names);
		return err;
	}
	(void)sd_event_add_inotify(loop, &names->directory, "/etc", IN_MOVED_TO | IN_MOVED_FROM | IN_CREATE | IN_DELETE,
				   on_hosts, names); /* the timer looks, too */
	watch_file(names);
	*out_names = names;
	return 0;
}

void names_free(struct names *names)
{
	if (!names)
		return;
	sd_event_source_disable_unref(names->timer);
	sd_event_source_disable_unref(names->directory);
	sd_event_source_disable_unref(names->file);
	names_cache_free(names->cache);
	free(names->given);
	free(names);
}

/* ---------------------------------------------------------------- status */

bool names_trouble(struct names *names, char *out_text, size_t room)
{
	const struct kernel_resolved *counts = names ? &names->counts : NULL;

	if (!counts || (counts->names * 100 < NAMES_MAX * TROUBLE_PERCENT &&
			counts->addresses * 100 < ADDRESSES_MAX * TROUBLE_PERCENT))
		return false;
	snprintf(out_text, room,
		 "%zu of %d places for denied names and %zu of %d for their addresses are used; what does not fit is not "
		 "recognised by its address. Name domains more closely, or as networks",
		 counts->names, NAMES_MAX, counts->addresses, ADDRESSES_MAX);
	return true;
}

json_t *names_state(struct names *names)
{
	AUTO_JSON json_t *state = NULL;

	if (names->counts.names < COUNTED_MAX && names->counts.addresses < COUNTED_MAX)
		sweep(names);
	state = json_pack("{s:I, s:i, s:I, s:i, s:I, s:I}", "names", (json_int_t)names->counts.names, "names_room",
			  NAMES_MAX, "addresses", (json_int_t)names->counts.addresses, "addresses_room", ADDRESSES_MAX,
			  "from_hosts", (json_int_t)names->given_count, "hosts_failed", (json_int_t)names->failed);
	if (!state || names_cache_state(names->cache, state))
		return NULL;
	return json_incref(state);
}
