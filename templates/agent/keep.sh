# shellcheck shell=sh disable=SC2034,SC2154 # one program in several files

# What of the box the new system gets back, where the profile asks for it. Arming saves it to the drive, for root alone:
# in a directory that takes its place when it is whole, with keep.state written last. Without that, or with another
# arming's id in it, it counts for nothing. What is in these files is never shown.

# each_kept WORD ACTION: call the action with every file of the box that the word means, and its place on the drive.
each_kept() {
    case $1 in
    ssh_host_keys)
        for kept_file in "$root"/etc/ssh/ssh_host_*_key "$root"/etc/ssh/ssh_host_*_key.pub; do
            ! is_keepable "$kept_file" || "$2" "$kept_file" "ssh/${kept_file##*/}" || return 1
        done
        ;;
    network)
        for kept_file in "$root"/etc/NetworkManager/system-connections/*; do
            ! is_keepable "$kept_file" || "$2" "$kept_file" "network/system-connections/${kept_file##*/}" || return 1
        done
        for kept_kind in ifcfg route route6 rule rule6 keys; do
            for kept_file in "$root/etc/sysconfig/network-scripts/$kept_kind"-*; do
                if [ "${kept_file##*/}" = ifcfg-lo ] || ! is_keepable "$kept_file"; then continue; fi
                "$2" "$kept_file" "network/network-scripts/${kept_file##*/}" || return 1
            done
        done
        ;;
    esac
}

# is_keepable FILE: whether it is a file that counts: no backup, and no link out of the box.
is_keepable() {
    case ${1##*/} in
    *[[:cntrl:]]* | *'~' | *.bak | *.orig | *.old | *.rpmnew | *.rpmorig | *.rpmsave | *.swp) return 1 ;;
    esac
    [ -f "$1" ] && [ -r "$1" ] || return 1
    [ ! -h "$1" ] || real_of "${1#"$root"}" >/dev/null
}

# kept_machine_id, kept_hostname: print them, or nothing where the box has none of its own.
kept_machine_id() {
    kept_id=$(read_file "$root/etc/machine-id")
    [ -n "$kept_id" ] || kept_id=$(read_file "$root/var/lib/dbus/machine-id")
    ! is_id "$kept_id" || printf '%s\n' "$kept_id"
}
kept_hostname() {
    kept_name=$(read_file "$root/etc/hostname")
    [ -n "$kept_name" ] ||
        kept_name=$(sed -n 's/^[[:space:]]*HOSTNAME=//p' "$root/etc/sysconfig/network" 2>/dev/null | tail -n 1 | tr -d "\"'")
    [ -n "$kept_name" ] || kept_name=$(read_file "$root/proc/sys/kernel/hostname")
    kept_name=$(trim "$kept_name")
    case $kept_name in
    '' | localhost | localhost.* | '(none)' | [-.]* | *[!A-Za-z0-9.-]*) return 0 ;;
    esac
    [ ${#kept_name} -gt 253 ] || printf '%s\n' "$kept_name"
}

# check_keep: what the profile wants kept is there, the drive can hold it for root alone, and the new system reads it.
check_keep() {
    kept_bytes=0
    [ -n "$keep" ] || return 0
    mount_of "$drive"
    case $m_type in
    ext[234] | xfs | btrfs) ;;
    *) finding keep.filesystem error "$m_type keeps no secrets: nothing can be kept for root alone on this drive" \
        "prepare a drive with ext4 or xfs, or take [keep] out of the profile" ;;
    esac
    for word in $(printf '%s' "$keep" | tr ',' ' '); do
        ifcfg=0 keyfiles=0 privates=0
        each_kept "$word" count_kept
        out="take $word out of the profile's [keep], or mend it"
        case $word in
        ssh_host_keys) [ $privates -gt 0 ] || finding keep.ssh-host-keys error "the box has no host keys in /etc/ssh" "$out" ;;
        machine_id) [ -n "$(kept_machine_id)" ] || finding keep.machine-id error "the box has no machine-id" "$out" ;;
        hostname) [ -n "$(kept_hostname)" ] || finding keep.hostname error "the box has no host name of its own" "$out" ;;
        network) check_kept_network ;;
        *) finding keep.unknown error "this agent cannot keep $word" "prepare the drive again: the agent on it is then newer" ;;
        esac
    done
    if [ $kept_bytes -gt 4194304 ]; then
        finding keep.large error "what is to be kept has $kept_bytes bytes, more than 4 MiB" "look at what is among it"
    fi
}
count_kept() {
    kept_bytes=$((kept_bytes + $(size_of "$1") + 4096))
    case $2 in
    ssh/*_key) privates=$((privates + 1)) ;;
    */ifcfg-*) ifcfg=$((ifcfg + 1)) ;;
    */system-connections/*) keyfiles=$((keyfiles + 1)) ;;
    esac
}
# kept_kib: print the KiB that saving needs.
kept_kib() { printf '%s\n' $((${kept_bytes:-0} / 1024)); }

check_kept_network() {
    out="take network out of the profile's [keep], and give it the addresses under [[network.interface]]"
    if [ $((ifcfg + keyfiles)) -eq 0 ]; then
        finding keep.network error "the box has no connections in /etc/NetworkManager/system-connections or \
/etc/sysconfig/network-scripts" "$out"
        return
    fi
    # shellcheck disable=SC2046 # words: see release_facts
    set -- $(release_facts "$handler")
    case ${2:-both}-$ifcfg-$keyfiles in
    keyfiles-*-0) finding keep.network-form error "$release does not read the ifcfg files in which the box has its network" \
        "nmcli connection migrate; or $out" ;;
    ifcfg-0-*) finding keep.network-form error "$release does not read the files in which the box has its network" "$out" ;;
    keyfiles-0-* | ifcfg-*-0 | both-*) ;;
    *) finding keep.network-part warning "$release reads only a part of the files in which the box has its network" \
        "look at /etc/NetworkManager/system-connections and /etc/sysconfig/network-scripts" ;;
    esac
    loose=''
    each_kept network find_loose
    if [ -n "$loose" ] && [ "$handler" != RHEL6 ]; then
        finding keep.network-names warning "connections name an interface ethN, which $release may call otherwise:$loose" \
            "give them HWADDR= or mac-address=, or give the new system net.ifnames=0"
    fi
}
# find_loose FILE PLACE: add to loose a file that names an interface as only old kernels do, and not by its address.
find_loose() {
    if grep -q -i -e '^DEVICE="\{0,1\}eth[0-9]' -e '^interface-name=eth[0-9]' "$1" &&
        ! grep -q -i -e '^HWADDR=.' -e '^mac-address=.' "$1"; then
        loose="$loose ${1##*/}"
    fi
}

# save_keep: save it, in the place of whatever was saved earlier.
save_keep() {
    remove_keeps || return 1
    [ -n "$keep" ] || return 0
    kept=$home/keep
    keeping=$(partial_of "$kept")
    mkdir "$keeping" && chmod 700 "$keeping" || return 1
    for word in $(printf '%s' "$keep" | tr ',' ' '); do
        case $word in
        machine_id) kept_machine_id >"$keeping/machine-id" && [ -s "$keeping/machine-id" ] || return 1 ;;
        hostname) kept_hostname >"$keeping/hostname" && [ -s "$keeping/hostname" ] || return 1 ;;
        *) each_kept "$word" copy_kept || return 1 ;;
        esac
    done
    sync
    mv "$keeping" "$kept" && sync && put "$kept/keep.state" keep_text
}
copy_kept() {
    mkdir -p "$keeping/${2%/*}" && cp "$1" "$keeping/$2" && chmod 600 "$keeping/$2" && cmp -s "$1" "$keeping/$2"
}
keep_text() { printf '%s=%s\n' id "$s_id" kept "$keep"; }

# has_this_keep: whether what is saved is this arming's, and what the box has today.
has_this_keep() {
    [ -n "$keep" ] || return 0
    kept=$home/keep
    read_pairs "$kept/keep.state" || return 1
    pair id id && [ "$value" = "$s_id" ] || return 1
    pair kept && [ "$value" = "$keep" ] || return 1
    for word in $(printf '%s' "$keep" | tr ',' ' '); do
        case $word in
        machine_id) [ "$(read_file "$kept/machine-id")" = "$(kept_machine_id)" ] || return 1 ;;
        hostname) [ "$(read_file "$kept/hostname")" = "$(kept_hostname)" ] || return 1 ;;
        *) each_kept "$word" same_kept || return 1 ;;
        esac
    done
}
same_kept() { cmp -s "$1" "$kept/$2"; }

# find_keeps: print what was saved on the drive, whole or not.
find_keeps() {
    [ -n "$drive" ] || return 0
    for found in "$root${drive%/}"/kickbuild/*/keep "$root${drive%/}"/kickbuild/*/.kickbuild-partial-keep; do
        [ ! -d "$found" ] || [ -h "$found" ] || printf '%s\n' "$found"
    done
}

# remove_keeps: remove what was saved; keep.state goes first, so that no part of it counts.
remove_keeps() {
    [ -n "$(find_keeps)" ] || return 0
    for found in "$root${drive%/}"/kickbuild/*/keep "$root${drive%/}"/kickbuild/*/.kickbuild-partial-keep; do
        if [ -d "$found" ] && [ ! -h "$found" ]; then
            drop "$found/keep.state" && rm -rf "$found" || return 1
        fi
    done
    sync
}
