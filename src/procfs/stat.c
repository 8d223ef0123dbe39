#include "procfs/stat.h"

#include <string.h>

#include "procfs/lines.h"

/* Numbers of the fields as in the man page, which counts from 1. */
enum {
	FIELD_STATE = 3,
	FIELD_PPID = 4,
	FIELD_SESSION = 6,
	FIELD_TTY_NR = 7,
	FIELD_FLAGS = 9,
	FIELD_THREADS = 20,
	FIELD_START = 22,
	FIELD_EXIT_SIGNAL = 38,
	FIELD_EXIT_CODE = 52, /* the last one that every supported kernel has */
};

/* One " number", or " -number": how far below zero does not matter, so it becomes all ones. */
static bool take_field(const char **text, const char *end, uint64_t *ret_number)
{
	bool negative;

	if (*text >= end || **text != ' ')
		return false;
	(*text)++;
	negative = *text < end && **text == '-';
	*text += negative;
	if (*text >= end || **text < '0' || **text > '9')
		return false;
	if (!lines_number(text, end, 10, ret_number))
		return false;
	if (negative)
		*ret_number = -*ret_number;
	return true;
}

static int parse_name(const char **text, const char *end, struct stat_line *stat)
{
	const char *close = memrchr(*text, ')', (size_t)(end - *text));
	const char *open;
	uint64_t pid;

	if (!lines_number(text, end, 10, &pid) || pid > INT32_MAX)
		return -EBADMSG;
	open = *text + 1;
	if (end - *text < 3 || memcmp(*text, " (", 2) != 0 || !close || close <= open)
		return -EBADMSG;
	open++;
	if (close - open >= STAT_COMM_BYTES)
		return -EBADMSG;
	stat->pid = (uint32_t)pid;
	stat->comm_len = (uint8_t)(close - open);
	memcpy(stat->comm, open, stat->comm_len);
	stat->comm[stat->comm_len] = '\0';
	*text = close + 1;
	return 0;
}

int stat_parse(const char *text, size_t len, struct stat_line *ret_stat)
{
	struct stat_line stat = {.pid = 0};
	uint64_t fields[FIELD_EXIT_CODE + 1];
	const char *end = text + len;

	/* Without its newline the last number may be half of one. */
	if (!len || end[-1] != '\n' || parse_name(&text, end, &stat))
		return -EBADMSG;
	if (end - text < 3 || text[0] != ' ' || text[1] < 'A' || text[1] > 'z')
		return -EBADMSG;
	stat.state = text[1];
	text += 2;
	for (int i = FIELD_PPID; i <= FIELD_EXIT_CODE; i++) {
		if (!take_field(&text, end, &fields[i]))
			return -EBADMSG;
	}
	stat.ppid = (uint32_t)fields[FIELD_PPID];
	stat.session = (uint32_t)fields[FIELD_SESSION];
	stat.tty_nr = (uint32_t)fields[FIELD_TTY_NR];
	stat.flags = (uint32_t)fields[FIELD_FLAGS];
	stat.threads_cnt = (uint32_t)fields[FIELD_THREADS];
	stat.start_ticks = fields[FIELD_START];
	stat.exit_signal = (int32_t)fields[FIELD_EXIT_SIGNAL];
	stat.exit_code = (uint32_t)fields[FIELD_EXIT_CODE];
	*ret_stat = stat;
	return 0;
}

int stat_read(const struct proc_root *root, uint32_t pid, struct stat_line *ret_stat)
{
	char text[STAT_BYTES_MAX];
	int len = proc_read_pid(root, pid, "stat", text, sizeof(text));

	return len < 0 ? len : stat_parse(text, (size_t)len, ret_stat);
}

int stat_read_at(int dirfd, struct stat_line *ret_stat)
{
	char text[STAT_BYTES_MAX];
	int len = proc_read_at(dirfd, "stat", text, sizeof(text));

	return len < 0 ? len : stat_parse(text, (size_t)len, ret_stat);
}

enum stat_life stat_life(const struct stat_line *stat)
{
	/* A released task has lost its signal_struct, which counts the threads. */
	if (stat->state == 'X' || stat->state == 'x' || !stat->threads_cnt)
		return STAT_GONE;
	if (stat->state == 'Z')
		return stat->threads_cnt > 1 ? STAT_LEADER_ZOMBIE : STAT_ZOMBIE;
	return stat->flags & STAT_FLAG_EXITING ? STAT_EXITING : STAT_ALIVE;
}
