# shellcheck shell=sh disable=SC2034,SC2154 # one program in several files

# arm: put the entry in and choose it for one boot. The choice is the last thing that changes on the box.
arm() {
    if [ "$s_phase" = armed ] && [ "$s_profile" = "$profile" ] && [ "$s_digest" = "$digest" ] && [ -n "$s_id" ] &&
        is_chosen && has_this_entry && has_this_keep; then
        told_id=$s_id
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
    note_before || return 1
    is_changed=yes
    if begin_step "write down on the drive what is about to be armed"; then
        write_state arming || return 1
    fi
    if { [ -n "$keep" ] || [ -n "$(find_keeps)" ]; } && begin_step "keep on the drive what the new system gets back: ${keep:-nothing}"; then
        save_keep || return 1
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
        told_id=$s_id
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
        # Somebody had put the entry there before it was armed.
        if begin_step "give $config the entry back that it had"; then restore_entry || return 1; fi
    elif begin_step "take the entry $entry_id out of $config"; then
        take_entry || return 1
    fi
    if [ "$loader" = grub-legacy ] && [ "$is_ours" = yes ] && begin_step "give $env_file back its content"; then
        restore_legacy || return 1
    fi
    if [ "$loader" != grub2 ] && [ "$s_copies" != present ] && begin_step "remove the installer's files from /boot"; then
        remove_boot_files || return 1
    fi
    if [ -n "$(find_keeps)" ] && begin_step "remove from the drive what was kept for the new system"; then
        remove_keeps || return 1
    fi
    if [ -n "$s_phase" ] && begin_step "remove what the drive says of it"; then
        drop "$state" || return 1
    fi
    s_phase=''
}

# enter: put the entry into the box's loader without choosing it.
enter() {
    [ "$loader" != grub-legacy ] || read_legacy
    if has_this_entry && has_boot_files; then
        summary="the entry is there already"
        return 0
    fi
    is_changed=yes
    if [ "$loader" != grub2 ] && begin_step "copy the installer's kernel and initrd into /boot"; then
        copy_boot_files || return 1
    fi
    if begin_step "put the entry $entry_id into $config"; then put_entry || return 1; fi
    summary="the entry is in the menu; nothing chooses it"
}

# leave: take the entry out again.
leave() {
    if begin_step "take the entry $entry_id out of $config"; then take_entry || return 1; fi
    if [ "$loader" != grub2 ] && begin_step "remove the installer's files from /boot"; then
        remove_boot_files || return 1
    fi
    summary="the entry is out of the menu"
}

# take_lock: let no other agent change the box meanwhile; fail where one does.
take_lock() {
    [ -z "$lock" ] || return 0
    lock=$(place_of_own) || {
        lock=''
        return 0
    }
    lock=$root$lock/kickbuild-agent.lock
    for try in 1 2; do
        if (set -C && printf '%s\n' $$ >"$lock") 2>/dev/null; then
            return 0
        fi
        holder=$(read_file "$lock")
        if is_agent "$holder"; then
            finding agent.busy error "another agent (process $holder) is at work on this box" "wait until it has ended"
            lock=''
            return 1
        fi
        [ "$try" = 2 ] || rm -f "$lock"
    done
    finding agent.busy error "$lock cannot be written" "remove it, where no other agent is at work"
    lock=''
    return 1
}
