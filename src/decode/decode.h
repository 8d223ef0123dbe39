/*
 * Bytes of the ring to a read-only event. The only place that checks sizes; past it an event is
 * trusted. Nothing is copied: an event borrows the record's memory.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proctrace/event.h"

/* A piece of a record's tail. bytes NULL: the record carries no such piece. */
struct tail_view {
	const char *bytes;
	size_t len;
};

struct event {
	enum pt_kind kind;
	uint32_t flags;
	uint64_t time_ns;
	struct pt_identity who; /* in every kind at the same place */
	union {
		const struct pt_event *head;
		const struct pt_event_fork *fork;
		const struct pt_event_exec *exec;
		const struct pt_event_exit *exit;
		const struct pt_event_zombie *zombie;
		const struct pt_event_reap *reap;
		const struct pt_event_free *free;
		const struct pt_event_signal *signal;
		const struct pt_event_oom *oom;
		const struct pt_event_task *task;
		const struct pt_event_thread *thread;
		const struct pt_event_thread_exit *thread_exit;
		const struct pt_event_cgroup *cgroup; /* its path is terminated */
	};
	struct tail_view tail[PT_TAIL_CNT]; /* by tag; exec only */
};

/*
 * decode - checks the record of `size` bytes at `data` (8-byte aligned) and lays `ret_event` over it.
 * 0; -EBADMSG when the record is malformed (shorter than its kind, its size field beyond `size`, an
 * unknown tag, a piece past the end or twice); -ENOTSUP for a kind this version does not know.
 */
int decode(const void *data, size_t size, struct event *ret_event);

/*
 * decode_path - a PT_TAIL_EXE or PT_TAIL_CWD piece (components leaf first) as a path from the root.
 * Writes at most `size` bytes, NUL included; returns the length without the NUL, 0 if the piece is
 * missing. `cut`: the walk did not reach the root, and the path begins with ".../" instead of "/".
 */
size_t decode_path(struct tail_view piece, bool cut, char *ret_path, size_t size);
