#include "procfs/lines.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

int lines_each(const char *text, size_t len, line_visit visit, void *context)
{
	const char *end = text + len;
	const char *newline;

	while (text < end && (newline = memchr(text, '\n', (size_t)(end - text)))) {
		int ret = visit(context, text, (size_t)(newline - text));

		if (ret)
			return ret;
		text = newline + 1;
	}
	return 0;
}

/* What was read so far: bytes of a line whose end has not come yet stay at the front. */
struct reader {
	char bytes[LINE_BYTES_MAX];
	size_t len;
	bool passing; /* within a line that is too long */
};

static int reader_drain(struct reader *reader, line_visit visit, void *context)
{
	const char *newline = memchr(reader->bytes, '\n', reader->len);
	const char *last = memrchr(reader->bytes, '\n', reader->len);
	size_t done = last ? (size_t)(last + 1 - reader->bytes) : 0;
	size_t skip = 0;
	int ret;

	if (reader->passing && newline) {
		skip = (size_t)(newline + 1 - reader->bytes);
		reader->passing = false;
	}
	ret = lines_each(reader->bytes + skip, done - skip, visit, context);
	reader->len -= done;
	memmove(reader->bytes, reader->bytes + done, reader->len);
	if (reader->passing || reader->len == sizeof(reader->bytes)) {
		reader->passing = true;
		reader->len = 0;
	}
	return ret;
}

int lines_read(int dirfd, const char *path, line_visit visit, void *context)
{
	struct reader reader = {.len = 0};
	int fd = openat(dirfd, path, O_RDONLY | O_CLOEXEC);
	int ret = 0;

	if (fd < 0)
		return -errno;
	while (!ret) {
		ssize_t n = read(fd, reader.bytes + reader.len, sizeof(reader.bytes) - reader.len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			ret = -errno;
		if (n <= 0)
			break;
		reader.len += (size_t)n;
		ret = reader_drain(&reader, visit, context);
	}
	close(fd);
	return ret;
}

static int digit_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return 16;
}

bool lines_number(const char **text, const char *end, int base, uint64_t *ret_number)
{
	const char *at = *text;
	uint64_t number = 0;
	const char *first;

	while (at < end && (*at == ' ' || *at == '\t'))
		at++;
	for (first = at; at < end && digit_value(*at) < base; at++) {
		if (__builtin_mul_overflow(number, (uint64_t)base, &number) ||
		    __builtin_add_overflow(number, (uint64_t)digit_value(*at), &number))
			return false;
	}
	if (at == first)
		return false;
	*text = at;
	*ret_number = number;
	return true;
}
