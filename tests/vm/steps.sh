# SPDX-License-Identifier: MIT
# Sourced by the scripts that run in a VM, with MODULE FOLDER-OF-IOCTL-SUITES as their arguments.
# shellcheck shell=sh disable=SC2034	# what these are for is in the scripts
module=$1
suites=$2
card=0000:01:00.0
driver=/sys/bus/pci/drivers/nmc
failed=0

step() { # DESCRIPTION COMMAND...
	what=$1
	shift
	if out=$(set -e; "$@" 2>&1); then
		echo "ok $what"
	else
		echo "not ok $what"
		printf '%s\n' "$out" | sed 's/^/# /'
		failed=1
	fi
}

suite() { # SUITE [ARGUMENT]...: passes, and skips nothing
	name=$1
	shift
	text=$("$suites/$name" "$@" 2>&1) && ! printf '%s\n' "$text" | grep -q '# SKIP' && return
	printf '%s\n' "$text"
	return 1
}

node() { # the card's node is there
	i=0
	until [ -e /dev/accel/accel0 ]; do
		i=$((i + 1))
		[ $i -lt 50 ] || return 1
		sleep 0.1
	done
}

unload() { # jobs of a closed file that the card has are run to their end first
	i=0
	until rmmod nmc 2> /dev/null; do
		i=$((i + 1))
		[ $i -lt 100 ] || { echo "references: $(cat /sys/module/nmc/refcnt)"; return 1; }
		sleep 0.2
	done
}
