#include "procfs/mountinfo.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "procfs/lines.h"
#include "procfs/status.h"

#define CAP_SYS_PTRACE_BIT 19

/* The next word of the line, which moves behind it and its blank. False at the end. */
static bool take_word(const char **line, const char *end, const char **ret_word, size_t *ret_len)
{
	const char *blank;

	if (*line >= end)
		return false;
	blank = memchr(*line, ' ', (size_t)(end - *line));
	*ret_word = *line;
	*ret_len = (size_t)((blank ? blank : end) - *line);
	*line = blank ? blank + 1 : end;
	return *ret_len > 0;
}

static bool parse_device(const char *word, size_t len, struct mount_line *mount)
{
	const char *end = word + len;
	uint64_t dev_major, dev_minor;

	if (!lines_number(&word, end, 10, &dev_major) || word >= end || *word++ != ':' ||
	    !lines_number(&word, end, 10, &dev_minor) || word != end)
		return false;
	mount->dev_major = (unsigned int)dev_major;
	mount->dev_minor = (unsigned int)dev_minor;
	return true;
}

/* "36 35 98:0 /root /point rw,noatime shared:1 - ext3 /dev/root rw": any number of words before
 * "-". */
int mountinfo_parse(const char *line, size_t len, struct mount_line *ret_mount)
{
	const char *end = line + len;
	struct mount_line mount;
	const char *word;
	size_t word_len;

	for (int i = 0; i < 3; i++) {
		if (!take_word(&line, end, &word, &word_len))
			return -EBADMSG;
	}
	if (!parse_device(word, word_len, &mount) ||
	    !take_word(&line, end, &mount.root, &mount.root_len) ||
	    !take_word(&line, end, &mount.point, &mount.point_len) ||
	    !take_word(&line, end, &word, &word_len))
		return -EBADMSG;
	do {
		if (!take_word(&line, end, &word, &word_len))
			return -EBADMSG;
	} while (word_len != 1 || *word != '-');
	if (!take_word(&line, end, &mount.type, &mount.type_len) ||
	    !take_word(&line, end, &word, &word_len) ||
	    !take_word(&line, end, &mount.options, &mount.options_len))
		return -EBADMSG;
	*ret_mount = mount;
	return 0;
}

static bool octal(const char *digits)
{
	return digits[0] >= '0' && digits[0] <= '3' && digits[1] >= '0' && digits[1] <= '7' &&
	       digits[2] >= '0' && digits[2] <= '7';
}

bool mountinfo_unescape(const char *text, size_t len, char ret_path[MOUNT_PATH_BYTES])
{
	size_t at = 0;

	for (size_t i = 0; i < len; i++) {
		if (at + 1 >= MOUNT_PATH_BYTES)
			return false;
		if (text[i] == '\\' && len - i > 3 && octal(text + i + 1)) {
			ret_path[at++] = (char)((text[i + 1] - '0') << 6 |
						(text[i + 2] - '0') << 3 | (text[i + 3] - '0'));
			i += 3;
		} else {
			ret_path[at++] = text[i];
		}
	}
	ret_path[at] = '\0';
	return true;
}

/*
 * "hidepid=2", in words from 5.8 on: "hidepid=invisible". 0 and "off" are not shown, but allowed.
 */
static bool option_hides(const char *options, size_t len)
{
	static const char name[] = "hidepid=";
	const char *end = options + len;
	const char *at = memmem(options, len, name, sizeof(name) - 1);

	if (!at || (at > options && at[-1] != ','))
		return false;
	at += sizeof(name) - 1;
	return at < end && *at != '0' && !(end - at >= 3 && memcmp(at, "off", 3) == 0);
}

struct search {
	dev_t dev;
	bool hides;
};

static int visit_mount(void *context, const char *line, size_t len)
{
	struct search *search = context;
	struct mount_line mount;

	if (mountinfo_parse(line, len, &mount) ||
	    makedev(mount.dev_major, mount.dev_minor) != search->dev)
		return 0;
	search->hides = option_hides(mount.options, mount.options_len);
	return 1;
}

bool mountinfo_hides_pids(const struct proc_root *root)
{
	struct search search = {.hides = false};
	struct status status;
	struct stat at;

	if (fstat(root->fd, &at))
		return false;
	search.dev = at.st_dev;
	lines_read(root->fd, "self/mountinfo", visit_mount, &search);
	if (!search.hides)
		return false;
	return status_read(root->fd, "self/status", &status) ||
	       !(status.cap_effective >> CAP_SYS_PTRACE_BIT & 1);
}
