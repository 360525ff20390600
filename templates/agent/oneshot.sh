# shellcheck shell=sh disable=SC2034,SC2154 # one program in several files

# GRUB 2 boots the entry whose id is next_entry in its environment block, and takes that back before it does. The block
# is edited in a copy, which then takes its place.

# chosen_once: print the id of the entry that GRUB 2 boots next, or nothing.
chosen_once() {
    [ -n "$editenv" ] && [ -f "$root$env_file" ] || return 0
    "$editenv" "$root$env_file" list 2>/dev/null | sed -n 's/^next_entry=//p' | sed -n 1p
}

# env_state: print what the environment block has before arming: no-file, absent, or empty, as GRUB leaves it.
env_state() {
    if [ ! -f "$root$env_file" ]; then
        printf 'no-file\n'
    elif "$editenv" "$root$env_file" list 2>/dev/null | grep -q '^next_entry='; then
        printf 'empty\n'
    else
        printf 'absent\n'
    fi
}

# edit_env WORDS: let GRUB's own program edit the environment block.
edit_env() {
    env_partial=$(partial_of "$root$env_file")
    rm -f "$env_partial"
    if [ -f "$root$env_file" ]; then
        cp -p "$root$env_file" "$env_partial" || return 1
    else
        "$editenv" "$env_partial" create || return 1
    fi
    if "$editenv" "$env_partial" "$@"; then
        commit "$root$env_file"
    else
        rm -f "$env_partial"
        return 1
    fi
}

# choose_once: make our entry the one of the next boot.
choose_once() {
    edit_env set "next_entry=$entry_id" && [ "$(chosen_once)" = "$entry_id" ]
}

# forget_once: take our choice back; the block is then what it was.
forget_once() {
    rm -f "$(partial_of "$root$env_file")"
    [ -f "$root$env_file" ] || return 0
    if [ "$(chosen_once)" = "$entry_id" ]; then
        case ${s_env:-absent} in
        empty) edit_env set next_entry= ;;
        *) edit_env unset next_entry ;;
        esac || return 1
    fi
    if [ "${s_env:-}" = no-file ] && ! "$editenv" "$root$env_file" list 2>/dev/null | grep -q -v '^next_entry=$'; then
        drop "$root$env_file"
    fi
}

# is_chosen: whether the next boot is the Rebuild entry's.
is_chosen() {
    if [ "$loader" = grub-legacy ]; then
        find_block "$root$config" "$entry_id" && find_head "$root$config" && [ "$(chosen_legacy)" = "$b_number" ]
    else
        [ "$(chosen_once)" = "$entry_id" ] && find_block "$root$config" "$entry_id"
    fi
}
