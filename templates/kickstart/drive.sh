# shellcheck shell=sh disable=SC2034,SC2154,SC2317 # one program in several files, some of it called by name
#
# What kickbuild's scripts at the end of an installation begin with: the rebuild drive and the new system as this
# release's installer has them mounted, and what is left on both of how it ended.
#
# They run under any POSIX shell. Programs they use, in the installers of RHEL 6 and newer: cat chroot date ls mkdir mount
# mv readlink rm rmdir sed sleep sync tail umount, and where they are chown and ln. Nothing in them fails an installation:
# what does not work is noted, and the rest is done.
#
# KB_TEST_ROOT puts a made-up machine in the place of this one; without that machine's own mark it counts for nothing.

set -u
umask 022
LC_ALL=C
export LC_ALL
PATH=$PATH:/usr/sbin:/usr/bin:/sbin:/bin
export PATH

root=''
if [ -n "${KB_TEST_ROOT:-}" ] && [ -f "$KB_TEST_ROOT/made-up-machine" ]; then
    root=$KB_TEST_ROOT
fi
newline='
'
notes=$root/tmp/kickbuild-notes
source_device=''
source_mount=''
own_mount=''
was_read_only=no
sysroot=''
arming=''
started=''

say() { printf 'kickbuild: %s\n' "$*"; }

# note TEXT: keep a reason why something is not as it should be.
note() {
    say "$*"
    printf '%s\n' "$*" >>"$notes"
}

# reasons: print what was noted, on one line.
reasons() {
    if [ -r "$notes" ]; then
        joined "$(tail -n 40 "$notes" | sed 's/[[:cntrl:]]/ /g')"
    else
        printf '\n'
    fi
}

# read_begun: set arming and started to what the guard has left in the installer's memory, or on the drive.
read_begun() {
    for begun in "$root/tmp/kickbuild-rebuild.state" ${source_mount:+"$home/rebuild.state"}; do
        if [ -z "$started" ] && [ "$(value_of outcome "$begun")" = started ] &&
            [ "$(value_of digest "$begun")" = "$KB_DIGEST" ]; then
            arming=$(value_of id "$begun")
            started=$(value_of started "$begun")
        fi
    done
}

# find_root: set sysroot to where the new system is mounted: RHEL 8.3 and newer bind it to /mnt/sysroot.
find_root() {
    for found in /mnt/sysroot /mnt/sysimage; do
        if [ -e "$root$found/etc/fstab" ] && [ -d "$root$found/usr" ]; then
            sysroot=$root$found
            return 0
        fi
    done
    return 1
}

# find_drive: set source_device, source_mount and home, mounting the drive where the installer has not.
find_drive() {
    source_device=$(device_of "$root/dev/disk/by-$KB_SOURCE_KIND/$KB_SOURCE")
    if [ -z "$source_device" ] && command -v blkid >/dev/null 2>&1; then
        for found in $(blkid -c /dev/null -o device -t "$KB_SOURCE_TAG=$KB_SOURCE" 2>/dev/null); do
            source_device=$(device_of "$root$found")
        done
    fi
    if [ -z "$source_device" ]; then
        note "no filesystem carries $KB_SOURCE_TAG=$KB_SOURCE any more"
        return 1
    fi
    where_mounted=$(mounts | while read -r what where; do
        if [ "$what" = "$source_device" ]; then
            printf '%s\n' "$where"
            break
        fi
    done)
    source_mount=$root$where_mounted
    if [ -z "$where_mounted" ]; then
        source_mount=$root/tmp/kickbuild-drive
        own_mount=$source_mount
        if ! mkdir -p "$own_mount" || ! mount "$root/dev/$source_device" "$own_mount"; then
            own_mount=''
            source_mount=''
            note "the rebuild drive $source_device cannot be mounted"
            return 1
        fi
    fi
    home=$source_mount/kickbuild/$KB_PROFILE
    if [ -f "$source_mount/kickbuild/manifest.json" ] && [ -d "$home" ] && [ ! -h "$home" ]; then
        open_drive
        return 0
    fi
    note "$source_device is not the drive with the profile $KB_PROFILE any more"
    close_drive
    source_mount=''
    return 1
}

# open_drive: let the drive take bytes. The installers of RHEL 8 and newer have it mounted read-only.
open_drive() {
    if ! try_drive && is_read_only "${source_mount#"$root"}"; then
        was_read_only=yes
        mount -o remount,rw "$root/dev/$source_device" "$source_mount"
    fi
    try_drive || note "the drive takes no bytes"
}
try_drive() { (: >"$home/.kickbuild-partial-try") 2>/dev/null && rm -f "$home/.kickbuild-partial-try"; }

# close_drive: leave it as it was.
close_drive() {
    sync
    [ "$was_read_only" = no ] || mount -o remount,ro "$root/dev/$source_device" "$source_mount"
    [ -z "$own_mount" ] || umount "$own_mount"
}

# is_own_directory PATH: whether the new system has such a directory, and no link on the way leads elsewhere.
is_own_directory() {
    way=$sysroot
    rest=$1/
    while [ -n "$rest" ]; do
        way=$way/${rest%%/*}
        rest=${rest#*/}
        [ -d "$way" ] && [ ! -h "$way" ] || return 1
    done
}

# leave_stamp: tell in the new system what it came from.
leave_stamp() {
    is_own_directory etc || return 1
    ended=$(now)
    put_text "$sysroot/etc/kickbuild-release" "$(state_text installed "$started" "$ended" "$(reasons)")"
}

# leave_state OUTCOME: tell on the drive how it ended.
leave_state() {
    if ! put_text "$home/rebuild.state" "$(state_text "$1" "$started" "${ended:-$(now)}" "$(reasons)")"; then
        note "the drive takes no rebuild.state"
        return 1
    fi
}

# masked: print standard input without what could be a secret: hashes, what stands behind a word for a secret, and the
# names before an @ in an address.
masked() {
    sed -e 's/\$[0-9a-z]\{1,12\}\$[^ "'\''\\:,]*/(masked)/g' \
        -e 's/\(rootpw\|sshpw\|[Aa]uthorization\|BEGIN [A-Z ]*PRIVATE KEY\).*/\1 (masked)/' \
        -e 's/\([Pp][Aa][Ss][Ss]\(word\|wd\|phrase\|code\|WORD\|WD\|PHRASE\)\?["'\'']*[=: ]\+\)[^ ].*/\1(masked)/' \
        -e 's/\([A-Za-z_-]*\(secret\|token\|activation-\?key\|api-\?key\|SECRET\|TOKEN\)["'\'']*[=: ]\+\)[^ ].*/\1(masked)/' \
        -e 's,://[^/@ ]*@,://(masked)@,g'
}

# leave_logs: copy the end of the installer's own logs to the drive. Scripts' logs and dumps are left out: nobody knows
# what is in them.
leave_logs() {
    logs=$home/log
    umask 077
    rm -rf "$logs" && mkdir "$logs" || return 1
    for name in anaconda program storage packaging dnf.librepo dnf hawkey ifcfg lvm dbus yum kickbuild-guard \
        kickbuild-restore kickbuild-enter; do
        leave_log "$root/tmp/$name.log" "$name.log" || return 1
    done
    leave_log "$root/tmp/syslog" syslog.log || return 1
    [ -z "$sysroot" ] || leave_log "$sysroot/root/install.log" install.log
}

# leave_log FILE NAME: copy its last MiB, for root alone.
leave_log() {
    [ -f "$1" ] && [ ! -h "$1" ] && [ -s "$1" ] || return 0
    partial=$logs/.kickbuild-partial-$2
    if tail -c 1048576 "$1" | masked | tail -c 1048576 >"$partial" && [ -s "$partial" ]; then
        mv -f "$partial" "$logs/$2"
    else
        rm -f "$partial"
        note "the drive takes no log $2"
        return 1
    fi
}
