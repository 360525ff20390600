"""KB204 harddrive-bad-dir."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kickbuild.lint.rule import Example, Rule, levels
from kickbuild.lint.statement import is_variable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kickbuild.lint.hit import Hit
    from kickbuild.lint.kickstart import Kickstart
    from kickbuild.lint.statement import Statement


def _check(kickstart: Kickstart) -> Iterator[Hit]:
    for line in kickstart.all("harddrive"):
        if line.has("--dir"):
            message, hint = _fault(line, kickstart.release.level)
            if message:
                yield line.hit(message, "--dir", hint=hint)


def _fault(line: Statement, level: int) -> tuple[str, str]:
    """Return what is wrong with ``--dir`` and the way out; two empty texts where nothing is."""
    path = (line.get("--dir") or "").strip()
    if is_variable(path):
        return "", ""
    if path in {"", "None", "null", "undefined"}:
        return f"--dir={path} names no directory", ""
    if path == "/" and level >= 9 and "minimal" in (line.get("--partition") or "").lower():
        return (
            "--dir=/ has no packages on a Minimal ISO: they are below /Minimal",
            "--dir=/Minimal/, or copy the ISO itself to the partition and name that",
        )
    # Files in --dir: anaconda rhel6-branch loader/hdinstall.c:341-407 (a directory only, and an image sets no
    # repository); rhel7-branch dracut/anaconda-lib.sh:69-102 (a name that ends in .iso).
    if level <= 6 and path.lower().endswith((".iso", ".img")):
        return f"RHEL {level} takes a directory in --dir, and {path} is a file", "name the directory that it is in"
    if level >= 7 and path.lower().endswith(".iso") and not path.endswith(".iso"):
        return (
            f"{path} is taken for a directory: the installer knows an ISO by .iso in small letters",
            "rename the file",
        )
    return "", ""


RULE = Rule(
    code="KB204",
    name="harddrive-bad-dir",
    summary="harddrive names a directory in which the installer finds nothing to install from.",
    why="The installer finds no source and waits for a person, after it may have been told to erase disks.",
    hint="name the directory of the ISO, or from RHEL 7 on the ISO itself",
    levels=levels("E"),
    bad=(
        Example(text="»harddrive --partition=LABEL=REBUILD --dir=\n"),
        Example(text="»harddrive --partition=LABEL=REBUILD --dir=None\n"),
        Example(text="»harddrive --partition=LABEL=Rocky-9-Minimal --dir=/\n"),
        Example(text="»harddrive --partition=LABEL=REBUILD --dir=/el9/DVD.ISO\n"),
        Example(text="»harddrive --partition=LABEL=REBUILD --dir=/el6/dvd.iso\n", release="rhel6"),
    ),
    good=(
        Example(text="harddrive --partition=LABEL=REBUILD --dir=/\n"),
        Example(text="harddrive --partition=LABEL=REBUILD --dir=repo/\n"),
        Example(text="harddrive --partition=LABEL=Rocky-9-Minimal --dir=/Minimal/\n"),
        Example(text="harddrive --partition=LABEL=REBUILD --dir=/el9/dvd.iso\n"),
        Example(text="harddrive --partition=LABEL=REBUILD --dir=/el6\n", release="rhel6"),
        Example(text="harddrive --partition=LABEL=REBUILD --dir={{ directory }}\n"),
    ),
    check=_check,
)
