# SPDX-License-Identifier: MIT
# bash completion for nmc-card
_nmc_card()
{
	local word=${COMP_WORDS[COMP_CWORD]}

	COMPREPLY=()
	case $word in
	-*|"")
		mapfile -t COMPREPLY < <(compgen -W '--socket= --control= --classes= --tiles= --rows= --cols= --seed= --engines= --queues= --threads= --irq= --wall-clock --help --version counters fault' -- "$word")
		[[ ${COMPREPLY[0]} == *= ]] && compopt -o nospace
		;;
	esac
	((${#COMPREPLY[@]})) || mapfile -t COMPREPLY < <(compgen -f -- "$word")
}
complete -F _nmc_card nmc-card
