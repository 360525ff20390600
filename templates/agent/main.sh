# shellcheck shell=sh disable=SC2034,SC2154,SC2317 # one program in several files; what a trap calls is reachable

usage() {
    cat <<END
usage: agent COMMAND [--profile NAME] [--json] [--root DIR] [--dry-run] [--full]

  status     what is armed, since when and by whom, and what came of the last rebuild
  report     status, and what the last rebuild left on the drive: logs, the reason of a refusal
  check      everything that can be checked; changes nothing
  arm        check, and choose the Rebuild entry for the next boot, once
  disarm     take it back: the box's files are then what they were
  enter      put the Rebuild entry into the boot loader's menu, and choose nothing
  leave      take it out of the menu

  --profile NAME  the profile, where the drive holds several
  --json          the result as JSON
  --root DIR      the box is the system that is mounted on DIR
  --dry-run       say what would be done, and do nothing
  --full          read the whole ISO, too
END
}

wrong_usage() {
    printf 'agent: %s\n' "$(clean "$1")" >&2
    usage >&2
    exit 2
}

read_words() {
    while [ $# -gt 0 ]; do
        word=$1
        shift
        case $word in
        --profile | --root)
            [ $# -gt 0 ] || wrong_usage "$word needs a value"
            if [ "$word" = --profile ]; then profile=$1; else root=$1; fi
            shift
            ;;
        --profile=*) profile=${word#*=} ;;
        --root=*) root=${word#*=} ;;
        --json) as_json=yes ;;
        --dry-run) is_dry=yes ;;
        --full) is_full=yes ;;
        --version) printf 'kickbuild agent %s\n' "$KB_VERSION" && exit 0 ;;
        --help | -h) usage && exit 0 ;;
        status | report | check | arm | disarm | enter | leave)
            [ -z "$command" ] || wrong_usage "only one command: $command or $word"
            command=$word
            ;;
        *) wrong_usage "unknown: $word" ;;
        esac
    done
    [ -n "$command" ] || wrong_usage "a command is needed: status, report, check, arm, disarm, enter or leave"
    case $profile in
    -* | *[!a-z0-9-]*) wrong_usage "no name of a profile: $profile" ;;
    esac
    if [ -n "$root" ]; then
        given=$root
        root=$(cd "$root" 2>/dev/null && pwd -P) || wrong_usage "--root $given is no directory"
        [ "$root" != / ] || root=''
    fi
}

# end CODE: tell the result and leave.
end() {
    fact command "$command"
    fact version "$KB_VERSION"
    fact host "$(read_file "$root/proc/sys/kernel/hostname")"
    fact boot_id "$(boot_id)"
    fact profile "$profile"
    fact release "$release"
    fact digest "$digest"
    fact title "$title"
    # Where the agent has mounted the drive itself, it will be nowhere.
    if [ -n "$own_device" ]; then fact drive ''; else fact drive "$drive"; fi
    fact drive_device "${drive_device:+/dev/$drive_device}"
    fact drive_uuid "$drive_uuid"
    fact loader "$loader"
    fact config "$config"
    case $command in
    check | arm)
        fact keep "$keep"
        fact target "$target"
        fact target_words "$words"
        fact target_mounts "$target_mounts"
        fact target_bytes "$target_bytes"
        fact target_serial "$target_serial"
        ;;
    esac
    case $command in
    arm | status | report) fact id "$told_id" ;;
    esac
    case $command in
    arm | disarm | enter | leave)
        if [ "$is_dry" = yes ]; then raw_fact dry_run true; else raw_fact dry_run false; fi
        ;;
    esac
    raw_fact changed "$is_changed_now"
    raw_fact errors "$errors"
    fact summary "$summary"
    answer
    exit "$1"
}

counted_errors() { if [ "$errors" -eq 1 ]; then printf '1 error'; else printf '%s errors' "$errors"; fi; }

refusal_code() { if [ "$lacks" -gt 0 ]; then printf 4; else printf 5; fi; }

# set_out: what every command begins with.
set_out() {
    set -u
    umask 077
    LC_ALL=C
    export LC_ALL
    PATH=$PATH:/usr/sbin:/usr/bin:/sbin:/bin
    export PATH
    newline='
'
    tab='	'
    findings='' facts='' steps='' errors=0 lacks=0
    root='' is_dry=no is_entering=no is_changed_now=false summary='' drive_fails='' lock=''
    command='' profile='' as_json=no is_full=no
    # What the result tells is empty where a command does not come to it.
    release='' digest='' title='' drive='' drive_device='' drive_uuid='' drive_label='' loader='' config=''
    keep='' target='' target_mounts='' target_bytes='' target_serial='' words='' told_id='' manifest=''
    own_place='' own_device='' own_devices='' own_found='' own_type='' own_number=0 refusal=''
}

# at_end: leave nothing mounted and nothing locked, however the agent ends.
at_end() {
    trap '' HUP INT QUIT PIPE TERM
    # It may have ended within a loop over names.
    set +f
    unset IFS
    leave_drive
    [ -z "$lock" ] || rm -f "$lock"
}

main() {
    set_out
    read_words "$@"
    check_tools
    if [ "$lacks" -gt 0 ]; then
        printf 'agent: %s' "$findings" >&2
        exit 4
    fi
    trap at_end EXIT
    trap 'exit 130' HUP INT QUIT PIPE TERM
    case $command in
    check) run_check ;;
    arm) run_arm ;;
    disarm) run_disarm ;;
    enter) run_enter ;;
    leave) run_leave ;;
    status | report) run_status ;;
    esac
}

# Nothing above does anything: a copy that was cut off is harmless.
main "$@"
