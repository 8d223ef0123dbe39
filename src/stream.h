/*
 * Where facts go: through the filters of user space to the sinks, and to the queries that the end of
 * the run shows (tree, summary). Knows the order of things; knows no rule about processes.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "model/fact.h"
#include "options.h"
#include "outputs.h"
#include "run.h"

struct stream;

struct stream_config {
	const struct options *options;
	const struct run *run;
	const struct outputs *outputs;
};

/* stream_new - NULL when out of memory. */
struct stream *stream_new(const struct stream_config *config);
void stream_free(struct stream *stream);

/* stream_take - one fact, to everything that wants it. */
void stream_take(struct stream *stream, const struct fact *fact);

/* stream_cgroup - a cgroup was made or renamed: facts that come after it can name it. */
void stream_cgroup(struct stream *stream, const struct pt_event_cgroup *cgroup);

/* stream_flush - one write per sink. 0, or -errno of the first that failed: -EPIPE when nobody reads. */
int stream_flush(struct stream *stream);

/* Lines that could not be written, and facts that memory was missing for. */
uint64_t stream_lost(const struct stream *stream);

/* stream_end - fills what the stream counted into the end record's fields. */
void stream_end(const struct stream *stream, struct fact *end);

/* stream_draw_tree, stream_print_summary - to `fd`, whatever the filters left out included. 0 or -errno. */
int stream_draw_tree(struct stream *stream, int fd, uint64_t now_ns);
int stream_print_summary(struct stream *stream, int fd, const struct fact *end);

/* stream_resize - the terminal has a new width. */
void stream_resize(struct stream *stream, unsigned width);
