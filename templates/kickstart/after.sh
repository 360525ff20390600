# shellcheck shell=sh disable=SC2034,SC2154,SC2317 # one program in several files, some of it called by name
#
# kickbuild's last %post. The new system gets back what the profile keeps, and the Rebuild entry; it and the drive are
# told how the rebuild ended. What was kept is removed from the drive only when all of it is in the new system.

# has_word WORD LIST: whether it is in a list with commas.
has_word() {
    case ,$2, in
    *",$1,"*) return 0 ;;
    esac
    return 1
}

# put_file SOURCE TARGET UMASK [GROUP]: copy a file into the new system, complete or not at all.
put_file() {
    partial=${2%/*}/.kickbuild-partial-${2##*/}
    rm -f "$partial"
    if (umask "$3" && cat "$1" >"$partial") && [ "$(cat "$partial")" = "$(cat "$1")" ] &&
        { [ -z "${4:-}" ] || chown "0:$4" "$partial"; } && mv -f "$partial" "$2"; then
        return 0
    fi
    rm -f "$partial"
    note "${2#"$sysroot"} could not be written"
    return 1
}

# put_line TEXT TARGET UMASK: the same for text.
put_line() {
    partial=${2%/*}/.kickbuild-partial-${2##*/}
    rm -f "$partial"
    if (umask "$3" && printf '%s\n' "$1" >"$partial") && [ "$(cat "$partial")" = "$1" ] && mv -f "$partial" "$2"; then
        return 0
    fi
    rm -f "$partial"
    note "${2#"$sysroot"} could not be written"
    return 1
}

# is_kept FILE: whether a file on the drive is one that arming puts there; what is not is never followed nor copied.
is_kept() {
    case ${1##*/} in
    *[[:cntrl:]]*) ;;
    *) ! is_plain "$1" 1048576 || return 0 ;;
    esac
    note "what the drive keeps in ${2} has a file that cannot be of the old system"
    return 1
}

# restore: give the new system what the drive keeps for it.
restore() {
    [ -n "$KB_KEEP" ] || return 0
    keep=$home/keep
    kept=$(value_of kept "$keep/keep.state")
    id=$(value_of id "$keep/keep.state")
    if [ -h "$keep" ] || [ -z "$kept" ]; then
        note "nothing of the old system is kept on the drive: it was not armed"
        return 1
    fi
    if [ -z "$id" ] || [ "$id" != "$(armed_id)" ]; then
        note "what is kept on the drive is not of the last arming"
        return 1
    fi
    is_all=yes
    for word in $(printf '%s\n' "$KB_KEEP" | sed 's/,/ /g'); do
        if ! has_word "$word" "$kept"; then
            note "$word is not kept on the drive"
            is_all=no
        elif ! "restore_$word"; then
            note "$word could not be restored"
            is_all=no
        fi
    done
    sync
    if [ "$is_all" = no ]; then
        note "what is kept stays on the drive"
        return 1
    fi
    forget_kept
}

# forget_kept: remove it from the drive. keep.state goes first: without it no part of the rest counts.
forget_kept() {
    rm -f "$keep/keep.state" && sync && rm -rf "$keep" && sync && return 0
    note "what was kept, and is restored, could not be removed from the drive"
    return 1
}

# group_id NAME: print the number of one of the new system's groups.
group_id() {
    [ -r "$sysroot/etc/group" ] || return 0
    while IFS=: read -r group_name _ group_number _; do
        case $group_number in
        '' | *[!0-9]*) ;;
        *) [ "$group_name" != "$1" ] || printf '%s\n' "$group_number" ;;
        esac
    done <"$sysroot/etc/group"
}

restore_ssh_host_keys() {
    if ! is_own_directory etc/ssh; then
        note "the new system has no /etc/ssh"
        return 1
    fi
    # RHEL 7 to 9 let the group of ssh-keysign read the keys; elsewhere sshd would not take such a key.
    mask=077
    group=$(group_id ssh_keys)
    # shellcheck disable=SC2046,SC2012 # ls -n on one file: the fourth word is its group
    set -- $(ls -ln "$sysroot/usr/libexec/openssh/ssh-keysign" 2>/dev/null)
    if [ -n "$group" ] && [ "${4:-}" = "$group" ]; then mask=037; else group=''; fi
    is_restored=yes
    count=0
    for found in "$keep/ssh"/*; do
        if [ ! -e "$found" ] && [ ! -h "$found" ]; then continue; fi
        is_kept "$found" ssh || { is_restored=no && continue; }
        name=${found##*/}
        case $name in
        *[!A-Za-z0-9_.-]*) is_restored=no ;;
        ssh_host_*_key)
            count=$((count + 1))
            put_file "$found" "$sysroot/etc/ssh/$name" "$mask" "$group" || is_restored=no
            ;;
        ssh_host_*_key.pub) put_file "$found" "$sysroot/etc/ssh/$name" 022 || is_restored=no ;;
        *) is_restored=no ;;
        esac
    done
    [ "$count" -gt 0 ] && [ "$is_restored" = yes ]
}

# is_machine_id TEXT: whether it has the form of one.
is_machine_id() {
    case $1 in
    *[!0-9a-f]* | 00000000000000000000000000000000) return 1 ;;
    esac
    [ ${#1} -eq 32 ]
}

restore_machine_id() {
    is_plain "$keep/machine-id" || return 1
    new_id=$(read_file "$keep/machine-id")
    is_machine_id "$new_id" || return 1
    place=etc
    [ -d "$sysroot/usr/lib/systemd" ] || place=var/lib/dbus
    is_own_directory "$place" || return 1
    old_id=$(read_file "$sysroot/$place/machine-id")
    [ "$old_id" != "$new_id" ] || return 0
    if is_machine_id "$old_id"; then
        rename_entries || note "the boot entries keep the name of another machine-id"
        for found in etc/kernel/entry-token var/lib/dbus/machine-id; do
            if [ ! -h "$sysroot/$found" ] && [ "$(read_file "$sysroot/$found")" = "$old_id" ] &&
                is_own_directory "${found%/*}"; then
                put_line "$new_id" "$sysroot/$found" 022
            fi
        done
    fi
    put_line "$new_id" "$sysroot/$place/machine-id" 222
}

# rename_entries: an entry bears the machine-id, and a new kernel takes the place only of those that bear this box's. At
# every step each kernel has an entry, and where GRUB does not find the one that was saved, it boots the first.
rename_entries() {
    is_own_directory boot/loader/entries || return 0
    is_renamed=yes
    rename_rescue || is_renamed=no
    for found in "$sysroot/boot/loader/entries/$old_id"-*.conf; do
        [ -f "$found" ] || continue
        mv -f "$found" "${found%/*}/$new_id-${found##*/"$old_id"-}" || is_renamed=no
    done
    saved=$(chroot "$sysroot" grub2-editenv - list 2>/dev/null | sed -n 's/^saved_entry=//p')
    case $saved in
    "$old_id"-*[!A-Za-z0-9._+~-]*) is_renamed=no ;;
    "$old_id"-*)
        chroot "$sysroot" grub2-editenv - set "saved_entry=$new_id-${saved#"$old_id"-}" || is_renamed=no
        ;;
    esac
    sync
    [ "$is_renamed" = yes ]
}

# rename_rescue: the rescue kernel bears the machine-id too; without its name a new kernel would make another.
rename_rescue() {
    rescue=$sysroot/boot/loader/entries/$old_id-0-rescue.conf
    for found in "vmlinuz-0-rescue-$old_id" "initramfs-0-rescue-$old_id.img"; do
        [ -f "$rescue" ] && [ -f "$sysroot/boot/$found" ] || return 0
    done
    ln "$sysroot/boot/vmlinuz-0-rescue-$old_id" "$sysroot/boot/vmlinuz-0-rescue-$new_id" &&
        ln "$sysroot/boot/initramfs-0-rescue-$old_id.img" "$sysroot/boot/initramfs-0-rescue-$new_id.img" || return 1
    put_text "$rescue" "$(sed "s/$old_id/$new_id/g" "$rescue")" || return 1
    rm -f "$sysroot/boot/vmlinuz-0-rescue-$old_id" "$sysroot/boot/initramfs-0-rescue-$old_id.img"
}

restore_hostname() {
    is_plain "$keep/hostname" || return 1
    name=$(read_file "$keep/hostname")
    case $name in
    '' | [-.]* | *[!A-Za-z0-9.-]*) return 1 ;;
    esac
    [ ${#name} -le 253 ] || return 1
    if [ -d "$sysroot/usr/lib/systemd" ]; then
        is_own_directory etc && put_line "$name" "$sysroot/etc/hostname" 022
        return
    fi
    is_own_directory etc/sysconfig || return 1
    others=$(sed '/^[[:space:]]*HOSTNAME=/d' "$sysroot/etc/sysconfig/network" 2>/dev/null)
    put_line "${others:+$others$newline}HOSTNAME=$name" "$sysroot/etc/sysconfig/network" 022
}

# reads_ifcfg, reads_keyfiles: whether the new system reads that kind of network files.
reads_ifcfg() {
    is_own_directory etc/sysconfig/network-scripts || return 1
    for reader in "$sysroot/etc/init.d/network" "$sysroot"/usr/lib*/NetworkManager/libnm-settings-plugin-ifcfg-rh.so \
        "$sysroot"/usr/lib*/NetworkManager/*/libnm-settings-plugin-ifcfg-rh.so; do
        [ ! -e "$reader" ] || return 0
    done
    return 1
}
reads_keyfiles() {
    is_own_directory etc/NetworkManager/system-connections && [ -d "$sysroot/usr/lib/systemd" ] &&
        [ -e "$sysroot/usr/sbin/NetworkManager" ]
}

# restore_network: the files of the old system, and of both kinds none but these: a connection of the installer's beside
# them could take the interface. Where the new system does not read all of them, it keeps what the installer gave it.
restore_network() {
    keyfiles=$keep/network/system-connections
    scripts=$keep/network/network-scripts
    if [ -h "$keep/network" ] || [ -h "$keyfiles" ] || [ -h "$scripts" ]; then return 1; fi
    count=0
    for found in "$keyfiles"/* "$scripts"/*; do
        if [ ! -e "$found" ] && [ ! -h "$found" ]; then continue; fi
        is_kept "$found" network || return 1
        case $found in
        "$keyfiles"/*)
            reads_keyfiles || { note "the new system does not read NetworkManager's own files" && return 1; }
            count=$((count + 1))
            ;;
        *)
            is_network_script "${found##*/}" || return 1
            reads_ifcfg || { note "the new system does not read ifcfg files" && return 1; }
            case ${found##*/} in ifcfg-*) count=$((count + 1)) ;; esac
            ;;
        esac
    done
    [ "$count" -gt 0 ] || return 1
    for found in "$keyfiles"/*; do
        [ ! -f "$found" ] || put_file "$found" "$sysroot/etc/NetworkManager/system-connections/${found##*/}" 077 ||
            return 1
    done
    for found in "$scripts"/*; do
        [ -f "$found" ] || continue
        case ${found##*/} in keys-*) mask=077 ;; *) mask=022 ;; esac
        put_file "$found" "$sysroot/etc/sysconfig/network-scripts/${found##*/}" "$mask" || return 1
    done
    remove_other_network
}

# is_network_script NAME: whether it is a file that belongs to a connection.
is_network_script() {
    case $1 in
    ifcfg-lo) return 1 ;;
    ifcfg-?* | route-?* | route6-?* | rule-?* | rule6-?* | keys-?*) return 0 ;;
    esac
    return 1
}

remove_other_network() {
    if is_own_directory etc/NetworkManager/system-connections; then
        for found in "$sysroot/etc/NetworkManager/system-connections"/*; do
            [ ! -f "$found" ] || [ -f "$keyfiles/${found##*/}" ] || rm -f "$found" || return 1
        done
    fi
    if is_own_directory etc/sysconfig/network-scripts; then
        for found in "$sysroot/etc/sysconfig/network-scripts"/*; do
            if [ -f "$found" ] && is_network_script "${found##*/}" && [ ! -f "$scripts/${found##*/}" ]; then
                rm -f "$found" || return 1
            fi
        done
    fi
}

# relabel: give what was written the names that SELinux in the new system expects.
relabel() {
    [ -e "$sysroot/sbin/restorecon" ] || [ -e "$sysroot/usr/sbin/restorecon" ] || return 0
    set --
    for found in /etc/ssh /etc/machine-id /etc/hostname /etc/sysconfig/network /etc/sysconfig/network-scripts \
        /etc/NetworkManager/system-connections /etc/kernel /etc/kickbuild-release /boot/loader; do
        [ ! -e "$sysroot$found" ] || set -- "$@" "$found"
    done
    chroot "$sysroot" restorecon -R "$@"
}

# enter: put the Rebuild entry into the new system's boot loader, with the agent on the drive, which is seen inside.
enter() {
    inside=/mnt/kickbuild-drive
    if ! is_own_directory mnt || ! mkdir -p "$sysroot$inside" || ! mount --bind "$source_mount" "$sysroot$inside"; then
        note "the new system cannot see the drive: it has no Rebuild entry"
        rmdir "$sysroot$inside" 2>/dev/null
        return 1
    fi
    told=$root/tmp/kickbuild-enter.log
    status=0
    within 300 "$told" chroot "$sysroot" sh "$inside/kickbuild/agent" enter --profile "$KB_PROFILE" || status=$?
    cat "$told"
    if [ "$status" -ne 0 ]; then
        note "the new system has no Rebuild entry: the agent ended with $status: $(tail -n 1 "$told" | masked)"
    fi
    umount "$sysroot$inside" || umount -l "$sysroot$inside"
    rmdir "$sysroot$inside"
    return "$status"
}

# with_drive: everything that needs the drive.
with_drive() {
    find_drive || return 1
    read_begun
    if [ -n "$sysroot" ]; then
        restore
        enter
        if leave_stamp; then relabel; else note "the new system takes no stamp"; fi
        : >"$root/tmp/kickbuild-stamped"
    fi
    within 120 /dev/null leave_logs || note "not all logs are on the drive"
    leave_state installed
    close_drive
    return 0
}

rm -f "$notes" "$root/tmp/kickbuild-stamped"
find_root || note "the new system is not mounted where this installer is known to have it"
status=0
told=$root/tmp/kickbuild-restore.log
within 900 "$told" with_drive || status=$?
cat "$told"
[ $status -ne 124 ] || note "the drive does not answer"
if [ -n "$sysroot" ] && [ ! -e "$root/tmp/kickbuild-stamped" ]; then
    read_begun
    leave_stamp && relabel
fi
[ -z "$(reasons)" ] || say "the new system is installed, but: $(reasons)"
exit 0
