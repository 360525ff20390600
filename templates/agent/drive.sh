# shellcheck shell=sh disable=SC2034,SC2154 # one program in several files

# find_drive: set drive to where the rebuild drive is mounted on the box, drive_device to the kernel's name of its
# filesystem, source_disks to the disks below, and manifest to the manifest's file. Fails where that cannot be told.
# A drive that nobody has mounted is mounted by the agent itself.
find_drive() {
    drive=''
    drive_device=''
    manifest=''
    own=''
    case $0 in
    */*) own=$(cd "${0%/*}" 2>/dev/null && pwd -P) || own='' ;;
    *) [ ! -f ./manifest.json ] || own=$(pwd -P) ;;
    esac
    case $own in
    "$root"/kickbuild | "$root"/*/kickbuild)
        if [ -f "$own/manifest.json" ]; then
            drive=${own#"$root"}
            drive=${drive%/kickbuild}
            drive=${drive:-/}
        fi
        ;;
    esac
    if [ -z "$drive" ]; then
        clear_places
        find_mounted_drive || return 1
        [ -n "$drive" ] || find_unmounted_drive || return 1
    fi
    manifest=$root${drive%/}/kickbuild/manifest.json
    mount_of "$drive"
    if [ "$m_point" != "$drive" ]; then
        finding drive.not-mounted error "$drive is a directory on ${m_point:-an unknown filesystem}, not a filesystem of its own" \
            "mount the rebuild drive, and run the agent that is on it"
        return 1
    fi
    if [ -n "$own_device" ]; then drive_device=$(device_of "$own_device"); else drive_device=$(kernel_name "$m_device"); fi
    is_drive_read_only=no
    ! is_read_only || is_drive_read_only=yes
    source_disks=' '
    for found in $(whole_disks "$(sys_name "$drive_device")"); do
        source_disks="$source_disks$found "
    done
}

# find_mounted_drive: set drive to the one mounted filesystem that holds a rebuild drive, if any does. Fails where
# several do.
find_mounted_drive() {
    places=''
    devices=' '
    [ -r "$root/proc/mounts" ] || return 0
    while read -r mount_what mount_where _; do
        case $mount_where in
        *\\*) mount_where=$(unescaped "$mount_where") ;;
        esac
        # What another agent has mounted for itself goes away with it.
        case $mount_where in
        */kickbuild-drive.[0-9]*/[0-9]*) continue ;;
        esac
        [ -f "$root${mount_where%/}/kickbuild/manifest.json" ] || continue
        case $devices in
        *" $mount_what "*) continue ;;
        esac
        devices="$devices$mount_what "
        places="$places$mount_where, "
        drive=$mount_where
    done <"$root/proc/mounts"
    # shellcheck disable=SC2086 # the names of devices are words
    set -- $devices
    [ $# -gt 1 ] || return 0
    drive=''
    finding drive.several error "$# rebuild drives are mounted: ${places%, }" "run the agent that is on the one you mean"
    return 1
}

# check_manifest: it is whole and of a version that this agent reads.
check_manifest() {
    if [ ! -r "$manifest" ]; then
        finding manifest.missing error "the drive has no manifest: it was not prepared to the end" \
            "prepare the drive again"
        return 1
    fi
    if [ "$(sed -n '2p' "$manifest")" != ' "schema": 1,' ] || [ "$(tail -n 1 "$manifest")" != '}' ]; then
        finding manifest.damaged error "the manifest is damaged, or of a version that this agent does not know" \
            "prepare the drive again"
        return 1
    fi
    drive_record=$(manifest_line drive)
    drive_uuid=$(find_value "$drive_record" uuid)
    drive_label=$(find_value "$drive_record" label)
}

# check_drive: exactly one filesystem is what the manifest says the drive is, and it takes what the agent writes.
check_drive() {
    check_one UUID uuid "$drive_uuid"
    [ "$find_by" != label ] || check_one LABEL label "$drive_label"
    if [ -n "$own_device" ]; then
        check_own_mount
    elif [ "$is_drive_read_only" = yes ]; then
        finding drive.read-only error "the drive is mounted read-only: what is armed cannot be written down on it" \
            "mount -o remount,rw $drive; where that fails, look at the drive's health"
    fi
    needed=$((256 + $(kept_kib)))
    if [ "$(free_kib "$drive")" -lt "$needed" ] 2>/dev/null; then
        finding drive.full error "the drive has only $(free_kib "$drive") KiB free" "make $needed KiB of room on it"
    fi
}

# check_one TAG KIND VALUE: exactly one filesystem bears the name, and it is the drive's.
check_one() {
    if [ -z "$3" ]; then
        finding drive.nameless error "the manifest gives no $1 of the drive" "prepare the drive again"
        return
    fi
    bearers=''
    for found in $(blkid -c /dev/null -o device -t "$1=$3" 2>/dev/null); do
        bearers="$bearers $(kernel_name "$found")"
    done
    linked=$(device_of "$root/dev/disk/by-$2/$3")
    # shellcheck disable=SC2086 # the names of devices are words
    set -- "$1=$3" $bearers
    if [ $# -gt 2 ]; then
        finding drive.twins error "$(($# - 1)) filesystems carry $1:$bearers" \
            "the installer would take any of them: unplug the others, or give the drive another name and prepare it again"
    elif [ $# -eq 1 ]; then
        finding drive.identity error "no filesystem carries $1, the name by which the installer will look" \
            "prepare the drive again under the name that it has now"
    elif [ "$2" != "$drive_device" ]; then
        finding drive.identity error "$1 is $2, but this drive is $drive_device" \
            "run the agent that is on $2, or unplug the wrong drive"
    elif [ -n "$linked" ] && [ "$linked" != "$drive_device" ]; then
        finding drive.identity error "the link to $1 leads to $linked, but this drive is $drive_device" \
            "unplug the wrong drive"
    fi
}
