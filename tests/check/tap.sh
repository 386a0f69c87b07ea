# SPDX-License-Identifier: MIT
# Sourced by the suites written in shell: TAP on standard output, NMC_BUILD, a scratch folder.
set -u
top=$(cd "$(dirname "$0")/../../.." && pwd)
build=${NMC_BUILD:-$top/build}
cd "$top"
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
tap_n=0
tap_failed=0

# check DESCRIPTION COMMAND...: one test, passed if the command succeeds; its output is shown if it does not
check() {
	tap_n=$((tap_n + 1))
	tap_what=$1
	shift
	if "$@" > "$tmp/tap.log" 2>&1; then
		echo "ok $tap_n - $tap_what"
	else
		echo "not ok $tap_n - $tap_what"
		tail -n 60 "$tmp/tap.log" | sed 's/^/# /'
		tap_failed=1
	fi
}

# absent COMMAND...: succeeds if the command prints nothing; prints what it printed
absent() {
	absent_text=$("$@")
	[ -z "$absent_text" ] || { printf '%s\n' "$absent_text"; return 1; }
}

# done_testing: last line of a suite
done_testing() {
	echo "1..$tap_n"
	exit $tap_failed
}
