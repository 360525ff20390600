# shellcheck shell=dash
# The stand-in's installation: it obeys the storage commands, writes a mark and a small system, and runs %post. Sourced
# by init.
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

# write_system DISK: a boot sector, one partition, and in its first block, which no filesystem uses, a mark.
write_system() {
    dd if=/new-system of="/dev/$1" conv=notrunc 2>/dev/null
    # From sector 2048 on, 262144 sectors of Linux.
    printf '\200\0\0\0\203\0\0\0\0\010\0\0\0\0\004\0' | dd of="/dev/$1" bs=1 seek=446 conv=notrunc 2>/dev/null
    printf 'installed by the stand-in' | dd of="/dev/$1" bs=1M seek=1 conv=notrunc 2>/dev/null
    echo "STANDIN-INSTALLED disk=$1 serial=$(serial_of "$1")"
}

# finish_system: what the real one does with the new system mounted, where the kickstart asks for it.
finish_system() {
    sections post
    [ -e /tmp/post-1.header ] || return 0
    # RHEL 8.3 and newer bind the new system to a second place.
    root=/mnt/sysimage
    [ "$release" -le 7 ] || root=/mnt/sysroot
    make_root "$(printf '%s\n' "$chosen" | head -n 1)"
    number=1
    while [ -e "/tmp/post-$number.header" ]; do
        header=$(cat "/tmp/post-$number.header")
        interpreter=$(option interpreter "$header")
        chmod 700 "/tmp/post-$number"
        status=0
        case $header in
        *--nochroot*) (cd / && exec "${interpreter:-/bin/sh}" "/tmp/post-$number") >"/tmp/post-$number.log" 2>&1 || status=$? ;;
        *)
            cp "/tmp/post-$number" "$root/tmp/post"
            chroot "$root" "${interpreter:-/bin/sh}" /tmp/post >"/tmp/post-$number.log" 2>&1 || status=$?
            rm "$root/tmp/post"
            ;;
        esac
        sed 's/^/%post: /' "/tmp/post-$number.log"
        say "%post number $number ended with status $status"
        number=$((number + 1))
    done
    echo "STANDIN-FINISHED drive=$(sed -n "s|^$source_device [^ ]* [^ ]* \(r[ow]\).*|\1|p" /proc/mounts | head -n 1)"
    umount -R /mnt/sysimage || say "the new system is busy"
    [ "$release" -le 7 ] || umount -R /mnt/sysroot || say "the new system is busy there"
}

# make_root DISK: a filesystem with a small system of its release, mounted with what every installer mounts into it.
make_root() {
    # What its last users left behind may hold the disk for a moment.
    for try in 1 2 3; do
        blockdev --rereadpt "/dev/$1" && break
        say "the partitions of $1 are not read again, $try"
        sleep 1
    done
    udevadm settle --timeout=30
    mke2fs -L NEWROOT "/dev/${1}1" >/tmp/mke2fs.log 2>&1 || stuck "no filesystem can be made on $1: $(cat /tmp/mke2fs.log)"
    mkdir -p /mnt/sysimage "$root"
    mount "/dev/${1}1" /mnt/sysimage || stuck "the new filesystem on $1 cannot be mounted"
    for directory in usr bin sbin lib lib64; do
        cp -a "/$directory" /mnt/sysimage/
    done
    for directory in proc sys dev run tmp mnt etc/ssh root var; do
        mkdir -p "/mnt/sysimage/$directory"
    done
    cp -a /etc/passwd /etc/group /mnt/sysimage/etc/
    cp -a /new-root/. /mnt/sysimage/
    for directory in proc sys dev run; do
        mount --bind "/$directory" "/mnt/sysimage/$directory"
    done
    [ "$root" = /mnt/sysimage ] || mount --rbind /mnt/sysimage "$root"
}
