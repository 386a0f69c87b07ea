# SPDX-License-Identifier: MIT
# bash completion for nmc-smi
_nmc_smi()
{
	local word=${COMP_WORDS[COMP_CWORD]}

	COMPREPLY=()
	case $word in
	-*|"")
		mapfile -t COMPREPLY < <(compgen -W '--list-cards --full --id= --device= --query= --format= --help-query --json --loop= --help --version' -- "$word")
		[[ ${COMPREPLY[0]} == *= ]] && compopt -o nospace
		;;
	esac
	((${#COMPREPLY[@]})) || mapfile -t COMPREPLY < <(compgen -f -- "$word")
}
complete -F _nmc_smi nmc-smi
