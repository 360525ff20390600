# shellcheck shell=dash
# The machine's devices: the modules that they need, udev, and the disks. Sourced.

# find_devices: load what the machine needs and return when all its disks are there.
find_devices() {
    load_modules
    /usr/lib/systemd/systemd-udevd --daemon --resolve-names=never
    wait_for_usb_disks
    # Of all the machine's devices, only the disks' names are used.
    udevadm trigger --subsystem-match=block --action=add
    udevadm settle --timeout=30 || say "udev does not settle"
}

# Loading a module waits for the scans of disks that those before it began; those of USB go on by themselves.
load_modules() {
    machine=$(cat /sys/bus/pci/devices/*/modalias)
    while read -r module device; do
        name=${module##*/}
        case $machine in
        *"$device"*) [ -d "/sys/module/${name%.ko}" ] || insmod "/$module" || say "the module $module does not load" ;;
        esac
    done </modules.order
}

# The installer runs %pre half a minute after USB disks were found. Here nothing takes that time: once one is there, the
# names of the root hubs are not told before all their ports were looked at.
wait_for_usb_disks() {
    ls -d /sys/bus/usb/devices/usb* >/dev/null 2>&1 || return 0
    wait_for "USB disks" some_usb_disk || return 0
    cat /sys/bus/usb/devices/usb*/product >/dev/null
    wait_for "what is on the USB disks" all_usb_disks
}

some_usb_disk() { [ -n "$(usb_disks)" ]; }

all_usb_disks() {
    for disk in $(usb_disks); do
        ls -d "$disk"/host*/target*/*/block/* >/dev/null 2>&1 || return 1
    done
}

usb_disks() { ls -d /sys/bus/usb/drivers/usb-storage/*:* 2>/dev/null; }

# wait_for WHAT COMMAND...: until the command succeeds, or for a minute at the most.
wait_for() {
    waited_for=$1
    shift
    tries=300
    until "$@"; do
        tries=$((tries - 1))
        [ "$tries" -gt 0 ] || { say "waited in vain for $waited_for" && return 1; }
        sleep 0.2
    done
}
