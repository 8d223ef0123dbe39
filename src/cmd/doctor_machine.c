#include "cmd/doctor_machine.h"

#include <inttypes.h>
#include <linux/capability.h>
#include <mntent.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "probe/reap_source.h"
#include "procfs/proc.h"
#include "procfs/status.h"

/* Younger than the kernel headers of the oldest build. */
#ifndef CAP_PERFMON
#define CAP_PERFMON 38
#endif
#ifndef CAP_BPF
#define CAP_BPF 39
#endif

static void look_at_kernel(struct doctor_report *report)
{
	struct utsname uts;
	struct stat btf;

	uname(&uts);
	doctor_say(report, DOCTOR_MACHINE, "kernel", DOCTOR_OK, "%s %s on %s", uts.sysname,
		   uts.release, uts.machine);
	if (stat("/sys/kernel/btf/vmlinux", &btf) == 0 &&
	    access("/sys/kernel/btf/vmlinux", R_OK) == 0)
		doctor_say(report, DOCTOR_MACHINE, "BTF", DOCTOR_OK,
			   "/sys/kernel/btf/vmlinux, %jd KiB", (intmax_t)btf.st_size >> 10);
	else
		doctor_say(report, DOCTOR_MACHINE, "BTF", DOCTOR_NO,
			   "no /sys/kernel/btf/vmlinux: nothing can be traced; the kernel must be "
			   "built with CONFIG_DEBUG_INFO_BTF=y, and /sys be mounted");
}

static bool has(uint64_t caps, int cap)
{
	return caps >> cap & 1;
}

static void look_at_privileges(struct doctor_report *report, const struct proc_root *root)
{
	struct status status;
	uint64_t caps = 0;
	bool may_trace;

	if (!status_read(root->fd, "self/status", &status))
		caps = status.cap_effective;
	may_trace = has(caps, CAP_SYS_ADMIN) || (has(caps, CAP_BPF) && has(caps, CAP_PERFMON));
	if (!may_trace)
		doctor_say(report, DOCTOR_MACHINE, "privileges", DOCTOR_NO,
			   geteuid() ? "not root: nothing can be traced; run it with sudo"
				     : "root without CAP_BPF and CAP_PERFMON: nothing can be "
				       "traced; give the container these capabilities");
	else if (!has(caps, CAP_SYS_PTRACE) || !has(caps, CAP_DAC_READ_SEARCH))
		doctor_say(report, DOCTOR_MACHINE, "privileges", DOCTOR_NO,
			   "enough to trace; without CAP_SYS_PTRACE and CAP_DAC_READ_SEARCH parts "
			   "of /proc stay hidden, and the cross-check sees less");
	else
		doctor_say(report, DOCTOR_MACHINE, "privileges", DOCTOR_OK,
			   geteuid() ? "the capabilities that tracing needs" : "root");
}

/* "none [integrity] confidentiality": the word in brackets (security/lockdown/lockdown.c). */
static void look_at_lockdown(struct doctor_report *report)
{
	FILE *file = fopen("/sys/kernel/security/lockdown", "re");
	char text[64] = "";

	if (!file) {
		doctor_say(report, DOCTOR_MACHINE, "lockdown", DOCTOR_NONE,
			   "this kernel has none, or /sys/kernel/security is not mounted");
		return;
	}
	if (!fgets(text, sizeof(text), file))
		text[0] = '\0';
	fclose(file);
	if (strstr(text, "[confidentiality]"))
		doctor_say(report, DOCTOR_MACHINE, "lockdown", DOCTOR_NO,
			   "confidentiality: BPF programs may not read kernel memory, nothing can "
			   "be traced");
	else
		doctor_say(report, DOCTOR_MACHINE, "lockdown", DOCTOR_OK, "%s",
			   strstr(text, "[integrity]") ? "integrity, which allows tracing"
						       : "none");
}

static void look_at_pid_namespace(struct doctor_report *report, const struct proc_root *root)
{
	if (!root->pid_ns)
		doctor_say(report, DOCTOR_MACHINE, "pid namespace", DOCTOR_NONE,
			   "cannot be told without privileges");
	else if (proc_root_initial(root))
		doctor_say(report, DOCTOR_MACHINE, "pid namespace", DOCTOR_OK, "the initial one");
	else
		doctor_say(report, DOCTOR_MACHINE, "pid namespace", DOCTOR_NO,
			   "a nested one (%" PRIu32 "): pids are told as the initial one numbers "
			   "them, ns_pid as this one does; /proc shows this one's alone",
			   root->pid_ns);
}

static void look_at_cgroups(struct doctor_report *report)
{
	FILE *mounts = setmntent("/proc/self/mounts", "re");
	char point[256] = "";

	for (struct mntent *mount; mounts && (mount = getmntent(mounts));)
		if (!*point && !strcmp(mount->mnt_type, "cgroup2"))
			snprintf(point, sizeof(point), "%s", mount->mnt_dir);
	if (mounts)
		endmntent(mounts);
	if (*point)
		doctor_say(report, DOCTOR_MACHINE, "cgroup v2", DOCTOR_OK, "%s", point);
	else
		doctor_say(report, DOCTOR_MACHINE, "cgroup v2", DOCTOR_NO,
			   "not mounted: cgroups and containers may stay unnamed, and -g finds "
			   "none");
}

static void look_at_tracefs(struct doctor_report *report)
{
	if (reap_source_has_call_tracepoints())
		doctor_say(report, DOCTOR_MACHINE, "tracefs", DOCTOR_OK,
			   "the system calls of waiting have tracepoints of their own");
	else
		doctor_say(report, DOCTOR_MACHINE, "tracefs", DOCTOR_NO,
			   "not mounted, not readable or without system calls: the source "
			   "syscall would use the one tracepoint of all calls");
}

void doctor_machine(struct doctor_report *report, uint64_t ring_bytes)
{
	struct proc_root root;

	look_at_kernel(report);
	proc_root_init(&root, NULL);
	look_at_privileges(report, &root);
	look_at_lockdown(report);
	look_at_pid_namespace(report, &root);
	proc_root_release(&root);
	look_at_cgroups(report);
	look_at_tracefs(report);
	if (ring_bytes)
		doctor_say(report, DOCTOR_MACHINE, "ring", DOCTOR_OK, "%" PRIu64 " KiB",
			   ring_bytes >> 10);
	else
		doctor_say(report, DOCTOR_MACHINE, "ring", DOCTOR_NONE,
			   "could not be made: the programs were not loaded");
}
