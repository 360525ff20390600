# shellcheck shell=sh disable=SC2034,SC2154 # one program in several files

# GRUB legacy boots an entry once like this, seen with the stock 0.97: "default saved" in its configuration, the entry's
# number in the file "default" beside it, and "savedefault N" in the entry, which makes the old system the next one.
# The file must be as long as grub-set-default writes it. The box's own default line stays: a later one counts, and that
# stands between marks of its own.

head_begin='### kickbuild: for one boot, from here to the end mark ###'
head_end='### kickbuild: end mark ###'

# find_head FILE: set h_start and h_size to the bytes of the lines between our marks; fail where there are none.
find_head() {
    # shellcheck disable=SC2046 # words
    set -- $(awk -v first="$head_begin" -v last="$head_end" '
        BEGIN { offset = 0 }
        { at = offset; offset += length($0) + 1 }
        $0 == first { start = at }
        $0 == last && start != "" { print start, offset - start; exit }' "$1")
    [ $# -eq 2 ] || return 1
    h_start=$1 h_size=$2
}

without_head() {
    if find_head "$1"; then cut_out "$1" "$h_start" "$h_size"; else cat "$1"; fi
}

# with_head FILE: print the file with our lines before the first entry.
with_head() {
    start=$(awk '/^[ \t]*title[ \t=]/ { print offset + 0; exit } { offset += length($0) + 1 }' "$1")
    head -c "$start" "$1" && printf '%s\ndefault saved\n' "$head_begin" || return 1
    [ -n "$l_fallback" ] || printf 'fallback %s\n' "$l_default"
    printf '%s\n' "$head_end" && tail -c +"$((start + 1))" "$1"
}

# text_of_legacy: print grub.conf with the entry, and with the lines that let the choice of one boot count.
text_of_legacy() {
    first=$(partial_of "$file").head
    without_head "$file" >"$first" && with_block "$first" "$entry_id" "$stanza" >"$first.entry" &&
        with_head "$first.entry" || return 1
    rm -f "$first" "$first.entry"
}

# read_legacy: set l_default to the number of the old system, l_number to that of our entry, l_partition and l_prefix to
# where the kernels are, l_given to the default that the file itself gives, and l_fallback.
read_legacy() {
    # shellcheck disable=SC2046 # words
    set -- $(awk -v id="$entry_id" -v first="$head_begin" -v last="$head_end" '
        $0 == first { skip = 1 }
        !skip {
            line = $0
            sub(/\r$/, "", line)
            if (line ~ "^[ \t]*###[ \t]*BEGIN[ \t]+kickbuild-") ours = 1
            word = line
            sub(/^[ \t]*/, "", word)
            rest = word
            sub(/[ \t=].*$/, "", word)
            sub(/^[^ \t=]*[ \t=]*/, "", rest)
            if (word == "title") { titles++; root = "" }
            else if (!titles && word == "default") given = rest
            else if (!titles && word == "fallback") fallback = "yes"
            else if (!titles && word == "timeout") timeout = "yes"
            else if (titles && !ours && word == "root" && match(rest, /^\(hd[0-9]+,[0-9]+\)/)) root = substr(rest, 1, RLENGTH)
            else if (titles && !ours && word == "kernel") {
                while (rest ~ /^--/) sub(/^[^ \t]+[ \t]+/, "", rest)
                path = rest
                sub(/[ \t].*$/, "", path)
                place = root
                if (match(path, /^\(hd[0-9]+,[0-9]+\)/)) { place = substr(path, 1, RLENGTH); path = substr(path, RLENGTH + 1) }
                if (path ~ /^\//) {
                    sub(/\/[^\/]*$/, "", path)
                    if (path == "") path = "/"
                    if (place == "") place = "?"
                    partition = partition == "" || partition == place ? place : "?"
                    prefix = prefix == "" || prefix == path ? path : "?"
                }
            }
            if (line ~ "^[ \t]*###[ \t]*END[ \t]+kickbuild-") ours = 0
        }
        $0 == last { skip = 0 }
        END {
            if (given == "") given = 0
            if (given !~ /^[0-9]+/) given = "saved"
            else sub(/[^0-9].*$/, "", given)
            print given, titles + 0, partition == "" ? "?" : partition, prefix == "" ? "?" : prefix, fallback == "" ? "-" : fallback, timeout == "" ? "-" : timeout
        }' "$root$config")
    l_given=$1 l_number=$2 l_partition=$3 l_prefix=$4 l_fallback=$5 l_timeout=$6
    [ "$l_prefix" != / ] || l_prefix=''
    [ "$l_fallback" != - ] || l_fallback=''
    l_default=$l_given
    ! find_block "$root$config" "$entry_id" || l_number=$b_number
    if [ "$l_given" = saved ]; then
        l_default=$(chosen_legacy)
        if [ "$l_default" = "$l_number" ]; then
            # Armed: the entry itself tells what the old system is.
            l_default=$(armed_default)
        fi
    fi
}

# armed_default: print the number that our entry makes the next one.
armed_default() {
    sed -n "/^### BEGIN $entry_id ###/,/^### END $entry_id ###/s/^[[:space:]]*savedefault \\([0-9][0-9]*\\).*/\\1/p" \
        "$root$config" | sed -n 1p
}

# chosen_legacy: print the number in the file "default", 0 where there is none, as GRUB reads it.
chosen_legacy() {
    chosen=$(read_file "$root$env_file")
    case $chosen in
    '' | *[!0-9]*) printf '0\n' ;;
    *) printf '%s\n' "$chosen" ;;
    esac
}

check_legacy() {
    read_legacy
    case $l_partition$l_prefix in
    *'?'*)
        finding loader.boot-partition error "the entries of $config do not agree on where the box's kernels are" \
            "put the entry in with kickbuild entry append --boot-partition, and boot it by hand"
        ;;
    *) case $l_prefix in
        '' | /boot) ;;
        *) finding loader.boot-partition error "the kernels of $config are in $l_prefix, not in /boot" \
            "put the entry in with kickbuild entry append --boot-prefix, and boot it by hand" ;;
        esac ;;
    esac
    if [ -z "$l_default" ] || [ "$l_default" -ge "$l_number" ]; then
        finding loader.default error "the default of $config, ${l_default:-none}, is no entry of the old system" \
            "set default= to the normal system's number"
    fi
    if [ "$l_timeout" = - ]; then
        finding loader.waits warning "$config waits for a key for ever: it has no timeout" "give it timeout=5"
    fi
}

# choose_legacy NUMBER: make an entry the default, in a file as long as GRUB needs it to write to it.
choose_legacy() {
    put "$root$env_file" default_file "$1"
}
default_file() {
    printf '%s\n#\n#\n#\n#\n#\n#\n#\n#\n#\n#\n%s\n%s\n%s\n' "$1" \
        '# WARNING: If you want to edit this file directly, do not remove any line' \
        "# from this file, including this warning. Using \`grub-set-default' is" \
        '# strongly recommended.'
}

# arm_legacy: each step leaves a box that boots its old system, but for the last.
arm_legacy() {
    if [ -f "$root$env_file" ]; then
        back_up "$root$env_file" || return 1
    else
        drop "$root$env_file.kickbuild-backup" || return 1
    fi
    choose_legacy "$l_default" && put_entry
}

# forget_legacy: make the old system the default again, while the entry is still there.
forget_legacy() {
    find_block "$root$config" "$entry_id" || return 0
    [ "$(chosen_legacy)" = "$b_number" ] || return 0
    old=$(armed_default)
    [ -n "$old" ] || old=0
    choose_legacy "$old"
}

# restore_legacy: give the box the file "default" that it had.
restore_legacy() {
    was=$root$env_file.kickbuild-backup
    rm -f "$(partial_of "$root$env_file")" "$(partial_of "$was")"
    if [ -f "$was" ]; then
        now=$(chosen_legacy)
        if [ "$l_given" = saved ] && [ "$(read_file "$was")" != "$now" ]; then
            # The box keeps its default there, and has another one by now.
            drop "$was"
        else
            mv -f "$was" "$root$env_file" && sync
        fi
    elif [ "$s_default" = absent ] || { [ -z "$s_default" ] && [ "$l_given" != saved ]; }; then
        # The file was not there. Where it was, and has no copy, it is what it was already.
        drop "$root$env_file"
    fi
}
