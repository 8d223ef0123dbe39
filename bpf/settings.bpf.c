#include "vmlinux.h"

#include <bpf/bpf_helpers.h>

#include "settings.bpf.h"

const volatile struct settings settings = {};
volatile struct control control = {};

/* The helpers of the kernel that we call are for programs under the GPL only. */
char LICENSE[] SEC("license") = "GPL";
