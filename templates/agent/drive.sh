# shellcheck shell=sh disable=SC2034,SC2154 # one program in several files

# find_drive: set drive to where the rebuild drive is mounted on the box, drive_device to the kernel's name of its
# filesystem, source_disks to the disks below, and manifest to the manifest's file. Fails where that cannot be told.
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
    [ -n "$drive" ] || find_mounted_drive || return 1
    manifest=$root${drive%/}/kickbuild/manifest.json
    mount_of "$drive"
    if [ "$m_point" != "$drive" ]; then
        finding drive.not-mounted error "$drive is a directory on $m_point, not a filesystem of its own" \
            "mount the rebuild drive, and run the agent that is on it"
        return 1
    fi
    drive_device=$(kernel_name "$m_device")
    is_drive_read_only=no
    ! is_read_only || is_drive_read_only=yes
    source_disks=' '
    for found in $(whole_disks "$(sys_name "$drive_device")"); do
        source_disks="$source_disks$found "
    done
}

# find_mounted_drive: set drive to the one mounted filesystem that holds a rebuild drive.
find_mounted_drive() {
    places=''
    devices=' '
    while read -r mount_what mount_where _; do
        case $mount_where in
        *\\*) mount_where=$(unescaped "$mount_where") ;;
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
    [ $# -ne 1 ] || return 0
    drive=''
    if [ $# -eq 0 ]; then
        finding drive.missing error "no mounted filesystem is a rebuild drive" \
            "mount it by its UUID or label, and run the agent that is on it"
    else
        finding drive.several error "$# rebuild drives are mounted: ${places%, }" \
            "run the agent that is on the one you mean"
    fi
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
    if [ "$is_drive_read_only" = yes ]; then
        finding drive.read-only error "the drive is mounted read-only: what is armed cannot be written down on it" \
            "mount -o remount,rw $drive; where that fails, look at the drive's health"
    elif [ "$(free_kib "$drive")" -lt 256 ] 2>/dev/null; then
        finding drive.full error "the drive has only $(free_kib "$drive") KiB free" "make 256 KiB of room on it"
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

# ks_value NAME: print a number or a word that the guard in the drive's kickstart works with.
ks_value() {
    sed -n "s/^$1=\\([A-Za-z0-9]*\\)\$/\\1/p" "$home/ks.cfg" 2>/dev/null | sed -n 1p
}

# check_target: the disk to erase is there exactly once, and is not the drive. What identifies it is the guard's own.
check_target() {
    KB_SERIAL=$(find_value "$record" target.serial)
    KB_WWN=$(find_value "$record" target.wwn)
    KB_MODEL=$(find_value "$record" target.model)
    KB_BY_ID=$(find_value "$record" target.by_id)
    KB_BY_ID=${KB_BY_ID#/dev/disk/by-id/}
    KB_BY_PATH=$(find_value "$record" target.by_path)
    KB_BY_PATH=${KB_BY_PATH#/dev/disk/by-path/}
    KB_ONLY_OTHER=$(find_value "$record" target.only_other_disk)
    target=''
    words=$(printf '%s\n' "$record" | sed -n "s/^target\\.\\([a-z_]*\\)$tab/\\1 = /p" | tr '\n' ',')
    words=${words%,}
    if [ -z "$KB_SERIAL$KB_WWN$KB_MODEL$KB_BY_ID$KB_BY_PATH$KB_ONLY_OTHER" ]; then
        finding target.unnamed error "the manifest names no disk to erase" "prepare the drive again"
        return
    fi
    matches=''
    for found in "$root/sys/block"/*; do
        found=${found##*/}
        is_candidate "$found" || continue
        ! holds_all "$found" || matches="$matches $found"
    done
    # shellcheck disable=SC2086 # the names of disks are words
    set -- $matches
    if [ $# -eq 0 ]; then
        finding target.missing error "no disk is the one to erase: $words" \
            "compare with the box's disks, and correct the profile's [target]"
        return
    elif [ $# -gt 1 ]; then
        finding target.several error "$# disks could be the one to erase ($*): $words" \
            "name it more closely in the profile's [target]"
        return
    fi
    target=$1
    judge_target "$1"
}

# judge_target SYSFS: what speaks against the disk, and what is on it today.
judge_target() {
    case $source_disks in
    *" $1 "*)
        finding target.is-drive error "the disk to erase, $1, is the rebuild drive itself" \
            "correct the profile's [target]"
        ;;
    esac
    is_candidate "$1" || return
    bytes=$((sectors * 512))
    minimum=$(ks_value KB_MIN_SIZE)
    maximum=$(ks_value KB_MAX_SIZE)
    if [ "$bytes" -lt "${minimum:-0}" ]; then
        finding target.small error "the disk to erase, $1, has $bytes bytes, fewer than the $minimum that are needed" \
            "correct the profile's [target] or the box"
    fi
    if [ "${maximum:-0}" -gt 0 ] && [ "$bytes" -gt "$maximum" ]; then
        finding target.large error "the disk to erase, $1, has $bytes bytes, more than the $maximum that are allowed" \
            "correct the profile's [target] or the box"
    fi
    if [ "$(read_file "$root/sys/block/$1/ro")" = 1 ]; then
        finding target.read-only error "the disk to erase, $1, is read-only" "look at the disk"
    fi
    [ -z "$KB_BY_ID" ] || check_twins "$1"
    [ -z "$KB_BY_ID" ] || check_link "$1" "by-id/$KB_BY_ID"
    [ -z "$KB_BY_PATH" ] || check_link "$1" "by-path/$KB_BY_PATH"
    used=$(mounts | while read -r what where; do
        for below in $(whole_disks "$(sys_name "$what")"); do
            [ "$below" != "$1" ] || printf '%s, ' "$where"
        done
    done)
    if [ -n "$used" ]; then
        finding target.holds info "on $1, which will be erased, are today: ${used%, }"
    else
        finding target.unused info "nothing that is mounted today is on $1, which will be erased"
    fi
}
