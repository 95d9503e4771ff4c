# Installing what the machine lacks. Sourced by scripts/test and scripts/servers; defines functions only.
# shellcheck shell=bash

# Whether this is root on a system with apt-get, which is the one case in which packages are installed unasked.
can_install() { [[ $(id -u) == 0 ]] && command -v apt-get >/dev/null; }

# One installation at a time on this machine, and none of the packages may start a service of its own.
install_packages() (
    policy=/usr/sbin/policy-rc.d
    exec 9>/var/lock/guardhouse-install
    flock 9
    if [[ ! -e $policy ]]; then
        trap 'rm -f "$policy"' EXIT
        printf '#!/bin/sh\nexit 101\n' >"$policy"
        chmod 755 "$policy"
    fi
    log=$(mktemp)
    options=(-qq -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0)
    export DEBIAN_FRONTEND=noninteractive
    apt-get "${options[@]}" update >"$log" 2>&1 </dev/null || echo "apt-get update failed; going on with the old lists" >&2
    if ! apt-get "${options[@]}" install -y --no-install-recommends "$@" >>"$log" 2>&1 </dev/null; then
        tail -n 40 "$log" >&2
        echo "apt-get could not install $*; the whole story is in $log" >&2
        return 1
    fi
    rm -f "$log"
)
