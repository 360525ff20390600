"""The profile: what the user wants, as frozen values.

Field descriptions are the documentation: the JSON Schema, and through it editors, show them.
"""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from kickbuild.drive.ref import RESERVED_LABELS, SAFE_LABEL, RefKind
from kickbuild.profile.fields import FORMS, Flag, Line, Size, Text, Word
from kickbuild.profile.keep import Keep
from kickbuild.profile.network import Network
from kickbuild.profile.storage import Storage
from kickbuild.profile.system import System, User
from kickbuild.profile.table import Table


def _digest(text: str) -> str:
    if not re.fullmatch(r"[0-9a-fA-F]{64}", text):
        raise ValueError("is not a sha256 (64 hexadecimal digits)")
    return text.lower()


def _own_name(text: str) -> str:
    if text == "agent":
        raise ValueError(f"{text!r} cannot be a profile's name: the drive has a file of that name")
    return text


def _label(text: str) -> str:
    if not SAFE_LABEL.fullmatch(text):
        raise ValueError(
            f"{text!r} cannot be a drive's label: both installer stages read only letters, digits, '_', '-' and '.'"
        )
    if text.upper() in RESERVED_LABELS:
        raise ValueError(f"{text!r} cannot be a drive's label: the installer gives it a meaning of its own")
    return text


class Source(Table):
    """The installation ISO."""

    iso: Text = Field(description="The ISO, relative to this profile.")
    sha256: Annotated[str, AfterValidator(_digest)] | None = Field(
        None, description="The ISO's sha256; checked while it is copied."
    )
    release: Text = Field("auto", description='"auto" reads the ISO; otherwise a name such as "rocky9.4".')


class Drive(Table):
    """How the installer finds the rebuild drive."""

    find_by: RefKind = Field(RefKind.UUID, description="Name the drive's filesystem by uuid or by label.")
    label: Annotated[str, AfterValidator(_label)] | None = Field(
        None, description="The label that the drive's filesystem has, or gets when an image is made."
    )

    @model_validator(mode="after")
    def _label_is_given(self) -> Self:
        if self.find_by is RefKind.LABEL and self.label is None:
            raise ValueError('find_by = "label" needs drive.label')
        return self


class Target(Table):
    """The disk that is wiped. Every key given must hold, for exactly one disk."""

    serial: Text | None = Field(None, description="The disk's serial number, as `kickbuild drives` or lsblk shows it.")
    wwn: Word | None = Field(None, description="The disk's World Wide Name, such as 0x5000c500a1b2c3d4.")
    by_id: Word | None = Field(None, description="A name below /dev/disk/by-id.")
    by_path: Word | None = Field(None, description="A name below /dev/disk/by-path.")
    model: Text | None = Field(None, description="The disk's model.")
    min_size: Size | None = Field(None, description="The disk has at least this size.")
    max_size: Size | None = Field(None, description="The disk has at most this size.")
    only_other_disk: Flag = Field(False, description="The only disk of the box besides the rebuild drive.")

    @model_validator(mode="after")
    def _names_a_disk(self) -> Self:
        if not (self.serial or self.wwn or self.by_id or self.by_path or self.model or self.only_other_disk):
            raise ValueError(
                "names no disk: give serial, wwn, by_id, by_path or model, or only_other_disk = true; "
                "a size alone is no identity"
            )
        for key in ("serial", "model"):
            value = getattr(self, key)
            if value is not None and not value.strip():
                raise ValueError(f"{key} is blank, which tells no disk from another")
        if self.min_size and self.max_size and self.min_size > self.max_size:
            raise ValueError("min_size is above max_size")
        for key, folder in (("by_id", "/dev/disk/by-id/"), ("by_path", "/dev/disk/by-path/")):
            value = getattr(self, key)
            if value is not None and "/" in value.removeprefix(folder):
                raise ValueError(f"{key} is a name below {folder}, not the path {value!r}")
        return self


PackageName = Annotated[str, Field(pattern=FORMS.package)]


class Packages(Table):
    """What is installed."""

    environment: PackageName | None = Field(None, description='An environment, such as "minimal-environment".')
    groups: tuple[PackageName, ...] = ()
    install: tuple[PackageName, ...] = ()
    exclude: tuple[PackageName, ...] = ()


class When(StrEnum):
    """When a script runs."""

    PRE = "pre"
    POST = "post"
    POST_NOCHROOT = "post-nochroot"


class Script(Table):
    """A script of the user's own."""

    when: When = When.POST
    file: Text | None = Field(None, description="The script, relative to this profile.")
    inline: str | None = None
    interpreter: Annotated[str, Field(pattern=FORMS.interpreter)] | None = None

    @model_validator(mode="after")
    def _exactly_one(self) -> Self:
        if (self.file is None) == (self.inline is None):
            raise ValueError("takes exactly one of file and inline")
        return self


class Kickstart(Table):
    """The user's own kickstart, or lines that are added to kickbuild's."""

    base: Text | None = Field(None, description="A ks.cfg of your own, adopted; relative to this profile.")
    extra: tuple[Line, ...] = Field((), description="Lines appended to the commands as they are.")


class Boot(Table):
    """The Rebuild entry."""

    kernel_args: tuple[Word, ...] = Field(
        (),
        description='Added to the kernel line of the entry, such as "console=ttyS0,115200"; what is not for the '
        "installer alone is the new system's as well.",
    )


def _whole_number(value: object) -> object:
    # 1.0 and true are equal to 1.
    return value if type(value) is int else None


class Profile(Table):
    """A whole profile."""

    schema_: Annotated[Literal[1], BeforeValidator(_whole_number)] = Field(
        alias="schema", description="The version of this format: 1."
    )
    name: Annotated[str, Field(pattern=FORMS.name), AfterValidator(_own_name)] = Field(
        description="The profile's directory on the drive, and the id of its boot entry.",
        json_schema_extra={"not": {"const": "agent"}},
    )
    title: Text = Field("Rebuild", description="The text of the boot menu.")
    source: Source
    drive: Drive = Drive()
    target: Target
    system: System = System()
    user: tuple[User, ...] = ()
    network: Network = Network()
    keep: Keep = Keep()
    storage: Storage = Storage()
    packages: Packages = Packages()
    script: tuple[Script, ...] = ()
    kickstart: Kickstart = Kickstart()
    boot: Boot = Boot()
