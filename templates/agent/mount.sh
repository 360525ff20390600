# shellcheck shell=sh disable=SC2034,SC2154 # one program in several files

# A drive that nobody has mounted is mounted by the agent itself, in a directory of its own, and unmounted at the end
# whatever happens: for looking read-only and without replaying its journal, for arming and disarming once all is checked.

# place_of_own: print the directory that the agent makes directories in; it is the box's own, and gone after a boot.
place_of_own() {
    for found in /run /var/run /tmp; do
        if [ -d "$root$found" ] && [ -w "$root$found" ]; then
            printf '%s\n' "$found"
            return
        fi
    done
    return 1
}

# is_agent PID: whether that process is an agent at work, and not this one.
is_agent() {
    case $1 in
    '' | *[!0-9]*) return 1 ;;
    esac
    [ "$1" != $$ ] && tr '\000' ' ' <"/proc/$1/cmdline" 2>/dev/null | grep -q agent
}

# clear_places: unmount what an agent that was killed has left mounted; set other_agent to one that is at work.
clear_places() {
    other_agent=''
    for found in "$root/run"/kickbuild-drive.* "$root/var/run"/kickbuild-drive.* "$root/tmp"/kickbuild-drive.*; do
        if [ ! -d "$found" ] || [ -h "$found" ] || [ "$(id -u)" != 0 ]; then continue; fi
        if is_agent "${found##*.}"; then
            other_agent=${found##*.}
        else
            clear_place "$found"
        fi
    done
}

# clear_place DIRECTORY: unmount what is mounted below it, and remove it. Nothing that is on a drive is touched.
clear_place() {
    for mounted in "$1"/[0-9]*; do
        [ -d "$mounted" ] || continue
        umount "$mounted" 2>/dev/null || umount -l "$mounted" 2>/dev/null
        rmdir "$mounted" 2>/dev/null
    done
    rmdir "$1" 2>/dev/null
}

# find_unmounted_drive: mount the one rebuild drive that is not mounted, and set drive to its place. Fails where there
# is none, or several.
find_unmounted_drive() {
    missing="no mounted filesystem is a rebuild drive"
    hint="mount it by its UUID or label, and run the agent that is on it"
    if [ "$(id -u)" = 0 ] && command -v mount >/dev/null 2>&1 && command -v umount >/dev/null 2>&1; then
        missing="no filesystem is a rebuild drive, mounted or not"
        hint="plug it in; a drive on LVM, RAID or LUKS is none"
        own_place=$(place_of_own) && own_place=$root$own_place/kickbuild-drive.$$ && mkdir "$own_place" || own_place=''
        [ -z "$own_place" ] || try_disks
    fi
    if [ "$own_number" -eq 1 ]; then
        drive=${own_found#"$root"}
        return
    fi
    if [ "$own_number" -gt 1 ]; then
        finding drive.several error "$own_number rebuild drives are in the box: ${own_devices% }" \
            "mount the one you mean, and run the agent that is on it"
    elif [ -n "${other_agent:-}" ]; then
        finding agent.busy error "another agent (process $other_agent) is at work on this box" "wait until it has ended"
    else
        finding drive.missing error "$missing" "$hint"
    fi
    own_device=''
    leave_drive
    return 1
}

# try_disks: look at every disk and partition that is not in use for a rebuild drive.
try_disks() {
    in_use=" $(mounts | while read -r what _; do sys_name "$what"; done | tr '\n' ' ') "
    for disk in "$root/sys/block"/*; do
        ! is_candidate "${disk##*/}" || for found in "$disk" "$disk/${disk##*/}"*; do
            try_device "$found"
        done
    done
}

# try_device DIRECTORY: mount a device by its directory in sysfs, and keep it mounted where it is a rebuild drive.
try_device() {
    [ -d "$1" ] || return 0
    case $in_use in
    *" ${1##*/} "*) return 0 ;;
    esac
    # What holds a device is an array, a volume group, an encrypted or a multipath map.
    for holder in "$1/holders"/*; do
        [ ! -e "$holder" ] || return 0
    done
    try_node=$root/dev/$(device_name "${1##*/}")
    try_type=$(blkid -c /dev/null -o value -s TYPE "$try_node" 2>/dev/null)
    case $try_type in
    ext3 | ext4) try_options=ro,noload ;;
    xfs) try_options=ro,norecovery ;;
    ext2 | vfat) try_options=ro ;;
    *) return 0 ;;
    esac
    try_place=$own_place/$((own_number + 1))
    [ -d "$try_place" ] || mkdir "$try_place" || return 0
    mount -t "$try_type" -o "$try_options,nodev,nosuid,noexec" "$try_node" "$try_place" 2>/dev/null </dev/null || return 0
    if [ -f "$try_place/kickbuild/manifest.json" ]; then
        own_number=$((own_number + 1))
        own_found=$try_place
        own_device=$try_node
        own_type=$try_type
        own_devices="$own_devices${try_node#"$root"} "
    else
        umount "$try_place" 2>/dev/null || umount -l "$try_place" 2>/dev/null
    fi
}

# check_own_mount: the drive can be mounted for writing, and nothing on it waits for its journal.
check_own_mount() {
    for found in $source_disks; do
        if [ "$(read_file "$root/sys/block/$found/ro")" = 1 ]; then
            finding drive.read-only error "the drive, $found, is read-only: what is armed cannot be written down on it" \
                "take its write protection off, or look at its health"
        fi
    done
    check_journal
}

# check_journal: an ext4 says by a bit of its superblock (s_feature_incompat, 0x4) that its journal is to be replayed.
check_journal() {
    case $own_type in
    ext[34]) ;;
    *) return 0 ;;
    esac
    bits=$(od -An -tu1 -j1120 -N1 "$own_device" 2>/dev/null | tr -d ' ')
    if [ $((${bits:-0} / 4 % 2)) -eq 1 ]; then
        finding drive.unclean warning "the drive was not unmounted in order: what was written last to it may not be seen" \
            "mount it once, and look again"
    fi
}

# open_drive: let what the agent has mounted be written to; it must still be what was checked.
open_drive() {
    [ -n "$own_device" ] || return 0
    checked=$(sum_of "$manifest")
    if ! umount "$root$drive" 2>/dev/null ||
        ! mount -t "$own_type" -o rw,nodev,nosuid,noexec "$own_device" "$root$drive" 2>/dev/null </dev/null; then
        finding drive.mount error "the drive ${own_device#"$root"} cannot be mounted for writing" "look at its health"
        return 1
    fi
    mount_of "$drive"
    if is_read_only; then
        finding drive.read-only error "the drive ${own_device#"$root"} can only be mounted read-only" "look at its health"
        return 1
    fi
    if [ "$(sum_of "$manifest")" != "$checked" ]; then
        finding drive.changed error "the drive is not what was checked a moment ago" "try again"
        return 1
    fi
    # What the journal held is seen only now.
    read_state
}

# leave_drive: unmount what the agent has mounted.
leave_drive() {
    [ -z "$own_place" ] || clear_place "$own_place"
    own_place=''
}
