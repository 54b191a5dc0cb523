/* SPDX-License-Identifier: MIT */
/* daemon.c - the life of the agent: configuration, policy, kernel, fewer privileges, ready, loop. */
#include "daemon.h"
#include "clean.h"
#include "closer.h"
#include "log.h"
#include "privilege.h"
#include "resolver.h"

#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <signal.h>
#include <sodium.h>
#include <string.h>
#include <sys/stat.h>
#include <systemd/sd-daemon.h>

#define DEFAULT_ROTATE (100ull << 20)
#define DEFAULT_KEEP   10
#define EXIT_COULD_NOT 3

static void read_id(const char *path, char *out_id)
{
	AUTO_FILE FILE *file = fopen(path, "re");

	if (file && fgets(out_id, ID_BYTES, file))
		out_id[strcspn(out_id, "\n")] = 0;
}

static void know_host(struct daemon *daemon)
{
	(void)gethostname(daemon->host_name, sizeof(daemon->host_name) - 1); /* empty: left out */
	read_id("/etc/machine-id", daemon->host_id);
	read_id("/proc/sys/kernel/random/boot_id", daemon->boot_id);
	daemon->context.host_name = daemon->host_name;
	daemon->context.host_id = daemon->host_id[0] ? daemon->host_id : NULL;
	daemon->context.boot_id = daemon->boot_id[0] ? daemon->boot_id : NULL;
	deliver_clock(&daemon->context);
}

/* ---------------------------------------------------------------- configuration */

static int read_config(struct daemon *daemon)
{
	const struct options *options = daemon->options;
	struct diagnostics diags = {0};
	int err;

	err = agent_config_load(options->config, &diags, &daemon->config);
	if (err == -ENOENT && !options->config_named) {
		diagnostics_done(&diags);
		return 0; /* the defaults and the options say everything */
	}
	for (size_t i = 0; i < diags.count; i++)
		log_print(diags.list[i].severity == SEVERITY_ERROR ? LOG_LEVEL_ERROR
								   : LOG_LEVEL_WARNING,
			  "%s:%u:%u: %s", diags.list[i].file ? diags.list[i].file : options->config,
			  diags.list[i].line, diags.list[i].column,
			  diags.list[i].message ? diags.list[i].message : "out of memory");
	diagnostics_done(&diags);
	if (err < 0)
		log_error(
			"the configuration \"%s\" cannot be used%s%s; nothing was changed. Correct it "
			"and start again",
			options->config, err == -EINVAL ? "" : ": ",
			err == -EINVAL ? "" : strerror(-err));
	return err;
}

static void settle(struct daemon *daemon)
{
	const struct options *options = daemon->options;
	const struct agent_config *config = daemon->config;

	daemon->kernel_options = (struct kernel_options){
		.pins = options->pins,
		.within = options->within ? options->within
			  : config        ? config->within
					  : NULL,
		.audit_only = options->audit_only || (config && config->audit_only),
	};
	memcpy(daemon->kernel_options.forced, options->forced, sizeof(options->forced));
	daemon->activation.policy = options->policy            ? options->policy
				    : config && config->policy ? config->policy
							       : DEFAULT_POLICY;
	daemon->activation.catalogs = options->catalogs;
	daemon->activation.catalog_count = options->catalog_count;
	daemon->activation.labels = host_labels_of(daemon->config);
	daemon->activation.state = options->state;
}

static int add_sink(struct deliver *deliver, const struct sink_config *config)
{
	const char *target = config->kind == SINK_FILE ? config->path : "standard output";
	int err = -EOPNOTSUPP;

	if (deliver->sink_count == SINKS_MAX) {
		log_error("more than %d places for events are configured; remove some", SINKS_MAX);
		return -E2BIG;
	}
	if (config->kind == SINK_FILE)
		err = sink_file_open(config->path, config->rotate_bytes, config->keep,
				     &deliver->sinks[deliver->sink_count]);
	else if (config->kind == SINK_STDOUT)
		err = sink_stdout_open(&deliver->sinks[deliver->sink_count]);
	if (err == -EBUSY)
		log_error("another process writes events to \"%s\"; is another agent running?",
			  target);
	else if (err < 0)
		log_error("events cannot be written to \"%s\": %s; name another place (--events or "
			  "events: in the configuration)",
			  target ? target : "", strerror(-err));
	if (err < 0)
		return err;
	deliver->sink_count++;
	return 0;
}

static int open_sinks(struct daemon *daemon)
{
	const char *events = daemon->options->events;
	const struct agent_config *config = daemon->config;
	struct sink_config one = {
		.kind = events && !strcmp(events, "-") ? SINK_STDOUT : SINK_FILE,
		.path = (char *)(events ? events : DEFAULT_EVENTS),
		.rotate_bytes = DEFAULT_ROTATE,
		.keep = DEFAULT_KEEP,
	};
	int err = 0;

	if (events || !config || !config->sink_count)
		return add_sink(&daemon->deliver, &one);
	for (size_t i = 0; i < config->sink_count && err == 0; i++)
		err = add_sink(&daemon->deliver, &config->sinks[i]);
	return err;
}

/* ---------------------------------------------------------------- start and end */

static void explain_start(const struct daemon *daemon, int err)
{
	const char *within = daemon->kernel_options.within;

	if (within && kernel_within_check(within) < 0) {
		log_error("\"%s\", which decisions are to be bound to (--within), is not a directory of cgroup v2 below its root, so "
			  "nothing was attached. Make one where cgroup v2 is mounted (findmnt -t cgroup2) and start again",
			  within);
		return;
	}
	switch (err) {
	case -ENOKEY:
		log_error(
			"there is neither a usable policy (\"%s\") nor a last good one in \"%s\", so "
			"nothing was attached. Write a policy, check it with embargo policy check, "
			"and start again",
			daemon->activation.policy, daemon->options->state);
		break;
	case -EOPNOTSUPP:
		log_error(
			"this kernel offers no way to carry a hook%s; embargo doctor says why and how "
			"to get more",
			daemon->options->forced[HOOK_EXEC] ? " by the backend that --backend forces"
							   : "");
		break;
	case -EPERM:
		log_error(
			"the kernel refuses to load programs: run as root, outside a container, with "
			"CAP_BPF, CAP_PERFMON and CAP_NET_ADMIN; embargo doctor says more");
		break;
	default:
		log_error("loading into the kernel failed: %s; what was attached before still is. "
			  "embargo doctor says more",
			  strerror(-err));
	}
}

static int start_kernel(struct daemon *daemon, bool *out_adopted)
{
	int err;

	daemon->kernel_options.begun = kernel_begin(&daemon->kernel_options);
	err = activate_first(&daemon->activation);
	if (err == 0)
		err = kernel_start(&daemon->kernel_options, daemon->activation.active, NULL,
				   &daemon->kernel, out_adopted);
	kernel_begin_end(take_ptr(daemon->kernel_options.begun));
	if (err < 0) {
		explain_start(daemon, err);
		return err;
	}
	activate_learn(&daemon->activation, daemon->kernel);
	activate_require(&daemon->activation, daemon->kernel);
	activate_keep(&daemon->activation);
	return 0;
}

static void say_start(struct daemon *daemon, const struct kernel_report *report, bool adopted)
{
	const struct generation *active = daemon->activation.active;

	log_notice("policy \"%s\" revision %u with %zu rules is active (%s%s%s)%s", active->policy,
		   active->revision, active->rule_count,
		   daemon->kernel_options.audit_only ? "audit only" : mode_word(active->mode),
		   daemon->kernel_options.within ? ", within " : "",
		   daemon->kernel_options.within ? daemon->kernel_options.within : "",
		   adopted ? "; what was attached goes on" : "");
	for (unsigned i = HOOK_NONE + 1; i < HOOK_MAX; i++)
		if (report->hooks[i].hook)
			log_notice("%s: %s, %s", hook_word(i),
				   backend_word(report->hooks[i].backend),
				   report->hooks[i].achieves);
	if (generation_unenforced(active))
		log_notice(
			"%zu matchers of the policy are not enforced yet; embargo status lists why",
			generation_unenforced(active));
}

static int block_signals(void)
{
	sigset_t set;

	(void)signal(SIGPIPE, SIG_IGN);
	sigemptyset(&set);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	return sigprocmask(SIG_BLOCK, &set, NULL) < 0 ? -errno : 0;
}

static int load_rest_apart(void *context, int fd)
{
	int err = kernel_load_rest(context);

	if (err < 0)
		log_warning("what only other policies need cannot be loaded: %s. This policy is enforced; one that brings names, "
			    "containment or strict rules anew will be refused until embargod is restarted with it",
			    strerror(-err));
	return err;
}

/* By a process of its own: it takes a full root, which the agent does not stay, and nobody has to wait for it. */
static void load_rest(struct daemon *daemon)
{
	AUTO_FD int lock = kernel_rest_lock(daemon->kernel);
	int err = lock < 0 ? lock : apart_start(load_rest_apart, daemon->kernel, &daemon->rest);

	if (err < 0)
		log_warning("what only other policies need is not loaded: %s. Restart embargod before such a policy is applied",
			    strerror(-err));
}

/* Everything that needs a full root. */
static int start_privileged(struct daemon *daemon, bool *out_adopted,
			    struct privilege_needs *out_needs)
{
	AUTO_FREE struct kernel_report *report = calloc(1, sizeof(*report));
	int err;

	if (!report)
		return -ENOMEM;
	err = open_sinks(daemon);
	if (err < 0)
		return err;
	err = control_open(daemon->loop, daemon->options->run, daemon_requests,
			   daemon_request_count, daemon, &daemon->control);
	if (err < 0) {
		log_error("the control socket in \"%s\" cannot be opened: %s%s",
			  daemon->options->run, strerror(-err),
			  err == -EADDRINUSE ? "; another agent runs there, end it first" : "");
		return err;
	}
	err = start_kernel(daemon, out_adopted);
	if (err < 0)
		return err;
	if (kernel_report(daemon->kernel, report) == 0) {
		say_start(daemon, report, *out_adopted);
		out_needs->look_at_programs = suspects_by_agent(report);
		out_needs->end_programs =
			out_needs->look_at_programs && !daemon->kernel_options.audit_only;
		if (report->cgroup[0])
			daemon->deliver.cgroup_fd =
				open(report->cgroup, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	}
	load_rest(daemon);
	return 0;
}

/* Without it nothing is worse than without open connections being looked at. */
static void start_closer(struct daemon *daemon)
{
	int err = daemon->kernel_options.audit_only ? 0 : closer_start(&daemon->closer);

	if (err < 0)
		log_error("open connections cannot be ended: %s. They are recorded; restart embargod", strerror(-err));
}

static int start(struct daemon *daemon)
{
	struct privilege_needs needs = {0};
	bool adopted = false;
	int err;

	err = block_signals();
	if (err == 0)
		err = sd_event_new(&daemon->loop);
	if (err < 0)
		return err;
	err = start_privileged(daemon, &adopted, &needs);
	if (err < 0)
		return err;
	start_closer(daemon);
	daemon->resolver_fd = resolver_open();
	err = privilege_drop(&needs);
	if (err < 0) {
		log_error(
			"privileges cannot be given up: %s; ending, enforcement goes on in the kernel",
			strerror(-err));
		return err;
	}
	daemon->deliver.kernel = daemon->kernel;
	daemon_use_names(daemon);
	deliver_begin(&daemon->deliver, adopted);
	daemon_coverage(daemon, "start");
	err = daemon_wire(daemon);
	if (err >= 0)
		err = daemon_parts_start(daemon);
	if (err < 0)
		return err;
	malloc_trim(0); /* what compiling and loading needed */
	daemon_ready(daemon);
	return 0;
}

static void end(struct daemon *daemon)
{
	(void)sd_notify(0, "STOPPING=1");
	learn_stop(daemon->learn);
	(void)apart_end(&daemon->rest, true);
	if (daemon->deliver.kernel) {
		(void)deliver_events(&daemon->deliver);      /* what is left stays in the ring */
		(void)deliver_folds(&daemon->deliver, true); /* and is counted there */
		daemon_coverage(daemon, "stop");
		log_notice(
			"the agent ends; enforcement goes on in the kernel (embargod --detach ends "
			"it)");
	}
	control_close(daemon->control);
	deliver_done(&daemon->deliver);
	daemon_parts_end(daemon);
	clean_fd(&daemon->resolver_fd);
	kernel_close(daemon->kernel);
	activate_done(&daemon->activation);
	agent_config_free(daemon->config);
	conditions_done(&daemon->conditions);
	sd_event_source_disable_unref(daemon->fold_timer);
	sd_event_unref(daemon->loop);
}

static int run_attach(struct daemon *daemon)
{
	AUTO_FREE struct kernel_report *report = calloc(1, sizeof(*report));
	bool adopted = false;
	int err;

	if (!report)
		return -ENOMEM;
	err = start_kernel(daemon, &adopted);
	if (err == 0 && kernel_report(daemon->kernel, report) == 0)
		say_start(daemon, report, adopted);
	kernel_close(daemon->kernel);
	activate_done(&daemon->activation);
	agent_config_free(daemon->config);
	return err;
}

static int run_detach(const struct options *options)
{
	int err = kernel_detach(options->pins);

	if (err < 0)
		log_error("not everything could be taken out of the kernel: %s; look at \"%s\"",
			  strerror(-err), options->pins);
	else
		log_notice("nothing is attached any more; nothing is refused or recorded");
	return err;
}

int daemon_run(const struct options *options)
{
	AUTO_FREE struct daemon *daemon = calloc(1, sizeof(*daemon));
	int err;

	if (!daemon || sodium_init() < 0) {
		log_error("out of memory at the start");
		return EXIT_COULD_NOT;
	}
	if (options->job == OPTIONS_JOB_DETACH)
		return run_detach(options) < 0 ? EXIT_COULD_NOT : 0;
	daemon->options = options;
	daemon->deliver.cgroup_fd = -1;
	daemon->resolver_fd = -1;
	daemon->deliver.context = &daemon->context;
	daemon->deliver.state = options->state;
	know_host(daemon);
	err = read_config(daemon);
	if (err < 0)
		return EXIT_COULD_NOT;
	settle(daemon);
	if (options->job == OPTIONS_JOB_ATTACH)
		return run_attach(daemon) < 0 ? EXIT_COULD_NOT : 0;
	err = start(daemon);
	if (err == 0)
		err = sd_event_loop(daemon->loop);
	if (err < 0)
		log_error("the agent ends because of an error: %s", strerror(-err));
	end(daemon);
	return err < 0 ? EXIT_COULD_NOT : 0;
}
