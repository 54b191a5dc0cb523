/* SPDX-License-Identifier: MIT */
/*
 * requirements.c - asks the inventory and the report of the hooks. Each answer is a sentence, because the
 * reader of a status wants to know what is missing and not only that something is.
 */
#include "requirements.h"
#include "clean.h"
#include "record.h"

#include "inventory/inventory.h"
#include "../policy/policy.h"
#include <errno.h>
#include <stdarg.h>
#include <string.h>

static const char *const words[] = {
	[REQUIREMENT_PACKAGE] = "package",
	[REQUIREMENT_UNIT] = "unit",
	[REQUIREMENT_EXEC] = "exec",
};
_Static_assert(ARRAY_LENGTH(words) == REQUIREMENT_MAX, "a word for each requirement");

static void answer(struct requirement_state *state, bool met, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
static void answer(struct requirement_state *state, bool met, const char *format, ...)
{
	va_list args;

	state->met = met;
	va_start(args, format);
	vsnprintf(state->found, sizeof(state->found), format, args);
	va_end(args);
}

static void check_package(struct inventory *inventory, struct requirement_state *state)
{
	bool installed = false;
	int err = inventory_package_installed(inventory, state->value, &installed);

	if (err == -ENODATA)
		answer(state, false,
		       "no package database of this host can be read, so nobody knows");
	else if (err < 0)
		answer(state, false, "the packages could not be looked at: %s", strerror(-err));
	else if (installed)
		answer(state, true, "is installed");
	else
		answer(state, false, "is not installed");
}

static void check_unit(struct inventory *inventory, struct requirement_state *state)
{
	bool running = false;
	int err = inventory_unit_running(inventory, state->value, &running);

	if (err == -ENODATA)
		answer(state, false, "no cgroup tree is mounted, so nobody knows what runs");
	else if (err < 0)
		answer(state, false, "the cgroups could not be looked at: %s", strerror(-err));
	else if (running)
		answer(state, true, "runs");
	else
		answer(state, false, "does not run: no cgroup of that name has a process");
}

/*
 * fmod_ret programs are passed over while another task is preempted inside them. What is not known of the
 * kernel's preemption does not count as none.
 */
static bool never_preempted(const struct kernel_report *report)
{
	return !strncmp(report->preemption, "none", 4) ||
	       !strncmp(report->preemption, "voluntary", 9);
}

static void check_exec(const struct kernel_report *report, struct requirement_state *state)
{
	const struct hook_report *exec = report ? &report->hooks[HOOK_EXEC] : NULL;

	if (!exec || !exec->attached)
		answer(state, false, "nothing carries the exec hook here");
	else if (exec->backend == BACKEND_LSM)
		answer(state, true, "'lsm' prevents");
	else if (exec->backend == BACKEND_FMOD_RET && never_preempted(report))
		answer(state, true, "'fmod_ret' prevents on this kernel, which does not preempt programs");
	else if (exec->backend == BACKEND_FMOD_RET)
		answer(state, false,
		       "'fmod_ret' is best effort on a kernel with preemption '%s'; embargo doctor says how to get 'lsm'",
		       report->preemption[0] ? report->preemption : "unknown");
	else
		answer(state, false,
		       "'%s' ends a program instead of refusing it; embargo doctor says how to get more",
		       backend_word(exec->backend) ? backend_word(exec->backend) : "unknown");
}

bool requirements_asked(const struct generation_requires *requires)
{
	return requires->package || requires->unit || requires->exec_prevent;
}

void requirements_check(const struct generation_requires *requires, const char *root,
			const struct kernel_report *report, struct requirements *out)
{
	struct inventory_options options = {.root = root};
	struct requirement_state *package = &out->list[REQUIREMENT_PACKAGE],
				 *unit = &out->list[REQUIREMENT_UNIT];
	struct inventory *inventory = NULL;
	int err = 0;

	memset(out, 0, sizeof(*out));
	package->value = requires->package;
	unit->value = requires->unit;
	out->list[REQUIREMENT_EXEC].value = requires->exec_prevent ? "prevent" : NULL;
	if (package->value || unit->value)
		err = inventory_open(&options, &inventory);
	for (unsigned i = 0; err < 0 && i < REQUIREMENT_EXEC; i++)
		answer(&out->list[i], false, "\"%s\" cannot be looked at: %s", root, strerror(-err));
	if (inventory && package->value)
		check_package(inventory, package);
	if (inventory && unit->value)
		check_unit(inventory, unit);
	if (requires->exec_prevent)
		check_exec(report, &out->list[REQUIREMENT_EXEC]);
	inventory_close(inventory);
}

bool requirements_met(const struct requirements *requirements)
{
	for (unsigned i = 0; i < REQUIREMENT_MAX; i++)
		if (requirements->list[i].value && !requirements->list[i].met)
			return false;
	return true;
}

json_t *requirements_json(const struct requirements *requirements)
{
	AUTO_JSON json_t *list = json_array();
	bool escaped = false;

	for (unsigned i = 0; i < REQUIREMENT_MAX; i++) {
		const struct requirement_state *one = &requirements->list[i];
		json_t *item;

		if (!one->value)
			continue;
		item = json_pack("{s:s, s:o, s:b, s:o}", "requires", words[i], "value",
				 record_text(one->value, strlen(one->value), &escaped), "met",
				 one->met, "found",
				 record_text(one->found, strlen(one->found), &escaped));
		if (json_array_append_new(list, item))
			return NULL;
	}
	return take_ptr(list);
}
