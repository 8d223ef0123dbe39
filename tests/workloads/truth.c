#include "truth.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void append(struct truth *line, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static void append(struct truth *line, const char *format, ...)
{
	size_t room = sizeof(line->text) - line->len;
	va_list values;

	va_start(values, format);
	int len = vsnprintf(line->text + line->len, room, format, values);
	va_end(values);
	if (len < 0 || (size_t)len >= room) {
		errno = E2BIG;
		truth_broken("a line of the truth");
	}
	line->len += (size_t)len;
}

static void append_string(struct truth *line, const char *value)
{
	append(line, "\"");
	for (; *value; value++) {
		unsigned char c = (unsigned char)*value;

		if (c < 0x20 || c == '"' || c == '\\')
			append(line, "\\u%04x", c);
		else
			append(line, "%c", c);
	}
	append(line, "\"");
}

void truth_begin(struct truth *line, const char *expect, pid_t pid)
{
	line->len = 0;
	append(line, "{\"expect\":\"%s\"", expect);
	if (pid)
		append(line, ",\"pid\":%d", (int)pid);
}

void truth_num(struct truth *line, const char *key, uint64_t value)
{
	append(line, ",\"%s\":%" PRIu64, key, value);
}

void truth_flag(struct truth *line, const char *key)
{
	append(line, ",\"%s\":true", key);
}

void truth_text(struct truth *line, const char *key, const char *value)
{
	append(line, ",\"%s\":", key);
	append_string(line, value);
}

void truth_list(struct truth *line, const char *key, char *const *values)
{
	append(line, ",\"%s\":[", key);
	for (size_t i = 0; values[i]; i++) {
		append(line, "%s", i ? "," : "");
		append_string(line, values[i]);
	}
	append(line, "]");
}

void truth_span(struct truth *line, struct span span)
{
	if (span.after_ns)
		truth_num(line, "after_ns", span.after_ns);
	if (span.before_ns)
		truth_num(line, "before_ns", span.before_ns);
}

/* One write for each line: several processes share the pipe, and stdio would be copied by fork. */
void truth_end(struct truth *line)
{
	append(line, "}\n");
	for (size_t done = 0; done < line->len;) {
		ssize_t n = write(STDOUT_FILENO, line->text + done, line->len - done);

		if (n < 0 && errno != EINTR)
			_exit(1);
		done += n > 0 ? (size_t)n : 0;
	}
}

void truth_count(const char *type, pid_t pid, uint64_t count)
{
	struct truth line;

	truth_begin(&line, "count", pid);
	truth_text(&line, "type", type);
	truth_num(&line, "count", count);
	truth_end(&line);
}

void truth_reparent(pid_t pid, pid_t from, pid_t to, const char *kind, struct span when)
{
	struct truth line;

	truth_begin(&line, "reparent", pid);
	truth_num(&line, "from_pid", (uint64_t)from);
	truth_num(&line, "to_pid", (uint64_t)to);
	truth_num(&line, "ppid", (uint64_t)to);
	truth_text(&line, "kind", kind);
	truth_span(&line, when);
	truth_end(&line);
}

/* The kernel's own rule: the last component, cut to 15 bytes (__set_task_comm). */
static void comm_of(const char *filename, char ret_comm[16])
{
	const char *slash = strrchr(filename, '/');

	snprintf(ret_comm, 16, "%s", slash ? slash + 1 : filename);
}

void truth_exec(pid_t pid, const struct image *image, struct span when)
{
	struct truth line;
	char comm[16];
	size_t cnt = 0, bytes = 0;

	comm_of(image->filename, comm);
	for (; image->args[cnt]; cnt++)
		bytes += strlen(image->args[cnt]) + 1;
	truth_begin(&line, "exec", pid);
	truth_text(&line, "filename", image->filename);
	truth_text(&line, "exe", image->exe);
	truth_text(&line, "comm", image->comm ? image->comm : comm);
	truth_list(&line, "args", image->args);
	truth_num(&line, "args_count", cnt);
	truth_num(&line, "args_bytes", bytes);
	if (image->tid)
		truth_num(&line, "tid", (uint64_t)image->tid);
	truth_num(&line, "uid", getuid());
	truth_num(&line, "euid", geteuid());
	truth_span(&line, when);
	truth_end(&line);
}

void truth_skip(const char *reason)
{
	struct truth line;

	truth_begin(&line, "skip", 0);
	truth_text(&line, "reason", reason);
	truth_end(&line);
	_exit(0);
}

void truth_broken(const char *what)
{
	struct truth line;
	char text[256];

	snprintf(text, sizeof(text), "%s: %s", what, strerror(errno));
	truth_begin(&line, "broken", getpid());
	truth_text(&line, "what", text);
	truth_end(&line);
	_exit(1);
}
