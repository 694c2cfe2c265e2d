#!/usr/bin/env bash
# Installs the Debian packages that live tests need, when it runs as root on
# Debian and something is missing; otherwise names what is missing and which
# tests are skipped for it. It never fails: a live test without its peer skips.
set -euo pipefail

# package, the program or file that shows that it is there, what needs it
needs='samba            smbd        live tests against Samba
samba-common-bin smbpasswd   live tests against Samba
smbclient        smbclient   tests of our server with smbclient
samba-testsuite  smbtorture  tests of our server with smbtorture
tshark           tshark      tests that judge captures by tshark
tcpdump          tcpdump     tests that capture live traffic
iproute2         ip          tests over network namespaces with real packet loss
munge            munged      the test of the Slurm array
slurmctld        slurmctld   the test of the Slurm array
slurmd           slurmd      the test of the Slurm array
slurm-client     sbatch      the test of the Slurm array
parallel         parallel    the test of the line for GNU parallel
gcc              gcc         the race run
libc6-dev        /usr/include/stdio.h  the race run'

PATH=$PATH:/usr/sbin:/sbin

missing() {
	while read -r package program purpose; do
		command -v "$program" >/dev/null || [ -e "$program" ] || printf '%s\t%s\t%s\n' "$package" "$program" "$purpose"
	done <<<"$needs"
}

install() {
	export DEBIAN_FRONTEND=noninteractive
	# The tests start their own servers; installing must start none.
	if [ ! -e /usr/sbin/policy-rc.d ]; then
		printf '#!/bin/sh\nexit 101\n' >/usr/sbin/policy-rc.d
		chmod +x /usr/sbin/policy-rc.d
		trap 'rm -f /usr/sbin/policy-rc.d' EXIT
	fi
	echo 'wireshark-common wireshark-common/install-setuid boolean false' | debconf-set-selections || true
	apt-get update -q && apt-get install -q -y --no-install-recommends "$@"
}

lack=$(missing)
[ -n "$lack" ] || exit 0

if [ "$(id -u)" = 0 ] && [ -e /etc/debian_version ] && command -v apt-get >/dev/null; then
	mapfile -t packages < <(cut -f 1 <<<"$lack")
	echo "installing ${packages[*]}"
	log=$(mktemp)
	install "${packages[@]}" >"$log" 2>&1 || tail -n 20 "$log" >&2
	rm -f "$log"
	lack=$(missing)
fi

while IFS=$'\t' read -r package program purpose; do
	[ -z "$package" ] || echo "skipped: $purpose ($program is missing: Debian package $package)"
done <<<"$lack"
