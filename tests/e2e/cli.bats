#!/usr/bin/env bats
# The command line, live and as root: what it prints where, how it ends, and what it survives.
# Each test traces a subtree of its own.

bats_require_minimum_version 1.5.0

setup_file() {
	local top
	top=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
	export PROCTRACE=${PROCTRACE:-$top/build/proctrace}
	export WORKLOAD=${WORKLOAD:-$top/build/tests/workloads/workload}
	[ "$(id -u)" = 0 ] || skip "needs root"
}

setup() {
	cd "$BATS_TEST_TMPDIR" || return 1
}

teardown() {
	[ -z "${TRACER:-}" ] || kill -KILL "$TRACER" 2>/dev/null || true
	umount "$BATS_TEST_TMPDIR/disk" 2>/dev/null || true
	touch "$BATS_TEST_TMPDIR/stop"
}

# tracer ARG...: the tracer, ended where it hangs (124, which no test expects)
tracer() {
	timeout --foreground -k 5 "${TRACER_TIMEOUT:-60}" "$PROCTRACE" "$@"
}

# --- what is asserted more than once

# fails_with CODE PATTERN: it ended with CODE, said one line that matches on stderr, and nothing else
fails_with() {
	[ "$status" -eq "$1" ] || { echo "status $status, expected $1: $stderr"; return 1; }
	[ -z "$output" ] || { echo "on stdout: $output"; return 1; }
	[ "$(wc -l <<<"$stderr")" -eq 1 ] || { echo "not one line: $stderr"; return 1; }
	grep -Eqi -- "$2" <<<"$stderr" || { echo "does not match '$2': $stderr"; return 1; }
}

# whole FILE: every line ends, parses, and counts on from the one before; the last is the end
whole() {
	[ -s "$1" ] || { echo "$1: empty"; return 1; }
	[ -z "$(tail -c 1 "$1" | tr -d '\n')" ] || { echo "$1: no whole last line"; return 1; }
	jq -s -e 'map(.seq) as $seq | .[0].type == "start" and .[-1].type == "end" and
		$seq == [range($seq[0]; $seq[0] + length)]' "$1" >/dev/null || { tail -n 3 "$1"; return 1; }
}

# complete FILE: and nothing was lost on the way
complete() {
	whole "$1" || return 1
	jq -e 'select(.type == "end") | .verdict == "complete" and .dropped == 0 and
		.seen == .delivered and .verify_mismatches == 0' "$1" >/dev/null || { tail -n 1 "$1"; return 1; }
}

# told FILE FILTER: how many lines a jq filter selects
told() {
	jq -c "select($2)" "$1" | wc -l
}

# each_exec FILE FILTER: there is an exec, and a jq filter holds of each
each_exec() {
	jq -s -e "map(select(.type == \"exec\")) | length > 0 and all($2)" "$1" >/dev/null && return
	jq -c 'select(.type == "exec")' "$1"
	return 1
}

# until_true COMMAND...: waits for a condition, 20 s at most
until_true() {
	local i
	for ((i = 0; i < 400; i++)); do
		"$@" >/dev/null 2>&1 && return 0
		sleep 0.05
	done
	echo "never true: $*"
	return 1
}

is_gone() {
	! kill -0 "$1" 2>/dev/null
}

has_lines() {
	[ "$(wc -l <"$1")" -ge "$2" ]
}

# --- help and usage

@test "help goes to stdout" {
	for option in -h --help; do
		run --separate-stderr tracer $option
		[ "$status" -eq 0 ]
		[ -z "$stderr" ]
		[[ "$output" == *--wait-all* && "$output" == *COMMAND* ]]
	done
}

@test "the version goes to stdout" {
	for option in -V --version; do
		run --separate-stderr tracer $option
		[ "$status" -eq 0 ]
		[ -z "$stderr" ]
		[[ "$output" =~ ^proctrace\ [0-9]+\.[0-9]+ ]]
	done
}

@test "what was typed wrong is one line and 2" {
	run --separate-stderr tracer --no-such-option
	fails_with 2 no-such-option
	run --separate-stderr tracer -u no-such-user
	fails_with 2 no-such-user
	run --separate-stderr tracer -p "$(cat /proc/sys/kernel/pid_max)"
	fails_with 2 "$(cat /proc/sys/kernel/pid_max)"
	run --separate-stderr tracer -p banana
	fails_with 2 banana
	run --separate-stderr tracer -d soon
	fails_with 2 soon
	run --separate-stderr tracer -e fork,spoon
	fails_with 2 spoon
	run --separate-stderr tracer -g no/such/cgroup
	fails_with 2 no/such/cgroup
	run --separate-stderr tracer --reap-source guess
	fails_with 2 guess
	run --separate-stderr tracer -o
	fails_with 2 '-o|output'
}

@test "an error does not carry a control byte to the terminal" {
	run --separate-stderr tracer $'--no\e[31m\nsuch'
	fails_with 2 such
	[[ "$stderr" != *$'\e'* ]]
}

# --- refusals

@test "a file that cannot be written is one line and 1" {
	run --separate-stderr tracer -o /no/such/directory/file -- true
	fails_with 1 /no/such/directory/file
}

@test "not root is one line and 3" {
	local dir
	dir=$(mktemp -d) && chmod 755 "$dir"
	install -m 755 "$PROCTRACE" "$dir/proctrace"
	run --separate-stderr setpriv --reuid=65534 --regid=65534 --clear-groups "$dir/proctrace" -- true
	rm -r "$dir"
	fails_with 3 'root|sudo|CAP_'
}

# --- COMMAND's status

@test "COMMAND's status is the tracer's" {
	run tracer -q -o t.jsonl -- sh -c 'exit 7'
	[ "$status" -eq 7 ]
	run tracer -q -o t2.jsonl -- true
	[ "$status" -eq 0 ]
}

@test "death by SIGKILL is death by SIGKILL" {
	# shellcheck disable=SC2016
	run bash -c '"$@" & wait $!; echo "status $?"' - "$PROCTRACE" -q -o t.jsonl -- sh -c 'kill -9 $$'
	[[ "$output" == *Killed* ]]
	[[ "$output" == *"status 137"* ]]
}

@test "a COMMAND that is not there is 127, one that cannot run 126" {
	run -127 --separate-stderr tracer -q -o t.jsonl -- ./no-such-command
	fails_with 127 no-such-command
	touch not-executable
	run --separate-stderr tracer -q -o t2.jsonl -- ./not-executable
	fails_with 126 not-executable
}

@test "lost output makes 1 of COMMAND's 0, and leaves its 7" {
	# shellcheck disable=SC2016
	run bash -c '"$@" 2>/dev/full' - "$PROCTRACE" -j -- true
	[ "$status" -eq 1 ]
	# shellcheck disable=SC2016
	run bash -c '"$@" 2>/dev/full' - "$PROCTRACE" -j -- sh -c 'exit 7'
	[ "$status" -eq 7 ]
}

@test "a full disk: whole lines, one line that says so, 1" {
	mkdir disk
	mount -t tmpfs -o size=64k none disk || skip "no tmpfs can be mounted"
	run --separate-stderr tracer -q -o disk/t.jsonl --wait-all -- "$WORKLOAD" @storm 2000
	cp disk/t.jsonl t.jsonl
	umount disk
	fails_with 1 'No space left'
	[ -s t.jsonl ]
	[ -z "$(tail -c 1 t.jsonl | tr -d '\n')" ]
	jq -s -e 'map(.seq) as $seq | $seq == [range($seq[0]; $seq[0] + length)]' t.jsonl
}

# --- who is told where

@test "stdout is COMMAND's alone" {
	run --separate-stderr tracer -- echo hello
	[ "$status" -eq 0 ]
	[ "$output" = hello ]
	[[ "$stderr" == *exec*echo* ]]
	run --separate-stderr tracer -j -- echo hello
	[ "$output" = hello ]
	[[ "$stderr" == *'"type":"exec"'* ]]
}

@test "with -o both are COMMAND's, but for the summary" {
	run --separate-stderr tracer -o t.jsonl -- sh -c 'echo out; echo err >&2'
	[ "$output" = out ]
	[ "$(head -n 1 <<<"$stderr")" = err ]
	[ "$(wc -l <<<"$stderr")" -gt 1 ]
	run --separate-stderr tracer -q -o t2.jsonl -- sh -c 'echo out; echo err >&2'
	[ "$output" = out ]
	[ "$stderr" = err ]
	complete t.jsonl
	complete t2.jsonl
}

@test "a file is 0600, and the user's behind sudo" {
	umask 000
	tracer -q -o t.jsonl -- true
	[ "$(stat -c %a t.jsonl)" = 600 ]
	SUDO_UID=65534 SUDO_GID=65534 "$PROCTRACE" -q -o t2.jsonl -- true
	[ "$(stat -c %u:%g:%a t2.jsonl)" = 65534:65534:600 ]
}

@test "COMMAND keeps credentials, capabilities, masks, environment and descriptors" {
	cat >self <<-'SH'
		#!/bin/sh
		grep -E '^(Uid|Gid|Groups|Cap|Sig[BIC]|NoNewPrivs|Seccomp)' /proc/self/status
		ls -l /proc/self/fd | sed 's/.*[0-9] \([0-9]* -> \)/\1/' | grep -v /proc/
		env | sort
		ulimit -a
	SH
	chmod +x self
	./self >bare </dev/null 2>/dev/null
	tracer -q -o t.jsonl -- ./self >traced </dev/null 2>/dev/null
	# its own output file apart, and the pipe that ls writes to
	tame() { grep -v '^_=' "$1" | sed "s/pipe:.*//; s/$1\$//"; }
	diff <(tame bare) <(tame traced)
}

# --- how a run ends

@test "with --wait-all the last descendant's reap is waited for" {
	tracer -q -o t.jsonl --wait-all -- sh -c '(sleep 0.3 & exit 0); exec true'
	complete t.jsonl
	jq -s -e '
		(map(select(.type == "exec" and .comm == "sleep"))[0].pid) as $sleep |
		(map(select(.pid == $sleep)) | map(.type)) as $types |
		(map(select(.type == "reparent" and .pid == $sleep))[0]) as $handed |
		($types | index("fork") < index("reparent") and index("reparent") < index("exit") and
			index("exit") < index("reap")) and
		($handed.to_pid > 0) and
		(map(select(.type == "exit" and .pid == $handed.from_pid)) | length == 1)' t.jsonl
}

@test "without --wait-all it ends with COMMAND, and lists who is alive" {
	run --separate-stderr tracer -j -o t.jsonl -- sh -c 'sleep 1 & exit 5'
	[ "$status" -eq 5 ]
	whole t.jsonl
	jq -s -e '.[-1].alive_left == 1' t.jsonl
	[[ "$stderr" == *sleep* ]]
}

# In the background, with a COMMAND that lives until the file `stop` appears; waits for its first lines.
start_storm() {
	# shellcheck disable=SC2016
	env --default-signal=INT "$PROCTRACE" -j -o t.jsonl -- \
		sh -c 'trap "" INT; while [ ! -e stop ]; do /bin/true; done' 2>summary &
	TRACER=$!
	until_true has_lines t.jsonl 200
}

@test "SIGTERM in mid-storm: whole lines, the end, the summary" {
	start_storm
	kill -TERM "$TRACER"
	wait "$TRACER" || true
	complete t.jsonl
	[ -s summary ]
	touch stop
}

@test "SIGINT once waits for COMMAND, twice does not" {
	start_storm
	kill -INT "$TRACER"
	local before
	before=$(wc -l <t.jsonl)
	until_true has_lines t.jsonl $((before + 200))
	kill -0 "$TRACER"
	kill -INT "$TRACER"
	until_true is_gone "$TRACER"
	whole t.jsonl
	touch stop
}

@test "-d ends a run" {
	run --separate-stderr tracer -q -j -o t.jsonl -d 200ms -p $$
	[ "$status" -eq 0 ]
	whole t.jsonl
}

@test "a closed pipe ends the run with whole lines" {
	# shellcheck disable=SC2016
	run bash -c '"$@" 2>&1 >/dev/null | head -n 1 >first; echo "${PIPESTATUS[0]}"' - \
		timeout 20 "$PROCTRACE" -j -- "$WORKLOAD" @storm 2000
	[ "$(jq -r .type first)" = start ]
	[ "$(tail -n 1 <<<"$output")" = 1 ]
	# shellcheck disable=SC2016
	run bash -c '"$@" | head -n 1 >first; echo "${PIPESTATUS[0]}"' - \
		timeout 20 "$PROCTRACE" -j -q
	[ "$(jq -r .type first)" = start ]
	[ "$(tail -n 1 <<<"$output")" != 124 ]
}

# --- what is told

@test "filters choose lives and lines" {
	tracer -q -j -o t.jsonl -e exec --wait-all -- sh -c '/bin/true; /bin/true'
	[ "$(told t.jsonl '.type == "exec"')" -eq 3 ]
	[ "$(told t.jsonl '.type == "fork" or .type == "exit"')" -eq 0 ]
	tracer -q -j -o t2.jsonl --failed --wait-all -- sh -c '/bin/true; /bin/false; exit 0'
	[ "$(told t2.jsonl '.type == "exit"')" -eq 1 ]
	[ "$(told t2.jsonl '.type == "fork"')" -eq 1 ]
	[ "$(told t2.jsonl '.type == "exec" and (.exe | endswith("/false"))')" -eq 1 ]
	tracer -q -j -o t3.jsonl -c sleep --wait-all -- sh -c '/bin/true; sleep 0.01; :'
	[ "$(told t3.jsonl '.type == "fork"')" -eq 1 ]
	[ "$(told t3.jsonl '.type == "exit" and .comm == "sleep"')" -eq 1 ]
	[ "$(told t3.jsonl '.type == "exit"')" -eq 1 ]
}

@test "-e and the other filters do not change the totals' truth" {
	tracer -q -j -o t.jsonl -e reap --slower-than 10s --wait-all -- sh -c '/bin/true; /bin/true'
	[ "$(told t.jsonl '.type == "reap"')" -eq 0 ]
	whole t.jsonl
}

@test "-p tells a process that is there, and its descendants" {
	sh -c 'while [ ! -e stop ]; do sleep 0.02; done' &
	local target=$!
	tracer -q -j -o t.jsonl -d 500ms -p "$target"
	touch stop
	whole t.jsonl
	jq -s -e --argjson pid "$target" 'map(select(.type == "process"))[0].pid == $pid and
		(map(select(.type == "fork")) | length > 1 and all(.ppid == $pid))' t.jsonl
}

@test "threads on demand" {
	tracer -q -j -o t.jsonl --threads --wait-all -- "$WORKLOAD" exit_group_by_thread >truth
	[ "$(told t.jsonl '.type == "thread"')" -eq 4 ]
	tracer -q -j -o t2.jsonl --wait-all -- "$WORKLOAD" exit_group_by_thread >truth
	[ "$(told t2.jsonl '.type == "thread" or .type == "thread_exit"')" -eq 0 ]
}

@test "the tree holds the dead too" {
	run --separate-stderr tracer --tree -o t.jsonl --wait-all -- \
		sh -c 'sh -c "sleep 0.01; exit 3"; /bin/true; :'
	[[ "$output$stderr" == *sleep* ]]
	[[ "$output$stderr" == *true* ]]
}

@test "text is one line an event, and plain in a pipe" {
	tracer -q --wait-all -- "$WORKLOAD" simple 2>text >truth
	[ "$(grep -c 'workload simple' text)" -ge 1 ]
	run ! grep -q $'\e' text
	grep -Eq 'exit.* 7' text
}

@test "every line parses with python and jq, and execs are those that strace counts" {
	command -v strace >/dev/null || skip "no strace"
	# shellcheck disable=SC2016
	local build='for i in 1 2 3; do /bin/true; ./missing; sh -c "/bin/true; exec /bin/echo $i"; done; ls | wc -l'
	tracer -q -j -o t.jsonl --wait-all -- sh -c "$build" >/dev/null 2>&1
	complete t.jsonl
	python3 -c 'import json, sys; [json.loads(line) for line in open(sys.argv[1], encoding="utf-8")]' t.jsonl
	strace -f -qq -e trace=execve,execveat -o calls sh -c "$build" >/dev/null 2>&1
	[ "$(told t.jsonl '.type == "exec"')" -eq "$(grep -c ' = 0$' calls)" ]
	[ "$(jq -c 'select(.type == "fork")' t.jsonl | wc -l)" -eq "$(told t.jsonl '.type == "reap"')" ]
}

# --- hostile names

@test "hostile names harm neither terminal nor line" {
	local name=$'\e]0;x\a\e[2J\n"\\\xff\xc3'
	cp /bin/true "./$name"
	tracer -q --wait-all -- "./$name" $'a\nb' $'\e[31m' $'\xff' 2>text
	run ! grep -q $'\e' text
	run ! grep -q $'\a' text
	[ "$(grep -c exec text)" -eq 1 ]
	tracer -q -j -o t.jsonl --wait-all -- "./$name" $'a\nb' $'\e[31m' $'\xff"'
	complete t.jsonl
	each_exec t.jsonl '.args_count == 4 and .args[1] == "a\nb" and .args[2] == "\u001b[31m" and
		.args[3] == "\ufffd\"" and (.args_truncated | not)'
	# the exact bytes are there beside what JSON can say
	printf '%s\0' "./$name" $'a\nb' $'\e[31m' $'\xff"' >bytes
	jq -r 'select(.type == "exec") | .args_b64' t.jsonl | base64 -d | cmp - bytes
}

@test "100,000 arguments are counted, and cut" {
	# shellcheck disable=SC2046
	tracer -q -j -o t.jsonl -- /bin/true $(seq 100000)
	complete t.jsonl
	each_exec t.jsonl '.args_count == 100001 and .args_truncated == true and
		.args[0] == "/bin/true" and .args[5] == "5" and
		.args_bytes == 10 + 588895'
	[ "$(wc -L <t.jsonl)" -lt 32000 ]
}

# --- load

@test "several tracers at once tell their own" {
	local tracers=() i
	for i in 1 2 3; do
		tracer -q -j -o "t$i.jsonl" --wait-all -- "$WORKLOAD" @storm 200 &
		tracers+=($!)
	done
	for i in "${tracers[@]}"; do
		wait "$i"
	done
	for i in 1 2 3; do
		complete "t$i.jsonl"
		[ "$(told "t$i.jsonl" '.type == "fork"')" -eq 203 ]
	done
}

@test "a storm of 20,000 lives loses nothing" {
	run --separate-stderr tracer -j -o t.jsonl --wait-all -- "$WORKLOAD" @storm 20000
	[ "$status" -eq 0 ]
	complete t.jsonl
	local counts
	counts=$(jq -n -c 'reduce inputs as $fact ({}; .[$fact.type] += 1 | .late += ($fact.late_frees // 0))' t.jsonl)
	echo "$counts"
	jq -e '.fork == 20003 and .exit == 20003 and .reap == 20003 and .free + .late == 20003' <<<"$counts"
}
