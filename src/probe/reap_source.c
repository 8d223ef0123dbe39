#include "probe/reap_source.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/perf_event.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/btf.h>

static const char *const functions[] = {"cgroup_release", "cgroup_task_release"};

const char *reap_source_function(const struct btf *vmlinux)
{
	for (size_t i = 0; i < sizeof(functions) / sizeof(*functions); i++)
		if (btf__find_by_name_kind(vmlinux, functions[i], BTF_KIND_FUNC) > 0)
			return functions[i];
	return NULL;
}

int reap_source_try_fentry(const struct btf *vmlinux, char *ret_why, size_t size)
{
	/* r0 = 0; exit */
	const struct bpf_insn insns[] = {
		{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0},
		{.code = BPF_JMP | BPF_EXIT},
	};
	const char *function = reap_source_function(vmlinux);
	int program, link, error = 0;

	if (!function) {
		snprintf(ret_why, size, "the kernel's BTF names no function that releases a task");
		return -ENOENT;
	}
	LIBBPF_OPTS(bpf_prog_load_opts, opts, .expected_attach_type = BPF_TRACE_FENTRY,
		    .attach_btf_id = btf__find_by_name_kind(vmlinux, function, BTF_KIND_FUNC));
	program = bpf_prog_load(BPF_PROG_TYPE_TRACING, "try_fentry", "GPL", insns, 2, &opts);
	if (program < 0) {
		error = program;
	} else {
		link = bpf_raw_tracepoint_open(NULL, program);
		if (link < 0)
			error = link;
		else
			close(link);
		close(program);
	}
	if (error)
		snprintf(ret_why, size, "fentry on %s is refused: %s", function, strerror(-error));
	return error;
}

static int kprobe_type(void)
{
	int fd = open("/sys/bus/event_source/devices/kprobe/type", O_RDONLY | O_CLOEXEC);
	char text[16] = "";
	ssize_t n;

	if (fd < 0)
		return -errno;
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	return n > 0 ? atoi(text) : -EIO;
}

int reap_source_try_kprobe(const char *function, char *ret_why, size_t size)
{
	struct perf_event_attr attr = {.size = sizeof(attr)};
	int type = kprobe_type(), fd;

	if (!function || type < 0) {
		snprintf(ret_why, size, "%s",
			 function ? "this kernel has no kprobes"
				  : "the kernel's BTF names no function that releases a task");
		return -ENOENT;
	}
	attr.type = type;
	attr.kprobe_func = (uintptr_t)function;
	fd = syscall(SYS_perf_event_open, &attr, -1, 0, -1, PERF_FLAG_FD_CLOEXEC);
	if (fd < 0) {
		int error = -errno;

		snprintf(ret_why, size, "a kprobe on %s is refused: %s", function,
			 strerror(-error));
		return error;
	}
	close(fd);
	return 0;
}

/* A child of our own, reaped while a pidfd of it is watched: POLLHUP then means that the kernel
 * tells. */
int reap_source_try_pidfd(char *ret_why, size_t size)
{
	pid_t child = fork();
	struct pollfd watch = {.events = POLLIN};
	int error = 0;

	if (child == 0)
		_exit(0);
	if (child < 0)
		return -errno;
	watch.fd = syscall(SYS_pidfd_open, child, 0);
	if (watch.fd < 0)
		error = -errno;
	waitpid(child, NULL, 0);
	if (!error && (poll(&watch, 1, 0) < 0 || !(watch.revents & POLLHUP)))
		error = -EOPNOTSUPP;
	if (watch.fd >= 0)
		close(watch.fd);
	if (error)
		snprintf(ret_why, size,
			 "pidfds of this kernel do not hang up at the reap (6.15 and later do)");
	return error;
}

bool reap_source_has_call_tracepoints(void)
{
	return access("/sys/kernel/tracing/events/syscalls/sys_exit_wait4/id", R_OK) == 0 ||
	       access("/sys/kernel/debug/tracing/events/syscalls/sys_exit_wait4/id", R_OK) == 0;
}
