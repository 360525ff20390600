# shellcheck shell=sh disable=SC2034,SC2154 # one program in several files
#
# kickbuild's agent. It lies on the rebuild drive and runs on the box, under whatever POSIX shell that has: it tells
# what is armed, checks everything that can be checked, puts the Rebuild entry into the boot loader for one boot, and
# takes it out again. Files are replaced by rename, the choice of the boot comes last: whenever the power fails, the box
# boots its old system, or the rebuild that was asked for.
#
# Programs it uses: awk blkid cat chmod cmp cp date df grep head id ls mv readlink rm sed sha256sum sync tail tr uname,
# where they are mount, umount, mkdir, rmdir, od and udevadm, and for GRUB 2 grub2-editenv or grub-editenv.
#
# With --root everything that is read and written lies below that directory.

# clean TEXT: print it on one line, without control characters, so that it can be shown and kept.
clean() {
    case $1 in
    *[[:cntrl:]]*) printf '%s' "$1" | tr '\000-\037\177' '?' ;;
    *) printf '%s' "$1" ;;
    esac
}

# finding ID SEVERITY MESSAGE [HINT]: note what a check found. IDs stay what they are: others read them.
finding() {
    findings="$findings$1$tab$2$tab$(clean "$3")$tab$(clean "${4:-}")$newline"
    if [ "$2" = error ]; then
        errors=$((errors + 1))
        case $1 in
        privileges | tools.missing) lacks=$((lacks + 1)) ;;
        esac
    fi
}

# refuse TEXT: what the guard's own functions call where they doubt a disk.
refuse() {
    finding target.doubt error "$*" "the guard would refuse the rebuild: take the doubt away first"
}

# begin_step TEXT: note a step, and whether it is to be taken.
begin_step() {
    steps="$steps$(clean "$1")$newline"
    [ "$is_dry" = no ]
}

# unescaped TEXT: print a path as it is, from the way in which /proc/mounts writes it.
unescaped() {
    case $1 in
    *\\*) printf '%b' "$(printf '%s' "$1" | sed 's/\\\([0-7][0-7][0-7]\)/\\0\1/g')" ;;
    *) printf '%s' "$1" ;;
    esac
}

# real_of PATH: print a path of the box with its links resolved; fail where it leads out of --root.
real_of() {
    real=$(readlink -f "$root$1") || return 1
    case $real in
    "$root"/*) printf '%s\n' "${real#"$root"}" ;;
    *) return 1 ;;
    esac
}

# size_of FILE: print its bytes.
size_of() {
    # shellcheck disable=SC2046,SC2012 # ls -n on one file: the fifth word is its size, in every ls
    set -- $(ls -lnL "$1" 2>/dev/null)
    printf '%s\n' "${5:-0}"
}

# sum_of FILE: print its sha256.
sum_of() {
    [ -r "$1" ] && sum=$(sha256sum <"$1" 2>/dev/null) || return 1
    printf '%s\n' "${sum%% *}"
}

# mount_of PATH: set m_device, m_point, m_type and m_options to the mount that a resolved path is on.
mount_of() {
    m_device=''
    m_point=''
    m_type=''
    m_options=''
    [ -r "$root/proc/mounts" ] || return 0
    while read -r mount_what mount_where mount_type mount_options _; do
        case $mount_where in
        *\\*) mount_where=$(unescaped "$mount_where") ;;
        esac
        case $mount_type in
        autofs | rootfs) continue ;;
        esac
        case $1/ in
        "${mount_where%/}"/*) ;;
        *) continue ;;
        esac
        if [ ${#mount_where} -ge ${#m_point} ]; then
            m_device=$mount_what
            m_point=$mount_where
            m_type=$mount_type
            m_options=$mount_options
        fi
    done <"$root/proc/mounts"
}

# is_read_only: whether the mount that mount_of found may not be written.
is_read_only() {
    case ,$m_options, in
    *,ro,*) return 0 ;;
    esac
    return 1
}

# kernel_name DEVICE: print the kernel's name of a device by its path.
kernel_name() {
    if [ -e "$root$1" ]; then
        device_of "$root$1"
    else
        printf '%s\n' "${1#/dev/}"
    fi
}

# free_kib PATH: print the KiB that are free there.
free_kib() {
    df -Pk "$root$1" 2>/dev/null | awk 'NR == 2 { print $4 }'
}

# partial_of FILE: print the name under which a file is written before it takes its place. It ends in nothing that a
# boot loader reads.
partial_of() {
    printf '%s/.kickbuild-partial-%s\n' "${1%/*}" "${1##*/}"
}

# commit FILE: put what was written under the partial name in the file's place, complete or not at all.
commit() {
    sync
    mv -f "$(partial_of "$1")" "$1" && sync
}

# drop FILE: remove a file, and what was left of writing it.
drop() {
    rm -f "$1" "$(partial_of "$1")" && sync
}
