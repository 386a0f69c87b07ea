# SPDX-License-Identifier: MIT
# bash completion of the tools: options and choices as --help lists them, files after options that take FILE, PATH or DIR
_nmc()
{
	local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} options value operands=

	# "--images=x" comes as three words
	[[ $word == = ]] && word=
	[[ $before == = ]] && before=${COMP_WORDS[COMP_CWORD-2]}
	case ${1##*/} in
	nmc-bench) operands='mvm submit program' ;;
	nmc-card | nmc-cardctl) operands=$("${1%ctl}ctl" --help 2> /dev/null | sed -n '/^Commands:/,/^$/s/^  \([a-z-]*\) .*/\1/p') ;;
	nmc-deck) operands='list show keys check plot metrics sample table fit' ;;
	nmc-smi) operands='drift retention wear health events' ;;
	esac
	# Lines of "--option VALUE" or "--option"
	options=$("$1" --help 2> /dev/null |
		sed -nE 's/^ +(-[[:alpha:]], )?(--[a-z-]+)( [^ ]+)?(  .*)?$/\2\3/p')
	value=$(awk -v option="$before" '$1 == option { print $2 }' <<< "$options")

	COMPREPLY=()
	if [[ $before == -- ]]; then
		mapfile -t COMPREPLY < <(compgen -c -- "$word")
	elif [[ " ${COMP_WORDS[*]:0:COMP_CWORD} " == *' -- '* || $value == *@(FILE|PATH|DIR)* ]]; then
		mapfile -t COMPREPLY < <(compgen -f -- "$word")
		compopt -o filenames
	elif [[ $value == \{* ]]; then
		mapfile -t COMPREPLY < <(compgen -W "${value//[\{,\}]/ }" -- "$word")
	elif [[ -n $value ]]; then
		: # nothing known of it
	elif [[ $word == -* ]]; then
		mapfile -t COMPREPLY < <(compgen -W "$(sed 's/ [^[].*/=/; s/ .*//' <<< "$options")" -- "$word" | sort -u)
		[[ ${COMPREPLY[0]-} == *= ]] && compopt -o nospace
	elif [[ -n $operands ]]; then
		mapfile -t COMPREPLY < <(compgen -W "$operands" -- "$word")
	else
		mapfile -t COMPREPLY < <(compgen -f -- "$word")
		compopt -o filenames
	fi
}
complete -F _nmc nmc-bench nmc-card nmc-cardctl nmc-compare-nvme nmc-deck nmc-run nmc-smi nmc-vm
