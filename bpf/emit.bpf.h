/*
 * The only place that reserves, submits and counts. seen = submitted + dropped holds for each kind
 * because every path out of here passes exactly one counter of each side.
 */
#pragma once

#include "maps.bpf.h"
#include "settings.bpf.h"

static __always_inline struct pt_counter *emit_counter(__u32 kind)
{
	__u32 at = bpf_get_smp_processor_id() * COUNTERS_STRIDE + kind;

	return bpf_map_lookup_elem(&counters, &at);
}

/* Atomic: an interrupt may run the same program on this CPU in the middle of an increment. */
#define EMIT_COUNT(counter, member)                                                                \
	do {                                                                                       \
		if (counter)                                                                       \
			__sync_fetch_and_add(&(counter)->member, 1);                               \
	} while (0)

/* After the count, so that who finds the flag finds the number too. */
static __always_inline void emit_dropped(struct pt_counter *counter)
{
	EMIT_COUNT(counter, dropped[PT_DROP_RING_FULL]);
	control.dropped = 1;
}

/*
 * When to wake the reader: at once if it sleeps, when much has gathered if it naps, else never. The
 * first to wake it takes the state back, so that a storm costs one wake-up per nap.
 */
static __always_inline __u64 emit_wakeup(void)
{
	__u32 reader = control.reader;

	if (reader == READER_AWAKE)
		return BPF_RB_NO_WAKEUP;
	if (reader == READER_NAPS && bpf_ringbuf_query(&ring, BPF_RB_AVAIL_DATA) < control.wake_bytes)
		return BPF_RB_NO_WAKEUP;
	control.reader = READER_AWAKE;
	return BPF_RB_FORCE_WAKEUP;
}

static __always_inline void emit_head(struct pt_event *head, __u32 kind, __u32 size, __u32 flags)
{
	head->size = size;
	head->kind = kind;
	head->flags = flags;
	head->time_ns = bpf_ktime_get_boot_ns();
}

/*
 * Reserves a record of `type`, time taken right after; NULL and counted where the ring is full.
 * The caller fills every field: memory of the ring is not cleared.
 */
#define EMIT_RESERVE(type, kind_number, flags_value)                                               \
	({                                                                                         \
		type *reserved_ = NULL;                                                            \
		struct pt_counter *counter_ = emit_counter(kind_number);                           \
		EMIT_COUNT(counter_, seen);                                                        \
		reserved_ = bpf_ringbuf_reserve(&ring, sizeof(type), 0);                           \
		if (reserved_)                                                                     \
			emit_head(&reserved_->head, kind_number, sizeof(type), flags_value);       \
		else                                                                               \
			emit_dropped(counter_);                                                    \
		reserved_;                                                                         \
	})

static __always_inline void emit_submit(void *record, __u32 kind)
{
	struct pt_counter *counter = emit_counter(kind);

	bpf_ringbuf_submit(record, emit_wakeup());
	EMIT_COUNT(counter, submitted);
}

/* For a record with a tail, put together elsewhere: copied into the ring. */
static __always_inline void emit_output(void *record, __u32 size, __u32 kind)
{
	struct pt_counter *counter = emit_counter(kind);

	EMIT_COUNT(counter, seen);
	if (bpf_ringbuf_output(&ring, record, size, emit_wakeup()) == 0)
		EMIT_COUNT(counter, submitted);
	else
		emit_dropped(counter);
}
