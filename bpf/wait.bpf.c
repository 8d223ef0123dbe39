/*
 * Who is waiting since when: sched_process_wait, kernel/exit.c do_wait(), once at the entry of
 * every wait but io_uring's. It is not a reap and makes no record: the time is kept per thread and
 * goes out with the reap that follows, so that a program that polls with WNOHANG costs no room in
 * the ring.
 */
#include "vmlinux.h"

#include <bpf/bpf_tracing.h>

#include "wait.bpf.h"

static __always_inline int wait_told(void)
{
	struct wait_entry *entry = wait_entry_here();

	if (entry)
		entry->entered_ns = bpf_ktime_get_boot_ns();
	return 0;
}

SEC("tp_btf/sched_process_wait")
int on_wait(__u64 *ctx)
{
	return wait_told();
}

/* Where the other could be preempted: compat.bpf.h. */
SEC("tp/sched/sched_process_wait")
int on_wait_held(void *ctx)
{
	return wait_told();
}
