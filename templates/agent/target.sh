# shellcheck shell=sh disable=SC2034,SC2154 # one program in several files

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
    target_serial=''
    target_bytes=''
    target_mounts=''
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
    target_bytes=$bytes
    disk_properties=$(properties "$1")
    target_serial=$(serials "$1" | sed -n '/[^[:space:]]/{p;q;}')
    target_serial=$(trim "$target_serial")
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
    target_mounts=$(mounts | while read -r what where; do
        for below in $(whole_disks "$(sys_name "$what")"); do
            [ "$below" != "$1" ] || printf '%s, ' "$where"
        done
    done)
    target_mounts=${target_mounts%, }
    if [ -n "$target_mounts" ]; then
        finding target.holds info "on $1, which will be erased, are today: $target_mounts"
    else
        finding target.unused info "nothing that is mounted today is on $1, which will be erased"
    fi
}
