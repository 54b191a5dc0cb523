/* SPDX-License-Identifier: MIT */
/*
 * layouts.c - two compilers read bpf/abi.h, one for the kernel programs and one for the agent. What the
 * first made of it is in the type information of the built object; it must be what the second makes.
 */
#include "one.h"
#include "tap.h"

#include "embargo.skel.h"
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <string.h>

struct layout {
	const char *name;
	const char *member; /* NULL: the struct itself */
	__u32 kind;         /* BTF_KIND_ */
	size_t value;       /* bytes: offset of the member, or size */
};

#define KIND_struct                BTF_KIND_STRUCT
#define KIND_union                 BTF_KIND_UNION
#define LAYOUT(kind, name)         {#name, NULL, KIND_##kind, sizeof(kind name)},
#define MEMBER(kind, name, member) {#name, #member, KIND_##kind, offsetof(kind name, member)},
#define ABSENT(kind, name)
static const struct layout layouts[] = {
#include "layouts.inc"
};
#undef LAYOUT
#undef MEMBER
#undef ABSENT
#define LAYOUT(kind, name)
#define MEMBER(kind, name, member)
#define ABSENT(kind, name) #name " "
static const char absent[] = ""
#include "layouts.inc"
	;

static long member_offset(const struct btf *btf, const struct btf_type *type, const char *name)
{
	for (int i = 0; i < btf_vlen(type); i++)
		if (!strcmp(btf__name_by_offset(btf, btf_members(type)[i].name_off), name))
			return btf_member_bit_offset(type, i) / 8;
	return -1;
}

/* Compare one struct, which is @first and the rows of members behind it; returns behind the last. */
static size_t check(const struct btf *btf, size_t first)
{
	const size_t count = sizeof(layouts) / sizeof(layouts[0]);
	const struct layout *whole = &layouts[first];
	const int id = btf__find_by_name_kind(btf, whole->name, whole->kind);
	const struct btf_type *type = id > 0 ? btf__type_by_id(btf, id) : NULL;
	size_t at = first + 1, wrong = 0;
	const char *where = "size";
	long seen = type ? (long)type->size : -1;
	long here = whole->value;

	wrong = seen != here;
	for (; at < count && layouts[at].member; at++) {
		long offset = type ? member_offset(btf, type, layouts[at].member) : -1;

		if (wrong || offset == (long)layouts[at].value)
			continue;
		wrong = 1;
		where = layouts[at].member;
		seen = offset;
		here = layouts[at].value;
	}
	tap_result(!wrong, "layout of %s: %zu bytes, %zu members\n%s: %ld in the object, %ld here",
		   whole->name, whole->value, at - first - 1, where, seen, here);
	return at;
}

void test_layouts(void)
{
	const size_t count = sizeof(layouts) / sizeof(layouts[0]);
	struct embargo_bpf *skeleton = embargo_bpf__open();
	const struct btf *btf = skeleton ? bpf_object__btf(skeleton->obj) : NULL;

	if (!btf)
		tap_result(false, "the object has type information");
	else
		for (size_t i = 0; i < count;)
			i = check(btf, i);
	tap_note("no types in the object, held by the asserts of abi.h alone: %s", absent);
	embargo_bpf__destroy(skeleton);
}
