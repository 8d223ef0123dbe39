#!/usr/bin/env bats
# Help, man page and completion say the same. The help derives from the table of options in
# src/options.c; the other two are written by hand and held to it here. No root.

setup()
{
	cd "$BATS_TEST_DIRNAME/../.." || return
	PROCTRACE=${PROCTRACE:-${OUT:-build}/proctrace}
}

# Each option as the help heads it: "-p, --pid PID", "--tree".
headings()
{
	"$PROCTRACE" --help | sed -nE 's/^  ((-[a-zA-Z], |    )--[a-z-]+( [A-Z]+)?)(  .*)?$/\1/p' |
		sed 's/^ *//'
}

# Its names, a line each.
names()
{
	headings | grep -oE -- '--?[a-zA-Z][a-z-]*'
}

kinds()
{
	{ "$PROCTRACE" -e '?' 2>&1 || true; } | sed -n 's/.*kinds are //p' | sed 's/, /\n/g'
}

# The tagged paragraphs of a section of the man page, without fonts.
tags()
{
	sed -n "/^\.SH $1\$/,/^\.SH /p" man/proctrace.8 | sed -n '/^\.TP/{n;p}' |
		sed -E 's/\\f[BIR]//g; s/\\-/-/g; s/^\.[BI]R? //'
}

# complete_words WORD... - what bash offers for the last of the words.
complete_words()
{
	bash --norc -c '
		source completions/proctrace.bash
		COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
		_proctrace
		[ ${#COMPREPLY[@]} = 0 ] || printf "%s\n" "${COMPREPLY[@]}"' bash "$@"
}

# same EXPECTED FOUND - two lists with the same lines, in any order.
same()
{
	[ -n "$1" ]
	diff <(sort <<<"$1") <(sort <<<"$2")
}

@test "help goes to stdout, and all three ways to it are one" {
	run "$PROCTRACE" --help
	[ "$status" = 0 ]
	[[ $output == Usage:* ]]
	[ "$output" = "$("$PROCTRACE" -h 2>/dev/null)" ]
	[ "$output" = "$("$PROCTRACE" help 2>/dev/null)" ]
	[ "$(wc -l <<<"$(headings)")" -ge 24 ]
}

@test "a wrong option: one line on stderr, exit 2" {
	run bash -c "'$PROCTRACE' --foo 2>&1 >/dev/null"
	[ "$status" = 2 ]
	[ "$output" = "proctrace: unknown option '--foo'; try 'proctrace --help'" ]
}

@test "the man page has a paragraph for each option, and for no other" {
	same "$(headings)" "$(tags OPTIONS)"
}

@test "the man page and the program know the same kinds of lines" {
	local listed
	listed=$(sed -n '/events.*KINDS/,/^It selects/p' man/proctrace.8 |
		sed -nE 's/^\.B[RI]? ([a-z_]+)( [,.])?$/\1/p')
	same "$(kinds)" "$listed"
}

@test "the man page has no warnings" {
	command -v groff >/dev/null || skip "no groff"
	run groff -man -ww -Tutf8 -z man/proctrace.8
	[ "$status" = 0 ]
	[ -z "$output" ]
}

@test "completion offers each option, and no other" {
	same "$(names; echo --)" "$(complete_words proctrace -)"
}

@test "completion offers no option where a value belongs" {
	local name some=0
	while read -r name; do
		some=1
		[ -z "$(complete_words proctrace "$name" --)" ] || { echo "after $name"; return 1; }
	done < <(headings | grep -E '[A-Z]+$' | grep -oE -- '^(-[a-zA-Z]|--[a-z-]+)|--[a-z-]+' | sort -u)
	[ $some = 1 ]
}

@test "completion knows the kinds of lines, also behind a comma" {
	same "$(kinds)" "$(complete_words proctrace -e '')"
	same "$(kinds | sed 's/^/fork,/')" "$(complete_words proctrace --events fork,)"
	[ "$(complete_words proctrace -e fork,zom)" = fork,zombie ]
}

@test "completion knows the words of --reap-source and --color" {
	local help
	help=$("$PROCTRACE" --help)
	same "$(grep -oE 'auto\|fentry[a-z|]*' <<<"$help" | tr '|' '\n')" \
		"$(complete_words proctrace --reap-source '')"
	same "$(grep -oE 'auto\|always[a-z|]*' <<<"$help" | tr '|' '\n')" \
		"$(complete_words proctrace --color = '')"
	[ "$(complete_words proctrace --color = al)" = always ]
}

@test "completion finds users, pids, files and commands" {
	[ "$(complete_words proctrace -u roo)" = root ]
	complete_words proctrace -p $$ | grep -qx $$
	[ "$(complete_words proctrace -o man/proctr)" = man/proctrace.8 ]
	complete_words proctrace -j -- tru | grep -qx true
	[ "$(complete_words proctrace -d 5m | sort | tr '\n' ' ')" = '5m 5ms ' ]
	[ "$(complete_words proctrace tr)" = trace ]
}
