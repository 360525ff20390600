# shellcheck shell=sh disable=SC2034,SC2154 # one program in several files

# check_tools: what the agent calls is there.
check_tools() {
    absent=''
    for found in awk blkid cat chmod cmp cp date df grep head id ls mkdir mv readlink rm rmdir sed sha256sum sync tail tr uname; do
        command -v $found >/dev/null 2>&1 || absent="$absent $found"
    done
    [ -z "$absent" ] || finding tools.missing error "these programs are missing:$absent" "install coreutils, util-linux"
}

check_privileges() {
    [ "$(id -u 2>/dev/null)" = 0 ] ||
        finding privileges error "this is not root: disks cannot be looked at, and nothing can be armed" "use sudo"
}

# check_box: what the machine itself must be.
check_box() {
    facts_of_release=$(release_facts "$handler")
    if [ -z "$facts_of_release" ]; then
        finding release.unknown error "this agent does not know the installer of $release ($handler)" \
            "prepare the drive again: the agent on it is then newer"
        return
    fi
    # shellcheck disable=SC2086 # words: MiB of memory, what it reads of the network, names of the kickstart argument
    set -- $facts_of_release
    memory=$(awk '$1 == "MemTotal:" { print int($2 / 1024) }' "$root/proc/meminfo" 2>/dev/null)
    # The kernel keeps a part of the memory for itself and does not count it.
    if [ -z "$memory" ]; then
        finding memory.unknown warning "nobody can tell how much memory the box has"
    elif [ "$((memory * 10))" -lt "$(($1 * 9))" ]; then
        finding memory error "the box has $memory MiB of memory, and the installer of $release needs $1" \
            "give the box more memory"
    fi
    machine=$(uname -m)
    case $arch/$machine in
    "$machine/$arch" | i386/i?86 | i386/x86_64) ;;
    *) finding arch error "the installer is for $arch, and this box is $machine" "use the ISO for $machine" ;;
    esac
    wanted=$(ks_value KB_FIRMWARE)
    if [ -n "$wanted" ] && [ -n "${firmware:-}" ] && [ "$wanted" != "$firmware" ]; then
        finding firmware error "the profile is for boxes that boot by $wanted, and this one booted by $firmware" \
            "correct the profile, or the box's firmware settings"
    fi
    shift 2
    check_entry " $* "
    check_secure_boot
    if grep -q -e '\(^\| \)\(inst\.\)\?ks=' -e 'inst\.stage2=' "$root/proc/cmdline" 2>/dev/null ||
        [ -d "$root/run/install" ]; then
        finding box.installer error "this box runs an installer, not its own system" "wait until it has ended"
    fi
    if [ "$(date +%s)" -lt 1704067200 ]; then
        finding clock warning "the box's clock says $(date -u +%Y-%m-%d): what it writes down has a wrong time" \
            "set the clock"
    fi
}

# check_entry NAMES: the installer of this release understands what the entry says, and the entry means this drive.
check_entry() {
    [ -n "${loader:-}" ] && [ -r "$home/entry.$loader" ] || return 0
    case $find_by in
    label) name=LABEL=$drive_label ;;
    *) name=UUID=$drive_uuid ;;
    esac
    is_named=no
    for argument in $1; do
        ! grep -q -F -e " $argument=hd:$name:" -e "'$argument=hd:$name:" "$home/entry.$loader" || is_named=yes
    done
    if [ $is_named = no ]; then
        finding entry.unsupported error "the entry does not name its kickstart on this drive ($name) as the installer \
of $release reads it" "prepare the drive again"
    fi
}

# check_secure_boot: a kernel of another distribution is not trusted by this one's boot loader.
check_secure_boot() {
    secure=''
    for found in "$root/sys/firmware/efi/efivars"/SecureBoot-* "$root/sys/firmware/efi/vars"/SecureBoot-*/data; do
        [ -f "$found" ] || continue
        secure=$(tail -c 1 "$found" | tr '\000\001' '01')
    done
    [ "$secure" = 1 ] || return 0
    box=$(sed -n 's/^ID=//p' "$root/etc/os-release" 2>/dev/null | tr -d '"')
    made=$(printf '%s' "$release" | sed 's/[0-9.]*$//')
    case $made/$box in
    rhel/rhel | centos/centos | centos-stream/centos | rocky/rocky | alma/almalinux | oracle/ol | fedora/fedora)
        finding secure-boot info "Secure Boot is on; the installer is of the box's own distribution"
        ;;
    *)
        finding secure-boot warning "Secure Boot is on, and the box (${box:-unknown}) may not trust the kernel of \
$release" "GRUB then goes home to the old system; enrol the key, or switch Secure Boot off"
        ;;
    esac
}

# check_earlier: what is armed already, by us or by others.
check_earlier() {
    once=''
    if [ "$loader" != grub-legacy ]; then
        if [ -z "$editenv" ]; then
            finding tools.missing error "grub2-editenv is missing" "install grub2-tools"
            return
        fi
        once=$(chosen_once)
        case $once in
        '' | kickbuild-*) ;;
        *) finding oneshot.foreign error "the next boot is chosen already: $once" \
            "$editenv $env_file unset next_entry, where nobody needs that" ;;
        esac
    fi
    case $s_phase in
    arming) finding armed.unfinished warning "arming $s_profile was begun $s_since and not ended" \
        "arm or disarm: both clear it first" ;;
    armed) finding armed.earlier info "$s_profile was armed $s_since by $s_by; arming anew clears that first" ;;
    esac
}

# check_all: every check; what one finds stops none of the others that can still be made.
check_all() {
    check_privileges
    find_drive || drive_fails=yes
    if [ -z "$drive_fails" ] && check_manifest && choose_profile; then
        read_profile
        entry_id=kickbuild-$profile
        read_state
        check_keep
        check_drive
        check_files
        check_target
    else
        drive_fails=yes
        [ -n "$profile" ] || profile=unknown
        entry_id=kickbuild-$profile
    fi
    find_editenv
    if find_loader; then
        check_config
        [ "$loader" != grub-legacy ] || check_legacy
        if [ -z "$drive_fails" ]; then
            check_loader
            check_earlier
        fi
    fi
    [ -n "$drive_fails" ] || check_box
}
