/*
 * JSON, one flat object a line: the envelope, then the fields of the fact's layout. The stream, and
 * at the same time the recording.
 *
 *   {"type":"exit","schema":1,"host":"h","run":"r","seq":7,"time":"...","boot_ns":5,"pid":12,...}
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "sink/output.h"
#include "sink/sink.h"

#define JSON_SCHEMA_VERSION 1
#define JSON_LINE_BYTES	    8000 /* collectors cut there */
#define JSON_LINE_BYTES_MIN 2048 /* the numbers of any fact fit in it */
#define JSON_LINE_BYTES_MAX 32000

struct json_sink_config {
	const struct run_context *run; /* lent */
	int fd; /* lent; or: */
	output_write write;
	void *write_context;
	size_t line_bytes; /* a line, '\n' included, is shorter than this; 0 = JSON_LINE_BYTES */
};

/* json_sink_new - NULL when out of memory. `line_bytes` is brought into its bounds. */
struct sink *json_sink_new(const struct json_sink_config *config);

/* json_sink_lost - lines that could not be written: final after the last flush. */
uint64_t json_sink_lost(const struct sink *sink);

/* json_sink_lines - lines made, lost ones included: the last `seq`. */
uint64_t json_sink_lines(const struct sink *sink);
