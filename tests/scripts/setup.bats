#!/usr/bin/env bats
# scripts/setup on systems of other families: a made-up system and its package manager say what was asked.

setup() {
  top=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
  bin=$BATS_TEST_TMPDIR/bin
  asked=$BATS_TEST_TMPDIR/asked
  mkdir "$bin"
  : >"$asked"
  command=$(command -v env)
  for tool in sh awk sed grep sleep uname cat id; do
    ln -s "$(command -v $tool)" "$bin/$tool"
  done
}

# system ID - the made-up system; nothing that setup looks for is on it.
system() {
  printf 'ID=%s\n' "$1" >"$BATS_TEST_TMPDIR/os-release"
}

# stub NAME [STATUS] - a command that writes down how it was called.
stub() {
  printf '#!/bin/sh\necho "%s $*" >>"%s"\n%s\nexit %s\n' "$1" "$asked" "${3-}" "${2-0}" >"$bin/$1"
  chmod +x "$bin/$1"
}

as_root() {
  rm "$bin/id"
  printf '#!/bin/sh\necho 0\n' >"$bin/id"
  chmod +x "$bin/id"
  rm "$bin/sleep"
  stub sleep
}

as_nobody() {
  rm "$bin/id"
  printf '#!/bin/sh\necho 65534\n' >"$bin/id"
  chmod +x "$bin/id"
}

# /usr/sbin and the like are appended to PATH by the script itself; on a system with one merged
# directory they would let the real tools in, so the script is run from a copy without that line.
setup_script() {
  sed '/^PATH=/d' "$top/scripts/setup" >"$BATS_TEST_TMPDIR/setup"
  run "$command" -i PATH="$bin" OS_RELEASE="$BATS_TEST_TMPDIR/os-release" sh "$BATS_TEST_TMPDIR/setup" "$@"
}

@test "an unknown system: one line that says what to install, and exit 3" {
  system plan9
  as_root
  setup_script build
  [ "$status" -eq 3 ]
  [ "${#lines[@]}" -eq 1 ]
  [[ $output == *clang* && $output == *libbpf* && $output == *uthash.h* ]]
  [[ $output != *cmocka* ]]
}

@test "not root: one line that says what is missing and how to get it, and exit 3" {
  system debian
  as_nobody
  setup_script test
  [ "$status" -eq 3 ]
  [ "${#lines[@]}" -eq 1 ]
  [[ $output == *libcmocka-dev* && $output == *'sudo scripts/setup test'* ]]
}

@test "each family is asked in its own words" {
  as_root
  for family in 'fedora dnf libbpf-devel' 'arch pacman uthash' 'alpine apk elfutils-dev' \
    'opensuse-leap zypper libelf-devel' 'debian apt-get libelf-dev'; do
    read -r id manager package <<<"$family"
    system "$id"
    : >"$asked"
    stub "$manager"
    [ "$manager" != apt-get ] || stub apt-cache 0 'echo "  Candidate: 1"'
    setup_script build
    echo "$output"
    grep -q "^$manager .*install.* clang .*$package\|^$manager \(-S\|add\).* clang .*$package" "$asked"
    [ "$status" -eq 1 ] # the made-up manager installed nothing
    [[ $output == *'still missing: clang '* ]]
    rm -f "$bin/$manager"
  done
}

@test "a family is known by ID_LIKE too" {
  system mint
  echo 'ID_LIKE="ubuntu debian"' >>"$BATS_TEST_TMPDIR/os-release"
  as_nobody
  setup_script build
  [[ $output == *libelf-dev* ]]
}

@test "apt: lists are fetched only where they do not know a package" {
  system debian
  as_root
  stub apt-get
  stub apt-cache 0 'echo "  Candidate: 1"'
  setup_script build
  run grep -c 'apt-get .*update' "$asked"
  [ "$output" = 0 ]
  : >"$asked"
  stub apt-cache 0 'echo "  Candidate: (none)"'
  setup_script build
  grep -q 'apt-get .*update' "$asked"
}

@test "Ubuntu without a package bpftool takes it from the kernel's tools" {
  system ubuntu
  as_root
  stub apt-get
  # shellcheck disable=SC2016  # for the stub
  stub apt-cache 0 '[ "$2" = bpftool ] || echo "  Candidate: 1"'
  setup_script build
  grep -q "apt-get .*install.* linux-tools-common linux-tools-$(uname -r)" "$asked"
  run grep -cw bpftool <(grep install "$asked" | sed 's/-tools-//g')
  [ "$output" = 0 ]
}

@test "what fails for a moment is tried again" {
  system alpine
  as_root
  stub apk 1
  setup_script build
  [ "$(grep -c '^apk add' "$asked")" -eq 3 ]
  [ "$status" -eq 1 ]
}

@test "with everything there nothing is asked and nothing said" {
  system debian
  as_root
  stub apt-get
  for tool in clang llvm-strip make gcc pkg-config bpftool; do
    stub "$tool"
  done
  : >"$asked"
  setup_script build
  [ "$status" -eq 0 ]
  [ -z "$output" ]
  run grep -c '^apt-get' "$asked"
  [ "$output" = 0 ]
}

@test "an unknown word is a usage error" {
  run "$top/scripts/setup" everything
  [ "$status" -eq 2 ]
}
