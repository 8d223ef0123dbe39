#include "sink/output.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#define BATCH_BYTES	((size_t)64 * 1024)
#define LINES_BYTES_MAX ((size_t)256 * 1024)
#define POLL_MS		100 /* how long a reader who does not read may hold up the loop */

/* A file takes what it is given; a pipe, a socket or a terminal may have a reader who does not read. */
static bool may_block(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && !S_ISREG(st.st_mode);
}

void output_init(struct output *output, int fd, output_write write, void *context)
{
	*output = (struct output){.fd = fd, .write = write, .context = context};
	output->patient = !write && may_block(fd);
	buffer_init(&output->lines, LINES_BYTES_MAX);
}

void output_release(struct output *output)
{
	buffer_release(&output->lines);
	output->pending_cnt = 0;
}

static int wait_writable(const struct output *output)
{
	struct pollfd poll_fd = {.fd = output->fd, .events = POLLOUT};
	int ready = poll(&poll_fd, 1, POLL_MS);

	return ready > 0 || (ready < 0 && errno == EINTR) ? 0 : -EAGAIN;
}

/*
 * Never waits for longer than POLL_MS, and leaves O_NONBLOCK alone, which others share: what poll(2)
 * says can be written to a pipe is PIPE_BUF bytes at least (pipe(7)).
 */
static ssize_t write_some(struct output *output, const char *bytes, size_t len)
{
	ssize_t written;
	int error;

	if (output->write)
		return output->write(output->context, bytes, len);
	if (output->patient) {
		error = wait_writable(output);
		if (error)
			return error;
		len = len < PIPE_BUF ? len : PIPE_BUF;
	}
	written = write(output->fd, bytes, len);
	return written < 0 ? -errno : written;
}

/* Writes until all is out or an error; returns how many bytes are. */
static size_t write_all(struct output *output)
{
	const struct buffer *lines = &output->lines;
	size_t done = 0;

	output->error = 0;
	while (done < lines->len && !output->error) {
		ssize_t written = write_some(output, lines->bytes + done, lines->len - done);

		if (written >= 0)
			done += (size_t)written;
		else if (written != -EINTR)
			output->error = (int)written;
	}
	return done;
}

/* True if the last `bytes` of a file, which we have just written, are taken back. */
static bool take_back(const struct output *output, size_t bytes)
{
	struct stat st;
	off_t end;

	if (output->write || fstat(output->fd, &st) || !S_ISREG(st.st_mode))
		return false;
	end = lseek(output->fd, 0, SEEK_CUR);
	if (end != st.st_size || end < (off_t)bytes)
		return false; /* shared with another writer */
	if (ftruncate(output->fd, end - (off_t)bytes))
		return false;
	return lseek(output->fd, -(off_t)bytes, SEEK_CUR) >= 0;
}

static size_t lines_in(const char *bytes, size_t len)
{
	const char *end = bytes + len;
	size_t cnt = 0;

	while (bytes < end) {
		bytes = memchr(bytes, '\n', (size_t)(end - bytes));
		if (!bytes)
			break;
		bytes++;
		cnt++;
	}
	return cnt;
}

/* Drops the first `done` bytes, which are out; of a file only whole lines count as that. */
static void keep_rest(struct output *output, size_t done)
{
	struct buffer *lines = &output->lines;
	size_t whole = done;

	if (done == lines->len) {
		buffer_clear(lines);
		output->pending_cnt = 0;
		return;
	}
	while (whole && lines->bytes[whole - 1] != '\n')
		whole--;
	if (whole < done && take_back(output, done - whole))
		done = whole;
	if (done)
		memmove(lines->bytes, lines->bytes + done, lines->len - done);
	buffer_rewind(lines, lines->len - done);
	output->pending_cnt = lines_in(lines->bytes, lines->len);
}

int output_flush(struct output *output)
{
	if (output->lines.len)
		keep_rest(output, write_all(output));
	return output->error;
}

int output_end(struct output *output)
{
	if (output->lines.error) {
		buffer_rewind(&output->lines, output->line_start);
		output->dropped++;
		return output->error ? output->error : -ENOBUFS;
	}
	output->pending_cnt++;
	if (output->lines.len >= BATCH_BYTES && !output->error)
		return output_flush(output);
	return output->error;
}

uint64_t output_lost(const struct output *output)
{
	return output->dropped + (output->error ? output->pending_cnt : 0);
}
