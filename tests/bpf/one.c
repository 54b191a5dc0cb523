/* SPDX-License-Identifier: MIT */
/* one.c - see one.h. */
#include "one.h"
#include "../../agent/probe.h"

#include "embargo.skel.h"
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define LOG_STATISTICS 4 /* BPF_LOG_STATS, linux/bpf_verifier.h */

static int prepare(struct one *one, const struct program_row *row, bool audit_only)
{
	struct bpf_object *object = one->skeleton->obj;
	struct bpf_program *program;

	bpf_object__for_each_program(program, object) bpf_program__set_autoload(program, false);
	program = bpf_object__find_program_by_name(object, row->name);
	if (!program)
		return -ENOENT;
	bpf_program__set_autoload(program, true);
	bpf_program__set_log_level(program, LOG_STATISTICS);
	bpf_program__set_log_buf(program, one->log, sizeof(one->log));
	one->skeleton->rodata->load_config.set = 1;
	one->skeleton->rodata->load_config.within = 1; /* with its code, too */
	one->skeleton->rodata->load_config.within_level = 1;
	one->skeleton->rodata->load_config.audit_only = audit_only;
	/* of LSM programs only, and not every kernel can make one */
	if (row->backend != BACKEND_LSM && bpf_map__set_autocreate(one->skeleton->maps.contents, false))
		return -EINVAL;
	return bpf_map__set_max_entries(one->skeleton->maps.scratch,
					libbpf_num_possible_cpus() * SCRATCH_PER_CPU);
}

int one_load(const struct program_row *row, bool audit_only, struct one **out)
{
	struct one *one = calloc(1, sizeof(*one));
	int err = -ENOMEM;

	if (!one)
		return err;
	one->skeleton = embargo_bpf__open();
	if (!one->skeleton) {
		err = -errno;
		goto fail;
	}
	err = prepare(one, row, audit_only);
	if (!err)
		err = embargo_bpf__load(one->skeleton);
	if (err)
		goto fail;
	one->program =
		bpf_program__fd(bpf_object__find_program_by_name(one->skeleton->obj, row->name));
	*out = one;
	return 0;
fail:
	one_free(one);
	return err;
}

void one_free(struct one *one)
{
	if (!one)
		return;
	embargo_bpf__destroy(one->skeleton);
	free(one);
}

/* Is a word in a list with commas? */
static bool listed(const char *list, const char *word)
{
	size_t bytes = strlen(word);

	for (; *list; list += strcspn(list, ","), list += *list == ',')
		if (strcspn(list, ",") == bytes && !strncmp(list, word, bytes))
			return true;
	return false;
}

/*
 * 6.1 and later refuse the map that hangs on inodes where the LSM bpf did not ask for room in them at boot; 5.10 does
 * not. Measured.
 */
static bool lacks_inode_storage(void)
{
	struct kernel_report *report = calloc(1, sizeof(*report));
	bool lacks;

	if (!report)
		return false;
	probe_system(report);
	lacks = !listed(report->lsm, "bpf") &&
		libbpf_probe_bpf_map_type(BPF_MAP_TYPE_INODE_STORAGE, NULL) == 0;
	free(report);
	return lacks;
}

const char *one_reason(const struct program_row *row, int err)
{
	if (err == -EPERM)
		return "this kernel refuses programs of this type (EPERM)";
	if (err == -EINVAL && row->backend == BACKEND_LSM && lacks_inode_storage())
		return "this kernel keeps nothing with an inode: bpf is not in its LSM list";
	/* "not sleepable", or "unknown func" where the hook is */
	if (err == -EINVAL && row->needs == FEATURE_FILE_HASH)
		return "this kernel's programs cannot hash files (before 5.18)";
	return NULL;
}
