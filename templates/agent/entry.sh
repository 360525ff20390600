# shellcheck shell=sh disable=SC2034,SC2154 # one program in several files

# Entries stand between markers, as `kickbuild entry` puts them: the rest of a file is never touched, byte for byte.

joined_note=' (the line above had no line end)'

# blocks FILE: print "id first-byte bytes joined cr title-number" for every entry of ours, or "damaged line".
blocks() {
    [ -f "$1" ] || return 0
    awk '
    BEGIN { offset = 0 }
    {
        at = offset
        offset += length($0) + 1
        line = $0
        cr = sub(/\r$/, "", line) ? "cr" : "-"
        if (line ~ /^[ \t]*title[ \t=]/) titles++
        if (line !~ /^[ \t]*###[ \t]*(BEGIN|END)[ \t]+kickbuild-[^ \t]+[ \t]*###( \(the line above had no line end\))?[ \t]*$/) next
        kind = line ~ /^[ \t]*###[ \t]*BEGIN/ ? "BEGIN" : "END"
        name = line
        sub(/^[ \t]*###[ \t]*(BEGIN|END)[ \t]+/, "", name)
        sub(/[ \t].*$/, "", name)
        if (kind == "BEGIN") {
            if (opened != "" || (name in seen)) { print "damaged", NR; exit }
            opened = name
            seen[name] = 1
            first = at
            joined = line ~ /\(the line above had no line end\)/ ? "joined" : "-"
            ending = cr
            number = titles + 0
        } else {
            if (opened != name) { print "damaged", NR; opened = ""; exit }
            print name, first, offset - first, joined, ending, number
            opened = ""
        }
    }
    END { if (opened != "") print "damaged", NR }
    ' "$1"
}

# find_block FILE ID: set b_start, b_size, b_joined, b_cr and b_number; fail where the file has no such entry.
find_block() {
    [ -f "$1" ] || return 1
    # shellcheck disable=SC2046 # words
    set -- $(blocks "$1" | awk -v id="$2" '$1 == id { print $2, $3, $4, $5, $6 }')
    [ $# -eq 5 ] || return 1
    b_start=$1 b_size=$2 b_joined=$3 b_cr=$4 b_number=$5
}

# check_config: the file that the entry goes into is text, with whole markers, and ends where a line may follow.
check_config() {
    file=$root$config
    [ -e "$file" ] || return 0
    mend="mend or delete the lines '### BEGIN kickbuild-... ###' and '### END kickbuild-... ###' by hand"
    if [ ! -f "$file" ]; then
        finding config.no-file error "$config is not a file" "move it away"
    elif [ "$(tr -d '\000' <"$file" | sha256sum)" != "$(sha256sum <"$file")" ]; then
        finding config.no-text error "$config is not a text file" "look at it"
    elif blocks "$file" | grep -q '^damaged'; then
        finding config.markers error "$config, line $(blocks "$file" | sed -n 's/^damaged //p'): \
kickbuild's markers are damaged" "$mend"
    elif ! find_block "$file" "$entry_id" && tail -n 1 "$file" | tr -d '\r' | grep -q '\\$'; then
        finding config.backslash error "the last line of $config ends in a backslash, which would swallow the entry" \
            "end that line properly"
    fi
}

# cut_out FILE START SIZE: print the file without those bytes.
cut_out() {
    head -c "$2" "$1" && tail -c +"$(($2 + $3 + 1))" "$1"
}

# block ID JOINED CR STANZA: print an entry between its markers.
block() {
    note=''
    [ "$2" != joined ] || note=$joined_note
    {
        printf '### BEGIN %s ###%s\n' "$1" "$note"
        # Every line of an entry on a drive ends in a line end, and none in a carriage return.
        printf '%s\n' "$4"
        printf '### END %s ###\n' "$1"
    } | if [ "$3" = cr ]; then awk '{ printf "%s\r\n", $0 }'; else cat; fi
}

# with_block FILE ID STANZA: print the file with the entry in the place of its older version, or at the end.
with_block() {
    if [ ! -s "$1" ]; then
        block "$2" - - "$3"
    elif find_block "$1" "$2"; then
        head -c "$b_start" "$1" && block "$2" "$b_joined" "$b_cr" "$3" && tail -c +"$((b_start + b_size + 1))" "$1"
    else
        ending=$(awk '{ before = last; last = /\r$/ ? "cr" : "-" } END { print last, (before == "" ? "-" : before) }' "$1")
        cat "$1" || return 1
        if [ -n "$(tail -c 1 "$1")" ]; then
            # The last line is not ended: the one before it tells how lines end here.
            if [ "${ending#* }" = cr ]; then printf '\r\n'; else printf '\n'; fi
            block "$2" joined "${ending#* }" "$3"
        else
            block "$2" - "${ending% *}" "$3"
        fi
    fi
}

# without_block FILE ID: print the file as it was before the entry came.
without_block() {
    [ -f "$1" ] || return 0
    if ! find_block "$1" "$2"; then
        cat "$1"
        return
    fi
    behind=$((b_start + b_size + 1))
    if [ "$b_joined" != joined ]; then
        cut_out "$1" "$b_start" "$b_size"
    elif [ -z "$(tail -c +"$behind" "$1" | head -c 1)" ]; then
        # Nothing follows: the line end that was added before the entry goes too.
        if [ "$b_cr" = cr ]; then ended=2; else ended=1; fi
        head -c "$((b_start - ended))" "$1"
    else
        head -c "$b_start" "$1" || return 1
        first=$(tail -c +"$behind" "$1" | head -n 1 | tr -d '\r')
        case $first in
        '### BEGIN kickbuild-'*' ###')
            # The entry that follows takes over the note that the line above it had no line end.
            printf '%s%s' "$first" "$joined_note"
            tail -c +"$((behind + ${#first}))" "$1"
            ;;
        *) tail -c +"$behind" "$1" ;;
        esac
    fi
}

# make_stanza: set stanza to the text of the entry as this box's loader needs it.
make_stanza() {
    stanza=$(cat "$home/entry.$loader") || return 1
    case $loader in
    bls)
        # Where /boot is not a filesystem of its own, the other entries say /boot/vmlinuz.
        mount_of "$(real_of /boot)"
        [ "$m_point" = /boot ] || stanza=$(printf '%s\n' "$stanza" |
            sed "s,^\\(linux\\|initrd\\) /kickbuild-,\\1 /boot/kickbuild-,")
        ;;
    grub-legacy)
        old=$l_default
        # What is booted by hand needs no way back, and GRUB cannot save one where nothing chooses by it.
        [ "$is_entering" = no ] || old=''
        stanza=$(printf '%s\n' "$stanza" | awk -v boot="$l_partition" -v prefix="$l_prefix" -v old="$old" '
            /^[ \t]*root[ \t]+@BOOT@/ {
                sub(/@BOOT@/, boot)
                print
                # Before all else the old system becomes the next one again.
                if (old != "") print "\tsavedefault " old
                next
            }
            /^[ \t]*(kernel|initrd)[ \t]+@PREFIX@\// { at = index($0, "@PREFIX@"); $0 = substr($0, 1, at - 1) prefix substr($0, at + 8) }
            { print }')
        ;;
    esac
}

# put FILE COMMAND...: write what a command prints in the place of a file of the box, with the mode and owner it had.
put() {
    put_file=$1
    shift
    put_partial=$(partial_of "$put_file")
    rm -f "$put_partial"
    if [ -f "$put_file" ]; then
        cp -p "$put_file" "$put_partial" || return 1
    fi
    if "$@" >"$put_partial"; then
        commit "$put_file"
    else
        rm -f "$put_partial"
        return 1
    fi
}

# back_up FILE: keep a file as it is before the first change, unless that is kept already.
back_up() {
    kept=$1.kickbuild-backup
    if [ ! -f "$1" ] || cmp -s "$1" "$kept"; then
        return 0
    fi
    drop "$(partial_of "$kept")" && cp -p "$1" "$(partial_of "$kept")" && commit "$kept"
}

# put_entry: put the entry into its file.
put_entry() {
    file=$root$config
    has_entry=yes
    find_block "$file" "$entry_id" || has_entry=no
    if [ -f "$file" ]; then
        back_up "$file" || return 1
    else
        # A backup from earlier would say later that the file had been there.
        drop "$file.kickbuild-backup" || return 1
    fi
    put "$file" proven_entry
}

# proven_entry: print the file with the entry, but only where taking that out again gives the file as it is.
proven_entry() {
    proof=$(partial_of "$file").proof
    back=$(partial_of "$file").back
    text_with_entry >"$proof" || return 1
    if [ "$has_entry" = no ]; then
        text_without_entry "$proof" >"$back" || return 1
        if [ -f "$file" ]; then cmp -s "$back" "$file" || return 1; else [ ! -s "$back" ] || return 1; fi
    fi
    find_block "$proof" "$entry_id" && cat "$proof" && rm -f "$proof" "$back"
}
text_with_entry() {
    if [ "$loader" = grub-legacy ] && [ "$is_entering" = no ]; then text_of_legacy; else with_block "$file" "$entry_id" "$stanza"; fi
}

# text_without_entry FILE: print a configuration without the entry and what belongs to it.
text_without_entry() {
    if [ "$loader" = grub-legacy ]; then
        without_head "$1" >"$(partial_of "$file").head" && without_block "$(partial_of "$file").head" "$entry_id" &&
            rm -f "$(partial_of "$file").head"
    else
        without_block "$1" "$entry_id"
    fi
}

# take_entry: take the entry out of its file, which is then what it was, to the byte.
take_entry() {
    file=$root$config
    rm -f "$(partial_of "$file")" "$(partial_of "$file")".*
    [ -f "$file" ] || return 0
    if find_block "$file" "$entry_id" || { [ "$loader" = grub-legacy ] && find_head "$file"; }; then
        back=$(partial_of "$file").back
        text_without_entry "$file" >"$back" || return 1
        if [ ! -s "$back" ] && [ "$loader" != grub-legacy ] && [ ! -f "$file.kickbuild-backup" ]; then
            # It was not there before the entry came.
            drop "$file" || return 1
        else
            put "$file" cat "$back" || return 1
        fi
        rm -f "$back"
    fi
    drop_backup
}

# restore_entry: give the file the entry that stood in it before it was armed, and leave all else as it is now.
restore_entry() {
    file=$root$config
    rm -f "$(partial_of "$file")" "$(partial_of "$file")".*
    [ -f "$file" ] || return 0
    put "$file" text_with_former || return 1
    rm -f "$(partial_of "$file").head"
    drop_backup
}
text_with_former() {
    base=$file
    if [ "$loader" = grub-legacy ]; then
        base=$(partial_of "$file").head
        without_head "$file" >"$base" || return 1
    fi
    if ! find_block "$file.kickbuild-backup" "$entry_id"; then
        cat "$base"
        return
    fi
    former_start=$b_start former_size=$b_size
    find_block "$base" "$entry_id" || return 1
    head -c "$b_start" "$base" && tail -c +"$((former_start + 1))" "$file.kickbuild-backup" | head -c "$former_size" &&
        tail -c +"$((b_start + b_size + 1))" "$base"
}

# drop_backup: the backup tells nothing new where the file is again what it was.
drop_backup() {
    [ ! -f "$file.kickbuild-backup" ] || ! cmp -s "$file" "$file.kickbuild-backup" || drop "$file.kickbuild-backup"
}

# copy_boot_files: the installer's kernel and initrd, where the loader cannot find another disk.
copy_boot_files() {
    for kind in vmlinuz initrd.img; do
        file=$root/boot/kickbuild-$profile-$kind
        source=$kernel_file
        [ $kind = vmlinuz ] || source=$initrd_file
        cmp -s "$source" "$file" || {
            drop "$(partial_of "$file")" && cp "$source" "$(partial_of "$file")" && commit "$file"
        } || return 1
    done
}

remove_boot_files() {
    for kind in vmlinuz initrd.img; do
        drop "$root/boot/kickbuild-$profile-$kind" || return 1
    done
}

# has_boot_files: whether the copies in /boot are the drive's, where the loader needs any.
has_boot_files() {
    [ "$loader" != grub2 ] || return 0
    cmp -s "$kernel_file" "$root/boot/kickbuild-$profile-vmlinuz" &&
        cmp -s "$initrd_file" "$root/boot/kickbuild-$profile-initrd.img"
}
