"""Booting a rebuild drive beside scratch disks in QEMU, and judging what happened."""
