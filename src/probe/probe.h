/*
 * The kernel half, seen from user space: opens and loads the programs, chooses among alternatives,
 * attaches, reads the counters. Never looks inside a record.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/fact.h"
#include "options.h"
#include "proctrace/event.h"

struct probe;

/*
 * probe_open - loads the programs that `options` call for; nothing is attached yet. 0 and `*ret_probe`; -errno and one line that says what is
 * missing and what to do in `ret_error`: -EPERM (privileges), -ENOTSUP (kernel), else a failure.
 */
int probe_open(const struct options *options, struct probe **ret_probe, char *ret_error, size_t size);

/* probe_attach - from here on records flow. Ends before births, so that no life is left open. */
int probe_attach(struct probe *probe, char *ret_error, size_t size);

/* Who takes what probe_list() shows. */
struct probe_listener {
	void (*take)(void *context, const void *record, size_t size); /* a struct pt_event_task, lent */
	void (*rest)(void *context); /* between two batches: drain the ring now */
	void *context;
};

/*
 * probe_snapshot - writes a PT_KIND_TASK record into the ring for every process that is there and in
 * the stream, and calls `rest` so often that even a small ring holds them. 0 or -errno: -EAGAIN where
 * the iterator is refused and /proc has to do.
 */
int probe_snapshot(struct probe *probe, void (*rest)(void *context), void *context);

/*
 * probe_list - shows every process that is there and in the stream to `listener`, past the ring: nothing
 * of it can be dropped, and it stands in no order with the ring's records but that of the calls. 0 or
 * -errno, -EAGAIN as there.
 */
int probe_list(struct probe *probe, const struct probe_listener *listener);

/* probe_detach - no record comes any more; what is in the ring can still be read, and so the counters. */
void probe_detach(struct probe *probe);

/* probe_count_subtree - how many processes of the subtree (COMMAND's, -p's) are not reaped, told or not; -errno. */
long probe_count_subtree(struct probe *probe);

void probe_close(struct probe *probe);

int probe_ring_fd(const struct probe *probe);
uint64_t probe_ring_bytes(const struct probe *probe);

/* Which source tells the reap. */
enum fact_source probe_reap_source(const struct probe *probe);

/* Names of the hooks in use, NUL-separated, as the start record lists them. */
struct fact_text probe_hooks(const struct probe *probe);

/* The tracer itself in the initial pid namespace, and the depth of its own. Known after probe_attach. */
struct pt_identity probe_self(const struct probe *probe);

/* How the reader waits (enum reader_state): decides when the programs wake it. */
void probe_reader_state(struct probe *probe, uint32_t state);

/* probe_counters - sums over CPUs, by enum pt_kind. 0 or -errno. */
int probe_counters(const struct probe *probe, struct pt_counter ret_counters[PT_KIND_CNT]);

/*
 * probe_has_dropped - whether a record was dropped since the flag was last taken; cheap enough for every
 * record. probe_take_dropped - the same, and takes it: then look at the counters, which hold that drop.
 */
bool probe_has_dropped(const struct probe *probe);
bool probe_take_dropped(struct probe *probe);

/* probe_misses - times a program was not run because it was already running on that CPU (5.12+; else 0). */
uint64_t probe_misses(const struct probe *probe);
