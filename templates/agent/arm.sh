# shellcheck shell=sh disable=SC2034,SC2154 # one program in several files

# arm: put the entry in and choose it for one boot. The choice is the last thing that changes on the box.
arm() {
    if [ "$s_phase" = armed ] && [ "$s_profile" = "$profile" ] && [ "$s_digest" = "$digest" ] && is_chosen &&
        has_this_entry; then
        summary="armed already: the next boot rebuilds this box from $profile"
        return 0
    fi
    if [ -n "$s_phase" ]; then
        # Its loader and profile are those of then.
        new_profile=$profile
        profile=$s_profile
        entry_id=kickbuild-$profile
        find_loader && disarm || return 1
        profile=$new_profile
        entry_id=kickbuild-$profile
        find_loader || return 1
        read_state
    fi
    [ "$loader" != grub-legacy ] || read_legacy
    make_stanza || return 1
    note_before
    is_changed=yes
    if begin_step "write down on the drive what is about to be armed"; then
        write_state arming || return 1
    fi
    if [ "$loader" != grub2 ] && begin_step "copy the installer's kernel and initrd into /boot"; then
        copy_boot_files || return 1
    fi
    if [ "$loader" = grub-legacy ]; then
        if begin_step "put the entry $entry_id into $config, and let $env_file choose"; then arm_legacy || return 1; fi
        if begin_step "choose the entry for one boot in $env_file"; then choose_legacy "$l_number" || return 1; fi
    else
        if begin_step "put the entry $entry_id into $config"; then put_entry || return 1; fi
        if begin_step "choose the entry for one boot in $env_file"; then choose_once || return 1; fi
    fi
    if begin_step "write down on the drive that it is armed"; then
        write_state armed || return 1
    fi
    summary="armed: the next boot rebuilds this box from $profile ($title); it is booted once"
}

# has_this_entry: whether the entry in the box's configuration is the one that the drive has today.
has_this_entry() {
    [ "$loader" != grub-legacy ] || read_legacy
    make_stanza && find_block "$root$config" "$entry_id" || return 1
    [ "$(block "$entry_id" "$b_joined" "$b_cr" "$stanza")" = \
        "$(tail -c +"$((b_start + 1))" "$root$config" | head -c "$b_size")" ]
}

# disarm: make the old system the next one, then take everything out again.
disarm() {
    if [ "$loader" = grub-legacy ]; then
        read_legacy
        is_ours=no
        if [ -n "$s_phase" ] || find_head "$root$config"; then is_ours=yes; fi
        if [ "$is_ours" = yes ] && begin_step "make the old system the next one in $env_file"; then
            forget_legacy || return 1
        fi
    elif begin_step "take the choice of one boot back in $env_file"; then
        forget_once || return 1
    fi
    if [ "$s_entry_before" = present ]; then
        # Somebody had put the entry there before it was armed; only the lines that make it count once go.
        if [ "$loader" = grub-legacy ] && begin_step "take the choice of one boot out of $config"; then
            file=$root$config
            put "$file" without_head "$file" || return 1
        fi
    elif begin_step "take the entry $entry_id out of $config"; then
        take_entry || return 1
    fi
    if [ "$loader" = grub-legacy ] && [ "$is_ours" = yes ] && begin_step "give $env_file back its content"; then
        restore_legacy || return 1
    fi
    if [ "$loader" != grub2 ] && [ "$s_copies" != present ] && begin_step "remove the installer's files from /boot"; then
        remove_boot_files || return 1
    fi
    if [ -n "$s_phase" ] && begin_step "remove what the drive says of it"; then
        drop "$state" || return 1
    fi
    s_phase=''
}

# take_lock: let no other agent change the box meanwhile; fail where one does.
take_lock() {
    lock=''
    for place in "$root/run" "$root/var/run" "$root/tmp"; do
        [ -n "$lock" ] || [ ! -d "$place" ] || lock=$place/kickbuild-agent.lock
    done
    [ -n "$lock" ] || return 0
    for try in 1 2; do
        if (set -C && printf '%s\n' $$ >"$lock") 2>/dev/null; then
            return 0
        fi
        holder=$(read_file "$lock")
        case $holder in
        '' | *[!0-9]*) ;;
        *) if [ "$holder" != $$ ] && tr '\000' ' ' <"/proc/$holder/cmdline" 2>/dev/null | grep -q agent; then
            finding agent.busy error "another agent (process $holder) is at work on this box" "wait until it has ended"
            lock=''
            return 1
        fi ;;
        esac
        [ "$try" = 2 ] || rm -f "$lock"
    done
    finding agent.busy error "$lock cannot be written" "remove it, where no other agent is at work"
    lock=''
    return 1
}
