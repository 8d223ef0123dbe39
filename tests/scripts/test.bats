#!/usr/bin/env bats
# scripts/test must not take a crash, a hang or silence for success: a made-up tree of programs that misbehave.

setup() {
  top=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
  tree=$BATS_TEST_TMPDIR/tree
  mkdir -p "$tree/scripts" "$tree/build/tests/unit" "$tree/tests/unit"
  cp "$top"/scripts/{test,as-user} "$tree/scripts/"
  printf '#!/bin/sh\n' >"$tree/scripts/setup"
  chmod +x "$tree/scripts/setup"
  printf 'all tests: ;\n' >"$tree/Makefile"
}

# says NAME SCRIPT - a unit test program that does this.
says() {
  touch "$tree/tests/unit/test_$1.c"
  printf '#!/bin/sh\n%s\n' "$2" >"$tree/build/tests/unit/test_$1"
  chmod +x "$tree/build/tests/unit/test_$1"
}

suite() {
  run "$tree/scripts/test" unit
  echo "$output"
}

@test "numbers are summed up, and the last line is exact" {
  says a 'echo 1..2; echo "ok 1 - x"; echo "ok 2 - y"'
  says b 'echo 1..1; echo "ok 1 - z"'
  suite
  [ "$status" -eq 0 ]
  [ "${lines[-1]}" = '3 passed, 0 failed' ]
}

@test "a failure is one, and shown" {
  says a 'echo 1..2; echo "ok 1 - x"; echo "not ok 2 - y"; exit 1'
  suite
  [ "$status" -eq 1 ]
  [ "${lines[-1]}" = '1 passed, 1 failed' ]
  [[ $output == *'not ok 2 - y'* ]]
}

@test "a failure that ends with status 0 is one all the same" {
  says a 'echo 1..1; echo "not ok 1 - y"; exit 0'
  suite
  [ "$status" -eq 1 ]
}

@test "a skipped test is counted, with its reason" {
  says a 'echo 1..2; echo "ok 1 - x"; echo "not ok 2 # SKIP no such kernel"'
  suite
  [ "$status" -eq 0 ]
  [ "${lines[-1]}" = '1 passed, 0 failed, 1 skipped' ]
  [[ $output == *'no such kernel'* ]]
}

@test "two groups of one program are two plans" {
  says a 'echo 1..1; echo "ok 1 - x"; echo 1..2; echo "ok 1 - y"; echo "ok 2 - z"'
  suite
  [ "${lines[-1]}" = '3 passed, 0 failed' ]
}

@test "a crash in the middle fails what was not told" {
  says a 'echo 1..3; echo "ok 1 - x"; kill -SEGV $$'
  suite
  [ "$status" -eq 1 ]
  [ "${lines[-1]}" = '1 passed, 2 failed' ]
}

@test "an early exit with status 0 does so too" {
  says a 'echo 1..3; echo "ok 1 - x"; exit 0'
  suite
  [ "${lines[-1]}" = '1 passed, 2 failed' ]
}

@test "a crash after the last test is a failure" {
  says a 'echo 1..1; echo "ok 1 - x"; exit 66'
  suite
  [ "$status" -eq 1 ]
  [ "${lines[-1]}" = '1 passed, 1 failed' ]
  [[ $output == *'ended with status 66'* ]]
}

@test "silence is a failure, and so is a program that is not there" {
  says a 'exit 0'
  touch "$tree/tests/unit/test_absent.c"
  suite
  [ "$status" -eq 1 ]
  [ "${lines[-1]}" = '0 passed, 2 failed' ]
}

@test "no unit test at all is a failure" {
  suite
  [ "$status" -eq 1 ]
}

@test "a hang is stopped, and is a failure" {
  says a 'echo 1..1; echo "ok 1 - x"; exec tail -f /dev/null'
  TEST_TIMEOUT=1 suite
  [ "$status" -eq 1 ]
  [ "${lines[-1]}" = '1 passed, 1 failed' ]
  [[ $output == *'stopped after 1 s'* ]]
}

@test "a build that fails is a failure" {
  printf 'all tests: ; @echo no good; false\n' >"$tree/Makefile"
  suite
  [ "$status" -eq 1 ]
  [ "${lines[-1]}" = '0 passed, 1 failed' ]
  [[ $output == *'no good'* ]]
}

@test "a set-up that fails is a failure" {
  printf '#!/bin/sh\necho cannot >&2; exit 3\n' >"$tree/scripts/setup"
  suite
  [ "$status" -eq 1 ]
  [ "${lines[-1]}" = '0 passed, 1 failed' ]
}

@test "a closing line counts where there is no plan, and needs to be there" {
  printf '#!/bin/sh\necho "7 passed, 0 failed, 2 skipped"\necho "  skipped: so"\n' >"$tree/scripts/check-style"
  printf '#!/bin/sh\necho fine\n' >"$tree/scripts/check-shell"
  chmod +x "$tree"/scripts/check-*
  run "$tree/scripts/test" style shell
  echo "$output"
  [ "$status" -eq 1 ]
  [ "${lines[-1]}" = '7 passed, 1 failed, 2 skipped' ]
}

@test "an unknown rung is a usage error" {
  run "$tree/scripts/test" ladder
  [ "$status" -eq 2 ]
}

@test "what traces is skipped without root, with the reason" {
  bin=$BATS_TEST_TMPDIR/bin
  mkdir "$bin"
  printf '#!/bin/sh\necho 65534\n' >"$bin/id"
  chmod +x "$bin/id"
  says a 'echo 1..1; echo "ok 1 - x"'
  PATH=$bin:$PATH run "$tree/scripts/test" unit e2e
  echo "$output"
  [ "${lines[-1]}" = '1 passed, 0 failed, 1 skipped' ]
  [[ $output == *'needs root'* ]]
}
