# shellcheck shell=sh disable=SC2034,SC2154 # one program in several files

# What is armed is written down on the drive before the box is touched, one "key=text" on a line.

boot_id() { read_file "$root/proc/sys/kernel/random/boot_id"; }

# read_state: set s_ variables from the state file; s_phase is empty where there is none.
read_state() {
    s_phase='' s_profile='' s_digest='' s_release='' s_entry_before='' s_env=''
    s_default='' s_copies='' s_since='' s_by='' s_host='' s_boot='' s_before=''
    state=$root${drive%/}/kickbuild/armed.state
    [ -n "$drive" ] && [ -r "$state" ] || return 0
    while IFS= read -r line; do
        text=${line#*=}
        case ${line%%=*} in
        phase) s_phase=$text ;;
        profile) s_profile=$text ;;
        digest) s_digest=$text ;;
        release) s_release=$text ;;
        config_before) s_before=$text ;;
        entry_before) s_entry_before=$text ;;
        env_before) s_env=$text ;;
        default_before) s_default=$text ;;
        copies_before) s_copies=$text ;;
        since) s_since=$text ;;
        by) s_by=$text ;;
        host) s_host=$text ;;
        boot) s_boot=$text ;;
        esac
    done <"$state"
    case $s_profile in
    *[!a-z0-9-]* | -*) s_profile='' ;;
    esac
    [ -n "$s_profile" ] || s_phase=''
}

# write_state PHASE: write down what is being done, or was done.
write_state() {
    s_phase=$1
    put "$state" state_text
}
state_text() {
    printf '%s=%s\n' phase "$s_phase" profile "$profile" digest "$(clean "$digest")" release "$(clean "$release")" \
        loader "$loader" config "$config" config_before "$s_before" entry_before "$s_entry_before" \
        env_before "$s_env" default_before "$s_default" copies_before "$s_copies" since "$s_since" \
        by "$(clean "$s_by")" host "$(clean "$s_host")" boot "$s_boot"
}

# who: print by whom the agent was called.
who() {
    by=${SUDO_USER:-$(id -un 2>/dev/null)}
    [ -z "${SSH_CONNECTION:-}" ] || by="$by from ${SSH_CONNECTION%% *}"
    printf '%s\n' "$by"
}

# note_before: set what the box is like before it is armed.
note_before() {
    s_since=$(date -u +%Y-%m-%dT%H:%M:%SZ)
    s_by=$(who)
    s_host=$(read_file "$root/proc/sys/kernel/hostname")
    s_boot=$(boot_id)
    s_before=absent
    [ ! -f "$root$config" ] || s_before=present
    s_entry_before=absent
    ! find_block "$root$config" "$entry_id" || s_entry_before=present
    s_copies=absent
    [ ! -f "$root/boot/kickbuild-$profile-vmlinuz" ] || s_copies=present
    s_env=''
    s_default=''
    if [ "$loader" = grub-legacy ]; then
        s_default=absent
        [ ! -f "$root$env_file" ] || s_default=present
    else
        s_env=$(env_state)
    fi
}
