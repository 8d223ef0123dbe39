# bash completion for proctrace(8)
# shellcheck shell=bash
#
# The lists below are held to `proctrace --help` by tests/e2e/docs.bats.

_proctrace()
{
	local options='-p --pid -u --user -c --comm -g --cgroup --failed --slower-than -e --events
		-j --json -o --output -q --quiet --tree --tree-max --threads --no-args -t --relative
		--utc --color -d --duration --wait-all --verify --ring --reap-source -h --help -V
		--version'
	local kinds='start end process fork exec exit zombie leader_zombie reap free thread
		thread_exit reparent lost resync mismatch clock'
	local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]} i

	COMPREPLY=()
	for ((i = 1; i < COMP_CWORD; i++)); do
		[[ ${COMP_WORDS[i]} == -- ]] || continue
		_proctrace_command $((i + 1))
		return
	done

	# bash splits --color=always at the '='.
	if [[ $cur == = ]]; then
		cur=
	elif [[ $prev == = && $COMP_CWORD -ge 3 ]]; then
		prev=${COMP_WORDS[COMP_CWORD - 2]}
	fi

	case $prev in
	-p | --pid)
		mapfile -t COMPREPLY < <(cd /proc && compgen -G "$cur*" | grep -x '[0-9]*')
		;;
	-u | --user)
		mapfile -t COMPREPLY < <(compgen -u -- "$cur")
		;;
	-g | --cgroup)
		compopt -o filenames 2>/dev/null
		mapfile -t COMPREPLY < <(compgen -d -- "${cur:-/sys/fs/cgroup/}")
		;;
	-e | --events)
		# The last of a list; those before it stay.
		local before=
		[[ $cur == *,* ]] && before=${cur%,*},
		compopt -o nospace 2>/dev/null
		mapfile -t COMPREPLY < <(compgen -P "$before" -W "$kinds" -- "${cur##*,}")
		;;
	-o | --output)
		compopt -o filenames 2>/dev/null
		mapfile -t COMPREPLY < <(compgen -f -- "$cur")
		;;
	--color)
		mapfile -t COMPREPLY < <(compgen -W 'auto always never' -- "$cur")
		;;
	--reap-source)
		mapfile -t COMPREPLY < <(compgen -W 'auto fentry kprobe syscall pidfd free' -- "$cur")
		;;
	-d | --duration | --slower-than | --verify)
		[[ $cur =~ ^[0-9]+[a-z]*$ ]] && mapfile -t COMPREPLY < <(
			compgen -P "${cur%%[a-z]*}" -W 'ns us ms s m h d' -- "${cur##*[0-9]}")
		;;
	--ring)
		mapfile -t COMPREPLY < <(compgen -W '64K 1M 4M 16M 64M 256M 1G' -- "$cur")
		;;
	-c | --comm | --tree-max) ;;
	*)
		if [[ $cur == -* ]]; then
			mapfile -t COMPREPLY < <(compgen -W "$options --" -- "$cur")
		elif ((COMP_CWORD == 1)); then
			mapfile -t COMPREPLY < <(compgen -W 'trace doctor help version' -- "$cur")
		fi
		;;
	esac
}

# _proctrace_command INDEX - what follows `--`: a command and its own arguments, as the bash-completion
# package completes them where it is there.
_proctrace_command()
{
	local cur=${COMP_WORDS[COMP_CWORD]}

	if declare -F _command_offset >/dev/null; then
		_command_offset "$1"
	elif declare -F _comp_command_offset >/dev/null; then
		_comp_command_offset "$1"
	elif ((COMP_CWORD == $1)); then
		mapfile -t COMPREPLY < <(compgen -c -- "$cur")
	else
		compopt -o filenames 2>/dev/null
		mapfile -t COMPREPLY < <(compgen -f -- "$cur")
	fi
}

complete -F _proctrace proctrace
