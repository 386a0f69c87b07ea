# SPDX-License-Identifier: MIT
# bash completion for nmc-bench
_nmc_bench()
{
	local word=${COMP_WORDS[COMP_CWORD]}

	COMPREPLY=()
	case $word in
	-*|"")
		mapfile -t COMPREPLY < <(compgen -W '--device= --class= --seconds= --threads= --batch= --depth= --json --help --version mvm submit program' -- "$word")
		[[ ${COMPREPLY[0]} == *= ]] && compopt -o nospace
		;;
	esac
	((${#COMPREPLY[@]})) || mapfile -t COMPREPLY < <(compgen -f -- "$word")
}
complete -F _nmc_bench nmc-bench
