"""kickbuild prepares rebuild drives: disks from which a machine reimages itself without a server."""

__version__ = "0.1.0"
