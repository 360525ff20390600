# shellcheck shell=dash
# The stand-in's first stage: kernel arguments, kickstart, source, %pre. Sourced by init.
# Rules: RHEL 6 loader/hdinstall.c and isys/imount.c; from RHEL 7 dracut/anaconda-lib.sh, parse-anaconda-*.sh,
# anaconda-diskroot and fetch-kickstart-disk of the installer's source.
: "${release:?}" "${kickstart:?}"
source_mount=/run/install/isodir

# argument NAME...: the last value that one of the names has on the kernel command line.
argument() {
    value=
    read -r line </proc/cmdline
    for word in $line; do
        for name; do
            case $word in
            "$name="*) value=${word#*=} ;;
            esac
        done
    done
    printf '%s\n' "$value"
}

# words LINE: the words of a kickstart command, one a line, without their quotes.
words() { printf '%s\n' "$1" | xargs -n 1 echo; }

# option NAME LINE: the value of --NAME= in a kickstart command.
option() { words "$2" | sed -n "s/^--$1=//p" | tail -n 1; }

# commands FILE: a kickstart without its sections and comments.
commands() {
    awk '/^%[a-z]/ && !/^%(include|ksappend|end)/ { section = 1 }
         !section && !/^[ \t]*(#|$)/ { print }
         /^%end/ { section = 0 }' "$1"
}

# device SPECIFICATION: the device file that it means to dracut's rules; the text is compared, so case matters.
device() {
    case $1 in
    UUID=*) printf '/dev/disk/by-uuid/%s\n' "${1#UUID=}" ;;
    LABEL=*) printf '/dev/disk/by-label/%s\n' "${1#LABEL=}" ;;
    /dev/*) printf '%s\n' "$1" ;;
    *) printf '/dev/%s\n' "$1" ;;
    esac
}

# mount_source SPECIFICATION MODE DIRECTORY: mount as this release does, or return 1.
mount_source() {
    mkdir -p "$3"
    if [ "$release" -eq 6 ]; then
        case $1 in
        UUID=* | LABEL=* | /*) mount -n -t auto -o "$2" "$1" "$3" ;;
        *) mount -n -t auto -o "$2" "/dev/$1" "$3" ;;
        esac
        return
    fi
    wait_for "$1" test -b "$(device "$1")" || return 1
    mount -o "$2" "$(device "$1")" "$3"
}

find_kickstart() {
    if [ "$release" -ge 9 ]; then
        ks=$(argument inst.ks)
    elif [ "$release" -ge 7 ]; then
        ks=$(argument ks inst.ks)
    else
        ks=$(argument ks)
    fi
    [ -z "$(argument root)" ] || [ "$release" -eq 6 ] || give_up "root= is given: no source is looked for"
    case $ks in
    hd:*:/*) ;;
    *) give_up "no kickstart on a hard disk is named: '$ks'" ;;
    esac
    ks=${ks#hd:}
    mount_source "${ks%%:*}" ro /run/kickstart || give_up "the kickstart's device ${ks%%:*} is not there"
    mkdir -p "${kickstart%/*}"
    cp "/run/kickstart${ks#*:}" "$kickstart" || give_up "the drive has no ${ks#*:}"
    umount /run/kickstart
}

find_source() {
    line=$(commands "$kickstart" | sed -n '/^harddrive /p' | tail -n 1)
    [ -n "$line" ] || give_up "the kickstart has no harddrive command of its own"
    partition=$(option partition "$line")
    directory=$(option dir "$line")
    if [ "$release" -eq 6 ]; then
        source_of_rhel6
    else
        source_of_dracut
    fi
}

# RHEL 6 copies the install image that lies beside the ISO into memory, and leaves the drive unmounted.
source_of_rhel6() {
    mount_source "$partition" ro /mnt/isodir || give_up "the source $partition is not there"
    cp "/mnt/isodir$directory/images/install.img" /tmp/install.img || give_up "no install.img outside the ISO"
    umount /mnt/isodir
}

source_of_dracut() {
    mode=ro
    [ "$release" -gt 7 ] || mode=rw
    mount_source "$partition" "$mode" "$source_mount" || give_up "the source $partition is not there"
    place=$source_mount$directory
    # An image or a tree in the directory is taken before any ISO.
    for tree in images/install.img LiveOS/squashfs.img .treeinfo; do
        [ ! -e "$place/$tree" ] || give_up "$directory/$tree is taken for the source instead of the ISO"
    done
    iso=$place
    if [ -d "$place" ]; then
        iso=$(find "$place" -maxdepth 1 -name '*.iso' | sort | head -n 1)
    fi
    mount_iso /run/install/repo
    [ -e /run/install/repo/images/install.img ] || [ -e /run/install/repo/LiveOS/squashfs.img ] ||
        give_up "no suitable images in ${iso#"$source_mount"}"
    report_source "$source_mount"
}

# The second stage of RHEL 6 takes the last ISO of the directory that holds an install image.
second_stage_of_rhel6() {
    mount_source "$partition" ro /mnt/isodir || stuck "the source $partition is not there any more"
    iso=$(find "/mnt/isodir$directory" -maxdepth 1 -name '*.iso' | tail -n 1)
    mount_iso /mnt/source
    [ -e /mnt/source/images/install.img ] || stuck "the ISO has no images/install.img"
    report_source /mnt/isodir
}

mount_iso() {
    mkdir -p "$1"
    mount -o loop,ro -t iso9660 "$iso" "$1" || give_up "there is no ISO at $directory"
}

report_source() {
    source_device=$(sed -n "s|^\([^ ]*\) $1 .*|\1|p" /proc/mounts)
    echo "STANDIN-SOURCE device=$source_device iso=${iso#"$1"}"
}

# sections NAME: write every section of that name to /tmp/NAME-1, /tmp/NAME-2 and so on, and its first line beside it.
sections() {
    awk -v name="$1" '
         $1 == "%" name { count++; inside = 1; print > ("/tmp/" name "-" count ".header"); next }
         /^%end/ { inside = 0 }
         inside { print > ("/tmp/" name "-" count) }' "$kickstart"
}

# run_pre: every %pre in its order, as the installer does: from a file, with its output in a log.
run_pre() {
    sections pre
    number=1
    while [ -e "/tmp/pre-$number.header" ]; do
        header=$(cat "/tmp/pre-$number.header")
        interpreter=$(option interpreter "$header")
        chmod 700 "/tmp/pre-$number"
        status=0
        (cd / && exec "${interpreter:-/bin/sh}" "/tmp/pre-$number") >"/tmp/pre-$number.log" 2>&1 || status=$?
        sed 's/^/%pre: /' "/tmp/pre-$number.log"
        say "%pre number $number ended with status $status"
        case "$status $header" in
        '0 '*) ;;
        *--erroronfail*) stuck "%pre failed, and the installer ends without a reboot" ;;
        esac
        number=$((number + 1))
    done
    [ "$release" -ne 6 ] || second_stage_of_rhel6
}
