#!/usr/bin/env bats
# scripts/check-abi sees when the two halves would read one record differently.

setup() {
  cd "$BATS_TEST_DIRNAME/../.." || exit
  inc=$BATS_TEST_TMPDIR/include
  mkdir -p "$inc/proctrace"
  arch=$(uname -m | sed 's/x86_64/x86/; s/aarch64/arm64/')
  export BPF_CFLAGS="-g -O2 --target=bpf -Ivmlinux/$arch"
  export HEADER=$inc/proctrace/event.h
  cat >"$HEADER" <<'END'
#pragma once
#ifndef __VMLINUX_H__
#include <stddef.h>
#include <linux/types.h>
#endif
struct pt_one {
	__u64 time_ns;
	__u32 tgid;
	__u32 pad;
};
struct pt_two {
	struct pt_one one;
	char comm[16];
};
END
}

# object - the linked object of this header: a map's worth of both types.
object() {
  printf '#include "vmlinux.h"\n#include "proctrace/event.h"\nstruct pt_two two;\n' >"$BATS_TEST_TMPDIR/o.bpf.c"
  # shellcheck disable=SC2086  # flags
  clang $BPF_CFLAGS -I"$inc" -c "$BATS_TEST_TMPDIR/o.bpf.c" -o "$BATS_TEST_TMPDIR/o.bpf.o"
}

check() {
  run scripts/check-abi "$BATS_TEST_TMPDIR/o.bpf.o"
  echo "$output"
}

@test "halves that agree pass" {
  object
  check
  [ "$status" -eq 0 ]
  [ "${lines[-1]}" = '4 passed, 0 failed' ]
}

@test "a field of another size in one half" {
  object
  sed -i 's/^\t__u32 tgid;/\tunsigned long tgid;/; s/^#endif/#else\n#define long int\n&/' "$HEADER"
  check
  [ "$status" -eq 1 ]
  [[ $output == *'pt_one'* ]]
}

@test "two fields that changed places in one half, the size being the same" {
  object
  sed -i 's/^\t__u32 tgid;/#ifndef __VMLINUX_H__\n\t__u32 pad, tgid;\n#else\n\t__u32 tgid, pad;\n#endif/; /^\t__u32 pad;/d' "$HEADER"
  check
  [ "$status" -eq 1 ]
  [[ $output == *pt_one.tgid* ]]
}

@test "padding without a name" {
  sed -i '/pad;/d' "$HEADER"
  object
  check
  [ "$status" -eq 1 ]
  [[ $output == *'no hole at its end'* ]]
}

@test "an object that was built with an older header" {
  object
  sed -i 's/__u32 tgid;/__u32 tgid, more;/; /pad;/d' "$HEADER"
  check
  [ "$status" -eq 1 ]
  [[ $output == *'the linked object'* ]]
}
