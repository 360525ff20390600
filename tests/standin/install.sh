# shellcheck shell=dash
# The stand-in's installation: it obeys the storage commands and writes a mark. Sourced by init.
: "${release:?}" "${kickstart:?}" "${source_device=}"
storage=/tmp/storage.ks

# Every command, with what %pre wrote in the place of its %include.
whole_kickstart() {
    commands "$kickstart" | while read -r line; do
        case $line in
        '%include '*)
            included=${line#%include }
            [ -r "$included" ] || exit 1
            commands "$included"
            ;;
        *) printf '%s\n' "$line" ;;
        esac
    done
}

command_line() { sed -n "/^$1\( \|\$\)/p" "$storage" | tail -n 1; }

disks() {
    for found in /sys/block/*; do
        case ${found##*/} in
        loop* | ram* | zram* | sr* | fd*) ;;
        *) printf '%s\n' "${found##*/}" ;;
        esac
    done
}

# resolve LIST: the kernel's names of the disks in a list with commas; a name that is no disk is an error there too.
resolve() {
    for word in $(printf '%s\n' "$1" | tr ',' ' '); do
        found=$(readlink -f "/dev/${word#/dev/}")
        [ -b "$found" ] && [ -d "/sys/block/${found##*/}" ] || return 1
        printf '%s\n' "${found##*/}"
    done
}

is_in() { printf '%s\n' "$2" | grep -qx "$1"; }

serial_of() {
    udevadm info --query=property --name="/dev/$1" | sed -n 's/^ID_SERIAL_SHORT=//p; s/^ID_SERIAL=//p' | tail -n 1
}

# visible_disks: what ignoredisk leaves the installer to see.
visible_disks() {
    line=$(command_line ignoredisk)
    only=$(resolve "$(option only-use "$line")") || stuck "ignoredisk names no disk: $line"
    ignored=$(resolve "$(option drives "$line")") || stuck "ignoredisk names no disk: $line"
    for disk in $(disks); do
        { [ -z "$only" ] || is_in "$disk" "$only"; } && ! is_in "$disk" "$ignored" && printf '%s\n' "$disk"
    done
}

# chosen_disks: every disk that clearpart erases or on which a partition is made.
chosen_disks() {
    line=$(command_line clearpart)
    named=$(option drives "$line")
    if [ -n "$line" ] && [ -z "$named" ]; then
        printf '%s\n' "$visible"
        return
    fi
    resolve "$named" || return 1
    sed -n '/^part\(ition\)* /p' "$storage" | while read -r line; do
        resolve "$(option ondisk "$line")" || exit 1
    done
}

install_system() {
    whole_kickstart >"$storage" || stuck "a file that the kickstart includes is missing"
    visible=$(visible_disks)
    chosen=$(chosen_disks) || stuck "the storage commands name a disk that is not there"
    chosen=$(printf '%s\n' "$chosen" | sort -u)
    [ -n "$chosen" ] || stuck "the storage commands name no disk"
    loader_disk
    source_is_visible
    for disk in $chosen; do
        is_in "$disk" "$visible" || stuck "the disk $disk is to be used and to be ignored"
    done
    if [ -n "$(command_line zerombr)" ]; then
        label_blank_disks
    fi
    for disk in $chosen; do
        write_system "$disk"
    done
}

loader_disk() {
    line=$(command_line bootloader)
    named="$(option boot-drive "$line"),$(option driveorder "$line")"
    first=$(resolve "$named" | head -n 1)
    is_in "${first:-none}" "$chosen" || stuck "the boot loader does not go to a chosen disk: $line"
}

# RHEL 7 looks for its source among the disks that ignoredisk leaves.
source_is_visible() {
    [ "$release" -eq 7 ] || return 0
    partition=$(readlink -f "/sys/class/block/${source_device#/dev/}")
    is_in "$(basename "$partition")" "$visible" || is_in "$(basename "${partition%/*}")" "$visible" ||
        stuck "ignoredisk hides the source $source_device"
}

# zerombr gives a new label to every disk that the installer sees and whose content it does not know.
label_blank_disks() {
    for disk in $visible; do
        if ! is_in "$disk" "$chosen" && ! blkid -p "/dev/$disk" >/dev/null; then
            printf 'ZEROMBR' | dd of="/dev/$disk" conv=notrunc 2>/dev/null
            echo "STANDIN-LABELLED disk=$disk"
        fi
    done
}

write_system() {
    dd if=/new-system of="/dev/$1" conv=notrunc 2>/dev/null
    printf 'installed by the stand-in' | dd of="/dev/$1" bs=1M seek=1 conv=notrunc 2>/dev/null
    echo "STANDIN-INSTALLED disk=$1 serial=$(serial_of "$1")"
}
