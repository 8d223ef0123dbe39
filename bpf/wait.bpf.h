/* The wait table: written by wait.bpf.c, read by reap.bpf.c. */
#pragma once

#include "filter.bpf.h"

static __always_inline struct wait_entry *wait_entry_find(void)
{
	__u32 tid = bpf_get_current_pid_tgid();

	return bpf_map_lookup_elem(&waits, &tid);
}

/* This thread's entry, made if there is none. */
static __always_inline struct wait_entry *wait_entry_here(void)
{
	struct wait_entry *entry = wait_entry_find(), fresh = {};
	__u32 tid = bpf_get_current_pid_tgid();

	if (entry)
		return entry;
	bpf_map_update_elem(&waits, &tid, &fresh, BPF_NOEXIST);
	return bpf_map_lookup_elem(&waits, &tid);
}
