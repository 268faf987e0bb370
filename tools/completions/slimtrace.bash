# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# Completion for bash. Commands, options and their values are asked of the program itself.

_slimtrace_options() { "$1" ${2:+"$2"} --help 2>/dev/null | grep -oE '^  --?[a-z][a-z-]*' | tr -d ' '; }
_slimtrace_commands() { "$1" --help 2>/dev/null | awk '/^Commands:/ {on = 1; next} /^$/ {on = 0} on {print $1}'; }
_slimtrace_images() { docker image ls --format '{{.Repository}}:{{.Tag}}' 2>/dev/null | grep -v '<none>'; }

# PROGRAM COMMAND OPTION: the name of its value and what that means; nothing when it takes none.
_slimtrace_value() {
	if [[ $3 == -o ]]; then echo FILE; fi
	if [[ $3 =~ ^--[a-z-]+$ ]]; then "$1" ${2:+"$2"} --help 2>/dev/null | sed -nE "s/^  $3 ([^ ].*)/\1/p"; fi
}

# VALUE WORD
_slimtrace_complete_value() {
	case ${1%% *} in
	*FILE* | DIR) compgen -f -- "$2" ;;
	IMAGE) compgen -W "$(_slimtrace_images)" -- "$2" ;;
	*) compgen -W "$(grep -oE '[a-z-]+( ?\| ?[a-z-]+)+' <<<"$1" | head -n 1 | tr '|' ' ')" -- "$2" ;;
	esac
}

# COMMAND WORD
_slimtrace_complete_argument() {
	case $1 in
	merge | push | diff | info) compgen -f -- "$2" ;; # records, and images in files
	esac
	case $1 in
	merge | trace | clean | version) ;;
	*) compgen -W "$(_slimtrace_images)" -- "$2" ;;
	esac
}

# Whether all that is offered are files: then a directory goes on, and a blank is escaped.
_slimtrace_are_files() {
	local reply
	for reply in "${COMPREPLY[@]}"; do
		[[ -e $reply ]] || return 1
	done
}

_slimtrace() {
	local program=${COMP_WORDS[0]} word command='' option=${COMP_WORDS[COMP_CWORD - 1]} value i
	# The whole word, since a colon or an equals sign ends one here.
	word=${COMP_LINE:0:COMP_POINT}
	word=${word##* }
	for ((i = 1; i < COMP_CWORD; i++)); do
		if [[ ${COMP_WORDS[i]} == [a-z]* ]]; then
			command=${COMP_WORDS[i]}
			break
		fi
		if [[ ${COMP_WORDS[i + 1]} == = ]]; then
			i=$((i + 2))
		elif [[ $(_slimtrace_value "$program" '' "${COMP_WORDS[i]}") ]]; then
			i=$((i + 1))
		fi
	done
	if [[ $word == --*=* ]]; then option=${word%%=*} word=${word#*=}; fi
	value=$(_slimtrace_value "$program" "$command" "$option")
	if [[ $value ]]; then
		mapfile -t COMPREPLY < <(_slimtrace_complete_value "$value" "$word")
	elif [[ $word == -* ]]; then
		mapfile -t COMPREPLY < <(compgen -W "$(_slimtrace_options "$program" "$command")" -- "$word")
	elif [[ ! $command ]]; then
		mapfile -t COMPREPLY < <(compgen -W "$(_slimtrace_commands "$program")" -- "$word")
	else
		mapfile -t COMPREPLY < <(_slimtrace_complete_argument "$command" "$word")
	fi
	_slimtrace_are_files && compopt -o filenames 2>/dev/null
	# bash replaces what is after the last colon only.
	if [[ $word == *:* && $COMP_WORDBREAKS == *:* ]]; then COMPREPLY=("${COMPREPLY[@]#"${word%:*}:"}"); fi
}
complete -o default -F _slimtrace slimtrace
