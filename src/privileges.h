/*
 * Giving up what the tracer does not need once it is attached and COMMAND has been forked with all of
 * its own. What arrives afterwards is hostile data: names, arguments, files of /proc.
 */
#pragma once

/*
 * privileges_drop - keeps, of those it has, the capabilities for BPF maps and iterators (CAP_BPF,
 * CAP_PERFMON), for other users' /proc (CAP_SYS_PTRACE, CAP_DAC_READ_SEARCH),
 * and to write beside the output file (CAP_DAC_OVERRIDE, CAP_CHOWN); and sets no_new_privs. 0 or -errno;
 * -ENOTSUP in a build without libcap-ng. Sources: capabilities(7), prctl(2).
 */
int privileges_drop(void);
