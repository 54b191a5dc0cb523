/* SPDX-License-Identifier: MIT */
/*
 * test_inventory_images.c - the stores of docker, podman and containerd below a root: names, containers, layers,
 * and files found inside of layers.
 */
#include "../../agent/inventory/bolt.h"
#include "inventory_root.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* Two layers; the chain ids are SHA-256 of "sha256:aa.. sha256:bb..", as sha256sum(1) says. */
#define DIFF_A   "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define DIFF_B   "sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define CHAIN_AB "ccd722928bd92476ba1745586fed6e45a102504185ad88cd89e01ff116fd146c"
#define IMAGE    "1111111111111111111111111111111111111111111111111111111111111111"

static int note_image(void *context, const struct inventory_image *image)
{
	struct test_root *root = context;

	lines_add(&root->items, "%s %s%s%s%s%s%s", image->manager, image->name,
		  *image->container ? " container " : "", image->container,
		  *image->container_name ? " called " : "", image->container_name,
		  image->running ? " running" : "");
	return 0;
}

static int note_layer(void *context, const struct inventory_layer *layer)
{
	struct test_root *root = context;

	lines_add(&root->items, "%s: %s", inventory_layer_path(layer), inventory_layer_name(layer));
	return 0;
}

static int note_file(void *context, const struct inventory_file *file)
{
	struct test_root *root = context;

	lines_add(&root->items, "%s in %s", file->path, inventory_layer_path(file->layer));
	return 0;
}

static void images(struct test_root *root)
{
	assert_int_equal(inventory_images(root_open(root, NULL), note_image, root), 0);
}

static void layers(struct test_root *root)
{
	assert_int_equal(inventory_layers(root_open(root, NULL), note_layer, root), 0);
}

static void make_docker(struct test_root *root)
{
	root_file(
		root, "/var/lib/docker/image/overlay2/repositories.json",
		"{\"Repositories\":{\"registry.example.com/sensor\":{\"registry.example.com/sensor:7\":\"sha256:" IMAGE
		"\",\"registry.example.com/sensor@sha256:0\":\"sha256:" IMAGE "\"}}}");
	root_file(root, "/var/lib/docker/image/overlay2/imagedb/content/sha256/" IMAGE,
		  "{\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[\"" DIFF_A "\",\"" DIFF_B
		  "\"]}}");
	root_file(root,
		  "/var/lib/docker/image/overlay2/layerdb/sha256/"
		  "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa/cache-id",
		  "lower0123456789");
	root_file(root, "/var/lib/docker/image/overlay2/layerdb/sha256/" CHAIN_AB "/cache-id",
		  "upper0123456789");
	root_file(root, "/var/lib/docker/overlay2/lower0123456789/diff/etc/os-release", "");
	root_file(root, "/var/lib/docker/overlay2/upper0123456789/diff/opt/example/agent", "");
	root_file(root, "/var/lib/docker/overlay2/unknown/diff/x", "");
	root_file(root, "/var/lib/docker/overlay2/rw/diff/added", "");
	root_directory(root, "/var/lib/docker/overlay2/l");
	root_file(root, "/var/lib/docker/containers/c0ffee/config.v2.json",
		  "{\"ID\":\"c0ffee\",\"Name\":\"/watcher\",\"State\":{\"Running\":true},"
		  "\"Config\":{\"Image\":\"registry.example.com/sensor:7\"}}");
	root_file(root, "/var/lib/docker/image/overlay2/layerdb/mounts/c0ffee/mount-id", "rw");
}

static void docker(void **state)
{
	struct test_root *root = *state;

	make_docker(root);
	images(root);
	assert_has(&root->items, "docker registry.example.com/sensor:7");
	assert_has(&root->items, "docker registry.example.com/sensor@sha256:0");
	/* below another root nothing runs, whatever its state was when it was copied */
	assert_has(&root->items,
		   "docker registry.example.com/sensor:7 container c0ffee called watcher");
	assert_int_equal(root->items.count, 3);
	assert_int_equal(root->problems.count, 0);
}

static void docker_layers(void **state)
{
	struct test_root *root = *state;

	make_docker(root);
	layers(root);
	assert_has(
		&root->items,
		"/var/lib/docker/overlay2/lower0123456789/diff: docker image registry.example.com/sensor:7, image "
		"registry.example.com/sensor@sha256:0, layer lower0123456");
	assert_has(
		&root->items,
		"/var/lib/docker/overlay2/upper0123456789/diff: docker image registry.example.com/sensor:7, image "
		"registry.example.com/sensor@sha256:0, layer upper0123456");
	assert_has(&root->items, "/var/lib/docker/overlay2/unknown/diff: docker layer unknown");
	assert_has(&root->items,
		   "/var/lib/docker/overlay2/rw/diff: docker container watcher, layer rw");
	assert_int_equal(root->items.count, 4);
}

/* One walk: what is inside of a layer is told by its path in there, and once. */
static void files_in_layers(void **state)
{
	struct test_root *root = *state;

	make_docker(root);
	assert_int_equal(inventory_files(root_open(root, NULL), note_file, root), 0);
	assert_has(&root->items,
		   "/opt/example/agent in /var/lib/docker/overlay2/upper0123456789/diff");
	assert_lacks(&root->items, "/var/lib/docker/overlay2/upper0123456789/diff/opt");
	lines_done(&root->items);
	assert_int_equal(inventory_glob(root->inventory, "/opt/example/*", note_file, root), 0);
	assert_has(&root->items,
		   "/opt/example/agent in /var/lib/docker/overlay2/upper0123456789/diff");
	assert_int_equal(root->items.count, 1);
}

static void docker_elsewhere(void **state)
{
	struct test_root *root = *state;

	root_file(root, "/etc/docker/daemon.json", "{\"data-root\": \"/data/docker\"}");
	root_directory(root, "/data/docker/image/vfs");
	root_file(root, "/data/docker/vfs/dir/one/x", "");
	root_file(root, "/etc/passwd", "u:x:1:1::/home/u:/bin/sh\n");
	root_directory(root, "/home/u/.local/share/docker/image/fuse-overlayfs");
	root_file(root, "/home/u/.local/share/docker/fuse-overlayfs/two/diff/x", "");
	root_directory(root, "/var/lib/docker/image/devicemapper");
	layers(root);
	assert_has(&root->items, "/data/docker/vfs/dir/one: docker layer one");
	assert_has(&root->items,
		   "/home/u/.local/share/docker/fuse-overlayfs/two/diff: docker layer two");
	assert_has(&root->problems, "missed images /var/lib/docker/image/devicemapper");
}

/* Ids that are paths, links out of the store, files that are damaged: nothing of it leads anywhere. */
static void hostile_docker(void **state)
{
	struct test_root *root = *state;

	root_file(root, "/var/lib/docker/image/overlay2/repositories.json", "{\"Repositories\":");
	root_file(root, "/var/lib/docker/image/overlay2/layerdb/mounts/x/mount-id",
		  "../../../../etc");
	root_file(root, "/var/lib/docker/containers/x/config.v2.json",
		  "{\"Name\":7,\"Config\":[]}");
	root_directory(root, "/etc");
	root_directory(root, "/var/lib/docker/overlay2/y");
	root_link(root, "/var/lib/docker/overlay2/y/diff", "/../../../../../../../etc");
	layers(root);
	assert_has(&root->problems,
		   "missed images /var/lib/docker/image/overlay2/repositories.json");
	/* A layer is not looked at as a part of the root: etc must not become one. */
	assert_has(&root->problems, "missed images /var/lib/docker/overlay2/y/diff");
	assert_int_equal(root->items.count, 0);
}

static void podman(void **state)
{
	struct test_root *root = *state;

	root_file(root, "/home/u/x", "");
	root_file(root, "/etc/passwd", "u:x:1:1::/home/u:/bin/sh\n");
	root_file(
		root, "/home/u/.local/share/containers/storage/overlay-images/images.json",
		"[{\"id\":\"i\",\"names\":[\"docker.io/example/sensor:latest\"],\"layer\":\"top\"}]");
	root_file(
		root, "/home/u/.local/share/containers/storage/overlay-layers/layers.json",
		"[{\"id\":\"base\"},{\"id\":\"top\",\"parent\":\"base\"},{\"id\":\"ring\",\"parent\":\"ring\"}]");
	root_file(root,
		  "/home/u/.local/share/containers/storage/overlay-containers/containers.json",
		  "[{\"id\":\"c1\",\"names\":[\"box\"],\"image\":\"i\",\"layer\":\"ring\"}]");
	root_directory(root, "/home/u/.local/share/containers/storage/overlay/base/diff");
	root_directory(root, "/home/u/.local/share/containers/storage/overlay/top/diff");
	root_directory(root, "/home/u/.local/share/containers/storage/overlay/ring/diff");
	images(root);
	assert_has(&root->items, "containers/storage docker.io/example/sensor:latest");
	assert_has(&root->items,
		   "containers/storage docker.io/example/sensor:latest container c1 called box");
	assert_int_equal(root->items.count, 2);
	lines_done(&root->items);
	layers(root);
	assert_has(
		&root->items,
		"/home/u/.local/share/containers/storage/overlay/base/diff: containers/storage image "
		"docker.io/example/sensor:latest, layer base");
	assert_has(&root->items,
		   "/home/u/.local/share/containers/storage/overlay/ring/diff: containers/storage "
		   "container box, layer ring");
	assert_int_equal(root->items.count, 3);
}

/* ---------------------------------------------------------------- containerd */

#define PAGE 4096

static void put16(unsigned char *at, unsigned value)
{
	at[0] = value;
	at[1] = value >> 8;
}

static void put32(unsigned char *at, unsigned value)
{
	put16(at, value);
	put16(at + 2, value >> 16);
}

static void put64(unsigned char *at, unsigned long long value)
{
	put32(at, value);
	put32(at + 4, value >> 32);
}

static void put_meta(unsigned char *page, unsigned number, unsigned long long root,
		     unsigned long long transaction)
{
	unsigned long long sum = 0xcbf29ce484222325ull;

	put64(page, number);
	put16(page + 8, 4);
	page += 16;
	put32(page, 0xED0CDAED);
	put32(page + 4, 2);
	put32(page + 8, PAGE);
	put64(page + 16, root);
	put64(page + 48, transaction);
	for (int i = 0; i < 56; i++)
		sum = (sum ^ page[i]) * 0x100000001b3ull;
	put64(page + 56, sum);
}

/* A leaf page with one element. Return: bytes. */
static size_t put_leaf(unsigned char *page, unsigned flags, const char *key, const void *value,
		       size_t bytes)
{
	put16(page + 8, 2);
	put16(page + 10, 1);
	put32(page + 16, flags);
	put32(page + 20, 16); /* from the element */
	put32(page + 24, strlen(key));
	put32(page + 28, bytes);
	memcpy(page + 32, key, strlen(key));
	memcpy(page + 32 + strlen(key), value, bytes);
	return 32 + strlen(key) + bytes;
}

/* An inline bucket with one element. Return: bytes. */
static size_t put_bucket(unsigned char *at, unsigned flags, const char *key, const void *value,
			 size_t bytes)
{
	memset(at, 0, 32);
	return 16 + put_leaf(at + 16, flags, key, value, bytes);
}

/* v1 / k8s.io / SECTION / NAME / (INNER = VALUE), as containerd's metadata has it. */
static void make_database(unsigned char *file, const char *section, const char *name,
			  const char *inner, const char *value)
{
	unsigned char a[1024], b[1024];
	size_t bytes;

	memset(file, 0, 4 * PAGE);
	put_meta(file, 0, 3, 7);
	put_meta(file + PAGE, 1, 2, 6); /* the older one */
	bytes = put_bucket(a, 0, inner, value, strlen(value));
	bytes = put_bucket(b, 1, name, a, bytes);
	bytes = put_bucket(a, 1, section, b, bytes);
	bytes = put_bucket(b, 1, "k8s.io", a, bytes);
	(void)put_leaf(file + 3 * PAGE, 1, "v1", b, bytes);
	put64(file + 3 * PAGE, 3);
}

static void containerd(void **state)
{
	static const char meta[] = "/var/lib/containerd/io.containerd.metadata.v1.bolt/meta.db";
	struct test_root *root = *state;
	unsigned char file[4 * PAGE];

	make_database(file, "images", "docker.io/example/sensor:7", "target", "x");
	root_bytes(root, meta, file, sizeof(file));
	images(root);
	assert_has(&root->items, "containerd docker.io/example/sensor:7");
	assert_int_equal(root->items.count, 1);
	lines_done(&root->items);
	make_database(file, "containers", "c1", "image", "docker.io/example/sensor:8");
	root_bytes(root, meta, file, sizeof(file));
	images(root);
	assert_has(&root->items, "containerd docker.io/example/sensor:8 container c1");
	assert_int_equal(root->problems.count, 0);
}

static void damaged_containerd(void **state)
{
	static const char meta[] =
		"/var/lib/rancher/k3s/agent/containerd/io.containerd.metadata.v1.bolt/meta.db";
	struct test_root *root = *state;
	unsigned char file[4 * PAGE];

	make_database(file, "images", "x", "target", "x");
	file[3 * PAGE + 10] = 0xff; /* more elements than there is room */
	file[3 * PAGE + 11] = 0xff;
	root_bytes(root, meta, file, sizeof(file));
	images(root);
	assert_int_equal(root->items.count, 0);
	assert_int_equal(lines_start(&root->problems, "missed images /var/lib/rancher/k3s/"), 1);
}

static void containerd_layers(void **state)
{
	struct test_root *root = *state;

	root_file(
		root,
		"/var/lib/containerd/io.containerd.snapshotter.v1.overlayfs/snapshots/12/fs/opt/x",
		"");
	root_directory(root, "/var/lib/containerd/io.containerd.snapshotter.v1.native");
	root_directory(root, "/var/lib/containerd/io.containerd.snapshotter.v1.stargz/snapshots");
	layers(root);
	assert_has(&root->items,
		   "/var/lib/containerd/io.containerd.snapshotter.v1.overlayfs/snapshots/12/fs: "
		   "containerd layer 12");
	assert_int_equal(root->items.count, 1);
	assert_has(
		&root->problems,
		"missed images /var/lib/containerd/io.containerd.snapshotter.v1.stargz/snapshots");
}

static void running_tasks(void **state)
{
	struct test_root *root = *state;

	root_file(root, "/run/containerd/io.containerd.runtime.v2.task/k8s.io/c1/config.json",
		  "{\"annotations\":{\"io.kubernetes.cri.image-name\":\"quay.io/example/sensor:7\","
		  "\"io.kubernetes.cri.container-name\":\"sensor\"}}");
	root_file(root, "/run/containerd/io.containerd.runtime.v2.task/moby/c2/config.json", "{}");
	images(root);
	assert_has(&root->items, "containerd quay.io/example/sensor:7 container c1 called sensor");
	assert_int_equal(root->items.count, 1);
}

/* A page that contains itself must not be read for ever. */
static void rings_end(void **state)
{
	unsigned char file[4 * PAGE];
	struct bolt_bucket bucket, found;

	make_database(file, "images", "x", "target", "x");
	put16(file + 3 * PAGE + 8, 1); /* a branch */
	put64(file + 3 * PAGE + 16 + 8, 3);
	assert_int_equal(bolt_open(file, sizeof(file), &bucket), 0);
	assert_int_equal(bolt_find(&bucket, "v1", &found), -EBADMSG);
	assert_int_equal(bolt_open(file, 60, &bucket), -EBADMSG);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		ROOT_TEST(docker),
		ROOT_TEST(docker_layers),
		ROOT_TEST(files_in_layers),
		ROOT_TEST(docker_elsewhere),
		ROOT_TEST(hostile_docker),
		ROOT_TEST(podman),
		ROOT_TEST(containerd),
		ROOT_TEST(damaged_containerd),
		ROOT_TEST(containerd_layers),
		ROOT_TEST(running_tasks),
		cmocka_unit_test(rings_end),
	};

	return cmocka_run_group_tests_name("inventory images", tests, NULL, NULL);
}
