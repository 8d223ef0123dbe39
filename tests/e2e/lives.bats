#!/usr/bin/env bats
# Many lives, as fast as the machine goes, leave nothing behind: LIVES of them, `make check-lives` for more.

bats_require_minimum_version 1.5.0

MEMORY_KIB=2048 # by how much it may differ what the allocator keeps

setup_file() {
	local top
	top=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
	export PROCTRACE=${PROCTRACE:-$top/build/proctrace}
	export WORKLOAD=${WORKLOAD:-$top/build/tests/workloads/workload}
	export LIVES=${LIVES:-20000}
	[ "$(id -u)" = 0 ] || skip "needs root"
}

setup() {
	cd "$BATS_TEST_TMPDIR" || return 1
}

teardown() {
	touch more end
	[ -z "${TRACER:-}" ] || kill -KILL "$TRACER" 2>/dev/null || true
}

# until_there FILE: as long as the tracer lives
until_there() {
	until [ -e "$1" ]; do
		kill -0 "$TRACER" || return 1
		sleep 0.1
	done
}

# All that happened so far has been told, and the tracer sleeps.
until_told() {
	local before=-1 now=0
	while [ "$before" != "$now" ]; do
		before=$now
		sleep 0.3
		now=$(awk '{ print $14 + $15 }' "/proc/$TRACER/stat")
	done
}

rss_kib() {
	sed -nE 's/^VmRSS:[[:space:]]+([0-9]+) kB$/\1/p' "/proc/$TRACER/status"
}

# The ring is so small that the first half has touched all of it.
@test "many lives leave the table empty of the dead, and memory flat" {
	# shellcheck disable=SC2016
	"$PROCTRACE" -q -j -e lost,mismatch,resync -o t.jsonl --ring 4M --wait-all -- sh -c '
		"$WORKLOAD" @storm $((LIVES / 2)) && touch half
		while [ ! -e more ]; do sleep 0.1; done
		"$WORKLOAD" @storm $((LIVES / 2)) && touch whole
		while [ ! -e end ]; do sleep 0.1; done' &
	TRACER=$!
	until_there half
	until_told
	local half whole kept=$((LIVES / 100))
	half=$(rss_kib)
	touch more
	until_there whole
	# The frees that the kernel does not announce are given up after 20 s, looked at each 10 s.
	if [ "$LIVES" -ge 100000 ]; then
		kept=20 # what the script itself lives through meanwhile
		sleep 32
	fi
	until_told
	whole=$(rss_kib)
	touch end
	wait "$TRACER"
	tail -n 1 t.jsonl
	echo "memory: $half KiB after half of the lives, $whole KiB after all"
	[ "$half" -gt 0 ]
	[ "$whole" -le $((half + MEMORY_KIB)) ]
	jq -e --argjson lives "$LIVES" --argjson kept "$kept" 'select(.type == "end") |
		.forks >= $lives - .dropped and .seen == .delivered + .dropped and .unaccounted == 0 and
		.verify_mismatches == 0 and .alive_left == 0 and .zombies_left == 0 and
		.dead_left <= $kept' t.jsonl
}
