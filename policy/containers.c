/* SPDX-License-Identifier: MIT */
/*
 * containers.c - the one table of what is a container's cgroup. Patterns cover what is below them, so an
 * engine that runs inside a container needs no row; names that only an engine gives are looked for at any
 * depth, because each engine has an option for the parent. A host's own service that takes such a name
 * counts as a container: root decides about services.
 */
#include "containers.h"

static const char *const patterns[] = {
	/*
	 * "<prefix>-<id>.scope": runc, libcontainer/cgroups/systemd (getUnitName), crun likewise. Prefixes: "docker"
	 * of moby, "cri-containerd" of containerd's CRI, "crio" of CRI-O (also its monitor, "crio-conmon"), "libpod" of
	 * Podman (its monitor is "libpod-conmon"), "nerdctl".
	 */
	"**/docker-*.scope",
	"**/libpod-*.scope",
	"**/cri-containerd-*.scope",
	"**/crio-*.scope",
	"**/nerdctl-*.scope",

	/* Podman's quadlets split the unit's cgroup: libpod/container_internal_common.go, getOCICgroupPath() */
	"**/libpod-payload-*",

	/*
	 * Without systemd: "/docker" (moby, cmd/dockerd), "/libpod_parent" (Podman, CgroupfsDefaultCgroupParent), and
	 * containerd's namespaces, "/default" of ctr and nerdctl, "/k8s.io" of its CRI.
	 */
	"/docker/*",
	"/libpod_parent/*",
	"/default/*",
	"/k8s.io/*",

	/*
	 * Kubernetes: pkg/kubelet/cm, "kubepods" below the root or below kind's "kubelet"; ".slice" with the systemd
	 * driver. All pods are below it, whatever the engine calls them.
	 */
	"/kubepods",
	"/kubepods.slice",
	"/kubelet/kubepods",
	"/kubelet.slice/kubelet-kubepods.slice",

	/* LXC, LXD and Incus: src/lxc/cgroups/cgroup.h ("lxc.payload."); Proxmox VE has "/lxc/<number>" */
	"/lxc.payload.*",
	"/lxc/*",

	/*
	 * systemd-nspawn and what else registers itself. systemd.special(7), machine.slice: "by default, all virtual
	 * machines and containers registered with systemd-machined are found in this slice". So virtual machines
	 * count as containers, too: no pattern tells "machine-qemu*.scope" from a container of that name.
	 */
	"/machine.slice/*",
};

const char *const *container_cgroups(size_t *out_count)
{
	*out_count = sizeof(patterns) / sizeof(*patterns);
	return patterns;
}
