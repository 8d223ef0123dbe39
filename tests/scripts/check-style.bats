#!/usr/bin/env bats
# Each rule of scripts/check-style catches what it is for, and lets pass what only looks like it.

setup() {
  top=$BATS_TEST_DIRNAME/../..
  tree=$BATS_TEST_TMPDIR
  cp "$top/.clang-format" "$tree/"
  mkdir -p "$tree"/src/{base,decode,model,procfs,sink,probe,ring} "$tree"/bpf "$tree"/include/proctrace
  printf '#pragma once\n' | tee "$tree/include/proctrace/event.h" "$tree/src/model/fact.h" \
    "$tree/src/sink/sink.h" "$tree/src/options.h" "$tree/bpf/emit.h" >/dev/null
}

check() {
  run "$top/scripts/check-style" "$tree"
}

# refused RULE FILE:LINE... - that rule alone failed, with an offence at each of those places.
refused() {
  local rule=$1 place
  shift
  check
  echo "$output"
  [ "$status" -eq 1 ]
  [ "$(grep -c '^FAILED' <<<"$output")" -eq 1 ]
  grep -q "^FAILED  .*$rule" <<<"$output"
  for place; do
    grep -q "^$place: " <<<"$output"
  done
  [ "$(grep -cE '^[^ ]+:[0-9]+: ' <<<"$output")" -eq $# ]
}

accepted() {
  check
  echo "$output"
  [ "$status" -eq 0 ]
  grep -qE '^[0-9]+ passed, 0 failed' <<<"${lines[-1]}"
}

@test "a small honest tree passes" {
  printf '#include "sink/sink.h"\n\n#include <stdio.h>\n\n#include "model/fact.h"\n' >"$tree/src/sink/text.c"
  printf '#include "options.h"\n#include "proctrace/event.h"\n' >"$tree/src/options_table.c"
  printf '#include "options.h"\n#include "sink/sink.h"\n#include "stream.h"\n' >"$tree/src/stream.c"
  printf '#pragma once\n' >"$tree/src/stream.h"
  printf '#include "vmlinux.h"\n#include "proctrace/event.h"\n#include "emit.h"\n' >"$tree/bpf/fork.bpf.c"
  printf '#include "proctrace.skel.h"\n' >"$tree/src/probe/open.c"
  accepted
}

@test "a tree without src is no tree" {
  rm -r "$tree/src"
  check
  [ "$status" -eq 1 ]
}

@test "an arrow up is refused" {
  printf '#include "model/fact.h"\n#include "sink/sink.h"\n' >"$tree/src/model/table.c"
  refused 'one way' src/model/table.c:2
}

@test "an arrow to a peer is refused" {
  printf '#include "sink/sink.h"\n' >"$tree/src/ring/ring.c"
  refused 'one way' src/ring/ring.c:1
}

@test "base knows nothing, options no sink, and nobody main" {
  printf '#include "model/fact.h"\n' >"$tree/src/base/clock.c"
  printf '#include "sink/sink.h"\n' >"$tree/src/options.c"
  printf '#include "main.h"\n' >"$tree/src/session.c"
  printf '#pragma once\n' >"$tree/src/main.h"
  refused 'one way' src/base/clock.c:1 src/options.c:1 src/session.c:1
}

@test "an include without its folder is refused" {
  printf '#include "fact.h"\n#include "../sink/sink.h"\n' >"$tree/src/model/table.c"
  refused 'one way' src/model/table.c:1 src/model/table.c:2
}

@test "a folder that the table does not know is refused" {
  mkdir "$tree/src/extra"
  printf '#include "model/fact.h"\n' >"$tree/src/extra/a.c"
  refused 'one way' src/extra/a.c:1
}

@test "the skeleton belongs to probe" {
  printf '#include "proctrace.skel.h"\n' >"$tree/src/ring/ring.c"
  refused 'one way' src/ring/ring.c:1
}

@test "bpf includes nothing of src, and the wire nothing" {
  printf '#include "model/fact.h"\n' >"$tree/bpf/fork.bpf.c"
  printf '#pragma once\n#include "model/fact.h"\n' >"$tree/include/proctrace/event.h"
  refused 'one way' bpf/fork.bpf.c:1 include/proctrace/event.h:2
}

@test "an include in a comment is none" {
  printf '/*\n#include "sink/sink.h"\n*/\n// #include "sink/sink.h"\n' >"$tree/src/model/table.c"
  accepted
}

@test "a header without pragma once is refused" {
  printf 'int a;\n' >"$tree/src/base/a.h"
  refused 'pragma once' src/base/a.h:1
}

@test "600 lines are a file, 601 are not" {
  yes 'int a;' | head -600 >"$tree/src/base/a.c"
  accepted
  echo 'int b;' >>"$tree/src/base/a.c"
  refused '600 lines' src/base/a.c:600
}

@test "70 lines are a function, 71 are not" {
  { printf 'int a(void)\n{\n'; yes '	b();' | head -70; printf '}\n'; } >"$tree/src/base/a.c"
  accepted
  { printf 'int a(void)\n{\n'; yes '	b();' | head -71; printf '}\n'; } >"$tree/src/base/a.c"
  refused '70 lines' src/base/a.c:74
  [[ $output == *'71 lines in a;'* ]]
}

@test "names that say nothing are refused" {
  touch "$tree"/src/base/{utils.c,string_helper.c,common.c,commonwealth.c,logical.c}
  mkdir "$tree/src/base/misc"
  refused 'names say' src/base/utils.c:1 src/base/string_helper.c:1 src/base/common.c:1 src/base/misc:1
}

@test "white space is refused" {
  printf 'int a; \n  int b;\n\t \tint c;\n/*\n * fine\n */\n' >"$tree/src/base/a.h"
  printf '#pragma once\n        int d;\n\t        int e;\n' >>"$tree/src/base/a.h"
  run "$top/scripts/check-style" "$tree"
  echo "$output"
  grep -q '^FAILED  tabs' <<<"$output"
  for line in 1 2 3 8 9; do
    grep -q "^src/base/a.h:$line: " <<<"$output"
  done
  run grep -E '^src/base/a.h:[567]: ' <<<"$output"
  [ "$status" -eq 1 ]
}

@test "model and decode stay pure" {
  printf '#include <stdint.h>\n#include <stdio.h>\n' >"$tree/src/model/a.c"
  printf '#include <time.h>\n\n#include <bpf/libbpf.h>\n' >"$tree/src/decode/a.c"
  printf '#include <stdio.h>\n#include <time.h>\n' >"$tree/src/procfs/a.c"
  refused 'no libbpf' src/model/a.c:2 src/decode/a.c:1 src/decode/a.c:3
}

@test "base, decode, model and procfs are silent" {
  printf 'int a(void)\n{\n\treturn printf("");\n}\n' >"$tree/src/base/a.c"
  printf 'void a(void)\n{\n\tperror("");\n}\n' >"$tree/src/procfs/a.c"
  printf 'int a(void)\n{\n\treturn printf("");\n}\n' >"$tree/src/sink/a.c"
  refused 'do not print' src/base/a.c:3 src/procfs/a.c:3
}

@test "formatting into a buffer is not printing, nor is naming it in a comment or a string" {
  printf '/* printf( */\nint a(char *b)\n{\n\treturn snprintf(b, 1, "printf(%%s)", "\\"puts(");\n}\n' \
    >"$tree/src/base/a.c"
  accepted
}

@test "another layout is refused" {
  command -v clang-format >/dev/null || skip 'no clang-format'
  clang-format --version | grep -q 'version 14' || skip 'another version of clang-format'
  printf 'int a( void ){return 0;}\n' >"$tree/src/base/a.c"
  refused 'clang-format' src/base/a.c:1
}

@test "without clang-format the rule is skipped, and said to be" {
  mkdir "$tree/bin"
  printf '#!/bin/sh\necho "clang-format version 99.0"\n' >"$tree/bin/clang-format"
  chmod +x "$tree/bin/clang-format"
  PATH=$tree/bin:$PATH check
  [ "$status" -eq 0 ]
  [[ ${lines[-1]} == *', 1 skipped' ]]
  [[ $output == *'skipped clang-format agrees: needs version 14, found 99'* ]]
}
