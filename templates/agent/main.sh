# shellcheck shell=sh disable=SC2034,SC2154,SC2317 # one program in several files; what a trap calls is reachable

usage() {
    cat <<END
usage: agent status|check|arm|disarm [--profile NAME] [--json] [--root DIR] [--dry-run] [--full]

  status     what is armed, since when and by whom, and what came of the last rebuild
  check      everything that can be checked; changes nothing
  arm        check, and choose the Rebuild entry for the next boot, once
  disarm     take it back: the box's files are then what they were

  --profile NAME  the profile, where the drive holds several
  --json          the result as JSON
  --root DIR      the box is the system that is mounted on DIR
  --dry-run       arm, disarm: say what would be done
  --full          read the whole ISO, too
END
}

wrong_usage() {
    printf 'agent: %s\n' "$(clean "$1")" >&2
    usage >&2
    exit 2
}

read_words() {
    command=''
    profile=''
    as_json=no
    is_full=no
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
        status | check | arm | disarm)
            [ -z "$command" ] || wrong_usage "only one of status, check, arm, disarm"
            command=$word
            ;;
        *) wrong_usage "unknown: $word" ;;
        esac
    done
    [ -n "$command" ] || wrong_usage "one of status, check, arm, disarm is needed"
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
    [ -z "${profile:-}" ] || fact profile "$profile"
    [ -z "${release:-}" ] || fact release "$release"
    [ -z "${loader:-}" ] || fact loader "$loader"
    [ -z "${config:-}" ] || fact config "$config"
    [ -z "${target:-}" ] || fact target "$target"
    raw_fact changed "$is_changed_now"
    if [ "$command" = arm ] || [ "$command" = disarm ]; then
        if [ "$is_dry" = yes ]; then raw_fact dry_run true; else raw_fact dry_run false; fi
    fi
    raw_fact errors "$errors"
    fact summary "$summary"
    report
    exit "$1"
}

refusal_code() { if [ "$lacks" -gt 0 ]; then printf 4; else printf 5; fi; }

run_check() {
    check_all
    if [ "$errors" -gt 0 ]; then
        summary="not ready: $errors errors"
        end 1
    fi
    summary="ready: $profile can be armed"
    end 0
}

# begin_change: from here on nothing stops the agent halfway, but for the power.
begin_change() {
    [ "$is_dry" = no ] || return 0
    if [ "$(id -u)" = 0 ] && take_lock; then
        trap 'rm -f "$lock"' EXIT
        trap '' HUP INT QUIT PIPE TERM
        return 0
    fi
    summary="refused; nothing was written"
    end "$(refusal_code)"
}

run_arm() {
    check_all
    if [ "$errors" -gt 0 ]; then
        summary="refused: $errors errors; nothing was written"
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
    check_privileges
    find_drive || read_findings_as_warnings
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
    if [ -n "$s_phase" ] && [ "$s_profile" != "$profile" ]; then
        finding profile.other error "armed is $s_profile, not $profile" "disarm without --profile"
    fi
    entry_id=kickbuild-$profile
    find_loader
    check_config
    if [ "$errors" -gt 0 ]; then
        summary="refused: $errors errors; nothing was written"
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

# forget_beginning: remove what a run that was stopped at its very beginning has left.
forget_beginning() {
    [ "$is_dry" = yes ] || [ -z "$drive" ] || rm -f "$(partial_of "$state")"
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

# read_findings_as_warnings: without the drive there is still something to disarm and to tell.
read_findings_as_warnings() {
    findings=$(printf '%s' "$findings" | sed "/^drive\\./s/${tab}error$tab/${tab}warning$tab/")$newline
    errors=$lacks
    drive=''
}

run_status() {
    find_drive || read_findings_as_warnings
    read_state
    find_editenv
    summary="nothing is armed"
    now=none
    asked=$profile
    profile=${s_profile:-$asked}
    if find_loader; then
        [ -n "$s_profile" ] || [ -n "$asked" ] || profile=$(chosen_profile)
        entry_id=kickbuild-$profile
        [ -z "$profile" ] || find_loader
        if [ -n "$profile" ] && is_chosen; then
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
    fi
    release=$s_release
    fact state "$now"
    fact since "$s_since"
    fact by "$s_by"
    fact armed_on "$s_host"
    tell_last
    end 0
}

# tell_last: what became of the last rebuild, where it was refused.
tell_last() {
    last_outcome=none
    last_reason=''
    last_time=''
    refusal=''
    for found in "$root${drive%/}"/kickbuild/*/last-refusal.log; do
        if [ -n "$drive" ] && [ -f "$found" ]; then
            refused_profile=${found%/*}
            refused_profile=${refused_profile##*/}
            if [ -z "$profile" ] || [ "$refused_profile" = "$profile" ]; then refusal=$found; fi
        fi
    done
    if [ -n "$refusal" ]; then
        last_outcome=refused
        last_time=$(date -u -r "$refusal" +%Y-%m-%dT%H:%M:%SZ 2>/dev/null)
        last_reason=$(head -c 65536 "$refusal" | sed -n 's/^kickbuild: - //p' | tr '\n\t' '; ')
        summary="$summary; the last rebuild was refused ($last_time): ${last_reason%;}"
    fi
    fact last "$last_outcome"
    fact last_time "$last_time"
    fact last_reason "${last_reason%;}"
}

is_changed_now=false
summary=''
drive_fails=''
read_words "$@"
check_tools
if [ "$lacks" -gt 0 ]; then
    printf 'agent: %s' "$findings" >&2
    exit 4
fi
case $command in
check) run_check ;;
arm) run_arm ;;
disarm) run_disarm ;;
status) run_status ;;
esac
