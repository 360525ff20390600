# shellcheck shell=sh disable=SC2034,SC2154 # one program in several files

# What is armed is written down on the drive before the box is touched, one "key=text" on a line.

boot_id() { read_file "$root/proc/sys/kernel/random/boot_id"; }

# read_state: set s_ variables from the state file; s_phase is empty where there is none, and where what was armed is the
# system that runs now.
read_state() {
    s_phase='' s_id='' s_profile='' s_digest='' s_release='' s_entry_before='' s_env=''
    s_default='' s_copies='' s_since='' s_by='' s_host='' s_boot='' s_before=''
    state=$root${drive%/}/kickbuild/armed.state
    read_system
    [ -n "$drive" ] && read_pairs "$state" || return 0
    pair phase word && s_phase=$value
    pair id id && s_id=$value
    pair profile name && s_profile=$value
    pair digest hex && s_digest=$value
    pair release word && s_release=$value
    pair config_before word && s_before=$value
    pair entry_before word && s_entry_before=$value
    pair env_before word && s_env=$value
    pair default_before word && s_default=$value
    pair copies_before word && s_copies=$value
    pair since time && s_since=$value
    pair by && s_by=$value
    pair host && s_host=$value
    pair boot word && s_boot=$value
    [ -n "$s_profile" ] || s_phase=''
    [ -n "$s_phase" ] || s_profile=''
    if [ -n "$s_phase" ] && is_used_up; then
        s_phase='' s_profile=''
    fi
}

# write_state PHASE: write down what is being done, or was done.
write_state() {
    s_phase=$1
    put "$state" state_text
}
state_text() {
    printf '%s=%s\n' phase "$s_phase" id "$s_id" profile "$profile" digest "$(clean "$digest")" release "$(clean "$release")" \
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

# new_id: print 32 hex digits that no other arming has.
new_id() {
    rest=$(read_file /proc/sys/kernel/random/uuid)
    made=''
    while :; do
        case $rest in
        *-*) made=$made${rest%%-*} && rest=${rest#*-} ;;
        *) made=$made$rest && break ;;
        esac
    done
    if ! is_id "$made"; then
        made=$(head -c 64 /dev/urandom | sha256sum) || return 1
        made=$(printf '%.32s' "$made")
    fi
    printf '%s\n' "$made"
}

# note_before: set what the box is like before it is armed.
note_before() {
    s_id=$(new_id)
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
    [ -n "$s_id" ]
}
