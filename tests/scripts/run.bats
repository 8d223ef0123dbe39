#!/usr/bin/env bats
# scripts/run and scripts/as-user: what is built is the user's, and stdout is proctrace's alone.

setup() {
  top=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
  tree=$BATS_TEST_TMPDIR/tree
  mkdir -p "$tree/scripts"
  cp "$top"/scripts/{run,as-user} "$tree/scripts/"
  printf '#!/bin/sh\n' >"$tree/scripts/setup"
  chmod +x "$tree/scripts/setup"
  # A program that says how it was called; built by a Makefile as quiet as ours.
  cat >"$tree/Makefile" <<'END'
.PHONY: force
all: build/proctrace
build/proctrace: program force
	@mkdir -p build
	@cmp -s program $@ || { echo '  CC       program'; cp program $@; }
END
  printf '#!/bin/sh\nprintf "<%%s>" "$@"\npwd >&3\nexit 7\n' >"$tree/program"
  chmod +x "$tree/program"
}

# Bats may itself run as the user behind sudo, or as root: both are tried only by root.
needs_root() {
  [ "$(id -u)" -eq 0 ] || skip 'needs root to become another user'
  chmod 755 "$BATS_RUN_TMPDIR" "$BATS_TEST_TMPDIR/.." "$BATS_TEST_TMPDIR" 2>/dev/null || true
}

behind_sudo() {
  env SUDO_UID=65534 SUDO_GID=65534 SUDO_USER=nobody "$@"
}

@test "arguments, directory and exit status are the program's" {
  cd "$BATS_TEST_TMPDIR"
  status=0
  "$tree/scripts/run" 'a b' '' "it's" 3>where >out 2>err || status=$?
  [ "$status" -eq 7 ]
  [ "$(cat out)" = "<a b><><it's>" ]
  [ "$(cat where)" = "$PWD" ]
  grep -q 'CC       program' err
}

@test "nothing is said when nothing is to be done" {
  "$tree/scripts/run" 3>/dev/null >/dev/null 2>&1 || true
  "$tree/scripts/run" x 3>/dev/null >"$tree/out" 2>"$tree/err" || true
  [ ! -s "$tree/err" ]
}

@test "a build that fails runs nothing" {
  echo 'all: ; @false' >"$tree/Makefile"
  run "$tree/scripts/run" 3>/dev/null
  [ "$status" -eq 1 ]
  [[ $output == *'the build failed'* ]]
}

@test "a set-up that fails runs nothing, with its status" {
  printf '#!/bin/sh\nexit 3\n' >"$tree/scripts/setup"
  run "$tree/scripts/run" 3>/dev/null
  [ "$status" -eq 3 ]
}

@test "behind sudo the build is the user's" {
  needs_root
  chown -R 65534:65534 "$tree"
  behind_sudo "$tree/scripts/run" 3>/dev/null >/dev/null 2>&1 || true
  [ "$(stat -c %u "$tree/build" "$tree/build/proctrace" | sort -u)" = 65534 ]
}

@test "what root built before becomes the user's" {
  needs_root
  "$tree/scripts/run" 3>/dev/null >/dev/null 2>&1 || true
  [ "$(stat -c %u "$tree/build")" = 0 ]
  chown 65534:65534 "$tree"
  echo >>"$tree/program"
  behind_sudo "$tree/scripts/run" 3>/dev/null >/dev/null 2>&1 || true
  [ "$(stat -c %u "$tree/build" "$tree/build/proctrace" | sort -u)" = 65534 ]
}

@test "a tree that is root's stays root's" {
  needs_root
  behind_sudo "$tree/scripts/run" 3>/dev/null >/dev/null 2>&1 || true
  [ "$(stat -c %u "$tree/build" "$tree/build/proctrace" | sort -u)" = 0 ]
}

@test "as-user drops the groups too, keeps arguments, and gives the status" {
  needs_root
  chown -R 65534:65534 "$tree"
  run behind_sudo "$tree/scripts/as-user" sh -c 'id -G; printf "<%s>" "$@"; exit 5' sh "a'b" 'c  d'
  [ "$status" -eq 5 ]
  [[ ${lines[0]} != *' 0'* && ${lines[0]} != 0* ]]
  [ "${lines[1]}" = "<a'b><c  d>" ]
}
