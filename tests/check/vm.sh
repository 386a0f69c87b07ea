# SPDX-License-Identifier: MIT
# Sourced after tap.sh by the suites that need a VM: the built ioctl suites, one test for each line a guest prints.
kselftest=$build/kselftest

build_kselftest() { # and what nmc-vm unpacks, and says so, when it is not in the cache yet
	"$top/tools/setup/qemu" && "$top/tools/setup/kernel" && ksrc=$("$top/tools/setup/source") && mkdir -p "$kselftest" &&
		make -s -C "$top/tests/kselftest" KSRC="$ksrc" OUTPUT="$kselftest" -j 2
}

# vm ARGUMENT...: nmc-vm with the built tree; the kernel log is left in $tmp/dmesg
vm() {
	"$top/tools/vm/nmc-vm" --build "$build" --dmesg "$tmp/dmesg" "$@"
}

# guest_quiet: the last kernel log holds no complaint of the kernel
guest_quiet() {
	[ -s "$tmp/dmesg" ] || { echo "there is no kernel log"; return 1; }
	absent grep -nE 'BUG:|WARNING:|Oops|general protection|kernel paging|stuck for|hung task|Call Trace' "$tmp/dmesg"
}
