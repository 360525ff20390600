# shellcheck shell=dash
# The stand-in's installation: it obeys the storage commands, writes a mark and a small system, and runs %post. Sourced
# by init.
: "${release:?}" "${kickstart:?}" "${source_device=}" "${storage:?}"
: "${visible=}" "${cleared=}" "${chosen=}" "${loader=}"

serial_of() {
    udevadm info --query=property --name="/dev/$1" | sed -n 's/^ID_SERIAL_SHORT=//p; s/^ID_SERIAL=//p' | tail -n 1
}

install_system() {
    read_storage
    if [ -n "$(command_line zerombr)" ]; then
        label_blank_disks
    fi
    for disk in $cleared; do
        write_table "$disk"
        echo "STANDIN-INSTALLED disk=$disk serial=$(serial_of "$disk")"
    done
    [ ! -d /sys/firmware/efi ] || return 0
    # The code that lies before the table.
    head -c 440 /new-system | dd of="/dev/$loader" conv=notrunc 2>/dev/null
    is_in "$loader" "$cleared" || echo "STANDIN-LOADER disk=$loader"
}

# zerombr gives a new label to every disk that the installer sees and whose content it does not know.
label_blank_disks() {
    for disk in $visible; do
        if ! is_in "$disk" "$cleared" && is_blank "$disk"; then
            printf 'ZEROMBR' | dd of="/dev/$disk" conv=notrunc 2>/dev/null
            echo "STANDIN-LABELLED disk=$disk"
        fi
    done
}

# write_table DISK: a label with the first four partitions that are to be on it, and a mark in the first block of the
# first, which no filesystem uses. The EFI partition gets a boot loader.
write_table() {
    partitions_on "$1" >/tmp/partitions || stuck "there is no room on $1 for its partitions"
    start=1
    at=446
    dd if=/dev/zero of="/dev/$1" bs=1M count=1 conv=notrunc 2>/dev/null
    while read -r size type; do
        { printf '\200\0\0\0%b\0\0\0' "\\0$type" && little_endian $((start * 2048)) && little_endian $((size * 2048)); } |
            dd of="/dev/$1" bs=1 seek=$at conv=notrunc 2>/dev/null
        [ "$type" != 357 ] || dd if=/new-esp of="/dev/$1" bs=1M seek=$start conv=notrunc 2>/dev/null
        start=$((start + size))
        at=$((at + 16))
    done </tmp/partitions
    printf '\125\252' | dd of="/dev/$1" bs=1 seek=510 conv=notrunc 2>/dev/null
    [ $at -eq 446 ] || printf 'installed by the stand-in' | dd of="/dev/$1" bs=1M seek=1 conv=notrunc 2>/dev/null
}

# little_endian NUMBER: its four bytes.
little_endian() {
    # shellcheck disable=SC2059 # the format is made here
    printf "$(printf '\\%03o\\%03o\\%03o\\%03o' $(($1 & 255)) $(($1 >> 8 & 255)) $(($1 >> 16 & 255)) $(($1 >> 24 & 255)))"
}

# partitions_on DISK: the MiB of each partition and its type as octal digits. The last that grows gets what is left.
partitions_on() {
    sed -n '/^\(part\|partition\|autopart\|reqpart\)\( \|$\)/p' "$storage" | while read -r command rest; do
        disk=$(resolve "$(option ondisk "$rest")$(option ondrive "$rest")")
        [ "${disk:-$(candidates | head -n 1)}" = "$1" ] || continue
        case "$command $rest" in
        reqpart*) [ ! -d /sys/firmware/efi ] || echo "200 357" ;;
        autopart*) echo "1024 203 --grow" ;;
        *' /boot/efi '*) echo "$(option size "$rest") 357" ;;
        *) echo "$(option size "$rest") 203 $(words "$rest" | grep -x -e --grow)" ;;
        esac
    done | sort -s -k 2,2 | awk -v "room=$(($(cat "/sys/block/$1/size") / 2048 - 1))" '
        { size[NR] = $1; type[NR] = $2; room -= $1 }
        $3 { grows = NR }
        END {
            if (room < 0) exit 1
            for (n = 1; n <= NR && n <= 4; n++) print size[n] + (n == grows ? room : 0), type[n]
        }'
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
    # Not all of its many gigabytes: they are written for nothing.
    first=/dev/$(basename "$(find "/sys/block/$1/" -maxdepth 1 -name "$1*1")")
    mke2fs -L NEWROOT "$first" 131072 >/tmp/mke2fs.log 2>&1 || stuck "no filesystem can be made on $1: $(cat /tmp/mke2fs.log)"
    mkdir -p /mnt/sysimage "$root"
    mount "$first" /mnt/sysimage || stuck "the new filesystem on $1 cannot be mounted"
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
