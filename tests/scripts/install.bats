#!/usr/bin/env bats
# What `make install` leaves needs nothing of the build tree, and `make uninstall` takes it back.

setup() {
  top=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
  root=$BATS_TEST_TMPDIR/root
  cd "$top" || exit
}

make_() {
  env -u MAKEFLAGS -u MAKELEVEL make --no-print-directory WERROR=1 OUT="${OUT:-build}" DESTDIR="$root" "$@"
}

files() {
  (cd "$root" && find . -type f | sort)
}

@test "everything lands where distributions expect it" {
  make_ install PREFIX=/usr
  diff - <(files) <<'END'
./usr/sbin/proctrace
./usr/share/bash-completion/completions/proctrace
./usr/share/man/man8/proctrace.8
END
  [ "$(stat -c %a "$root/usr/sbin/proctrace")" = 755 ]
  [ "$(stat -c %a "$root/usr/share/man/man8/proctrace.8")" = 644 ]
}

@test "PREFIX is /usr/local unless said otherwise" {
  make_ install
  [ -x "$root/usr/local/sbin/proctrace" ]
}

@test "each directory can be named" {
  make_ install SBINDIR=/a MANDIR=/b COMPLETIONSDIR=/c
  [ "$(files | tr '\n' ' ')" = './a/proctrace ./b/man8/proctrace.8 ./c/proctrace ' ]
}

@test "uninstall takes away what install put there, and no more" {
  make_ install
  touch "$root/usr/local/sbin/another"
  make_ uninstall
  [ "$(files)" = ./usr/local/sbin/another ]
}

@test "the installed program runs from elsewhere, without the build tree" {
  make_ install
  copy=$BATS_TEST_TMPDIR/copy
  cp "$root/usr/local/sbin/proctrace" "$copy"
  rm -r "$root"
  cd /
  run "$copy" --version
  [ "$status" -eq 0 ]
  [[ $output == *"$(sed -n 's/^VERSION := //p' "$top/Makefile")"* ]]
  run "$copy" --help
  [ "$status" -eq 0 ]
  [[ $output == *--version* ]]
  strace -f -e trace=file -o "$BATS_TEST_TMPDIR/opened" "$copy" --help >/dev/null
  run grep -F "$top" "$BATS_TEST_TMPDIR/opened"
  [ "$status" -eq 1 ]
}

@test "the installed completion completes proctrace" {
  make_ install
  # shellcheck disable=SC1091  # made here
  source "$root/usr/local/share/bash-completion/completions/proctrace"
  complete -p proctrace
}
