# shellcheck shell=dash
# The stand-in's storage commands: which disks they erase, partition and make bootable, by the rules of each release.
# Sourced by init. Rules: blivet, and the installer's kickstart.py (6, 7) or its storage modules (from 8 on).
# The stand-in protects the source's partition no more than any other one: only the guard and these commands do.
: "${release:?}" "${kickstart:?}" "${source_device=}"
storage=/tmp/storage.ks
visible='' cleared='' chosen='' loader=''

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

# disk_of PARTITION: the kernel's name of the disk that it is on.
disk_of() {
    found=$(readlink -f "/sys/class/block/$(basename "$(readlink -f "/dev/${1#/dev/}")")")
    [ -e "$found/partition" ] && basename "${found%/*}"
}

is_in() { printf '%s\n' "$2" | grep -qx "$1"; }

is_blank() { ! blkid -p "/dev/$1" >/dev/null; }

# read_storage: set $visible, $cleared, $chosen (the disks that get partitions) and $loader, or be stuck as the real one.
read_storage() {
    whole_kickstart >"$storage" || stuck "a file that the kickstart includes is missing"
    visible=$(visible_disks)
    cleared=$(cleared_disks) || stuck "clearpart names a disk that is not there"
    chosen=$(chosen_disks) || stuck "the storage commands name a disk that is not there"
    chosen=$(printf '%s\n' "$chosen" | sort -u)
    [ -n "$chosen" ] || stuck "the storage commands name no disk"
    loader=$(loader_disk) || stuck "the boot loader's disk cannot be used"
    source_is_visible
    for disk in $cleared $chosen $loader; do
        is_in "$disk" "$visible" || stuck "the disk $disk is to be used and to be ignored"
    done
    for disk in $chosen; do
        is_in "$disk" "$cleared" || stuck "there is no room on $disk, of which nothing is cleared"
    done
    [ -n "$(command_line zerombr)" ] || no_disk_is_blank
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

# cleared_disks: those that clearpart empties: all that are visible where it names none.
cleared_disks() {
    line=$(command_line clearpart)
    [ -z "$(option list "$line")" ] || stuck "the stand-in knows no clearpart --list"
    case " $line " in
    *' --none '*) return ;;
    *' --all '*) ;;
    *' --linux '*) stuck "the stand-in knows no clearpart --linux" ;;
    *) return ;;
    esac
    named=$(option drives "$line")
    [ -n "$named" ] || { printf '%s\n' "$visible" && return; }
    resolve "$named"
}

# chosen_disks: those on which a partition is made or used.
chosen_disks() {
    sed -n '/^\(part\|partition\|autopart\|reqpart\)\( \|$\)/p' "$storage" | while read -r line; do
        onpart=$(option onpart "$line")$(option usepart "$line")
        ondisk=$(option ondisk "$line")$(option ondrive "$line")
        if [ -n "$onpart" ]; then
            disk_of "$onpart" || exit 1
        elif [ -n "$ondisk" ]; then
            resolve "$ondisk" || exit 1
        else
            candidates | head -n 1
        fi
    done
}

# candidates: where a partition may go that names no disk. Since RHEL 8.3 clearpart --drives does not limit that.
candidates() {
    if [ "$release" -le 7 ] && [ -n "$(option drives "$(command_line clearpart)")" ]; then
        printf '%s\n' "$cleared"
    else
        printf '%s\n' "$visible"
    fi
}

# loader_disk: RHEL 6 knows --driveorder alone; what names no disk means the first that is visible.
loader_disk() {
    line=$(command_line bootloader)
    named=$(option boot-drive "$line")
    [ -z "$named" ] || [ "$release" -ge 7 ] || return 1
    named=$(resolve "${named:-$(option driveorder "$line")}") || return 1
    printf '%s\n%s\n' "$named" "$visible" | grep . | head -n 1
}

# RHEL 7 looks for its source among the disks that ignoredisk leaves.
source_is_visible() {
    [ "$release" -eq 7 ] || return 0
    partition=$(readlink -f "/sys/class/block/${source_device#/dev/}")
    is_in "$(basename "$partition")" "$visible" || is_in "$(basename "${partition%/*}")" "$visible" ||
        stuck "ignoredisk hides the source $source_device"
}

# no_disk_is_blank: without zerombr RHEL 6 asks about each blank disk, and what is newer cannot use one.
no_disk_is_blank() {
    asked=$chosen
    [ "$release" -ge 7 ] || asked=$visible
    for disk in $asked; do
        ! is_blank "$disk" || stuck "$disk has no label, and there is no zerombr"
    done
}
