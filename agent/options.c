/* SPDX-License-Identifier: MIT */
/*
 * options.c - the command line of embargod. A mistake is answered with what to write instead.
 */
#include "options.h"
#include "clean.h"

#include <errno.h>
#include <getopt.h>
#include <string.h>

const char *const default_catalogs[] = {"/etc/embargo/catalog", "/usr/share/embargo/catalog"};
const size_t default_catalog_count = ARRAY_LENGTH(default_catalogs);

enum option_key {
	OPTION_CONFIG = 256,
	OPTION_POLICY,
	OPTION_CATALOG,
	OPTION_STATE,
	OPTION_RUN,
	OPTION_PINS,
	OPTION_WITHIN,
	OPTION_AUDIT_ONLY,
	OPTION_BACKEND,
	OPTION_EVENTS,
	OPTION_ATTACH,
	OPTION_DETACH,
	OPTION_VERSION,
	OPTION_HELP,
};

static const struct option long_options[] = {
	{"config", required_argument, NULL, OPTION_CONFIG},
	{"policy", required_argument, NULL, OPTION_POLICY},
	{"catalog", required_argument, NULL, OPTION_CATALOG},
	{"state", required_argument, NULL, OPTION_STATE},
	{"run", required_argument, NULL, OPTION_RUN},
	{"pins", required_argument, NULL, OPTION_PINS},
	{"within", required_argument, NULL, OPTION_WITHIN},
	{"audit-only", no_argument, NULL, OPTION_AUDIT_ONLY},
	{"backend", required_argument, NULL, OPTION_BACKEND},
	{"events", required_argument, NULL, OPTION_EVENTS},
	{"attach", no_argument, NULL, OPTION_ATTACH},
	{"detach", no_argument, NULL, OPTION_DETACH},
	{"version", no_argument, NULL, OPTION_VERSION},
	{"help", no_argument, NULL, OPTION_HELP},
	{NULL, 0, NULL, 0},
};

/* What --backend takes. "none" is for trying what a host without any would do. */
static const struct {
	const char *word;
	enum hook hook;
	enum backend backend;
} forced_backends[] = {
	{"exec=lsm", HOOK_EXEC, BACKEND_LSM},
	{"exec=fmod_ret", HOOK_EXEC, BACKEND_FMOD_RET},
	{"exec=kill", HOOK_EXEC, BACKEND_KILL},
	{"load=lsm", HOOK_LOAD, BACKEND_LSM},
	{"load=fmod_ret", HOOK_LOAD, BACKEND_FMOD_RET},
	{"load=none", HOOK_LOAD, BACKEND_MAX},
	{"module=lsm", HOOK_MODULE, BACKEND_LSM},
	{"module=fmod_ret", HOOK_MODULE, BACKEND_FMOD_RET},
	{"module=none", HOOK_MODULE, BACKEND_MAX},
};

static int parse_backend(const char *text, struct options *options, char *error)
{
	for (size_t i = 0; i < ARRAY_LENGTH(forced_backends); i++) {
		if (strcmp(text, forced_backends[i].word))
			continue;
		options->forced[forced_backends[i].hook] = forced_backends[i].backend;
		return 0;
	}
	snprintf(error, OPTIONS_ERROR_BYTES,
		 "--backend %s: not a backend that can be forced; write exec=lsm, exec=fmod_ret, "
		 "exec=kill, load=lsm, load=fmod_ret, load=none, module=lsm, module=fmod_ret or "
		 "module=none",
		 text);
	return -EINVAL;
}

static int set_job(struct options *options, enum options_job job, char *error)
{
	if (options->job != OPTIONS_JOB_RUN && options->job != job) {
		snprintf(error, OPTIONS_ERROR_BYTES, "%s",
			 "--attach and --detach do opposite things; give one of them");
		return -EINVAL;
	}
	options->job = job;
	return 0;
}

static int parse_one(int key, const char *value, struct options *options, char *error)
{
	if (value && !*value) {
		snprintf(error, OPTIONS_ERROR_BYTES, "%s",
			 "an option has an empty value; leave the option out to get its default");
		return -EINVAL;
	}
	switch (key) {
	case OPTION_CONFIG:
		options->config = value;
		options->config_named = true;
		return 0;
	case OPTION_POLICY:
		options->policy = value;
		return 0;
	case OPTION_CATALOG:
		if (options->catalog_count == CATALOGS_MAX) {
			snprintf(error, OPTIONS_ERROR_BYTES,
				 "more than %d times --catalog; put the files into fewer "
				 "directories",
				 CATALOGS_MAX);
			return -EINVAL;
		}
		options->catalogs[options->catalog_count++] = value;
		return 0;
	case OPTION_STATE:
		options->state = value;
		return 0;
	case OPTION_RUN:
		options->run = value;
		return 0;
	case OPTION_PINS:
		options->pins = value;
		return 0;
	case OPTION_WITHIN:
		options->within = value;
		return 0;
	case OPTION_AUDIT_ONLY:
		options->audit_only = true;
		return 0;
	case OPTION_BACKEND:
		return parse_backend(value, options, error);
	case OPTION_EVENTS:
		options->events = value;
		return 0;
	case OPTION_ATTACH:
		return set_job(options, OPTIONS_JOB_ATTACH, error);
	case OPTION_DETACH:
		return set_job(options, OPTIONS_JOB_DETACH, error);
	default:
		return -EINVAL;
	}
}

int options_parse(int argc, char **argv, struct options *out_options, char *out_error)
{
	struct options options = {
		.config = DEFAULT_CONFIG,
		.state = DEFAULT_STATE,
		.run = DEFAULT_RUN,
		.pins = DEFAULT_PINS,
	};
	int key, err;

	optind = 0; /* glibc: begin anew, for callers that parse more than once */
	opterr = 0;
	while ((key = getopt_long(argc, argv, "+:", long_options, NULL)) != -1) {
		if (key == ':' || key == '?') {
			snprintf(out_error, OPTIONS_ERROR_BYTES,
				 key == ':'
					 ? "%s needs a value; see embargod --help"
					 : "%s is not an option of embargod; see embargod --help",
				 argv[optind - 1]);
			return -EINVAL;
		}
		if (key == OPTION_HELP || key == OPTION_VERSION) {
			/* Whatever else is wrong: who asks for help gets it. */
			options.job = key == OPTION_HELP ? OPTIONS_JOB_HELP : OPTIONS_JOB_VERSION;
			*out_options = options;
			return 0;
		}
		err = parse_one(key, optarg, &options, out_error);
		if (err < 0)
			return err;
	}
	if (optind < argc) {
		snprintf(out_error, OPTIONS_ERROR_BYTES,
			 "\"%s\" is not expected: embargod takes options only (a policy is given "
			 "with --policy FILE)",
			 argv[optind]);
		return -EINVAL;
	}
	if (!options.catalog_count) {
		memcpy(options.catalogs, default_catalogs, sizeof(default_catalogs));
		options.catalog_count = default_catalog_count;
	}
	*out_options = options;
	return 0;
}

void options_help(FILE *out)
{
	fputs("embargod - keeps embargoed vendors' software off this host\n"
	      "\n"
	      "usage: embargod [options]             run the agent (embargod.service)\n"
	      "       embargod --attach [options]    put enforcement into the kernel and end\n"
	      "                                      (embargo.service)\n"
	      "       embargod --detach [options]    take everything out of the kernel and end\n"
	      "\n"
	      "Ending or killing the agent leaves enforcement on; --detach or\n"
	      "\"systemctl stop embargo\" ends it.\n"
	      "\n"
	      "  --config FILE      configuration (" DEFAULT_CONFIG ");\n"
	      "                     not needed when --policy is given\n"
	      "  --policy FILE      policy; default: what the configuration says\n"
	      "  --catalog DIR      vendor catalogue; may be repeated, the first one wins\n"
	      "                     (/etc/embargo/catalog, then /usr/share/embargo/catalog)\n"
	      "  --state DIR        what survives a restart (" DEFAULT_STATE ")\n"
	      "  --run DIR          control socket (" DEFAULT_RUN ")\n"
	      "  --pins DIR         pinned kernel objects (" DEFAULT_PINS ")\n"
	      "  --within CGROUP    decide nothing outside this cgroup v2 directory: for trials\n"
	      "  --audit-only       load programs that cannot refuse anything\n"
	      "  --backend WHAT     force a weaker backend; may be repeated: exec=lsm,\n"
	      "                     exec=fmod_ret, exec=kill, load=lsm, load=fmod_ret, load=none,\n"
	      "                     module=lsm, module=fmod_ret, module=none\n"
	      "  --events FILE|-    where events go, - is standard output; default: what the\n"
	      "                     configuration says, else " DEFAULT_EVENTS "\n"
	      "  --version, --help\n"
	      "\n"
	      "A first trial that can hurt nothing:\n"
	      "  embargod --audit-only --policy /etc/embargo/policy.yaml --events -\n"
	      "\n"
	      "Signals: HUP reads policy and catalogue again; TERM and INT end the agent.\n"
	      "Exit status: 0 good, 2 usage, 3 could not do it.\n",
	      out);
}
