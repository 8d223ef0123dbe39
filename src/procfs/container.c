#include "procfs/container.h"

#include <string.h>

#define HEX_DIGITS 64

struct piece {
	const char *bytes;
	size_t len;
};

/*
 * How a component looks that stands for a container: prefix, id, suffix. The id is HEX_DIGITS digits
 * or, with `named`, anything but `never`.
 */
static const struct form {
	const char *above; /* the component that it is in; NULL = any */
	const char *prefix, *suffix;
	bool named;
	const char *never; /* how the id does not begin; NULL = any way */
	const char *but_in; /* the component below it that is the monitor's; NULL = none */
} forms[] = {
	/* docker, containerd, kubelet and ECS with cgroupfs: /docker/ID, /kubepods/burstable/podUID/ID */
	{.prefix = "", .suffix = ""},
	/* with systemd: /system.slice/docker-ID.scope, /kubepods.slice/.../cri-containerd-ID.scope */
	{.prefix = "docker-", .suffix = ".scope"},
	{.prefix = "cri-containerd-", .suffix = ".scope"},
	{.prefix = "containerd-", .suffix = ".scope"},
	{.prefix = "nerdctl-", .suffix = ".scope"},
	/* cri-o; its crio-conmon-ID.scope does not end in 64 digits alone */
	{.prefix = "crio-", .suffix = ".scope"},
	{.prefix = "crio-", .suffix = ""},
	/* podman: /machine.slice/libpod-ID.scope, /libpod_parent/libpod-ID, libpod-payload-ID */
	{.prefix = "libpod-", .suffix = ".scope"},
	{.prefix = "libpod-", .suffix = ""},
	{.prefix = "libpod-payload-", .suffix = ""},
	/* systemd-nspawn: as a unit, and from a shell; machined names virtual machines so, too */
	{.prefix = "systemd-nspawn@", .suffix = ".service", .named = true, .but_in = "supervisor"},
	{.above = "machine.slice",
	 .prefix = "machine-",
	 .suffix = ".scope",
	 .named = true,
	 .never = "qemu\\x2d",
	 .but_in = "supervisor"},
	/* LXC and LXD: from 4.0, from 3.0, before */
	{.prefix = "lxc.payload.", .suffix = "", .named = true},
	{.above = "lxc.payload", .prefix = "", .suffix = "", .named = true},
	{.above = "lxc", .prefix = "", .suffix = "", .named = true},
};

static bool is(struct piece piece, const char *text)
{
	return piece.len == strlen(text) && !memcmp(piece.bytes, text, piece.len);
}

static bool begins(struct piece piece, const char *text)
{
	return piece.len >= strlen(text) && !memcmp(piece.bytes, text, strlen(text));
}

static bool ends(struct piece piece, const char *text)
{
	size_t len = strlen(text);

	return piece.len >= len && !memcmp(piece.bytes + piece.len - len, text, len);
}

static bool is_hex(struct piece piece)
{
	if (piece.len != HEX_DIGITS)
		return false;
	for (size_t i = 0; i < piece.len; i++)
		if (!memchr("0123456789abcdef", piece.bytes[i], 16))
			return false;
	return true;
}

/* containerd with runc told to use systemd, and given a path for cgroupfs: SLICE:cri-containerd:ID */
static struct piece behind_colons(struct piece piece)
{
	const char *colon = memrchr(piece.bytes, ':', piece.len);
	size_t skip = colon ? colon + 1 - piece.bytes : 0;

	return (struct piece){.bytes = piece.bytes + skip, .len = piece.len - skip};
}

static bool matches(const struct form *form, struct piece above, struct piece at,
		    struct piece below, struct piece *ret_id)
{
	size_t around = strlen(form->prefix) + strlen(form->suffix);
	struct piece id;

	if (!form->named)
		at = behind_colons(at);
	if (at.len <= around || !begins(at, form->prefix) || !ends(at, form->suffix))
		return false;
	if ((form->above && !is(above, form->above)) || (form->but_in && is(below, form->but_in)))
		return false;
	id = (struct piece){.bytes = at.bytes + strlen(form->prefix), .len = at.len - around};
	if (form->named ? form->never && begins(id, form->never) : !is_hex(id))
		return false;
	*ret_id = id;
	return true;
}

/* The component at the end of `path`; empty at the root. */
static struct piece last_of(struct piece path)
{
	const char *slash = memrchr(path.bytes, '/', path.len);
	size_t skip = slash ? slash + 1 - path.bytes : 0;

	return (struct piece){.bytes = path.bytes + skip, .len = path.len - skip};
}

static struct piece parent_of(struct piece path)
{
	size_t less = last_of(path).len;

	less += less < path.len; /* its slash */
	return (struct piece){.bytes = path.bytes, .len = path.len - less};
}

bool container_of_cgroup(const char *path, size_t len, const char **ret_id, size_t *ret_len)
{
	struct piece rest = {.bytes = path, .len = len}, below = {.bytes = path};

	while (rest.len) {
		struct piece at = last_of(rest), above, id;

		rest = parent_of(rest);
		above = last_of(rest);
		for (size_t i = 0; i < sizeof(forms) / sizeof(*forms); i++) {
			if (!matches(&forms[i], above, at, below, &id))
				continue;
			*ret_id = id.bytes;
			*ret_len = id.len;
			return true;
		}
		below = at;
	}
	return false;
}
