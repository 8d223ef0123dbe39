#!/usr/bin/env bats
# scripts/vm-run: what comes out of a guest is what the command did, and a complaint of the kernel is a failure.
# On one kernel, the one that is fetched the soonest: the matrix shows that the others boot.

KERNEL=${KERNEL-6.1}

setup_file() {
  cd "$BATS_TEST_DIRNAME/../.." || return
  local reason
  reason=$(scripts/vm-kernel "$KERNEL" 2>&1 >/dev/null) || export NO_KERNEL="${reason##*$'\n'}"
}

setup() {
  cd "$BATS_TEST_DIRNAME/../.." || return
  out=$BATS_TEST_TMPDIR/out err=$BATS_TEST_TMPDIR/err
}

# vm ARG... - vm-run with its output apart.
vm() {
  [ -z "${NO_KERNEL-}" ] || skip "$NO_KERNEL"
  status=0
  scripts/vm-run "$@" >"$out" 2>"$err" || status=$?
}

# --- what needs no guest ---------------------------------------------------------------------------------

@test "a kernel that nobody knows: one line that names those that are known, and exit 2" {
  run scripts/vm-run 4.19 -- true
  [ "$status" -eq 2 ]
  [ "${#lines[@]}" -eq 1 ]
  [[ $output == *"'4.19'"*5.10*6.1*6.12*newest* ]]
}

@test "an image that is not there, a file that is not there: exit 2" {
  run scripts/vm-run ./vmlinux-of-nobody -- true
  [ "$status" -eq 2 ]
  [[ $output == *vmlinux-of-nobody* ]]
  [ -n "${NO_KERNEL-}" ] || {
    run scripts/vm-run -f "$BATS_TEST_TMPDIR/nothing" "$KERNEL" -- true
    [ "$status" -eq 2 ]
    [[ $output == *nothing*"no such file"* ]]
  }
}

@test "usage: no kernel, no command, a command and a shell, an unknown option, a number that is none" {
  for words in "" "6.1" "6.1 --" "-s 6.1 -- true" "-x 6.1 -- true" "-m many 6.1 -- true" "-c 0 6.1 -- true" \
    "6.1 6.12 -- true" "-a vax 6.1 -- true"; do
    # shellcheck disable=SC2086  # a list of words
    run scripts/vm-run $words
    [ "$status" -eq 2 ]
  done
}

@test "an archive that does not answer: one line with the reason, exit 3, and no cache spoilt" {
  VM_CACHE=$BATS_TEST_TMPDIR/cache VM_MIRROR=file:/nowhere VM_SECURITY_MIRROR=file:/nowhere run scripts/vm-kernel 6.1
  [ "$status" -eq 3 ]
  [ "${#lines[@]}" -eq 2 ]
  [[ ${lines[1]} == "vm-kernel: 6.1: "* ]]
  [ -z "$(find "$BATS_TEST_TMPDIR/cache" -type f ! -name .lock)" ]
}

@test "a machine without a mirror of Debian: the line says how to name one" {
  VM_CACHE=$BATS_TEST_TMPDIR/cache VM_MIRROR='' VM_SECURITY_MIRROR='' run scripts/vm-kernel 6.1
  [ "$status" -eq 3 ]
  [[ $output == *VM_MIRROR* ]]
}

# --- in a guest ------------------------------------------------------------------------------------------

@test "standard output and standard error apart, byte for byte, and the exit status" {
  vm "$KERNEL" -- sh -c 'printf "a\r\n\tb\0c\n"; echo err >&2; exit 7'
  [ "$status" -eq 7 ]
  cmp "$out" <(printf 'a\r\n\tb\0c\n')
  [ "$(cat "$err")" = err ]
}

@test "much output arrives whole" {
  vm "$KERNEL" -- seq 1 100000
  [ "$status" -eq 0 ]
  cmp "$out" <(seq 1 100000)
}

@test "words reach the command as they are, files are where they were asked for" {
  printf 'first\n' >"$BATS_TEST_TMPDIR/one"
  mkdir "$BATS_TEST_TMPDIR/dir"
  printf 'second\n' >"$BATS_TEST_TMPDIR/dir/two"
  # shellcheck disable=SC2016  # the guest's shell expands it
  vm -f "$BATS_TEST_TMPDIR/one" "$KERNEL" -f "$BATS_TEST_TMPDIR/dir:/a/b" -- \
    sh -c 'cat one /a/b/two; printf "<%s>\n" "$@"; id -u' _ "it's" '' '$HOME' 'a  b'
  [ "$status" -eq 0 ]
  # shellcheck disable=SC2016  # as it is
  cmp "$out" <(printf '%s\n' first second "<it's>" '<>' '<$HOME>' '<a  b>' 0)
}

@test "a program that is not static runs, with its libraries" {
  vm -f "$(command -v env):/bin/theirs" "$KERNEL" -- theirs printf hello
  [ "$status" -eq 0 ]
  [ "$(cat "$out")" = hello ]
}

@test "the kernel is the one asked for, with all that a tracer needs mounted" {
  vm "$KERNEL" -- sh -c 'uname -r; ls -d /proc/self /sys/kernel/btf/vmlinux /sys/kernel/tracing/events \
    /sys/fs/cgroup/cgroup.procs; stat -f -c %T /sys/fs/bpf; [ -t 0 ] || [ -t 1 ] || [ -t 2 ] || echo no terminal'
  [ "$status" -eq 0 ]
  [[ $(head -n 1 "$out") == "$KERNEL".* ]]
  [ "$(tail -n 1 "$out")" = 'no terminal' ]
}

@test "a command that a signal ended: 128 and its number" {
  vm "$KERNEL" -- sh -c 'kill -9 $$'
  [ "$status" -eq 137 ]
}

@test "a process that crashes is no complaint of the kernel" {
  vm "$KERNEL" -- sh -c 'sh -c "kill -SEGV \$\$"; echo $?'
  [ "$status" -eq 0 ]
  [ "$(cat "$out")" = 139 ]
}

@test "a panic: exit 125 and the kernel's words" {
  vm "$KERNEL" -- sh -c 'echo c >/proc/sysrq-trigger; sleep 60'
  [ "$status" -eq 125 ]
  grep -q 'Kernel panic - not syncing: sysrq triggered crash' "$err"
}

@test "a warning after which all went well: exit 125 and the kernel's words, none of those before" {
  vm "$KERNEL" -- sh -c 'echo "<4>harmless" >/dev/kmsg; echo "<4>WARNING: CPU: 0 PID: 1 at kernel/fork.c:1" >/dev/kmsg
    echo "<4>and where" >/dev/kmsg; sleep 0.3; exit 0'
  [ "$status" -eq 125 ]
  grep -q 'WARNING: CPU: 0 PID: 1 at kernel/fork.c:1' "$err"
  grep -q 'and where' "$err"
  [ "$(grep -c harmless "$err")" -eq 0 ]
}

@test "every kind of complaint is seen" {
  [ -z "${NO_KERNEL-}" ] || skip "$NO_KERNEL"
  # The guest is made up: QEMU's place is taken by a program that writes the console.
  mkdir "$BATS_TEST_TMPDIR/bin"
  cat >"$BATS_TEST_TMPDIR/bin/qemu-system-x86_64" <<'STUB'
#!/bin/bash
for word; do [[ $word != file,id=con,path=* ]] || console=${word#*path=}; [[ $word != *vm-run*initrd ]] || initrd=$word; done
token=$(busybox cpio -i --to-stdout token <"$initrd" 2>/dev/null || busybox cpio -i --to-stdout ./token <"$initrd")
printf '%s\n\n%s 0\n' "$COMPLAINT" "$token" >"$console"
STUB
  chmod +x "$BATS_TEST_TMPDIR/bin/qemu-system-x86_64"
  while read -r expected COMPLAINT; do
    COMPLAINT=$COMPLAINT PATH=$BATS_TEST_TMPDIR/bin:$PATH run scripts/vm-run -a x86 "$KERNEL" -- true
    echo "$COMPLAINT: expected $expected, was $status: $output"
    [ "$status" -eq "$expected" ]
    [ "$expected" -eq 0 ] || [[ $output == *"$COMPLAINT"* ]]
  done <<'TABLE'
125 [    1.0] BUG: kernel NULL pointer dereference, address: 0000000000000008
125 [    1.0] BUG: unable to handle page fault for address: ffff8880
125 [    1.0] kernel BUG at mm/slub.c:379!
125 [    1.0] Oops: 0002 [#1] PREEMPT SMP NOPTI
125 [    1.0] Oops: int3: 0000 [#1] SMP
125 [    1.0] general protection fault, probably for non-canonical address 0xdead
125 [    1.0] WARNING: CPU: 0 PID: 12 at kernel/bpf/core.c:2
125 [    1.0] WARNING: kernel/bpf/core.c:2 at bpf_prog_run+0x1/0x2, CPU#0: sh/12
125 [    1.0] Kernel panic - not syncing: Attempted to kill init!
125 [    1.0] rcu: INFO: rcu_preempt detected stalls on CPUs/tasks:
125 [    1.0] watchdog: BUG: soft lockup - CPU#0 stuck for 26s!
125 [    1.0] INFO: task sh:12 blocked for more than 120 seconds.
125 [    1.0] Unable to handle kernel paging request at virtual address 0000
0 [    1.0] traps: workload[12] general protection fault ip:40 sp:7f error:0 in workload[401000+1]
0 [    1.0] Out of memory: Killed process 12 (workload) total-vm:1kB
0 [    1.0] workload[12]: segfault at 0 ip 0000000000401000 sp 00007ffd error 4 in workload[401000+1]
TABLE
}

@test "a command that does not end: exit 124, with what it had said" {
  vm -t 10 "$KERNEL" -- sh -c 'echo before; sleep 1000'
  [ "$status" -eq 124 ]
  [ "$(cat "$out")" = before ]
  grep -q 'not done after 10 s' "$err"
}

@test "a guest that powers off before the command ended is no success" {
  vm "$KERNEL" -- sh -c 'poweroff -f; sleep 10'
  [ "$status" -eq 125 ]
  grep -q 'ended before the command did' "$err"
}

@test "what the command left running does not hold the guest" {
  vm "$KERNEL" -- sh -c 'sleep 1000 & echo done; exit 3'
  [ "$status" -eq 3 ]
  [ "$(cat "$out")" = 'done' ]
}

@test "nothing is left behind: no file, no process" {
  [ -z "${NO_KERNEL-}" ] || skip "$NO_KERNEL"
  mkdir "$BATS_TEST_TMPDIR/tmp"
  TMPDIR=$BATS_TEST_TMPDIR/tmp scripts/vm-run "$KERNEL" -- sleep 1000 &
  local vm=$!
  for ((i = 0; i < 600; i++)); do
    pgrep -f "path=$BATS_TEST_TMPDIR/tmp/.*/console" >/dev/null && break
    sleep 0.1
  done
  pgrep -f "path=$BATS_TEST_TMPDIR/tmp/.*/console"
  kill $vm
  wait $vm || true
  [ -z "$(ls "$BATS_TEST_TMPDIR/tmp")" ]
  run pgrep -f "path=$BATS_TEST_TMPDIR/tmp/.*/console"
  [ -z "$output" ]
}
