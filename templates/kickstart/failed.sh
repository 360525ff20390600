# shellcheck shell=sh disable=SC2034,SC2154,SC2317 # one program in several files, some of it called by name
#
# kickbuild's %onerror: it leaves the reason and the logs on the drive. What the installer does then is its own.

# find_reason: print what the installer says of the error: the last line of its exception, or of its log.
find_reason() {
    reason=''
    for found in "$root"/tmp/anaconda-tb-*; do
        [ ! -f "$found" ] || reason=$(sed -n '1,400{/^[A-Za-z_][A-Za-z0-9_.]*\(Error\|Exception\)\(: .*\)\{0,1\}$/{p;q;};}' "$found")
    done
    [ -n "$reason" ] || [ ! -f "$root/tmp/anaconda.log" ] ||
        reason=$(sed -n -e '/ CRT /p' -e '/ ERR /p' "$root/tmp/anaconda.log" | tail -n 1)
    printf '%s\n' "${reason:-the installer gave no reason}" | masked
}

tell_failure() {
    note "$(joined "$(find_reason)")"
    # A stamp from the last script would say that all went well.
    ! find_root || rm -f "$sysroot/etc/kickbuild-release"
    find_drive || return 1
    read_begun
    within 120 /dev/null leave_logs
    leave_state failed
    close_drive
}

rm -f "$notes"
within 300 /dev/null tell_failure
exit 0
