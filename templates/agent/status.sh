# shellcheck shell=sh disable=SC2034,SC2154 # one program in several files

# run_status: what is armed, and what became of the last rebuild; run_report: and what it left behind.
run_status() {
    look_at_drive
    check_privileges
    if [ "$lacks" -gt 0 ]; then
        summary="nobody but root can tell what is armed"
        end 4
    fi
    read_state
    told_id=$s_id
    find_editenv
    summary="nothing is armed"
    now=none
    is_entered=absent
    asked=$profile
    profile=${s_profile:-$asked}
    if find_loader; then
        [ -n "$profile" ] || profile=$(chosen_profile)
        [ -n "$profile" ] || profile=$(only_profile)
        tell_choice
    elif [ -n "$s_phase" ]; then
        now=unfinished
        summary="nobody can tell whether the box is armed: $s_profile was, $s_since, by what the drive says"
    fi
    [ "$now" != none ] || told_id=''
    [ -n "$profile" ] || profile=$(only_profile)
    use_profile
    if [ "$now" = armed ] && [ -n "$digest" ] && [ -n "$s_digest" ] && [ "$digest" != "$s_digest" ]; then
        finding armed.other-version warning "the drive was prepared anew after $profile was armed" "arm again"
    fi
    if [ "$now" != armed ] && [ -n "$(find_keeps)" ]; then
        finding keep.left warning "what was kept for a new system is still on the drive, with its keys" \
            "disarm removes it, where no rebuild needs it"
    fi
    [ -n "$digest" ] || digest=$s_digest
    [ -n "$release" ] || release=$s_release
    fact state "$now"
    fact since "$s_since"
    fact by "$s_by"
    fact armed_on "$s_host"
    fact entry "$is_entered"
    tell_last
    tell_profiles
    [ "$command" != report ] || tell_logs
    end 0
}

# tell_choice: set now and summary to what the next boot is.
tell_choice() {
    entry_id=kickbuild-$profile
    [ -n "$profile" ] && find_loader || return 0
    ! find_block "$root$config" "$entry_id" || is_entered=present
    if is_chosen; then
        now=armed
        summary="armed: the next boot rebuilds this box from $profile"
        [ -z "$s_since" ] || summary="$summary; since $s_since, by $s_by"
    elif [ "$s_phase" = armed ] && [ "$s_boot" != "$(boot_id)" ]; then
        now=spent
        summary="not armed: $s_profile was armed $s_since, and the box has booted since"
    elif [ -n "$s_phase" ]; then
        now=unfinished
        summary="not armed: arming $s_profile was begun $s_since by $s_by and did not end; arm or disarm again"
    fi
}

# only_profile: print the drive's one profile, or nothing where it has several.
only_profile() {
    names=$(known_profiles)
    case $names in
    *"$newline"*) ;;
    *) printf '%s\n' "$names" ;;
    esac
}
