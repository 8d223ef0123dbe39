/*
 * Exec: sched_process_exec, fs/exec.c exec_binprm(), once for each exec that succeeded, when the
 * new image, name and credentials are in place. A failed exec leaves no trace here.
 *
 * The record has a tail (arguments and paths), so it is put together in a per-CPU buffer and
 * copied: 5.10 has neither dynptrs nor reservations of a size known only at run time.
 */
#include "vmlinux.h"

#include <bpf/bpf_tracing.h>

#include "fork.bpf.h"

#define COMPONENT_BYTES 256 /* NAME_MAX + NUL */

/*
 * `value & mask` that reaches the verifier: the compiler, which sees more, would leave the mask out
 * where it can prove it idle.
 */
#define BOUNDED(value, mask)                                                                       \
	({                                                                                         \
		__u32 bounded_ = (value);                                                          \
		asm volatile("" : "+r"(bounded_));                                                 \
		bounded_ &(mask);                                                                  \
	})

/*
 * The tail while it grows. `at` stays below TAIL_MASK + 1, and each piece's room lies behind that.
 */
struct tail_writer {
	char *bytes;
	__u32 at;
};

static __always_inline char *tail_here(struct tail_writer *tail)
{
	return tail->bytes + BOUNDED(tail->at, TAIL_MASK);
}

/* Closes the piece that began at `start` (its header's place) and pads it. */
static __always_inline void tail_close(struct tail_writer *tail, __u32 start, __u16 tag)
{
	struct pt_tail *head = (void *)(tail->bytes + BOUNDED(start, TAIL_MASK));
	__u32 bytes = tail->at - start - sizeof(*head);

	head->tag = tag;
	head->bytes = bytes;
	*(__u32 *)tail_here(tail) = 0;
	tail->at += -bytes & 3;
}

static __always_inline __u64 args_size(struct mm_struct *mm)
{
	__u64 from = BPF_CORE_READ(mm, arg_start), to = BPF_CORE_READ(mm, arg_end);

	return to > from ? to - from : 0;
}

/*
 * argv in one read of the new memory, as execve put it there: no other thread can be there yet. A
 * page may be missing all the same; then what the first page holds is kept.
 */
static __always_inline __u32 tail_args(struct tail_writer *tail, struct mm_struct *mm)
{
	__u64 from = BPF_CORE_READ(mm, arg_start), bytes = args_size(mm);
	__u32 start = tail->at, keep, flags = 0;

	if (bytes > PT_ARGS_BYTES)
		flags |= PT_EXEC_ARGS_CUT;
	keep = bytes > PT_ARGS_BYTES ? PT_ARGS_BYTES : bytes;
	tail->at += sizeof(struct pt_tail);
	if (bpf_probe_read_user(tail_here(tail), BOUNDED(keep, PT_ARGS_BYTES), (void *)from)) {
		__u32 page_rest = settings.page_bytes - (from & (settings.page_bytes - 1));

		flags |= PT_EXEC_ARGS_FAULT;
		keep = keep < page_rest ? keep : page_rest;
		if (bpf_probe_read_user(tail_here(tail), BOUNDED(keep, PT_ARGS_BYTES),
					(void *)from))
			keep = 0;
	}
	tail->at += keep;
	tail_close(tail, start, PT_TAIL_ARGS);
	return flags;
}

static __always_inline bool tail_filename(struct tail_writer *tail, const char *filename)
{
	__u32 start = tail->at;
	long n;

	tail->at += sizeof(struct pt_tail);
	n = bpf_probe_read_kernel_str(tail_here(tail), PT_FILENAME_BYTES, filename);
	if (n > 1)
		tail->at += n - 1;
	tail_close(tail, start, PT_TAIL_FILENAME);
	return n < PT_FILENAME_BYTES;
}

/*
 * A path, leaf first, by following dentries up and stepping over mount points to the process's root
 * directory: as the process itself sees it, like `filename` and its arguments. What lies outside of a
 * chroot goes up to the root of the mount namespace. No lock is held: a concurrent rename can show a path that never was, as d_path
 * without its seqlock would. Returns where the components end in the tail; PATH_CUT is added if it
 * is deeper or longer than kept.
 *
 * A global function, so that the verifier looks at the loop once, with any `at`, and not once for
 * each way to get here.
 */
#define PATH_CUT (1u << 16)

__noinline int path_components(__u64 vfsmount, __u64 leaf, __u32 at, __u64 root_mnt, __u64 root)
{
	struct vfsmount *mnt = (void *)vfsmount;
	struct dentry *dentry = (void *)leaf;
	struct mount *mount = (void *)mnt - bpf_core_field_offset(struct mount, mnt);
	__u32 zero = 0, start = at & TAIL_MASK;
	struct exec_scratch *s = bpf_map_lookup_elem(&scratch, &zero);

	if (!s)
		return 0;
	at &= TAIL_MASK;
	for (int i = 0; i < PT_PATH_DEPTH; i++) {
		struct dentry *parent = BPF_CORE_READ(dentry, d_parent);
		long n;

		if ((__u64)dentry == root && (__u64)mnt == root_mnt)
			return at;
		/* A memfd and its like: a name that hangs nowhere. */
		if (dentry == parent && dentry != BPF_CORE_READ(mnt, mnt_root)) {
			n = bpf_probe_read_kernel_str(s->tail + at, COMPONENT_BYTES,
						      BPF_CORE_READ(dentry, d_name.name));
			return (n > 0 ? (at + (__u32)n) & TAIL_MASK : at) | PATH_CUT;
		}
		if (dentry == BPF_CORE_READ(mnt, mnt_root)) {
			struct mount *above = BPF_CORE_READ(mount, mnt_parent);

			if (above == mount)
				return at;
			dentry = BPF_CORE_READ(mount, mnt_mountpoint);
			mount = above;
			mnt = (void *)mount + bpf_core_field_offset(struct mount, mnt);
			continue;
		}
		if (at - start > PT_PATH_BYTES - COMPONENT_BYTES)
			break;
		n = bpf_probe_read_kernel_str(s->tail + at, COMPONENT_BYTES,
					      BPF_CORE_READ(dentry, d_name.name));
		if (n > 0)
			at = (at + (__u32)n) & TAIL_MASK;
		dentry = parent;
	}
	return at | PATH_CUT;
}

static __always_inline bool tail_path(struct tail_writer *tail, const struct path *path,
				      const struct fs_struct *fs, __u16 tag)
{
	__u32 start = tail->at, end;

	tail->at += sizeof(struct pt_tail);
	end = path_components((__u64)BPF_CORE_READ(path, mnt), (__u64)BPF_CORE_READ(path, dentry),
			      tail->at, (__u64)BPF_CORE_READ(fs, root.mnt),
			      (__u64)BPF_CORE_READ(fs, root.dentry));
	tail->at = end & TAIL_MASK;
	tail_close(tail, start, tag);
	return !(end & PATH_CUT);
}

/* What the hook says of an exec, beyond its task. */
struct exec_call {
	__u32 old_tid;
	__u32 args_count;
	const char *filename; /* in the kernel */
};

static __always_inline void exec_fill(struct pt_event_exec *e, struct task_struct *task,
				      const struct exec_call *call)
{
	task_identity(&e->who, task);
	task_identity(&e->parent, BPF_CORE_READ(task, real_parent));
	e->old_tid = call->old_tid;
	e->args_count = call->args_count;
	e->args_bytes = args_size(BPF_CORE_READ(task, mm));
	e->uid = BPF_CORE_READ(task, real_cred, uid.val);
	e->euid = BPF_CORE_READ(task, real_cred, euid.val);
	e->gid = BPF_CORE_READ(task, real_cred, gid.val);
	e->egid = BPF_CORE_READ(task, real_cred, egid.val);
	BPF_CORE_READ_STR_INTO(&e->comm, task, comm);
}

static __always_inline __u32 exec_tail(struct exec_scratch *s, struct task_struct *task,
				       const struct exec_call *call)
{
	struct mm_struct *mm = BPF_CORE_READ(task, mm);
	struct fs_struct *fs = BPF_CORE_READ(task, fs);
	struct tail_writer tail = {.bytes = s->tail};
	const struct path *exe, *cwd;
	__u32 flags = 0;

	if (settings.no_args)
		flags |= PT_EXEC_NO_ARGS;
	else
		flags |= tail_args(&tail, mm);
	if (!tail_filename(&tail, call->filename))
		flags |= PT_EXEC_FILENAME_CUT;
	exe = (void *)BPF_CORE_READ(mm, exe_file) + bpf_core_field_offset(struct file, f_path);
	if (!tail_path(&tail, exe, fs, PT_TAIL_EXE))
		flags |= PT_EXEC_EXE_CUT;
	cwd = (void *)fs + bpf_core_field_offset(struct fs_struct, pwd);
	if (!tail_path(&tail, cwd, fs, PT_TAIL_CWD))
		flags |= PT_EXEC_CWD_CUT;
	tail.at = BOUNDED(tail.at, TAIL_MASK);
	emit_head(&s->record.head, PT_KIND_EXEC, sizeof(s->record) + tail.at, flags);
	return sizeof(s->record) + tail.at;
}

/* Without its tail the fact still fits where the ring is nearly full: exits and reaps have that
 * room. */
static __always_inline void exec_emit_short(struct task_struct *task, const struct exec_call *call)
{
	struct pt_event_exec *e = EMIT_RESERVE(struct pt_event_exec, PT_KIND_EXEC, PT_EXEC_NO_TAIL);

	if (!e)
		return;
	exec_fill(e, task, call);
	emit_submit(e, PT_KIND_EXEC);
}

static __always_inline int exec_told(struct task_struct *task, const struct exec_call *call)
{
	struct pt_identity who;
	struct exec_scratch *s;
	__u32 zero = 0, size;

	if (!filter_told_or_late(task, &who))
		return 0;
	s = bpf_map_lookup_elem(&scratch, &zero);
	if (!s || s->busy || bpf_ringbuf_query(&ring, BPF_RB_AVAIL_DATA) > control.tail_bytes_max) {
		exec_emit_short(task, call);
		return 0;
	}
	s->busy = 1;
	exec_fill(&s->record, task, call);
	size = exec_tail(s, task, call);
	if (size <= sizeof(s->record) + TAIL_MASK)
		emit_output(&s->record, size, PT_KIND_EXEC);
	s->busy = 0;
	return 0;
}

SEC("tp_btf/sched_process_exec")
int BPF_PROG(on_exec, struct task_struct *task, pid_t old_pid, struct linux_binprm *bprm)
{
	struct exec_call call = {old_pid, bprm->argc, bprm->filename};

	return exec_told(task, &call);
}

/*
 * Where the other could be preempted: compat.bpf.h. Its record has no argc, but the new stack begins
 * with it (fs/binfmt_elf.c create_elf_tables()), and nobody has run on it yet.
 */
SEC("tp/sched/sched_process_exec")
int on_exec_held(struct trace_event_raw_sched_process_exec *ctx)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct exec_call call = {
		.old_tid = ctx->old_pid,
		.filename = (void *)ctx + (__u16)ctx->__data_loc_filename,
	};

	bpf_probe_read_user(&call.args_count, sizeof(call.args_count),
			    (void *)BPF_CORE_READ(task, mm, start_stack));
	return exec_told(task, &call);
}
