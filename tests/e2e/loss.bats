#!/usr/bin/env bats
# What is lost is counted, told and healed: a tracer with a ring of 64 KiB is stopped while the machine
# goes on, so that most of what happens meanwhile is dropped.

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
	: >told # by the actor, beside the tracer
}

teardown() {
	touch stop
	[ -z "${TRACER:-}" ] || kill -KILL "$TRACER" 2>/dev/null || true
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

has() {
	jq -e -n "[inputs | select($2)] | length > 0" "$1"
}

# told FILE FILTER: how many lines a jq filter selects
told() {
	jq -n "[inputs | select($2)] | length" "$1"
}

has_told() {
	[ "$(told "$1" "$2")" -ge "$3" ]
}

is_stopped() {
	[ "$(awk '{ print $3 }' "/proc/$1/stat")" = T ]
}

# What holds of every run that lost something: the books are right, the stream says of each kind how
# many, and model and /proc agree again.
books() {
	tail -n 1 "$1"
	jq -s -e 'map(.seq) as $seq | $seq == [range($seq[0]; $seq[0] + length)]' "$1" >/dev/null
	jq -s -e '.[-1] | .type == "end" and .verdict == "lossy" and .dropped > 0 and
		.seen == .delivered + .dropped and .unaccounted == 0' "$1" >/dev/null
	jq -s -e '(map(select(.type == "lost" and .stage == "ring") | .count) | add) == .[-1].dropped' "$1" >/dev/null
	jq -s -e 'map(select(.type == "lost" and .stage == "ring")) |
		all(.event != null and .count > 0 and .boot_ns > 0)' "$1" >/dev/null
	jq -s -e '.[-1] | .verify_rounds > 0 and .verify_compared > 0 and .verify_mismatches == 0' "$1" >/dev/null
	[ "$(told "$1" '.type == "mismatch"')" = 0 ]
}

# The lives: some die, some are born and some lose their parent while the tracer is stopped. The files
# that it waits for lead it.
actor() {
	cat <<-'ACTOR'
		wait_for() { while [ ! -e "$1" ]; do sleep 0.02; done; }
		for i in 1 2 3 4 5 6 7 8; do
			sleep 1000 & early="$early $!"
		done
		sh -c 'sleep 1000 & echo orphan $! >>told; sleep 1000 & echo orphan $! >>told
			touch parents; exec sleep 1000' & parent=$!
		wait_for parents
		echo parent $parent >>told
		for pid in $early; do echo dies $pid >>told; done
		touch ready
		wait_for stopped
		"$WORKLOAD" @storm 2000
		kill $early $parent 2>/dev/null
		wait $early $parent 2>/dev/null
		"$WORKLOAD" @storm 1000 # while it lasts, their frees come, and are lost as well
		for i in 1 2 3 4 5; do
			sleep 1000 & echo born $! >>told; late="$late $!"
		done
		touch stormed
		wait_for stop
		kill $late $(sed -n 's/^orphan //p' told)
		wait
		wait_for end
	ACTOR
}

pids() {
	sed -n "s/^$1 //p" told
}

@test "a stopped reader: the books are right, and the model heals" {
	actor >actor.sh
	"$PROCTRACE" -q -j -o t.jsonl --ring 64K --verify 1s -- sh ./actor.sh &
	TRACER=$!
	until_true test -e ready
	until_true has t.jsonl ".type == \"fork\" and .pid == $(pids dies | tail -n 1)"
	kill -STOP "$TRACER"
	until_true is_stopped "$TRACER"
	touch stopped
	until_true test -e stormed
	kill -CONT "$TRACER"
	until_true has t.jsonl '.type == "resync"'
	touch stop end
	wait "$TRACER"
	books t.jsonl

	# the loss is told before it is healed
	jq -s -e 'map(.type) | index("lost") < index("resync")' t.jsonl
	# who died unseen is closed, once, and what is said of it is unsure
	for pid in $(pids dies) $(pids parent); do
		jq -s -e --argjson pid "$pid" 'map(select(.type == "exit" and .pid == $pid)) |
			length == 1 and .[0].exit_seen == false and .[0].unsure' t.jsonl >/dev/null ||
			{ echo "$pid was not closed"; return 1; }
	done
	jq -s -e 'map(select(.type == "resync")) | (map(.closed) | add) >= 1 and
		(map(.adopted) | add) >= 5 and (map(.reparented) | add) >= 2 and all(.looked_at > 0)' t.jsonl
	# who was born unseen is adopted, and from then on told as any other
	for pid in $(pids born); do
		jq -s -e --argjson pid "$pid" 'map(select(.pid == $pid) | [.type, .unsure == true]) |
			.[0] == ["process", true] and any(. == ["exit", false]) and
			any(. == ["reap", false])' t.jsonl >/dev/null ||
			{ echo "$pid was not adopted"; grep "\"pid\":$pid," t.jsonl; return 1; }
	done
	# whose parent died unseen has a new one; a free that did come may have taken the old one before
	for pid in $(pids orphan); do
		jq -s -e --argjson pid "$pid" --argjson from "$(pids parent)" '
			map(select(.type == "reparent" and .pid == $pid)) | length > 0 and
			.[0].from_pid == $from and .[-1].to_pid != null and
			.[-1].certainty == "confirmed"' t.jsonl >/dev/null ||
			{ echo "$pid was not moved"; grep "\"pid\":$pid," t.jsonl; return 1; }
	done
	# before the loss and after the repair nothing is unsure
	jq -s -e '(map(.type) | index("resync")) as $at |
		.[$at:] | all(.unsure != true or .type == "exit" or .type == "reap" or .type == "free")' t.jsonl
}

@test "a whole machine, its reader stopped: the table has none of the dead" {
	local name=storm$$ # nobody else's
	cp "$WORKLOAD" $name
	"$PROCTRACE" -q -j -o t.jsonl --ring 64K --verify 1s &
	TRACER=$!
	until_true has t.jsonl '.type == "process"'
	for round in 1 2 3; do
		kill -STOP "$TRACER"
		until_true is_stopped "$TRACER"
		./$name @storm 1000
		kill -CONT "$TRACER"
		until_true has_told t.jsonl '.type == "resync"' $round
	done
	kill -TERM "$TRACER"
	wait "$TRACER"
	books t.jsonl
	# whose birth was told is told to its end
	jq -s -e --arg name $name '
		(map(select(.type == "reap") | {key: .id, value: 1}) | from_entries) as $reaped |
		map(select(.type == "fork" and .comm == $name) | .id) |
		length > 0 and all($reaped[.] == 1)' t.jsonl
}

@test "a small ring holds the processes that were there" {
	run --separate-stderr timeout 60 "$PROCTRACE" -q -j -o t.jsonl --ring 64K -d 300ms
	[ "$status" -eq 0 ]
	[ "$(told t.jsonl '.type == "lost" and .event == "process"')" = 0 ]
}
