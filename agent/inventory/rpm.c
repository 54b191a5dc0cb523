/* SPDX-License-Identifier: MIT */
/*
 * rpm.c - the database of rpm, read by librpm. The library is loaded when there is such a database and not before:
 * it brings a dozen others, and the agent of a Debian host must not carry them. The database is named by an open
 * directory, not by its path: what an image's links say then cannot lead librpm to the host's own.
 */
#include "packages.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include <rpm/header.h>
#include <rpm/rpmdb.h>
#include <rpm/rpmlib.h>
#include <rpm/rpmlog.h>
#include <rpm/rpmmacro.h>
#include <rpm/rpmtd.h>
#include <rpm/rpmts.h>

/* What is used of it, each once. */
#define FUNCTIONS(X)                                                                               \
	X(headerGet)                                                                               \
	X(headerGetString)                                                                         \
	X(rpmPopMacro)                                                                             \
	X(rpmPushMacro)                                                                            \
	X(rpmReadConfigFiles)                                                                      \
	X(rpmdbFreeIterator)                                                                       \
	X(rpmdbNextIterator)                                                                       \
	X(rpmlogSetCallback)                                                                       \
	X(rpmtdFree)                                                                               \
	X(rpmtdFreeData)                                                                           \
	X(rpmtdNew)                                                                                \
	X(rpmtdNextString)                                                                         \
	X(rpmtsCreate)                                                                             \
	X(rpmtsFree)                                                                               \
	X(rpmtsInitIterator)                                                                       \
	X(rpmtsOpenDB)                                                                             \
	X(rpmtsSetVSFlags)

struct rpm_library {
#define X(name) __typeof__(&name) name;
	FUNCTIONS(X)
#undef X
};

/* What inventory_package.handle points to. */
struct rpm_package {
	const struct rpm_library *rpm;
	Header header;
};

/* Version 4.14 and later, and 6. It stays loaded: it does not like to be taken away. */
static bool load(struct rpm_library *rpm)
{
	static const char *const names[] = {"librpm.so.10", "librpm.so.9", "librpm.so.8"};
	void *library = NULL;

	for (size_t i = 0; i < ARRAY_LENGTH(names) && !library; i++)
		library = dlopen(names[i], RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
	if (!library)
		return false;
#define X(name)                                                                                    \
	rpm->name = (__typeof__(rpm->name))dlsym(library, #name);                                  \
	if (!rpm->name)                                                                            \
		return false;
	FUNCTIONS(X)
#undef X
	return true;
}

bool inventory_rpm_built_in(void)
{
	return true;
}

/* What librpm has to say goes nowhere: what it could not do shows as a failure. */
static int be_quiet(rpmlogRec record, rpmlogCallbackData data)
{
	return 0;
}

static void add_vendor(struct inventory_package *package, const char *field, const char *text)
{
	if (!text || !*text || package->vendor_count == INVENTORY_VENDORS_MAX)
		return;
	package->vendors[package->vendor_count].field = field;
	package->vendors[package->vendor_count++].text = text;
}

static const char *text_or_empty(const char *text)
{
	return text ? text : "";
}

static int tell(const struct inventory_place *place, const struct rpm_library *rpm, Header header,
		inventory_package_fn fn, void *context)
{
	const struct rpm_package handle = {.rpm = rpm, .header = header};
	const char *release = text_or_empty(rpm->headerGetString(header, RPMTAG_RELEASE));
	struct inventory_package package = {
		.layer = place->layer,
		.manager = "rpm",
		.name = text_or_empty(rpm->headerGetString(header, RPMTAG_NAME)),
		.architecture = text_or_empty(rpm->headerGetString(header, RPMTAG_ARCH)),
		.handle = &handle,
	};
	AUTO_FREE char *version = NULL;

	if (asprintf(&version, "%s-%s", text_or_empty(rpm->headerGetString(header, RPMTAG_VERSION)),
		     release) < 0) {
		version = NULL;
		return -ENOMEM;
	}
	package.version = version;
	add_vendor(&package, "Vendor", rpm->headerGetString(header, RPMTAG_VENDOR));
	add_vendor(&package, "Packager", rpm->headerGetString(header, RPMTAG_PACKAGER));
	/* Keys are kept as packages of this name; nothing was installed. */
	return strcmp(package.name, "gpg-pubkey") ? fn(context, &package) : 0;
}

static int read_database(const struct inventory_place *place, const struct rpm_library *rpm,
			 rpmts set, inventory_package_fn fn, void *context)
{
	rpmdbMatchIterator each;
	Header header;
	int err = 0;

	rpm->rpmtsSetVSFlags(set, _RPMVSF_NOSIGNATURES | _RPMVSF_NODIGESTS);
	if (rpm->rpmtsOpenDB(set, O_RDONLY))
		return -EBADMSG;
	each = rpm->rpmtsInitIterator(set, RPMDBI_PACKAGES, NULL, 0);
	while (!err && (header = rpm->rpmdbNextIterator(each)))
		err = tell(place, rpm, header, fn, context);
	rpm->rpmdbFreeIterator(each);
	return err;
}

/* @fd: the directory of the database. Return: 0; what @fn returned; -EBADMSG; -ENOENT (librpm is not set up). */
static int read_directory(const struct inventory_place *place, const struct rpm_library *rpm,
			  int fd, inventory_package_fn fn, void *context)
{
	char link[64];
	rpmts set;
	int err;

	(void)rpm->rpmlogSetCallback(be_quiet, NULL);
	if (rpm->rpmReadConfigFiles(NULL, NULL))
		return -ENOENT;
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	(void)rpm->rpmPushMacro(NULL, "_dbpath", NULL, link, RMIL_CMDLINE);
	set = rpm->rpmtsCreate();
	err = read_database(place, rpm, set, fn, context);
	rpm->rpmtsFree(set);
	(void)rpm->rpmPopMacro(NULL, "_dbpath");
	return err;
}

/*
 * Does one of the files begin as librpm's do? Outside bytes should meet as little of it as can be, and it loses
 * memory over files that it cannot open.
 */
static bool looks_right(int fd)
{
	static const struct {
		const char *file;
		size_t offset;
		const char magic[17];
		size_t bytes;
	} magics[] = {
		{"rpmdb.sqlite", 0, "SQLite format 3", 16},
		{"Packages.db", 0, "RpmP", 4},
		{"Packages", 12, "\x61\x15\x06",
		 4}, /* Berkeley DB, a hash; written by a little-endian host */
		{"Packages", 12, "\x62\x31\x05", 4}, /* the same, a tree */
	};
	char start[32];

	for (size_t i = 0; i < ARRAY_LENGTH(magics); i++) {
		AUTO_FD int file = rooted_open_exact(fd, magics[i].file, O_RDONLY);

		if (file >= 0 && pread(file, start, sizeof(start), 0) == sizeof(start) &&
		    !memcmp(start + magics[i].offset, magics[i].magic, magics[i].bytes))
			return true;
	}
	return false;
}

int rpm_packages(const struct inventory_place *place, inventory_package_fn fn, void *context,
		 bool *out_found)
{
	const char *directory = rpm_database(place);
	AUTO_FD int fd = directory ? rooted_open(place->fd, directory, O_PATH | O_DIRECTORY) : -1;
	struct rpm_library rpm;
	int err;

	if (fd < 0) {
		if (directory)
			place_missed(place, INVENTORY_PACKAGES, directory, fd);
		return 0;
	}
	err = !looks_right(fd) ? -EBADMSG
	      : load(&rpm)     ? read_directory(place, &rpm, fd, fn, context)
			       : -ENOENT;
	if (err == -ENOENT)
		inventory_problem(
			place->inventory, INVENTORY_PACKAGES, INVENTORY_MISSED, directory, 0,
			"a database of rpm, and no librpm here that could read it; install librpm");
	else if (err == -EBADMSG)
		place_missed(place, INVENTORY_PACKAGES, directory, err);
	else
		*out_found = true;
	return err == -ENOENT || err == -EBADMSG ? 0 : err;
}

int rpm_package_files(const void *handle, path_fn fn, void *context)
{
	const struct rpm_package *package = handle;
	const struct rpm_library *rpm = package->rpm;
	rpmtd names = rpm->rpmtdNew();
	const char *name;
	int err = -ENOENT;

	if (rpm->headerGet(package->header, RPMTAG_FILENAMES, names, HEADERGET_EXT)) {
		err = 0;
		while (!err && (name = rpm->rpmtdNextString(names)))
			err = fn(context, name);
	}
	rpm->rpmtdFreeData(names);
	rpm->rpmtdFree(names);
	return err;
}
