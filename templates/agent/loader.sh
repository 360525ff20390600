# shellcheck shell=sh disable=SC2034,SC2154 # one program in several files

# find_loader: set loader (grub2, bls or grub-legacy), grub_config to the configuration that the loader reads, config to
# the file that the entry goes into, and env_file to what holds the choice of one boot. Fails where that cannot be told.
find_loader() {
    loader=''
    grub_config=''
    config=''
    env_file=''
    firmware=bios
    [ ! -d "$root/sys/firmware/efi" ] || firmware=uefi
    modern=''
    legacy=''
    if [ "$firmware" = uefi ]; then
        for found in "$root/boot/efi/EFI"/*/grub.cfg; do
            note_modern "${found#"$root"}"
        done
        for found in "$root/boot/efi/EFI"/*/grub.conf; do
            note_legacy "${found#"$root"}"
        done
    else
        note_modern /boot/grub2/grub.cfg
        note_modern /boot/grub/grub.cfg
        note_legacy /boot/grub/grub.conf
        note_legacy /boot/grub/menu.lst
    fi
    # shellcheck disable=SC2086 # see note_modern
    set -- $modern $legacy
    if [ $# -eq 0 ]; then
        finding loader.none error "no configuration of a boot loader was found for $firmware" \
            "is /boot mounted, and on UEFI /boot/efi? only GRUB is known"
        return 1
    fi
    if [ $# -gt 1 ]; then
        finding loader.several error "there are $# configurations of boot loaders: $*" \
            "nobody can tell which one the box reads: move what is left from another loader out of /boot"
        return 1
    fi
    grub_config=$1
    if [ -n "$legacy" ]; then use_legacy; else use_grub2; fi
}

# note_modern PATH, note_legacy PATH: note a configuration, each once. A stub on the EFI partition leads to /boot.
note_modern() {
    [ -f "$root$1" ] || return 0
    noted=$(real_of "$1") || return 0
    if grep -q configfile "$root$noted" && ! grep -q -e '^[[:space:]]*menuentry' -e blscfg "$root$noted"; then
        noted=''
        for main in /boot/grub2/grub.cfg /boot/grub/grub.cfg; do
            if [ -n "$noted" ] || [ ! -f "$root$main" ]; then continue; fi
            noted=$(real_of "$main") || noted=''
        done
    fi
    note_once modern
}
note_legacy() {
    [ -f "$root$1" ] || return 0
    noted=$(real_of "$1") || return 0
    grep -q '^[[:space:]]*title[[:space:]=]' "$root$noted" || return 0
    note_once legacy
}
note_once() {
    case $noted in
    '' | *[!A-Za-z0-9_./+-]*) return 0 ;;
    esac
    case " $modern $legacy " in
    *" $noted "*) ;;
    *) if [ "$1" = modern ]; then modern="$modern $noted"; else legacy="$legacy $noted"; fi ;;
    esac
}

use_legacy() {
    loader=grub-legacy
    config=$grub_config
    env_file=${config%/*}/default
    if [ "$firmware" = uefi ]; then
        finding loader.legacy-uefi error "GRUB legacy on UEFI cannot forget a choice of one boot" \
            "choose the Rebuild entry by hand, at the box's console"
        return 1
    fi
}

use_grub2() {
    env_file=${grub_config%/*}/grubenv
    if [ -e "$root$env_file" ] || [ -h "$root$env_file" ]; then
        env_file=$(real_of "$env_file") || {
            finding loader.no-env error "$grub_config has a grubenv beside it that leads nowhere" \
                "mend the link ${grub_config%/*}/grubenv"
            return 1
        }
    fi
    if grep -q custom.cfg "$root$grub_config"; then
        loader=grub2
        config=${grub_config%/*}/custom.cfg
        if [ -h "$root$config" ]; then
            config=$(real_of "$config") || {
                finding config.link error "${grub_config%/*}/custom.cfg is a link that leads nowhere" "mend the link"
                return 1
            }
        fi
    elif grep -q blscfg "$root$grub_config"; then
        loader=bls
        config=/boot/loader/entries/kickbuild-$profile.conf
    else
        finding loader.no-custom error "$grub_config does not read custom.cfg beside it" \
            "write it anew with grub2-mkconfig: 41_custom does that"
        return 1
    fi
}

# find_editenv: set editenv to the program that edits GRUB's environment block.
find_editenv() {
    editenv=''
    for found in grub2-editenv grub-editenv; do
        [ -z "$editenv" ] || continue
        ! command -v $found >/dev/null 2>&1 || editenv=$found
    done
}

# abstraction_of SYSFS: print what lies between a filesystem and its disk that GRUB reads through but cannot write
# through; nothing where there is nothing.
abstraction_of() {
    case $1 in
    md[0-9_]*) printf 'a software RAID\n' ;;
    esac
    layer=$(read_file "$root/sys/class/block/$1/dm/uuid")
    [ -n "$layer" ] || layer=$(read_file "$root/sys/block/$1/dm/uuid")
    case $layer in
    LVM-*) printf 'LVM\n' ;;
    # To the firmware a disk with several paths is a disk.
    mpath-* | part*-mpath-*) ;;
    ?*) printf 'the device mapper (%s)\n' "${layer%%-*}" ;;
    *) case $1 in dm-*) printf 'the device mapper\n' ;; esac ;;
    esac
}

# check_loader: the loader makes one boot's choice and forgets it, and its files can be written.
check_loader() {
    if [ "$loader" != grub-legacy ]; then
        if ! grep -q next_entry "$root$grub_config" || ! grep -q load_env "$root$grub_config"; then
            finding loader.no-one-shot error "$grub_config does not read the choice of one boot (next_entry)" \
                "write it anew with grub2-mkconfig"
        fi
        if grep -q '^[[:space:]]*set timeout=-1' "$root$grub_config"; then
            finding loader.waits warning "$grub_config waits for a key for ever (timeout=-1)" \
                "the box does not come home by itself: give GRUB_TIMEOUT a number of seconds"
        fi
    fi
    check_one_shot
    check_places
    check_room
}

# check_places: the directories that are written to are there, and may be written.
check_places() {
    for place in "${config%/*}" "${env_file%/*}" "$([ "$loader" = grub2 ] || printf /boot)"; do
        [ -n "$place" ] || continue
        if [ ! -d "$root$place" ]; then
            finding loader.no-directory error "$place is not there" "is this the configuration that the box reads?"
            continue
        fi
        mount_of "$(real_of "$place")"
        if is_read_only; then
            finding boot.read-only error "$m_point is mounted read-only" "mount -o remount,rw $m_point"
        fi
    done
}

# check_one_shot: GRUB writes the choice back through nothing but a plain filesystem of these kinds; elsewhere it would
# boot the entry again and again.
check_one_shot() {
    mount_of "$(real_of "${env_file%/*}")"
    ways="move /boot (on UEFI with RHEL 7 or 8: the EFI partition) to a plain partition of ext4 or xfs, or choose the"
    ways="$ways Rebuild entry by hand, at the box's console"
    case $loader-$m_type in
    grub2-ext[234] | grub2-xfs | grub2-vfat | bls-ext[234] | bls-xfs | bls-vfat | grub-legacy-ext[234]) ;;
    *)
        finding oneshot.filesystem error "GRUB cannot write to ${m_type:-the filesystem} on ${m_point:-/boot}: \
it would boot the Rebuild entry again and again" "$ways"
        return
        ;;
    esac
    between=$(abstraction_of "$(sys_name "$(kernel_name "$m_device")")")
    if [ -n "$between" ]; then
        finding oneshot.abstraction error "$m_point is on $between, through which GRUB cannot write: \
it would boot the Rebuild entry again and again" "$ways"
    fi
}

# check_room: what is written below /boot fits.
check_room() {
    needed=64
    place=${config%/*}
    if [ "$loader" != grub2 ]; then
        place=/boot
        if [ ! -f "$root/boot/kickbuild-$profile-vmlinuz" ] || [ ! -f "$root/boot/kickbuild-$profile-initrd.img" ]; then
            needed=$((1024 + ($(size_of "$kernel_file") + $(size_of "$initrd_file")) / 1024))
        fi
    fi
    room=$(free_kib "$place")
    case $room in
    '' | *[!0-9]*) finding boot.unknown-room warning "nobody can tell how much is free in $place" ;;
    *)
        if [ "$room" -lt "$needed" ]; then
            finding boot.full error "$place has $room KiB free, and $needed are needed" \
                "remove old kernels from /boot"
        fi
        ;;
    esac
}
