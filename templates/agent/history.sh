# shellcheck shell=sh disable=SC2034,SC2154 # one program in several files

# What rebuilds left behind: the installer's rebuild.state on the drive, the stamp in the new system, the guard's reasons
# and the logs. All of it is data from outside: bounded, and no value counts that is not of its own form. Which rebuild
# is meant is told by the arming's id, never by a clock.

# read_pairs FILE: set pairs to the lines of a small file of "key=text"; fail where it is not there, or not whole.
read_pairs() {
    pairs=''
    [ -f "$1" ] && [ ! -h "$1" ] && [ -r "$1" ] || return 1
    pairs=$(head -c 16384 "$1" | tr '\000-\011\013-\037\177' '?' && printf .)
    case $pairs in
    *"$newline.") pairs=$newline${pairs%.} ;;
    *) pairs='' && return 1 ;;
    esac
}

# pair KEY [FORM]: set value to the text of a key among the pairs, cut to 1000 bytes. FORM is id, name, time, hex, word
# or text; what is not of that form is no value.
pair() {
    value=''
    case $pairs in
    *"$newline$1="*) ;;
    *) return 0 ;;
    esac
    value=${pairs#*"$newline$1="}
    value=${value%%"$newline"*}
    [ ${#value} -le 1000 ] || value=$(printf '%.1000s' "$value")
    case ${2:-text} in
    id) is_id "$value" || value='' ;;
    name) case $value in -* | *[!a-z0-9-]*) value='' ;; esac ;;
    time) case $value in *[!0-9TZ:-]*) value='' ;; esac ;;
    hex) case $value in *[!0-9a-f]*) value='' ;; esac ;;
    word) case $value in *[!A-Za-z0-9._-]*) value='' ;; esac ;;
    esac
}

# is_id TEXT: whether it has the form of an arming's id.
is_id() {
    case $1 in
    *[!0-9a-f]*) return 1 ;;
    esac
    [ ${#1} -eq 32 ]
}

# read_rebuild PROFILE: set r_ variables to what is known of the profile's last rebuild; r_outcome is none where nothing
# is. A drive that an older kickbuild prepared has only the guard's reasons.
read_rebuild() {
    r_outcome=none r_id='' r_time='' r_reason=''
    [ -n "$drive" ] && [ -n "$1" ] || return 0
    r_home=$root${drive%/}/kickbuild/$1
    if read_pairs "$r_home/rebuild.state"; then
        pair outcome word
        case $value in
        started | refused | failed | installed) r_outcome=$value ;;
        esac
    fi
    if [ "$r_outcome" != none ]; then
        pair id id && r_id=$value
        pair ended time && r_time=$value
        if [ -z "$r_time" ]; then pair started time && r_time=$value; fi
        pair reason && r_reason=$value
    fi
    refusal=$r_home/last-refusal.log
    [ -f "$refusal" ] && [ ! -h "$refusal" ] && [ -r "$refusal" ] || return 0
    if [ "$r_outcome" = none ]; then
        r_outcome=refused
        r_time=$(date -u -r "$refusal" +%Y-%m-%dT%H:%M:%SZ 2>/dev/null)
    fi
    if [ "$r_outcome" = refused ] && [ -z "$r_reason" ]; then
        r_reason=$(head -c 65536 "$refusal" | tr '\000-\011\013-\037\177' '?' | sed -n 's/^kickbuild: - //p' | tr '\n' ';')
        r_reason=$(printf '%.1000s' "${r_reason%;}")
    fi
}

# read_system: set y_ variables to what the running system's own stamp says of the rebuild that it came from.
read_system() {
    y_id='' y_profile='' y_release='' y_digest='' y_time=''
    stamp=$(real_of /etc/kickbuild-release) && read_pairs "$root$stamp" || return 0
    pair schema word
    [ "$value" = 1 ] || return 0
    pair outcome word
    [ "$value" = installed ] || return 0
    pair profile name && y_profile=$value
    [ -n "$y_profile" ] || return 0
    pair id id && y_id=$value
    pair release word && y_release=$value
    pair digest hex && y_digest=$value
    pair ended time && y_time=$value
}

# is_used_up: whether what the drive says is armed became the system that runs now: then nothing is armed.
is_used_up() {
    [ -n "$s_id" ] || return 1
    [ "$s_id" != "$y_id" ] || return 0
    read_rebuild "$s_profile"
    [ "$r_outcome" = installed ] && [ "$r_id" = "$s_id" ]
}

# find_last: set last_profile to the profile of the last rebuild: the one that is asked for, armed, or running; or the
# only one that has been rebuilt from. Where several have, the installer's clock is all there is to go by.
find_last() {
    last_profile=${profile:-$y_profile}
    [ -z "$last_profile" ] || return 0
    latest=''
    for found in $(known_profiles); do
        read_rebuild "$found"
        [ "$r_outcome" != none ] || continue
        if [ -z "$last_profile" ] || awk 'BEGIN { exit !(ARGV[1] > ARGV[2]) }' "t$r_time" "t$latest"; then
            last_profile=$found
            latest=$r_time
        fi
    done
}

# tell_last: what became of the last rebuild.
tell_last() {
    find_last
    read_rebuild "$last_profile"
    fact last "$r_outcome"
    fact last_id "$r_id"
    fact last_time "$r_time"
    fact last_reason "$r_reason"
    why=${r_reason:+: $r_reason}
    case $r_outcome in
    started) summary="$summary; the last rebuild was begun (${r_time:-unknown time}) and did not end" ;;
    refused) summary="$summary; the last rebuild was refused (${r_time:-unknown time})$why" ;;
    failed) summary="$summary; the last rebuild failed (${r_time:-unknown time})$why" ;;
    installed) summary="$summary; the last rebuild was done (${r_time:-unknown time})" ;;
    esac
    fact system_id "$y_id"
    fact system_profile "$y_profile"
    fact system_release "$y_release"
    fact system_digest "$y_digest"
    fact system_time "$y_time"
}

# known_profiles: print the names of the profiles of the drive, where it is there and its manifest can be read.
known_profiles() {
    [ -z "$drive" ] || [ ! -r "$manifest" ] || manifest_profiles
}

# tell_profiles: every profile of the drive and its last rebuild; in words only where there are several.
tell_profiles() {
    names=$(known_profiles)
    [ -n "$names" ] || raw_fact profiles '[]'
    for found in $names; do
        row=$(manifest_line "$found")
        row_release=$(find_value "$row" release)
        row_title=$(find_value "$row" title)
        read_rebuild "$found"
        item profiles name "$found" release "$row_release" digest "$(find_value "$row" digest)" title "$row_title" \
            last "$r_outcome" last_id "$r_id" last_time "$r_time" last_reason "$r_reason"
        case $names in
        *"$newline"*) word_line "profile $found ($row_release, $row_title): last rebuild: $r_outcome${r_time:+ $r_time}" ;;
        esac
    done
}

# tell_logs: the installer's logs of the last rebuild, and what the guard said. Names and texts are bounded.
tell_logs() {
    logs=$root${drive%/}/kickbuild/$last_profile/log
    number=0
    shown=''
    if [ -n "$drive" ] && [ -n "$last_profile" ] && [ -d "$logs" ] && [ ! -h "$logs" ]; then
        for found in "$logs"/*; do
            case ${found##*/} in *[!A-Za-z0-9._-]* | -*) continue ;; esac
            if [ ! -f "$found" ] || [ -h "$found" ] || [ $number -ge 30 ]; then continue; fi
            number=$((number + 1))
            shown="$shown ${found##*/}"
            item log name "${found##*/}" size "$(size_of "$found")"
        done
    fi
    [ $number -gt 0 ] || raw_fact log '[]'
    said=$(print_logs)
    if [ -n "$said" ]; then text_fact text "$said"; else fact text ''; fi
}

# print_logs: print what the guard said, and the end of every log, 64 KiB at most.
print_logs() {
    if [ -f "${refusal:-}" ] && [ ! -h "$refusal" ] && [ -r "$refusal" ]; then
        printf '== last-refusal.log\n'
        head -c 8192 "$refusal" | tr '\000' '?'
        printf '\n'
    fi
    for found in $shown; do
        printf '== %s\n' "$found"
        tail -c $((48000 / number)) "$logs/$found" 2>/dev/null | tr '\000' '?'
        printf '\n'
    done
}
