/* The container that a cgroup's path names. Pure. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/*
 * container_of_cgroup - true where a component of the path (from the root of the hierarchy) is one
 * that a container manager gives to its containers, with the id as it stands there, lent from `path`:
 * 64 digits for docker, containerd, cri-o and podman, a name, escaped as systemd does, for
 * systemd-nspawn and LXC. The innermost where containers are nested. The cgroups of their monitors
 * (conmon, lxc.monitor, nspawn's supervisor) are not in a container.
 */
bool container_of_cgroup(const char *path, size_t len, const char **ret_id, size_t *ret_len);
