# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# Completion for bash. Commands and options are asked of the program itself.

_slimtrace_options() { "$1" ${2:+"$2"} --help 2>/dev/null | grep -oE '^  --?[a-z][a-z-]*' | tr -d ' '; }
_slimtrace_commands() { "$1" --help 2>/dev/null | awk '/^Commands:/ {on = 1; next} /^$/ {on = 0} on {print $1}'; }
_slimtrace_images() { docker image ls --format '{{.Repository}}:{{.Tag}}' 2>/dev/null | grep -v '<none>'; }

_slimtrace() {
	local program=${COMP_WORDS[0]} word command='' i
	# The whole word, since a colon or an equals sign ends one here.
	word=${COMP_LINE:0:COMP_POINT}
	word=${word##* }
	for ((i = 1; i < COMP_CWORD; i++)); do
		if [[ ${COMP_WORDS[i]} == [a-z]* ]]; then
			command=${COMP_WORDS[i]}
			break
		fi
	done
	if [[ $word == -* ]]; then
		mapfile -t COMPREPLY < <(compgen -W "$(_slimtrace_options "$program" "$command")" -- "$word")
	elif [[ ! $command ]]; then
		mapfile -t COMPREPLY < <(compgen -W "$(_slimtrace_commands "$program")" -- "$word")
	elif [[ $command == merge || ${COMP_WORDS[COMP_CWORD - 1]} == @(*-file|--from-record|--registry-ca|-o|--output|--output-dir) ]]; then
		mapfile -t COMPREPLY < <(compgen -f -- "$word")
	else
		mapfile -t COMPREPLY < <(
			compgen -W "$(_slimtrace_images)" -- "$word"
			# Records, and then their image.
			if [[ $command == push ]]; then compgen -f -- "$word"; fi
		)
		# bash replaces what is after the last colon only.
		if [[ $word == *:* && $COMP_WORDBREAKS == *:* ]]; then COMPREPLY=("${COMPREPLY[@]#"${word%:*}:"}"); fi
	fi
}
complete -o default -F _slimtrace slimtrace
