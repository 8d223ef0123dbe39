/*
 * An output format: takes facts, owns its bytes. Sinks never touch the model and never block the
 * loop. One file per format.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "model/fact.h"

/* What every line of a run has in common. Lent for the life of the sink. */
struct run_context {
	const char *host;	 /* node name, any bytes */
	const char *run;	 /* "<boot id>-<start of the tracer in boot ns>" */
	int64_t boot_to_wall_ns; /* add to a boot time to get Unix time; changes when the clock steps */
	uint64_t start_ns;	 /* boot time at which the run began */
};

struct sink;

struct sink_ops {
	/* take - formats one fact into the sink's buffer; 0 or -errno (of an earlier write, too). */
	int (*take)(struct sink *sink, const struct fact *fact);
	/* flush - writes out what is buffered, whole lines only; 0 or -errno. */
	int (*flush)(struct sink *sink);
	void (*free)(struct sink *sink);
};

struct sink {
	const struct sink_ops *ops;
};

/* A NULL-safe pass to the operations. */
static inline void sink_free(struct sink *sink)
{
	if (sink)
		sink->ops->free(sink);
}
