/*
 * Who is waiting since when: sched_process_wait, kernel/exit.c do_wait(), once at the entry of
 * every wait but io_uring's. It is not a reap and makes no record: the time is kept per thread and
 * goes out with the reap that follows, so that a program that polls with WNOHANG costs no room in
 * the ring.
 */
#include "vmlinux.h"

#include <bpf/bpf_tracing.h>

#include "wait.bpf.h"

SEC("tp_btf/sched_process_wait")
int BPF_PROG(on_wait, struct pid *pid)
{
	struct wait_entry *entry = wait_entry_here();

	if (entry)
		entry->entered_ns = bpf_ktime_get_boot_ns();
	return 0;
}
