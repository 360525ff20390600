# shellcheck shell=sh disable=SC2034,SC2154,SC2317 # one program in several files; what a trap calls is reachable

run_check() {
    check_all
    if [ "$errors" -gt 0 ]; then
        summary="not ready: $(counted_errors)"
        end 1
    fi
    summary="ready: $profile can be armed"
    end 0
}

# begin_change: from here on nothing stops the agent halfway, but for the power.
begin_change() {
    [ "$is_dry" = no ] || return 0
    if [ "$(id -u)" = 0 ] && take_lock; then
        trap '' HUP INT QUIT PIPE TERM
        ! open_drive || return 0
    fi
    summary="refused; nothing was written"
    end "$(refusal_code)"
}

# hold_box: let no other agent change the box, from the first look on and not only for the change: who disarms because a
# connection broke must not find nothing to take back while another agent still checks, and arms thereafter.
hold_box() {
    if [ "$is_dry" = yes ] || [ "$(id -u 2>/dev/null)" != 0 ] || take_lock; then return 0; fi
    summary="refused; nothing was written"
    end "$(refusal_code)"
}

run_arm() {
    hold_box
    check_all
    if [ "$errors" -gt 0 ]; then
        summary="refused: $(counted_errors); nothing was written"
        end "$(refusal_code)"
    fi
    begin_change
    is_changed=no
    if ! arm; then
        finding arm.failed error "arming failed halfway: a file could not be written" "look at the disks, and try again"
        read_state
        s_phase=${s_phase:-arming}
        if disarm; then
            summary="arming failed; the box is as it was"
        else
            summary="arming failed, and taking it back too: run agent disarm"
        fi
        end 6
    fi
    [ "$is_dry" = yes ] || is_changed_now=$([ "$is_changed" = yes ] && printf true || printf false)
    [ "$is_dry" = no ] || summary="nothing was done: this is what arming does"
    end 0
}

# run_disarm: with what the drive says, or without it: the box's own files tell enough.
run_disarm() {
    hold_box
    check_privileges
    look_at_drive
    read_state
    find_editenv
    profile=${profile:-$s_profile}
    find_loader || end "$(refusal_code)"
    if [ "$loader" != grub-legacy ] && [ -z "$editenv" ]; then
        finding tools.missing error "grub2-editenv is missing" "install grub2-tools"
    fi
    if [ -z "$profile" ]; then
        profile=$(chosen_profile)
    fi
    if [ -z "$profile" ]; then
        summary="nothing is armed"
        [ "$errors" -eq 0 ] || end "$(refusal_code)"
        begin_change
        forget_beginning
        end 0
    fi
    use_profile
    if [ -n "$s_phase" ] && [ "$s_profile" != "$profile" ]; then
        finding profile.other error "armed is $s_profile, not $profile" "disarm without --profile"
    fi
    entry_id=kickbuild-$profile
    find_loader
    check_config
    if [ "$errors" -gt 0 ]; then
        summary="refused: $(counted_errors); nothing was written"
        end "$(refusal_code)"
    fi
    begin_change
    forget_beginning
    if [ -z "$s_phase" ] && ! is_chosen && { [ "$loader" != grub-legacy ] || ! find_head "$root$config"; }; then
        summary="nothing is armed"
        end 0
    fi
    if ! disarm; then
        finding disarm.failed error "a file could not be written" "look at the disks, and try again"
        summary="disarming failed halfway; try again"
        end 6
    fi
    if [ "$is_dry" = yes ]; then
        summary="nothing was done: this is what disarming does"
    else
        is_changed_now=true
        summary="disarmed: the box boots its own system"
    fi
    end 0
}

# forget_beginning: remove what nothing that is armed needs: what a run that was stopped at its very beginning has left,
# what was kept for a rebuild, and what the drive says of an arming that became the running system.
forget_beginning() {
    [ -n "$drive" ] || return 0
    if [ -n "$(find_keeps)" ] && [ -z "$s_phase" ] && begin_step "remove from the drive what was kept for the new system"; then
        remove_keeps && is_changed_now=true
    fi
    if [ "$is_dry" = no ]; then
        rm -f "$(partial_of "$state")"
        [ -n "$s_phase" ] || [ ! -f "$state" ] || drop "$state"
    fi
}

# chosen_profile: print the profile whose entry is the one of the next boot, where the drive does not tell.
chosen_profile() {
    if [ "$loader" = grub-legacy ]; then
        find_head "$root$config" || return 0
        once=$(blocks "$root$config" | awk -v n="$(chosen_legacy)" '$6 == n { print $1 }')
        [ -n "$once" ] || once=$(blocks "$root$config" | awk 'NR == 1 { print $1 }')
    else
        once=$(chosen_once)
    fi
    case $once in
    kickbuild-*[!a-z0-9-]*) ;;
    kickbuild-?*) printf '%s\n' "${once#kickbuild-}" ;;
    esac
}

# look_at_drive: find the drive and read its manifest. Where that fails, there is still something to disarm and to tell.
look_at_drive() {
    if find_drive; then
        [ ! -r "$manifest" ] || ! check_manifest || return 0
    else
        drive=''
    fi
    findings=$(printf '%s' "$findings" | sed "/^\\(drive\\|manifest\\|agent\\)\\./s/${tab}error$tab/${tab}warning$tab/")$newline
    errors=$lacks
}

# use_profile: read what the manifest says of the profile, where the drive is there and knows it.
use_profile() {
    [ -z "$drive" ] || case "$newline$(known_profiles)$newline" in
    *"$newline$profile$newline"*) read_profile ;;
    esac
}

# run_enter, run_leave: put the entry into the menu, or take it out, without choosing anything.
run_enter() {
    is_entering=yes
    hold_box
    check_privileges
    if find_drive && check_manifest && choose_profile; then
        read_profile
        entry_id=kickbuild-$profile
        read_state
        find_editenv
        if find_loader; then
            check_config
            [ "$loader" != grub-legacy ] || check_legacy
            check_places
            check_room
            refuse_armed
        fi
    fi
    change_menu enter
}
run_leave() {
    is_entering=yes
    hold_box
    check_privileges
    look_at_drive
    read_state
    find_editenv
    if [ -z "$profile" ] && [ -n "$drive" ]; then choose_profile; fi
    use_profile
    if find_loader; then
        [ -n "$profile" ] || profile=$(blocks "$root$config" | sed -n '1s/^kickbuild-\([a-z0-9-]*\) .*/\1/p')
        if [ -z "$profile" ]; then
            finding profile.none error "nobody can tell which profile's entry is meant" "say which with --profile"
        fi
        entry_id=kickbuild-$profile
        [ -z "$profile" ] || find_loader
        check_config
        refuse_armed
    fi
    change_menu leave
}

# refuse_armed: what is armed is not changed by the way.
refuse_armed() {
    if is_chosen || { [ "$command" = leave ] && [ -n "$s_phase" ] && [ "$s_profile" = "$profile" ]; }; then
        finding menu.armed error "$profile is armed on this box" "disarm it first"
    fi
}

# change_menu COMMAND: enter or leave, where no check speaks against it.
change_menu() {
    if [ "$errors" -gt 0 ]; then
        summary="refused: $(counted_errors); nothing was written"
        end "$(refusal_code)"
    fi
    begin_change
    before=$(sum_of "$root$config")
    is_changed=no
    if ! "$1"; then
        finding menu.failed error "a file could not be written" "look at the disks, and try again"
        summary="the menu could not be changed"
        end 6
    fi
    if [ "$is_dry" = yes ]; then
        summary="nothing was done: this is what would be done"
    elif [ "$is_changed" = yes ] || [ "$before" != "$(sum_of "$root$config")" ]; then
        is_changed_now=true
    fi
    end 0
}
