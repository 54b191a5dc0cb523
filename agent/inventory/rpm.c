/* SPDX-License-Identifier: MIT */
/*
 * rpm.c - the database of rpm, read by librpm. The database is named by an open directory, not by its path: what
 * an image's links say then cannot lead librpm to the host's own.
 */
#include "packages.h"

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

static int tell(const struct inventory_place *place, Header header, inventory_package_fn fn, void *context)
{
	const char *release = text_or_empty(headerGetString(header, RPMTAG_RELEASE));
	struct inventory_package package = {
		.layer = place->layer,
		.manager = "rpm",
		.name = text_or_empty(headerGetString(header, RPMTAG_NAME)),
		.architecture = text_or_empty(headerGetString(header, RPMTAG_ARCH)),
		.handle = header,
	};
	AUTO_FREE char *version = NULL;

	if (asprintf(&version, "%s-%s", text_or_empty(headerGetString(header, RPMTAG_VERSION)), release) < 0) {
		version = NULL;
		return -ENOMEM;
	}
	package.version = version;
	add_vendor(&package, "Vendor", headerGetString(header, RPMTAG_VENDOR));
	add_vendor(&package, "Packager", headerGetString(header, RPMTAG_PACKAGER));
	/* Keys are kept as packages of this name; nothing was installed. */
	return strcmp(package.name, "gpg-pubkey") ? fn(context, &package) : 0;
}

static int read_database(const struct inventory_place *place, rpmts set, inventory_package_fn fn, void *context)
{
	rpmdbMatchIterator each;
	Header header;
	int err = 0;

	rpmtsSetVSFlags(set, _RPMVSF_NOSIGNATURES | _RPMVSF_NODIGESTS);
	if (rpmtsOpenDB(set, O_RDONLY))
		return -EBADMSG;
	each = rpmtsInitIterator(set, RPMDBI_PACKAGES, NULL, 0);
	while (!err && (header = rpmdbNextIterator(each)))
		err = tell(place, header, fn, context);
	rpmdbFreeIterator(each);
	return err;
}

int rpm_packages(const struct inventory_place *place, inventory_package_fn fn, void *context, bool *out_found)
{
	const char *directory = rpm_database(place);
	AUTO_FD int fd = directory ? rooted_open(place->fd, directory, O_PATH | O_DIRECTORY) : -1;
	char link[64];
	rpmts set;
	int err;

	if (fd < 0) {
		if (directory)
			place_missed(place, INVENTORY_PACKAGES, directory, fd);
		return 0;
	}
	(void)rpmlogSetCallback(be_quiet, NULL);
	if (rpmReadConfigFiles(NULL, NULL)) {
		inventory_problem(place->inventory, INVENTORY_PACKAGES, INVENTORY_MISSED, directory, 0,
				  "librpm does not find its own configuration, so this database is not read");
		return 0;
	}
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	(void)rpmPushMacro(NULL, "_dbpath", NULL, link, RMIL_CMDLINE);
	set = rpmtsCreate();
	err = read_database(place, set, fn, context);
	rpmtsFree(set);
	(void)rpmPopMacro(NULL, "_dbpath");
	if (err == -EBADMSG) {
		place_missed(place, INVENTORY_PACKAGES, directory, err);
		return 0;
	}
	*out_found = true;
	return err;
}

int rpm_package_files(const void *handle, path_fn fn, void *context)
{
	rpmtd names = rpmtdNew();
	const char *name;
	int err = -ENOENT;

	if (headerGet((Header)handle, RPMTAG_FILENAMES, names, HEADERGET_EXT)) {
		err = 0;
		while (!err && (name = rpmtdNextString(names)))
			err = fn(context, name);
	}
	rpmtdFreeData(names);
	rpmtdFree(names);
	return err;
}
