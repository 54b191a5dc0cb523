/* SPDX-License-Identifier: MIT */
/*
 * inventory.h - what is on this host, or below another root: packages, files, programs that run, units,
 * modules, container images, autostart lines, package sources, connections. It looks and changes nothing, it
 * needs neither root nor an agent, and it says what it could not look at. What a rule hits is in hits.h.
 *
 * Below another root than "/" nothing of the running kernel is looked at: no processes, connections, loaded
 * modules, running units, own addresses. All paths in here are from that root, and symbolic links are followed
 * inside of it only.
 */
#ifndef EMBARGO_INVENTORY_H
#define EMBARGO_INVENTORY_H

#include <linux/types.h>
#include <stdbool.h>
#include <stddef.h>

struct inventory;

enum inventory_source {
	INVENTORY_NONE = 0,
	INVENTORY_PACKAGES,
	INVENTORY_FILES,
	INVENTORY_PROCESSES,
	INVENTORY_UNITS,
	INVENTORY_MODULES,
	INVENTORY_IMAGES,		/* containers, images and their layers */
	INVENTORY_AUTOSTART,
	INVENTORY_REPOSITORIES,
	INVENTORY_CONNECTIONS,
	INVENTORY_HOST,			/* facts for lint and requirements */
	INVENTORY_MAX,
};

/** inventory_source_word() - "packages", "files", ...; NULL: no such value */
const char *inventory_source_word(unsigned source);

/* Something that was not looked at. */
enum inventory_gap {
	INVENTORY_LEFT_OUT,		/* on purpose: pseudo file systems, what was asked for, another root */
	INVENTORY_MISSED,		/* it could hide something: not readable, damaged, a network file system */
};

struct inventory_problem {
	enum inventory_source source;
	enum inventory_gap gap;
	const char *path;		/* from the root; "" if it is about no file. Any bytes but zero */
	int err;			/* negative errno, or 0 */
	const char *what;		/* a sentence without its stop, and what to do if something can be done */
};

struct inventory_progress {
	enum inventory_source source;
	unsigned long long files;	/* looked at so far */
	const char *path;		/* where it is now; borrowed for the call */
};

struct inventory_options {
	const char *root;		/* NULL: "/" */
	bool network;			/* look at network file systems, too */
	const char *const *leave_out;	/* directories, absolute from the root; borrowed until the end */
	size_t leave_out_count;
	/* Each may be NULL. The texts are borrowed for the call. */
	void (*problem)(void *context, const struct inventory_problem *problem);
	void (*progress)(void *context, const struct inventory_progress *progress);
	void *context;
};

/**
 * inventory_open() - begin; looks at nothing yet
 * @options:       borrowed for the call, but for leave_out and context; NULL: this host
 * @out_inventory: owned by the caller, inventory_close(); untouched on failure
 *
 * Return: 0; -ENOMEM; -ENOTDIR or another errno of the root directory.
 */
int inventory_open(const struct inventory_options *options, struct inventory **out_inventory);
/** inventory_close() - accepts NULL */
void inventory_close(struct inventory *inventory);

/** inventory_is_live() - is it the running system, and not another root? */
bool inventory_is_live(const struct inventory *inventory);

/*
 * Collectors. Each gives its items to a callback, in no order; an item and its texts are borrowed for that call.
 * A callback that returns something else than 0 ends the collector, which returns that. What cannot be read is
 * told to options.problem and passed over. Otherwise they return 0 or -ENOMEM.
 *
 * An image layer is a root of its own: "layer" then says which ("docker image debian:12, layer 0123456789ab")
 * and a path is from the root of the layer. NULL: not in a layer.
 */
struct inventory_layer;
/** inventory_layer_name() - in words; "" for NULL */
const char *inventory_layer_name(const struct inventory_layer *layer);
/** inventory_layer_path() - its directory, from the inventory's root; "" for NULL */
const char *inventory_layer_path(const struct inventory_layer *layer);

/* ---------------------------------------------------------------- packages */

#define INVENTORY_VENDORS_MAX 4

struct inventory_package {
	const struct inventory_layer *layer;
	const char *manager;		/* "dpkg", "rpm" */
	const char *name, *version;	/* "" if it is not known */
	const char *architecture;
	/* Who says to have made it: deb Maintainer, Original-Maintainer, Vendor and Origin; rpm Vendor and Packager. */
	struct {
		const char *field;
		const char *text;
	} vendors[INVENTORY_VENDORS_MAX];
	size_t vendor_count;
	bool removed;			/* deb: gone, but for its configuration files */
	const void *handle;		/* of the collector */
};

typedef int (*inventory_package_fn)(void *context, const struct inventory_package *package);
/** inventory_packages() - dpkg (also status.d of images without a package manager) and rpm, of the root and its layers */
int inventory_packages(struct inventory *inventory, inventory_package_fn fn, void *context);

/**
 * inventory_package_files() - the files that a package says to have brought
 * @package: only inside the callback that it came in
 * @fn:      gets absolute paths, directories among them for deb; not 0 ends it
 *
 * Return: 0; what @fn returned; -ENOENT (there is no list).
 */
int inventory_package_files(struct inventory *inventory, const struct inventory_package *package,
			    int (*fn)(void *context, const char *path), void *context);

/** inventory_rpm_built_in() - can this build read the database of rpm? */
bool inventory_rpm_built_in(void);

/* ---------------------------------------------------------------- files */

enum inventory_file_type {
	INVENTORY_FILE_REGULAR,
	INVENTORY_FILE_DIRECTORY,
	INVENTORY_FILE_LINK,		/* not followed */
	INVENTORY_FILE_OTHER,
};

struct inventory_file {
	const struct inventory_layer *layer;
	const char *path;
	enum inventory_file_type type;
};

typedef int (*inventory_file_fn)(void *context, const struct inventory_file *file);
/** inventory_files() - the whole tree; each directory once, however often it is mounted */
int inventory_files(struct inventory *inventory, inventory_file_fn fn, void *context);

/**
 * inventory_glob() - the files that a path pattern names, without looking at the whole tree
 * @pattern: as in a rule; borrowed. One with a '**' that is not its end finds nothing: inventory_glob_can()
 *
 * In the root and in every layer. A pattern that ends in "/ **" gives everything below that directory.
 */
int inventory_glob(struct inventory *inventory, const char *pattern, inventory_file_fn fn, void *context);
/** inventory_glob_can() - can inventory_glob() find what this pattern names? */
bool inventory_glob_can(const char *pattern);

/** inventory_file_count() - files and directories looked at so far */
unsigned long long inventory_file_count(const struct inventory *inventory);

/* ---------------------------------------------------------------- processes, connections */

struct inventory_process {
	int pid;
	unsigned uid;
	const char *name;		/* comm */
	const char *executable;		/* as seen from the process's root */
	bool deleted;			/* the file has no name any more */
	const char *unit;		/* systemd unit, from the cgroup; "" */
	const char *container;		/* id, from the cgroup; "" */
	const char *const *mapped;	/* other files with executable mappings, from the process's root; each once */
	size_t mapped_count;
};

typedef int (*inventory_process_fn)(void *context, const struct inventory_process *process);
/** inventory_processes() - programs that run; kernel threads are none */
int inventory_processes(struct inventory *inventory, inventory_process_fn fn, void *context);

struct inventory_connection {
	unsigned family;		/* 4 or 6; v4-mapped is 4 */
	__u64 a, b;			/* remote address as in struct gen_key: IPv4 in a; halves of IPv6; host order */
	unsigned protocol;		/* IPPROTO_TCP or IPPROTO_UDP */
	unsigned port;			/* remote */
	int pid;			/* one that has it open; 0: not known */
	const char *executable;		/* of that one; "" */
	const char *remote;		/* "192.0.2.1:443", "[2001:db8::1]:443" */
};

typedef int (*inventory_connection_fn)(void *context, const struct inventory_connection *connection);
/** inventory_connections() - sockets with a remote address, in every network namespace that a process shows */
int inventory_connections(struct inventory *inventory, inventory_connection_fn fn, void *context);

/* ---------------------------------------------------------------- units, modules */

struct inventory_unit {
	const struct inventory_layer *layer;
	const char *name;		/* "x.service"; an init script "x" is "x.service", too */
	const char *path;		/* of its file */
	bool init_script;
	bool enabled;			/* by a link: in a .wants or .requires directory, rc?.d, or as an alias in /etc */
	bool masked;
	bool running;			/* its cgroup has a process */
};

typedef int (*inventory_unit_fn)(void *context, const struct inventory_unit *unit);
int inventory_units(struct inventory *inventory, inventory_unit_fn fn, void *context);

struct inventory_module {
	const struct inventory_layer *layer;
	const char *name;		/* with '_' for '-' */
	const char *path;		/* of its file; NULL: this is about the loaded one */
	bool loaded;
};

/**
 * inventory_root_type() - the file system that this host runs from: "ext4"
 * @out_type: NAME_MAX + 1 bytes; "" when it cannot be known, as of another root
 *
 * Return: 0 or -ENOMEM.
 */
int inventory_root_type(struct inventory *inventory, char *out_type);

typedef int (*inventory_module_fn)(void *context, const struct inventory_module *module);
/** inventory_modules() - loaded ones, and files below lib/modules (.ko, .ko.xz, .ko.zst, .ko.gz) */
int inventory_modules(struct inventory *inventory, inventory_module_fn fn, void *context);

/* ---------------------------------------------------------------- images */

struct inventory_image {
	const char *manager;		/* "docker", "containers/storage", "containerd" */
	const char *store;		/* directory or file that says so */
	const char *name;		/* "registry.example.com/sensor:7" */
	const char *container;		/* id of the container made from it; "" for the image itself */
	const char *container_name;	/* "" */
	bool running;
};

typedef int (*inventory_image_fn)(void *context, const struct inventory_image *image);
/** inventory_images() - images and containers by name, of docker, podman, cri-o and containerd */
int inventory_images(struct inventory *inventory, inventory_image_fn fn, void *context);

typedef int (*inventory_layer_fn)(void *context, const struct inventory_layer *layer);
/** inventory_layers() - directories that hold one layer each; they live as long as @inventory */
int inventory_layers(struct inventory *inventory, inventory_layer_fn fn, void *context);

/* ---------------------------------------------------------------- autostart, package sources */

struct inventory_autostart {
	const struct inventory_layer *layer;
	const char *kind;		/* "cron", "anacron", "init script", "unit", "desktop", "profile", ... */
	const char *path;		/* of the file */
	unsigned line;			/* from 1 */
	const char *names;		/* an absolute path on that line, without quotes, not resolved */
};

typedef int (*inventory_autostart_fn)(void *context, const struct inventory_autostart *autostart);
/** inventory_autostarts() - absolute paths that files name which start programs by themselves */
int inventory_autostarts(struct inventory *inventory, inventory_autostart_fn fn, void *context);

struct inventory_repository {
	const struct inventory_layer *layer;
	const char *kind;		/* "apt", "rpm" */
	const char *path;		/* of the file */
	unsigned line;
	const char *host;		/* of the address; lower case, without port and user */
	const char *url;
	bool enabled;
};

typedef int (*inventory_repository_fn)(void *context, const struct inventory_repository *repository);
int inventory_repositories(struct inventory *inventory, inventory_repository_fn fn, void *context);

/* ---------------------------------------------------------------- facts for lint and requirements */

/**
 * inventory_package_installed() - is a package there whose name fits?
 * @pattern: with '*' and '?'; borrowed
 * @out_installed: untouched on failure. Packages inside image layers do not count
 *
 * Return: 0; -ENOMEM; -ENODATA (there is no package database that can be read, so nobody knows).
 */
int inventory_package_installed(struct inventory *inventory, const char *pattern, bool *out_installed);

/**
 * inventory_unit_running() - does a cgroup of that name have a process, anywhere in the cgroup v2 tree or, without
 * one, in the v1 tree of systemd? A unit without a process (a oneshot that is done, a target) does not count.
 * @name: "x.service"; "x" means that, too
 *
 * Return: 0; -ENODATA (no cgroup tree is mounted, or this is another root).
 */
int inventory_unit_running(struct inventory *inventory, const char *name, bool *out_running);

/* An object that no rule may hit, as a file of this host. */
struct inventory_protected {
	const char *path;		/* resolved: without symbolic links */
	const char *named;		/* how it was named; often the same */
	const char *why;		/* "init", "shell", "library of the shell \"/bin/sh\"", ... */
	__u64 device, inode;
};

typedef int (*inventory_protected_fn)(void *context, const struct inventory_protected *object);
/**
 * inventory_protected() - what this host must not lose: init, shells, the loader, libc and what these need, sshd,
 * sudo, su, login, getty, the PAM, NSS and sudo plug-ins that its configuration names, ld.so.preload, initramfs
 * tools, the package manager, embargo itself. What is not there is left out. Each file once.
 */
int inventory_protected(struct inventory *inventory, inventory_protected_fn fn, void *context);

struct inventory_network {
	unsigned family;		/* 4 or 6 */
	__u64 a, b;			/* as above */
	const char *text;		/* "192.0.2.1" */
	const char *why;		/* "own address of eth0", "resolver (/etc/resolv.conf)", "default gateway of eth0" */
};

typedef int (*inventory_network_fn)(void *context, const struct inventory_network *network);
/** inventory_host_networks() - addresses that no rule may cover; of another root only its resolvers */
int inventory_host_networks(struct inventory *inventory, inventory_network_fn fn, void *context);

struct inventory_domain {
	const char *name;		/* lower case, without a dot at its end; of any bytes but zero */
	const char *why;		/* "the host itself (/etc/hostname)", "its search domain (/etc/resolv.conf)" */
};

typedef int (*inventory_domain_fn)(void *context, const struct inventory_domain *domain);
/** inventory_host_domains() - names that no rule may cover: of the host, and the domains that it looks in */
int inventory_host_domains(struct inventory *inventory, inventory_domain_fn fn, void *context);

#endif
