/* SPDX-License-Identifier: MIT */
/*
 * containers.c - the one table of what is a container's cgroup. Patterns are anchored at the cgroup root
 * and cover what is below them, so an engine that runs inside a container needs no row. An engine with
 * a --cgroup-parent of its own is not recognised: "only-cgroups" and "exclude-cgroups" are for that.
 *
 * Only places where root makes the cgroups: below user@.service anybody can make one of any name, and would
 * leave the scope of "containers: none" with it. So the containers of users (rootless) count as the users'.
 */
#include "containers.h"

static const char *const patterns[] = {
	/*
	 * Docker: moby, daemon/daemon_unix.go (getCgroupDriver, default parents "/docker" and "system.slice"); the
	 * name of the scope is "<prefix>-<id>.scope" in runc, libcontainer/cgroups/systemd (getUnitName).
	 */
	"/docker/*",
	"/system.slice/docker-*.scope",

	/*
	 * Podman: libpod/runtime.go (CgroupfsDefaultCgroupParent "/libpod_parent", SystemdDefaultCgroupParent
	 * "machine.slice"), pods and quadlets (split cgroups, "libpod-payload-<id>"): libpod/container_internal_common.go,
	 * getOCICgroupPath(). The monitor conmon has "libpod-conmon-<id>.scope" beside it and counts as part of it.
	 */
	"/libpod_parent/*",
	"/system.slice/libpod-*.scope",
	"/system.slice/*.service/libpod-payload-*",

	/*
	 * Kubernetes: pkg/kubelet/cm/pod_container_manager_linux.go, below the root "kubepods" of
	 * node_container_manager_linux.go; ".slice" with the systemd driver. "kubelet" before it with kind's
	 * --cgroup-root. What the engines below make (cri-containerd-*, crio-*, docker-*) is covered.
	 */
	"/kubepods",
	"/kubepods.slice",
	"/kubelet/kubepods",
	"/kubelet.slice/kubelet-kubepods.slice",

	/*
	 * containerd: pkg/cri/server (cri-containerd-<id>.scope, "k8s.io" is its namespace), nerdctl:
	 * pkg/cmd/container/run_cgroup_linux.go ("nerdctl-<id>.scope", else "/<namespace>/<id>", "default").
	 */
	"/system.slice/cri-containerd-*.scope",
	"/system.slice/nerdctl-*.scope",
	"/k8s.io/*",
	"/default/*",

	/* CRI-O without pods' slices: internal/config/cgmgr (crioPrefix "crio", default parent "/system.slice") */
	"/system.slice/crio-*.scope",

	/* LXC, LXD and Incus: src/lxc/cgroups/cgroup.h (CGROUP_DEFAULT "lxc.payload."); Proxmox has "/lxc/<number>" */
	"/lxc.payload.*",
	"/lxc/*",

	/*
	 * systemd-nspawn, and Podman and CRI-O with the systemd driver. systemd.special(7): "by default, all virtual
	 * machines and containers registered with systemd-machined are found in this slice". So virtual machines
	 * count as containers too: no pattern tells "machine-qemu*.scope" from "machine-<any name>.scope".
	 */
	"/machine.slice/*",
};

const char *const *container_cgroups(size_t *out_count)
{
	*out_count = sizeof(patterns) / sizeof(*patterns);
	return patterns;
}
