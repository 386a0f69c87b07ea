# SPDX-License-Identifier: MIT
# bash completion for nmc-run
_nmc_run()
{
	local word=${COMP_WORDS[COMP_CWORD]}

	COMPREPLY=()
	case $word in
	-*|"")
		mapfile -t COMPREPLY < <(compgen -W '--device= --class= --seed= --images= --labels= --input= --output= --raw-output= --limit= --calibrate= --batch= --show-plan --json --help --version' -- "$word")
		[[ ${COMPREPLY[0]} == *= ]] && compopt -o nospace
		;;
	esac
	((${#COMPREPLY[@]})) || mapfile -t COMPREPLY < <(compgen -f -- "$word")
}
complete -F _nmc_run nmc-run
