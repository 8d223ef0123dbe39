#!/usr/bin/env bats
# The check-up of a machine: what it says of this one, and how it ends. As root; one test as nobody.

bats_require_minimum_version 1.5.0

setup_file() {
	local top
	top=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
	export PROCTRACE=${PROCTRACE:-$top/build/proctrace}
	[ "$(id -u)" = 0 ] || skip "needs root"
}

setup() {
	cd "$BATS_TEST_TMPDIR" || return 1
}

teardown() {
	[ -z "${OPEN:-}" ] || rm -rf "$OPEN"
}

doctor() {
	timeout --foreground -k 5 100 "$PROCTRACE" doctor "$@"
}

@test "as root all is well, and it says so" {
	run --separate-stderr doctor
	[ "$status" = 0 ] || { echo "$output"; return 1; }
	[ -z "$stderr" ]
	[ "$(tail -n 1 <<<"$output")" = "All is well." ]
	grep -qx '  ok   orphan  .*' <<<"$output"
	[ "$(grep -c '(taken)' <<<"$output")" = 1 ]
}

@test "--json: one object, with each part of the check-up" {
	doctor -j >report
	[ "$(wc -l <report)" = 1 ]
	jq -e '.type == "doctor" and .verdict == "well" and
		(.machine | map(.name) | contains(["kernel", "BTF", "privileges", "lockdown", "pid namespace",
			"cgroup v2", "tracefs", "ring"])) and
		([.reap_sources[].name] == ["fentry", "kprobe", "syscall", "pidfd", "free"]) and
		([.reap_sources[] | select(.taken)] | length == 1) and
		(.self_test | length == 8 and all(.state == "ok")) and
		([.machine, .hooks, .reap_sources, .self_test] | flatten |
			all((.note | length > 0) and (.state | IN("ok", "no", "n/a"))))' report || { cat report; return 1; }
}

@test "it names the hooks that the tracer uses" {
	local used
	used=$("$PROCTRACE" -q -o - -- true | jq -r 'select(.type == "start") | .hooks[]')
	[ -n "$used" ]
	doctor -j | jq -r '.hooks[] | select(.state == "ok") | .name' >named
	# Those of the sources of reap times are in the list of sources.
	grep -E '^(sched_|signal_|mark_|cgroup_|iter/)' <<<"$used" | sort | diff - <(grep -vx programs named | sort)
}

@test "each source that can be had passes the self-test, also with the smallest ring" {
	local source
	for source in $(doctor -j | jq -r '.reap_sources[] | select(.state == "ok") | .name'); do
		doctor -j --reap-source "$source" --ring 64K >report || { cat report; return 1; }
		[ "$(jq -r '.reap_sources[] | select(.taken) | .name' report)" = "$source" ]
		jq -e '.machine[] | select(.name == "ring") | .note == "64 KiB"' report
	done
}

@test "a source that is refused: exit 3, and why" {
	local source
	source=$(doctor -j | jq -r '[.reap_sources[] | select(.state == "no")][0].name // empty')
	[ -n "$source" ] || skip "this kernel refuses none"
	run --separate-stderr doctor -j --reap-source "$source"
	[ "$status" = 3 ]
	jq -e '.verdict == "refused" and any(.hooks[]; .name == "programs" and .state == "no") and
		[.self_test[].state] == ["n/a"]' <<<"$output"
}

@test "without privileges: exit 3, what is missing and what to do" {
	command -v setpriv >/dev/null || skip "no setpriv"
	# Where nobody may go; the directory of the tests is root's own.
	OPEN=$(mktemp -d /tmp/doctor-XXXXXX)
	chmod 755 "$OPEN"
	install -m 755 "$PROCTRACE" "$OPEN/proctrace"
	cd "$OPEN"
	run --separate-stderr setpriv --reuid=65534 --regid=65534 --clear-groups ./proctrace doctor
	[ "$status" = 3 ]
	[ -z "$stderr" ]
	grep -q '^  no   privileges .*sudo' <<<"$output"
	grep -q '^  ok   kernel ' <<<"$output"
	[ "$(tail -n 1 <<<"$output")" = "This machine or these privileges do not allow tracing." ]
}

@test "inside a nested pid namespace its lives are known by their numbers there" {
	unshare --pid --fork --mount-proc true 2>/dev/null ||
		skip "no pid namespace with a /proc of its own can be made here (a chroot)"
	run --separate-stderr unshare --pid --fork --mount-proc timeout -k 5 100 "$PROCTRACE" doctor -j
	[ "$status" = 0 ] || { echo "$output"; return 1; }
	jq -e '.machine[] | select(.name == "pid namespace") | .state == "no"' <<<"$output"
}

@test "it does not mind what it inherits: SIGCHLD and SIGINT ignored, no input" {
	run bash -c "trap '' CHLD INT; exec timeout -k 5 100 '$PROCTRACE' doctor <&-"
	[ "$status" = 0 ] || { echo "$output"; return 1; }
}

@test "no process of it is left behind" {
	local before after
	before=$(find /proc -maxdepth 2 -name exe -lname "$(readlink -f "$PROCTRACE")" 2>/dev/null | wc -l)
	doctor -j >/dev/null
	after=$(find /proc -maxdepth 2 -name exe -lname "$(readlink -f "$PROCTRACE")" 2>/dev/null | wc -l)
	[ "$before" = "$after" ]
}

@test "an output that cannot be written: exit 1" {
	run bash -c "'$PROCTRACE' doctor >/dev/full"
	[ "$status" = 1 ]
}
