#include "decode/decode.h"

#include <errno.h>
#include <string.h>

static const uint16_t sizes[PT_KIND_CNT] = {
	[PT_KIND_FORK] = sizeof(struct pt_event_fork),
	[PT_KIND_EXEC] = sizeof(struct pt_event_exec),
	[PT_KIND_EXIT] = sizeof(struct pt_event_exit),
	[PT_KIND_ZOMBIE] = sizeof(struct pt_event_zombie),
	[PT_KIND_REAP] = sizeof(struct pt_event_reap),
	[PT_KIND_FREE] = sizeof(struct pt_event_free),
	[PT_KIND_SIGNAL] = sizeof(struct pt_event_signal),
	[PT_KIND_OOM] = sizeof(struct pt_event_oom),
	[PT_KIND_TASK] = sizeof(struct pt_event_task),
	[PT_KIND_THREAD] = sizeof(struct pt_event_thread),
	[PT_KIND_THREAD_EXIT] = sizeof(struct pt_event_thread_exit),
	[PT_KIND_CGROUP] = sizeof(struct pt_event_cgroup),
};

_Static_assert(offsetof(struct pt_event_fork, who) == sizeof(struct pt_event) &&
		       offsetof(struct pt_event_thread_exit, who) == sizeof(struct pt_event),
	       "the subject follows the head in every kind");

/* Pieces from `at` to `end`, each known, whole and single. */
static int decode_tail(const char *at, const char *end, struct event *event)
{
	while (at < end) {
		struct pt_tail head;
		size_t room;

		if (end - at < (ptrdiff_t)sizeof(head))
			return -EBADMSG;
		memcpy(&head, at, sizeof(head));
		at += sizeof(head);
		room = ((size_t)head.bytes + 3) & ~(size_t)3;
		if (head.tag == PT_TAIL_NONE || head.tag >= PT_TAIL_CNT ||
		    room > (size_t)(end - at) || event->tail[head.tag].bytes)
			return -EBADMSG;
		event->tail[head.tag] = (struct tail_view){.bytes = at, .len = head.bytes};
		at += room;
	}
	return 0;
}

int decode(const void *data, size_t size, struct event *ret_event)
{
	const struct pt_event *head = data;
	struct event event = {.head = head};
	int error = 0;

	if (size < sizeof(*head) || head->size > size || head->size < sizeof(*head))
		return -EBADMSG;
	if (head->kind == PT_KIND_NONE || head->kind >= PT_KIND_CNT)
		return -ENOTSUP;
	if (head->size < sizes[head->kind])
		return -EBADMSG;
	event.kind = head->kind;
	event.flags = head->flags;
	event.time_ns = head->time_ns;
	event.who = event.fork->who;
	if (event.kind == PT_KIND_EXEC)
		error = decode_tail((const char *)data + sizes[PT_KIND_EXEC],
				    (const char *)data + head->size, &event);
	else if (head->size != sizes[head->kind])
		error = -EBADMSG;
	else if (event.kind == PT_KIND_CGROUP &&
		 !memchr(event.cgroup->path, '\0', sizeof(event.cgroup->path)))
		error = -EBADMSG;
	if (!error)
		*ret_event = event;
	return error;
}

/* The component that ends (its NUL) at `end`; its start. */
static const char *component_before(const char *begin, const char *end)
{
	while (end > begin && end[-1] != '\0')
		end--;
	return end;
}

size_t decode_path(struct tail_view piece, bool cut, char *ret_path, size_t size)
{
	const char *end = piece.bytes + piece.len;
	size_t len = 0;

	if (!piece.bytes || size == 0)
		return 0;
	if (cut && size > 3) {
		memcpy(ret_path, "...", 3);
		len = 3;
	}
	while (end > piece.bytes) {
		const char *last = end - 1;
		const char *first = component_before(piece.bytes, last);
		size_t n = last - first;

		if (len + 1 + n + 1 > size)
			break;
		ret_path[len++] = '/';
		memcpy(ret_path + len, first, n);
		len += n;
		end = first;
	}
	if (len == 0 && size > 1)
		ret_path[len++] = '/';
	ret_path[len] = '\0';
	return len;
}
