#include "procfs/status.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "procfs/lines.h"

struct parse {
	struct status status;
	uint32_t seen; /* bit i: line i of the table */
};

/* Where the first number of a line goes. The rest of a line (effective ids, ...) is not needed. */
struct status_line {
	const char *name;
	uint16_t offset;
	uint8_t bytes; /* of the member: 4 or 8 */
	uint8_t base;
};

#define LINE(label, member, number_base)                                                           \
	{                                                                                          \
		.name = label ":", .offset = offsetof(struct status, member),                      \
		.bytes = sizeof(((struct status *)NULL)->member), .base = number_base              \
	}

static const struct status_line status_lines[] = {
	LINE("Tgid", tgid, 10),
	LINE("Pid", pid, 10),
	LINE("PPid", ppid, 10),
	LINE("TracerPid", tracer_pid, 10),
	LINE("Uid", uid, 10),
	LINE("Gid", gid, 10),
	LINE("Threads", threads_cnt, 10),
	LINE("SigPnd", pending, 16),
	LINE("ShdPnd", shared_pending, 16),
	LINE("SigBlk", blocked, 16),
	LINE("SigIgn", ignored, 16),
	LINE("SigCgt", caught, 16),
	LINE("CapEff", cap_effective, 16),
};
#define STATUS_LINES_CNT (sizeof(status_lines) / sizeof(status_lines[0]))
#define SEEN_STATE	 (1u << STATUS_LINES_CNT)
#define SEEN_ALL	 (2 * SEEN_STATE - 1)

static bool begins(const char *line, size_t len, const char *name)
{
	size_t name_len = strlen(name);

	return len > name_len && memcmp(line, name, name_len) == 0;
}

static int parse_number(struct parse *parse, size_t i, const char *at, const char *end)
{
	const struct status_line *entry = &status_lines[i];
	char *member = (char *)&parse->status + entry->offset;
	uint64_t number;

	if (!lines_number(&at, end, entry->base, &number))
		return -EBADMSG;
	if (entry->bytes == sizeof(uint32_t)) {
		uint32_t narrow = (uint32_t)number;

		if (narrow != number)
			return -EBADMSG;
		memcpy(member, &narrow, sizeof(narrow));
	} else {
		memcpy(member, &number, sizeof(number));
	}
	parse->seen |= 1u << i;
	return 0;
}

static int parse_ns(struct status *status, const char *at, const char *end)
{
	uint64_t number;

	while (status->ns_cnt < STATUS_NS_MAX && lines_number(&at, end, 10, &number))
		status->ns_pid[status->ns_cnt++] = (uint32_t)number;
	return at == end ? 0 : -EBADMSG;
}

/* Lines cannot be forged by a name: its newlines are escaped in this file. */
static int visit_line(void *context, const char *line, size_t len)
{
	struct parse *parse = context;
	const char *end = line + len;

	for (size_t i = 0; i < STATUS_LINES_CNT; i++) {
		if (begins(line, len, status_lines[i].name))
			return parse_number(parse, i, line + strlen(status_lines[i].name), end);
	}
	if (begins(line, len, "NSpid:"))
		return parse_ns(&parse->status, line + strlen("NSpid:"), end);
	if (begins(line, len, "State:\t")) {
		parse->status.state = line[strlen("State:\t")];
		parse->seen |= SEEN_STATE;
	}
	return 0;
}

static int finish(const struct parse *parse, int ret, struct status *ret_status)
{
	if (ret)
		return ret;
	if (parse->seen != SEEN_ALL)
		return -EBADMSG;
	*ret_status = parse->status;
	return 0;
}

int status_parse(const char *text, size_t len, struct status *ret_status)
{
	struct parse parse = {.seen = 0};
	int ret = lines_each(text, len, visit_line, &parse);

	return finish(&parse, ret, ret_status);
}

int status_read(int dirfd, const char *path, struct status *ret_status)
{
	struct parse parse = {.seen = 0};
	int ret = lines_read(dirfd, path, visit_line, &parse);

	return finish(&parse, ret, ret_status);
}
