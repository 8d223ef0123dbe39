#!/usr/bin/env bats
# Lives that no COMMAND contains: those that the kernel starts by itself, and those that were there before
# the tracer. As root; each test looks at its own processes alone, whatever else the machine does.

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
	[ -z "${PATTERN:-}" ] || printf '%s\n' "$PATTERN" >/proc/sys/kernel/core_pattern
	[ -z "${OPEN:-}" ] || rm -rf "$OPEN"
	[ -z "${TRACER:-}" ] || kill -KILL "$TRACER" 2>/dev/null || true
	[ -z "${ROOT:-}" ] || kill -KILL "$ROOT" 2>/dev/null || true
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

# trace ARG...: starts the tracer; it is at work when this returns
trace() {
	"$PROCTRACE" -q -o facts "$@" 3>&- 9>&- &
	TRACER=$!
	until_true grep -q '"type":"start"' facts
}

# told FILTER: whether a fact for which that holds has been told
told() {
	jq -c "select($1)" facts | grep -q .
}

finish() {
	kill -INT "$TRACER"
	wait "$TRACER"
	TRACER=
}

# holds FILTER: of all facts together
holds() {
	jq -s -e "$@" facts >/dev/null && return
	jq -c 'del(.schema, .host, .run, .time)' facts | tail -n 50
	return 1
}

@test "a helper that the kernel waits for: a kworker's child, reaped by it in the kernel" {
	local ask worker
	[ -e /proc/keys ] || skip "this kernel has no keys to ask for"
	trace
	"$WORKLOAD" @request-key "nobody-has-$$" &
	ask=$!
	wait $ask
	# No other fork of a kworker follows so closely on the request; a machine may have several.
	until_true told ".type == \"reap\" and .pid == $ask"
	until_true told '.type == "reap" and .how == "kernel"'
	finish
	worker=$(jq -s "(map(select(.type == \"fork\" and .pid == $ask))[0].seq) as \$from |
		map(select(.type == \"fork\" and .seq > \$from and (.comm | startswith(\"kworker\"))))[0].pid" facts)
	[ "$worker" != null ]
	holds "map(select(.pid == $worker)) as \$life |
		(\$life | map(.type) | .[:1] == [\"fork\"] and index(\"exit\") < index(\"reap\")) and
		(\$life[] | select(.type == \"reap\") | .how == \"kernel\" and .reaper_pid == .ppid and
			(.reaper_comm | startswith(\"kworker\")))"
}

@test "a helper that takes a core dump: a child of the kernel, never a zombie, reaped by itself" {
	local victim helper
	awk '$5 == "/" { found = 1 } END { exit !found }' /proc/self/mountinfo ||
		skip "the kernel would not find the helper: this is a chroot"
	OPEN=$(mktemp -d /tmp/core-XXXXXX)
	cp "$WORKLOAD" "$OPEN/w"
	PATTERN=$(cat /proc/sys/kernel/core_pattern)
	trace
	echo "|$OPEN/w @drain %P" 2>/dev/null >/proc/sys/kernel/core_pattern || {
		PATTERN=
		skip "core_pattern cannot be set"
	}
	(ulimit -c unlimited && exec "$WORKLOAD" @abort) &
	victim=$!
	wait $victim || true
	printf '%s\n' "$PATTERN" >/proc/sys/kernel/core_pattern
	PATTERN=
	until_true told ".type == \"exec\" and .filename == \"$OPEN/w\" and .args[2] == \"$victim\""
	helper=$(jq "select(.type == \"exec\" and .filename == \"$OPEN/w\" and .args[2] == \"$victim\") | .pid" facts)
	until_true told ".type == \"reap\" and .pid == $helper"
	until_true told ".type == \"reap\" and .pid == $victim"
	finish
	holds "map(select(.pid == $victim and .type == \"exit\"))[0] | .signal == 6 and .core_dumped"
	holds "map(select(.pid == $helper)) as \$life |
		(\$life | map(.type) | index(\"fork\") < index(\"exec\") and index(\"exec\") < index(\"exit\")) and
		(\$life[] | select(.type == \"exit\") | .exit_code == 0 and .ppid == 2) and
		(\$life[] | select(.type == \"reap\") | .how == \"auto\" and (has(\"latency_ns\") | not))"
}

@test "what was there before the tracer: a zombie, a dead leader, a stopped process" {
	local zombie leader stopped
	mkfifo go
	"$WORKLOAD" @already-there <go >pids 3>&- &
	ROOT=$!
	exec 9>go
	until_true test -s pids
	zombie=$(jq .zombie pids) leader=$(jq .leader pids) stopped=$(jq .stopped pids)
	trace -p $ROOT
	for pid in $zombie $leader $stopped; do
		until_true told ".type == \"process\" and .pid == $pid"
	done
	exec 9>&-
	wait $ROOT
	ROOT=
	until_true told ".type == \"reap\" and .pid == $zombie"
	until_true told ".type == \"reap\" and .pid == $leader"
	until_true told ".type == \"reap\" and .pid == $stopped"
	finish
	holds "map(select(.type == \"process\") | {key: (.pid | tostring), value: .state}) | from_entries |
		.[\"$zombie\"] == \"zombie\" and .[\"$leader\"] == \"leader_zombie\" and .[\"$stopped\"] == \"alive\""
	# Since when it was one is not known: at least as long as it was seen. Of the others it is known.
	holds "map(select(.type == \"reap\")) |
		(.[] | select(.pid == $zombie) | .latency_min_ns > 0 and (has(\"latency_ns\") | not)),
		(.[] | select(.pid == $leader) | .latency_ns >= 0 and (has(\"latency_min_ns\") | not)),
		(.[] | select(.pid == $stopped) | .latency_ns >= 0 and (has(\"latency_min_ns\") | not))"
	holds "map(select(.type == \"exit\")) |
		(.[] | select(.pid == $leader) | .exit_code == 5), (.[] | select(.pid == $stopped) | .exit_code == 3)"
	holds '.[-1] | .type == "end" and .verdict == "complete" and .zombies_left == 0'
}
