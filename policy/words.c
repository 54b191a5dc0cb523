/* SPDX-License-Identifier: MIT */
/*
 * words.c - the values of the enums of bpf/abi.h as documents, events and commands write them: one
 * table for each enum, whose length the compiler compares and whose rows a unit test reads.
 */
#include "policy.h"

#define WORDS(table, max)                                                                          \
	_Static_assert(sizeof(table) / sizeof(*(table)) == (max), "a word for each value of " #max)

static const char *const verdict_words[] = {
	[VERDICT_ALLOW] = "allow",
	[VERDICT_DENY] = "deny",
};
WORDS(verdict_words, VERDICT_MAX);

static const char *const mode_words[] = {
	[MODE_NONE] = "none",
	[MODE_AUDIT] = "audit",
	[MODE_ENFORCE] = "enforce",
};
WORDS(mode_words, MODE_MAX);

static const char *const held_by_words[] = {
	[HELD_BY_NOTHING] = "nothing",
	[HELD_BY_CAP] = "cap",
	[HELD_BY_PAUSE] = "pause",
	[HELD_BY_BREAKER] = "breaker",
	[HELD_BY_REQUIREMENT] = "requirement",
	[HELD_BY_STAGE] = "stage",
	[HELD_BY_CONFIDENCE] = "confidence",
	[HELD_BY_POLICY] = "policy",
};
WORDS(held_by_words, HELD_BY_MAX);

static const char *const let_through_words[] = {
	[LET_THROUGH_NOT] = "not",
	[LET_THROUGH_ALLOWED] = "allowed",
	[LET_THROUGH_PROTECTED] = "protected",
	[LET_THROUGH_SHARED] = "shared",
	[LET_THROUGH_CONTAIN] = "contain",
};
WORDS(let_through_words, LET_THROUGH_MAX);

static const char *const action_words[] = {
	[ACTION_NONE] = "none",
	[ACTION_DENY] = "deny",
	[ACTION_CONTAIN] = "contain",
	[ACTION_ALLOW] = "allow",
};
WORDS(action_words, ACTION_MAX);

static const char *const matcher_words[] = {
	[MATCHER_NONE] = "none",       [MATCHER_PATH] = "path",
	[MATCHER_NETWORK] = "network", [MATCHER_DIGEST] = "digest",
	[MATCHER_PACKAGE] = "package", [MATCHER_PACKAGE_VENDOR] = "package-vendor",
	[MATCHER_MODULE] = "module",   [MATCHER_DOMAIN] = "domain",
	[MATCHER_UNIT] = "unit",       [MATCHER_IMAGE] = "image",
	[MATCHER_MARKER] = "marker",   [MATCHER_REPOSITORY] = "repository",
};
WORDS(matcher_words, MATCHER_MAX);

static const char *const recognised_words[] = {
	[RECOGNISED_NOT] = "not",	  [RECOGNISED_PATH] = "path", [RECOGNISED_IDENTITY] = "identity",
	[RECOGNISED_CONTENT] = "content", [RECOGNISED_NAME] = "name", [RECOGNISED_ADDRESS] = "address",
	[RECOGNISED_RESOLVED] = "resolved",
	[RECOGNISED_SERVER_NAME] = "server-name",
	[RECOGNISED_CONTAINED] = "contained",
};
WORDS(recognised_words, RECOGNISED_MAX);

static const char *const hook_words[] = {
	[HOOK_NONE] = "none",     [HOOK_EXEC] = "exec",       [HOOK_LOAD] = "load",
	[HOOK_MODULE] = "module", [HOOK_CONNECT] = "connect", [HOOK_NAME] = "name",
};
WORDS(hook_words, HOOK_MAX);

static const char *const backend_words[] = {
	[BACKEND_NONE] = "none", [BACKEND_LSM] = "lsm",       [BACKEND_FMOD_RET] = "fmod_ret",
	[BACKEND_KILL] = "kill", [BACKEND_CGROUP] = "cgroup",
};
WORDS(backend_words, BACKEND_MAX);

const char *verdict_word(unsigned verdict)
{
	return verdict < VERDICT_MAX ? verdict_words[verdict] : NULL;
}

const char *mode_word(unsigned mode)
{
	return mode < MODE_MAX ? mode_words[mode] : NULL;
}

const char *held_by_word(unsigned held_by)
{
	return held_by < HELD_BY_MAX ? held_by_words[held_by] : NULL;
}

const char *let_through_word(unsigned let_through)
{
	return let_through < LET_THROUGH_MAX ? let_through_words[let_through] : NULL;
}

const char *action_word(unsigned action)
{
	return action < ACTION_MAX ? action_words[action] : NULL;
}

const char *matcher_word(unsigned matcher)
{
	return matcher < MATCHER_MAX ? matcher_words[matcher] : NULL;
}

const char *recognised_word(unsigned recognised)
{
	return recognised < RECOGNISED_MAX ? recognised_words[recognised] : NULL;
}

const char *hook_word(unsigned hook)
{
	return hook < HOOK_MAX ? hook_words[hook] : NULL;
}

const char *backend_word(unsigned backend)
{
	return backend < BACKEND_MAX ? backend_words[backend] : NULL;
}
