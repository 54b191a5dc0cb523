/* SPDX-License-Identifier: MIT */
/*
 * enrich.h - what the running system adds to an event: command line, parent's executable, container.
 * Only for events, never for ordinary attempts. A process that is gone, or whose number belongs to
 * another one by now, adds nothing.
 */
#ifndef EMBARGO_ENRICH_H
#define EMBARGO_ENRICH_H

#include "record.h"
#include <stdbool.h>

/**
 * enrich_event() - look up what is known of the subject of an event
 * @event:      borrowed
 * @cgroup_fd:  directory at which cgroup v2 is mounted, or -1
 * @out_more:   overwritten; what is not known is ""
 */
void enrich_event(const struct event *event, int cgroup_fd, struct enrichment *out_more);

/**
 * enrich_container() - the container's id in the path of a cgroup
 * @path:   borrowed; as of docker, podman, containerd, cri-o: the last 64 hexadecimal digits in it
 * @out_id: CONTAINER_ID_BYTES; "" if there is none
 */
void enrich_container(const char *path, char *out_id);

/** enrich_same_process() - is the process of an event still there, and its number not another's? */
bool enrich_same_process(const struct event_subject *subject);

/**
 * enrich_cgroup() - the path of a cgroup, with that of the mount
 * @cgroup_fd: directory at which cgroup v2 is mounted
 * @out_path:  PATH_MAX bytes
 */
bool enrich_cgroup(int cgroup_fd, __u64 id, char *out_path);

#endif
