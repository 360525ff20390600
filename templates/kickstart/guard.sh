# shellcheck shell=sh disable=SC2317 # what runs only in the trap at the end counts as unreachable there
#
# kickbuild's guard. It looks before anything is written: it finds the drive that the images are on and the one disk
# that may be erased, and writes the storage commands for that disk. Where it cannot be sure, it says why and reboots
# into the old system. It never asks and never waits for a key.
#
# What it decided it leaves on the drive, where the drive takes it. Nothing depends on that.
#
# It runs under any POSIX shell. Programs it uses, in the installers of RHEL 6 and newer: cat date ls mkdir mount mv
# readlink rm sleep sync umount; and where they are: blkid, sha256sum, udevadm, systemctl, reboot.
#
# KB_TEST_ROOT puts a made-up machine in the place of this one; without that machine's own mark it counts for nothing.

set -u
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
tab='	'
reasons=''
is_sure=no
source_device=''
source_mount=''
own_mount=''
source_disks=' '
matches=''
target=''
passed=''

say() { printf 'kickbuild: %s\n' "$*"; }

refuse() { reasons="$reasons$*$newline"; }

# pass STEP: a step came to its end. An error of the shell ends in bash only the step that it is in, and that must not
# be taken for consent.
pass() { passed="$passed $1"; }

# read_file FILE: print a small file's first line; nothing where it is not there.
read_file() {
    read_line=''
    if [ -r "$1" ] && IFS= read -r read_line 2>/dev/null <"$1"; then
        printf '%s\n' "$read_line"
    elif [ -r "$1" ]; then
        printf '%s\n' "$read_line"
    fi
}

# trim TEXT: print it without blanks around it.
trim() {
    trimmed=$1
    while :; do
        case $trimmed in
        [\ "$tab"]*) trimmed=${trimmed#?} ;;
        *[\ "$tab"]) trimmed=${trimmed%?} ;;
        *) break ;;
        esac
    done
    printf '%s\n' "$trimmed"
}

# folded TEXT: print it with runs of blanks and underscores as one underscore, as udev writes names.
folded() {
    rest=$(trim "$1")
    out=''
    while [ -n "$rest" ]; do
        char=${rest%"${rest#?}"}
        rest=${rest#?}
        case $char in
        [\ _"$tab"]) case $out in *_) ;; *) out=${out}_ ;; esac ;;
        *) out=$out$char ;;
        esac
    done
    printf '%s\n' "$out"
}

# plain_wwn TEXT: print a World Wide Name without the prefixes that different places put before it.
plain_wwn() {
    wwn=$(trim "$1")
    wwn=$(printf '%s\n' "$wwn" | while IFS= read -r line; do lower "$line"; done)
    for prefix in wwn- naa. eui. nvme. 0x; do
        wwn=${wwn#"$prefix"}
    done
    printf '%s\n' "$wwn"
}

# lower TEXT: print it in lower case; the installers of old have no tr everywhere.
lower() {
    rest=$1
    out=''
    while [ -n "$rest" ]; do
        char=${rest%"${rest#?}"}
        rest=${rest#?}
        case $char in
        A) char=a ;; B) char=b ;; C) char=c ;; D) char=d ;; E) char=e ;; F) char=f ;; W) char=w ;; N) char=n ;;
        U) char=u ;; I) char=i ;; V) char=v ;; M) char=m ;; X) char=x ;;
        esac
        out=$out$char
    done
    printf '%s\n' "$out"
}

# device_of LINK: print the kernel's name of the device that a link leads to.
device_of() {
    [ -e "$1" ] || return 0
    resolved=$(readlink -f "$1") || return 0
    resolved=${resolved#"$root"}
    printf '%s\n' "${resolved#/dev/}"
}

# sys_name DEVICE: print the name in sysfs, where a slash is an exclamation mark (cciss/c0d0).
sys_name() {
    case $1 in
    */*) printf '%s!%s\n' "${1%%/*}" "${1#*/}" ;;
    *) printf '%s\n' "$1" ;;
    esac
}

# device_name SYSFS: the way back.
device_name() {
    case $1 in
    *!*) printf '%s/%s\n' "${1%%!*}" "${1#*!}" ;;
    *) printf '%s\n' "$1" ;;
    esac
}

# whole_disks SYSFS: print the disks that a device is on, through partitions, device-mapper and md.
whole_disks() {
    is_built=no
    for below in "$root/sys/class/block/$1/slaves"/* "$root/sys/block/$1/slaves"/*; do
        if [ -e "$below" ]; then
            is_built=yes
            (whole_disks "${below##*/}")
        fi
    done
    [ $is_built = no ] || return 0
    for disk in "$root/sys/block"/*; do
        if [ -d "$disk/$1" ]; then
            (whole_disks "${disk##*/}")
            return 0
        fi
    done
    printf '%s\n' "$1"
}

# mounts: print "device mount-point" for each mount, with devices by the kernel's name.
mounts() {
    [ -r "$root/proc/mounts" ] || return 0
    while read -r what where _; do
        case $what in
        /dev/*)
            if [ -e "$root$what" ]; then
                what=/dev/$(device_of "$root$what")
            fi
            printf '%s %s\n' "${what#/dev/}" "$where"
            ;;
        esac
    done <"$root/proc/mounts"
}

# find_source: set source_device and source_disks from the UUID or label of the filesystem that the images are on.
find_source() {
    found=''
    if command -v blkid >/dev/null 2>&1; then
        for device in $(blkid -c /dev/null -o device -t "$KB_SOURCE_TAG=$KB_SOURCE" 2>/dev/null); do
            found="$found ${device#/dev/}"
        done
    fi
    # shellcheck disable=SC2086 # the names of devices are words
    set -- $found
    if [ $# -gt 1 ]; then
        refuse "$# filesystems carry $KB_SOURCE_TAG=$KB_SOURCE: $*. Nobody can tell which is the rebuild drive."
        return
    fi
    source_device=$(device_of "$root/dev/disk/by-$KB_SOURCE_KIND/$KB_SOURCE")
    [ -n "$source_device" ] || source_device=${1:-}
    if [ -z "$source_device" ]; then
        refuse "no filesystem carries $KB_SOURCE_TAG=$KB_SOURCE: the rebuild drive is not there."
        return
    fi
    if [ $# -eq 1 ] && [ "$(device_of "$root/dev/$1")" != "$source_device" ]; then
        refuse "the link to $KB_SOURCE_TAG=$KB_SOURCE leads to $source_device, but blkid finds it on $1."
    fi
    for disk in $(whole_disks "$(sys_name "$source_device")"); do
        source_disks="$source_disks$disk "
    done
    pass source
}

# find_mount: set source_mount, mounting the drive read-only where the installer has not mounted it.
find_mount() {
    [ -n "$source_device" ] || return
    wrong=$(mounts | while read -r what where; do
        case " $KB_SOURCE_MOUNTS " in
        *" $where "*)
            case $what in
            loop* | "$source_device") ;;
            *) printf '%s ' "$what" ;;
            esac
            ;;
        esac
    done)
    if [ -n "$wrong" ]; then
        refuse "the installer reads ${wrong% }, which is not the drive that carries $KB_SOURCE_TAG=$KB_SOURCE."
    fi
    where_mounted=$(mounts | while read -r what where; do
        if [ "$what" = "$source_device" ]; then
            printf '%s\n' "$where"
            break
        fi
    done)
    if [ -n "$where_mounted" ]; then
        source_mount=$root$where_mounted
    else
        own_mount=$root/tmp/kickbuild-drive
        mkdir -p "$own_mount"
        if mount -o ro "$root/dev/$source_device" "$own_mount"; then
            source_mount=$own_mount
        else
            own_mount=''
            refuse "the rebuild drive $source_device cannot be mounted."
        fi
    fi
    pass mount
}

# check_manifest: what lies on the drive is what this kickstart was made with.
check_manifest() {
    [ -n "$source_mount" ] || return
    manifest=$source_mount/kickbuild/manifest.json
    if [ ! -r "$manifest" ]; then
        refuse "the drive has no manifest: it was not prepared to the end."
        return
    fi
    has_profile=no
    has_iso=no
    sum=''
    while IFS= read -r line; do
        case $line in
        '  "'"$KB_PROFILE"'": {"'*'"digest": "'"$KB_DIGEST"'"'*) has_profile=yes ;;
        '  "'"$KB_ISO"'": {'*'"size": '"$KB_ISO_SIZE"'}'*) has_iso=yes ;;
        '  "'"$KB_KICKSTART"'": {'*'"sha256": "'*)
            sum=${line#*'"sha256": "'}
            sum=${sum%%\"*}
            ;;
        esac
    done <"$manifest"
    [ $has_profile = yes ] || refuse "the drive's manifest does not know this version of the profile $KB_PROFILE."
    [ $has_iso = yes ] || refuse "the drive's manifest does not know the ISO $KB_ISO with $KB_ISO_SIZE bytes."
    # shellcheck disable=SC2046,SC2012 # ls -n on one file: the fifth word is its size, in every ls
    set -- $(ls -ln "$source_mount$KB_ISO" 2>/dev/null)
    if [ "${5:-none}" != "$KB_ISO_SIZE" ]; then
        refuse "$KB_ISO on the drive has ${5:-no} bytes instead of $KB_ISO_SIZE."
    fi
    if command -v sha256sum >/dev/null 2>&1; then
        now=$(sha256sum <"$source_mount$KB_KICKSTART" 2>/dev/null) || now=none
        [ "${now%% *}" = "$sum" ] || refuse "$KB_KICKSTART on the drive is not the one in its manifest."
    fi
    pass manifest
}

# properties SYSFS: print what udev knows of a disk.
properties() {
    if command -v udevadm >/dev/null 2>&1; then
        udevadm info --query=property --name="/dev/$(device_name "$1")" 2>/dev/null || :
    fi
}

# serials SYSFS, wwns SYSFS, models SYSFS: print every name of that kind that the disk bears, one on a line.
serials() {
    read_file "$root/sys/block/$1/serial"
    read_file "$root/sys/block/$1/device/serial"
    from_properties ID_SERIAL_SHORT ID_SCSI_SERIAL ID_SERIAL
}
wwns() {
    read_file "$root/sys/block/$1/wwid"
    read_file "$root/sys/block/$1/device/wwid"
    from_properties ID_WWN ID_WWN_WITH_EXTENSION
}
models() {
    read_file "$root/sys/block/$1/device/model"
    from_properties ID_MODEL
}
from_properties() {
    printf '%s\n' "$disk_properties" | while IFS= read -r line; do
        for key in "$@"; do
            case $line in
            "$key="?*) printf '%s\n' "${line#"$key="}" ;;
            esac
        done
    done
}

# bears KIND WANTED: whether one of the names on standard input is the wanted one.
bears() {
    case $1 in
    serial) wanted=$(trim "$2") ;;
    model) wanted=$(folded "$2") ;;
    wwn) wanted=$(plain_wwn "$2") ;;
    esac
    while IFS= read -r name; do
        case $1 in
        serial) [ "$(trim "$name")" != "$wanted" ] || return 0 ;;
        model) [ "$(folded "$name")" != "$wanted" ] || return 0 ;;
        wwn) [ "$(plain_wwn "$name")" != "$wanted" ] || return 0 ;;
        esac
    done
    return 1
}

# is_candidate SYSFS: whether it is a disk at all.
is_candidate() {
    case $1 in
    loop* | ram* | zram* | sr* | scd* | fd* | dm-* | md[0-9]* | nbd*) return 1 ;;
    mmcblk*boot* | mmcblk*rpmb*) return 1 ;;
    esac
    # A path of a multipathed NVMe disk: it has the disk's serial and is not to be opened.
    [ "$(read_file "$root/sys/block/$1/hidden")" != 1 ] || return 1
    sectors=$(read_file "$root/sys/block/$1/size")
    case $sectors in
    '' | *[!0-9]* | 0) return 1 ;;
    esac
}

# holds_all SYSFS: whether a disk bears every identity that the profile gives.
holds_all() {
    disk_properties=$(properties "$1")
    device=$(device_name "$1")
    [ -z "$KB_SERIAL" ] || serials "$1" | bears serial "$KB_SERIAL" || return 1
    [ -z "$KB_WWN" ] || wwns "$1" | bears wwn "$KB_WWN" || return 1
    [ -z "$KB_MODEL" ] || models "$1" | bears model "$KB_MODEL" || return 1
    [ -z "$KB_BY_ID" ] || [ "$(device_of "$root/dev/disk/by-id/$KB_BY_ID")" = "$device" ] || return 1
    [ -z "$KB_BY_PATH" ] || [ "$(device_of "$root/dev/disk/by-path/$KB_BY_PATH")" = "$device" ] || return 1
    if [ -n "$KB_ONLY_OTHER" ]; then
        case $source_disks in
        *" $1 "*) return 1 ;;
        esac
    fi
}

# find_target: set target to the one disk that bears every identity.
find_target() {
    others=0
    for disk in "$root/sys/block"/*; do
        disk=${disk##*/}
        is_candidate "$disk" || continue
        case $source_disks in
        *" $disk "*) ;;
        *) others=$((others + 1)) ;;
        esac
        ! holds_all "$disk" || matches="$matches $disk"
    done
    # shellcheck disable=SC2086 # the names of disks are words
    set -- $matches
    if [ $# -eq 0 ]; then
        refuse "no disk is the one to erase: $KB_TARGET_WORDS."
    elif [ $# -gt 1 ]; then
        refuse "$# disks could be the one to erase ($*): $KB_TARGET_WORDS."
    else
        target=$1
        check_target "$1"
    fi
    if [ -n "$KB_ONLY_OTHER" ] && [ $others -ne 1 ]; then
        refuse "there are $others disks besides the rebuild drive, not one."
    fi
    pass target
}

# check_target SYSFS: refuse a disk that must not be erased, whatever it is called.
check_target() {
    case $source_disks in
    *" $1 "*) refuse "the disk to erase, $1, is the rebuild drive itself." ;;
    esac
    if [ "$source_disks" = ' ' ]; then
        refuse "without the rebuild drive nobody can tell that $1 is not it."
    fi
    if ! is_candidate "$1"; then
        refuse "the disk to erase, $1, went away."
        return
    fi
    bytes=$((sectors * 512))
    if [ "$bytes" -lt "$KB_MIN_SIZE" ]; then
        refuse "the disk to erase, $1, has $bytes bytes, fewer than the $KB_MIN_SIZE that are needed."
    fi
    if [ "$KB_MAX_SIZE" -gt 0 ] && [ "$bytes" -gt "$KB_MAX_SIZE" ]; then
        refuse "the disk to erase, $1, has $bytes bytes, more than the $KB_MAX_SIZE that are allowed."
    fi
    if [ "$(read_file "$root/sys/block/$1/ro")" = 1 ]; then
        refuse "the disk to erase, $1, is read-only."
    fi
    check_use "$1"
    check_stack "$1"
    [ -z "$KB_BY_ID" ] || check_twins "$1"
    [ -z "$KB_BY_ID" ] || check_link "$1" "by-id/$KB_BY_ID"
    [ -z "$KB_BY_PATH" ] || check_link "$1" "by-path/$KB_BY_PATH"
}

# check_use SYSFS: nothing on the disk is mounted.
check_use() {
    [ -r "$root/proc/mounts" ] || refuse "nobody can tell whether $1 is in use: the guard cannot see what is mounted."
    in_use=$(mounts | while read -r what where; do
        for disk in $(whole_disks "$(sys_name "$what")"); do
            [ "$disk" != "$1" ] || printf '%s is mounted on %s, ' "$what" "$where"
        done
    done)
    [ -z "$in_use" ] || refuse "the disk to erase, $1, is in use: ${in_use%, }."
}

# check_stack SYSFS: what is built on the disk (an array, a volume, a multipath map) lies on no other disk, where the
# installer would erase it too.
check_stack() {
    for built in "$root/sys/block"/*; do
        built=${built##*/}
        beside=''
        is_above=no
        for disk in $(whole_disks "$built"); do
            if [ "$disk" = "$1" ]; then is_above=yes; else beside="$beside $disk"; fi
        done
        if [ $is_above = yes ] && [ -n "$beside" ]; then
            refuse "$built lies on the disk to erase, $1, and on$beside: they would be erased together."
        fi
    done
}

# check_twins SYSFS: disks with one serial share one by-id link, so the link alone does not prove that there is one.
check_twins() {
    disk_properties=$(properties "$1")
    own=$(serials "$1")
    for other in "$root/sys/block"/*; do
        other=${other##*/}
        if [ "$other" = "$1" ] || ! is_candidate "$other"; then
            continue
        fi
        disk_properties=$(properties "$other")
        shared=$(printf '%s\n' "$own" | while IFS= read -r name; do
            [ -n "$(trim "$name")" ] || continue
            if serials "$other" | bears serial "$name"; then
                printf 'serial %s' "$name"
                break
            fi
        done)
        case $KB_BY_ID in
        wwn-* | nvme-*) ! wwns "$other" | bears wwn "${KB_BY_ID#nvme-}" || shared="name $KB_BY_ID" ;;
        esac
        [ -z "$shared" ] || refuse "two disks bear the $shared: $1 and $other. Their by-id link leads to only one of them."
    done
}

# check_link SYSFS LINK: no other disk claims the link below /dev/disk that the profile names.
check_link() {
    other=$(other_claimant "$1" "$2")
    [ -z "$other" ] || refuse "two disks claim the link $2: $1 and $other."
}

# other_claimant SYSFS LINK: print another disk that udev would give the link below /dev/disk to. A link that two disks
# claim leads to one of them, but the installer asks udev, and takes it for both (blivet, udev.resolve_glob).
other_claimant() {
    for other in "$root/sys/block"/*; do
        other=${other##*/}
        if [ "$other" = "$1" ] || ! is_candidate "$other"; then
            continue
        fi
        disk_properties=$(properties "$other")
        case " $(from_properties DEVLINKS) " in
        *" /dev/disk/$2 "*)
            printf '%s\n' "$other"
            return
            ;;
        esac
    done
}

check_firmware() {
    if [ -d "$root/sys/firmware/efi" ]; then firmware=uefi; else firmware=bios; fi
    if [ -n "$KB_FIRMWARE" ] && [ "$KB_FIRMWARE" != "$firmware" ]; then
        refuse "the profile is for boxes that boot by $KB_FIRMWARE, and this one booted by $firmware."
    fi
    pass firmware
}

# stable_name SYSFS: print the by-id name of a disk, or the kernel's where it has none of its own.
stable_name() {
    device=$(device_name "$1")
    if ! command -v udevadm >/dev/null 2>&1; then
        printf '%s\n' "$device"
        return
    fi
    for link in "$root/dev/disk/by-id"/wwn-* "$root/dev/disk/by-id"/nvme-* "$root/dev/disk/by-id"/ata-* \
        "$root/dev/disk/by-id"/scsi-* "$root/dev/disk/by-id"/virtio-*; do
        name=${link##*/}
        case $name in
        *-part[0-9]* | *[!A-Za-z0-9_.:+@-]*) continue ;;
        esac
        if [ "$(device_of "$link")" = "$device" ] && [ -z "$(other_claimant "$1" "by-id/$name")" ]; then
            printf 'disk/by-id/%s\n' "$name"
            return
        fi
    done
    printf '%s\n' "$device"
}

# other_disks: print the disks that are neither the target nor the rebuild drive, with commas between.
other_disks() {
    list=''
    for disk in "$root/sys/block"/*; do
        disk=${disk##*/}
        is_candidate "$disk" || continue
        case $source_disks in
        *" $disk "*) continue ;;
        esac
        [ "$disk" = "$target" ] || list="$list,$(device_name "$disk")"
    done
    printf '%s\n' "${list#,}"
}

# replaced TEXT MARK NAME: print the text with every mark replaced.
replaced() {
    rest=$1
    out=''
    while :; do
        case $rest in
        *"$2"*)
            out=$out${rest%%"$2"*}$3
            rest=${rest#*"$2"}
            ;;
        *) break ;;
        esac
    done
    printf '%s\n' "$out$rest"
}

# write_include: write the storage commands for the target, complete or not at all.
write_include() {
    name=$(stable_name "$target")
    [ -n "$name" ] || return 1
    others=$(other_disks) || return 1
    include=$root$KB_INCLUDE
    commands=$(printf '%s\n' "$KB_STORAGE" | while IFS= read -r line; do
        condition=${line%%"$tab"*}
        line=${line#*"$tab"}
        if [ -n "$condition" ] && [ "$condition" != "$firmware" ]; then
            continue
        fi
        case $line in
        *@OTHERS@*) [ -n "$others" ] || continue ;;
        esac
        line=$(replaced "$line" @OTHERS@ "$others") || exit 1
        replaced "$line" @TARGET@ "$name"
    done) || return 1
    printf '%s\n' "$commands" >"$include.new" || return 1
    [ "$(cat "$include.new")" = "$commands" ] || return 1
    mv -f "$include.new" "$include" && [ -s "$include" ]
}

# tell: put the lines of standard input on every console. A console that takes no bytes must not stop us.
tell() {
    text=$(cat)
    consoles=$(read_file "$root/sys/class/tty/console/active")
    for console in console tty1 $consoles; do
        if [ -w "$root/dev/$console" ]; then
            (printf '\n%s\n' "$text" >"$root/dev/$console") 2>/dev/null &
        fi
    done
    if [ -w "$root/dev/kmsg" ]; then
        printf '%s\n' "$text" | while IFS= read -r line; do
            (printf '%s\n' "$line" >"$root/dev/kmsg") 2>/dev/null
        done
    fi
    printf '%s\n' "$text"
}

# within SECONDS FILE COMMAND...: run it with its output in a file, but wait no longer for it: a drive that answers no
# more must not hold us up. What hangs must hold no output of ours either: the installer reads that to its end.
within() {
    left=$(($1 * 50))
    output=$2
    shift 2
    (exec >"$output" 2>&1 </dev/null && "$@") &
    worker=$!
    while kill -0 $worker 2>/dev/null; do
        [ $left -gt 0 ] || return 124
        left=$((left - 1))
        sleep 0.02 2>/dev/null || { sleep 1 && left=$((left - 49)); }
    done
    wait $worker
}

# now: print the time by the installer's clock.
now() { date -u +%Y-%m-%dT%H:%M:%SZ 2>/dev/null || :; }

# is_read_only MOUNT-POINT: whether what is mounted there may not be written.
is_read_only() {
    mount_options=''
    while read -r _ where _ options _; do
        [ "$where" != "$1" ] || mount_options=$options
    done <"$root/proc/mounts"
    case ,$mount_options, in
    *,ro,*) return 0 ;;
    esac
    return 1
}

# is_plain FILE [BYTES]: whether it is a file of its own, and no larger than that or 16 KiB.
is_plain() {
    [ -f "$1" ] && [ ! -h "$1" ] || return 1
    # shellcheck disable=SC2046,SC2012 # see check_manifest
    set -- "${2:-16384}" $(ls -ln "$1" 2>/dev/null)
    [ "${6:-none}" -le "$1" ] 2>/dev/null
}

# value_of KEY FILE: print the text of a key in a small file of "key=text".
value_of() {
    is_plain "$2" || return 0
    while IFS= read -r line; do
        case $line in
        "$1="*)
            printf '%s\n' "${line#*=}"
            break
            ;;
        esac
    done <"$2"
}

# armed_id: print the id of the arming that the drive tells of, where it is for this profile.
armed_id() {
    state=$source_mount/kickbuild/armed.state
    [ "$(value_of profile "$state")" = "$KB_PROFILE" ] || return 0
    id=$(value_of id "$state")
    case $id in
    *[!0-9a-f]*) ;;
    *) [ ${#id} -ne 32 ] || printf '%s\n' "$id" ;;
    esac
}

# state_text OUTCOME STARTED ENDED REASON: print what rebuild.state says. An arming is for one boot: what was booted
# again by hand has no id.
state_text() {
    printf '%s=%s\n' schema 1 id "$arming" profile "$KB_PROFILE" digest "$KB_DIGEST" release "$KB_RELEASE" \
        kickbuild "$KB_VERSION" outcome "$1" started "$2" ended "$3" reason "$4"
}

# joined TEXT: print lines as one, bounded.
joined() {
    line=$(printf '%s\n' "$1" | while IFS= read -r reason; do
        [ -z "$reason" ] || printf '%s; ' "$reason"
    done)
    printf '%.1000s\n' "${line%; }"
}

# put_text FILE TEXT: write a small file, complete or not at all.
put_text() {
    partial=${1%/*}/.kickbuild-partial-${1##*/}
    rm -f "$partial"
    if (printf '%s\n' "$2" >"$partial") && [ "$(cat "$partial")" = "$2" ]; then
        sync
        mv -f "$partial" "$1" && sync
    else
        rm -f "$partial"
        return 1
    fi
}

# leave OUTCOME REASON [LOG]: keep on the drive what was decided, where the old system and the new one find it. What was
# begun also stays in the installer's memory, for the scripts at its end.
leave() {
    home=$source_mount/kickbuild/$KB_PROFILE
    [ -n "$source_mount" ] && [ -d "$home" ] || return 0
    arming=$(armed_id)
    [ "$arming" != "$(value_of id "$home/rebuild.state")" ] || arming=''
    started=$(now)
    ended=''
    [ "$1" = started ] || ended=$started
    state_now=$(state_text "$1" "$started" "$ended" "$2")
    [ "$1" != started ] || printf '%s\n' "$state_now" >"$root/tmp/kickbuild-rebuild.state"
    ! write_traces "$state_now" "${3:-}" || return 0
    [ -n "$own_mount" ] || is_read_only "${source_mount#"$root"}" || return 0
    mount -o remount,rw "$root/dev/$source_device" "$source_mount" || return 0
    write_traces "$state_now" "${3:-}"
    sync
    mount -o remount,ro "$root/dev/$source_device" "$source_mount"
}

# write_traces STATE LOG: write them; the log only where there is one.
write_traces() {
    [ -z "$2" ] || (printf '%s\n' "$2" >"$home/last-refusal.log") || return 1
    put_text "$home/rebuild.state" "$1"
}

# go_home: reboot into the old system, and never come back.
go_home() {
    set +e +u
    text=$(
        say "NOTHING WAS WRITTEN. This box was not rebuilt from profile $KB_PROFILE:"
        printf '%s' "${reasons:-the guard itself failed.$newline}" | while IFS= read -r line; do say "- $line"; done
        say "rebooting into the old system."
    )
    printf '%s\n' "$text" | tell
    within 20 /dev/null leave refused "$(joined "${reasons:-the guard itself failed.}")" "$text"
    [ -z "$own_mount" ] || within 10 /dev/null umount "$own_mount"
    within 10 /dev/null sync
    if [ -n "$root" ]; then
        : >"$root/rebooted"
        exit 99
    fi
    sleep 10
    while :; do
        systemctl --force reboot 2>/dev/null && sleep 30
        reboot -f 2>/dev/null && sleep 30
        echo 1 2>/dev/null >/proc/sys/kernel/sysrq
        echo s 2>/dev/null >/proc/sysrq-trigger
        sleep 2
        echo b 2>/dev/null >/proc/sysrq-trigger
        sleep 5
    done
}

at_end() {
    trap - EXIT
    [ "$is_sure" != yes ] || return 0
    # Nothing stops the way home.
    trap '' HUP INT QUIT PIPE TERM
    go_home
}

trap at_end EXIT
trap 'is_sure=no; refuse "the guard was stopped by a signal."; exit 1' HUP INT QUIT TERM

find_source
find_mount
check_manifest
check_firmware
find_target
if [ -z "$reasons" ] && [ -n "$target" ] && [ "$passed" = ' source mount manifest firmware target' ]; then
    if write_include; then
        say "this disk will be erased: $(device_name "$target") ($(stable_name "$target"), $bytes bytes): $KB_TARGET_WORDS"
        is_sure=yes
        within 20 /dev/null leave started ''
        [ -z "$own_mount" ] || within 10 /dev/null umount "$own_mount"
    else
        refuse "the storage commands cannot be written to $KB_INCLUDE."
    fi
fi
exit 0
