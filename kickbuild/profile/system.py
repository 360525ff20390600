"""The tables of the new system and its users."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Annotated, Any, Self

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, model_validator

from kickbuild.profile.fields import FORMS, Flag, Number, Text, Word, crypt_problem
from kickbuild.profile.table import Table


class Selinux(StrEnum):
    """The mode of SELinux."""

    ENFORCING = "enforcing"
    PERMISSIVE = "permissive"
    DISABLED = "disabled"


class Mode(StrEnum):
    """How the installer shows itself."""

    CMDLINE = "cmdline"
    TEXT = "text"
    GRAPHICAL = "graphical"


class After(StrEnum):
    """What the box does when the installation is done."""

    REBOOT = "reboot"
    POWEROFF = "poweroff"


class Firewall(Table):
    """The firewall of the new system."""

    enabled: Flag = True
    services: tuple[Word, ...] = Field((), description='Services to let in, such as "ssh".')
    ports: tuple[Annotated[str, Field(pattern=FORMS.port)], ...] = Field(
        (), description='Ports to let in, such as "8080:tcp".'
    )


class Services(Table):
    """Services that are switched on or off in the new system."""

    enabled: tuple[Word, ...] = ()
    disabled: tuple[Word, ...] = ()


class Looked(Table):
    """A secret that is looked up: in the environment or in a file."""

    env: Text | None = Field(None, description="The environment variable that holds the hash.")
    file: Text | None = Field(None, description="The file that holds the hash, relative to this profile.")

    @model_validator(mode="after")
    def _exactly_one(self) -> Self:
        if (self.env is None) == (self.file is None):
            raise ValueError("takes exactly one of env and file")
        return self


def _check_hash(value: object) -> object:
    problem = crypt_problem(value) if isinstance(value, str) else ""
    if problem:
        raise ValueError(problem)
    return value


PasswordHash = Annotated[SecretStr | Looked, BeforeValidator(_check_hash)]


def _shorthand(value: object) -> object:
    return {"enabled": value} if isinstance(value, bool) else value


def _flag_in_schema(schema: dict[str, Any]) -> None:
    """Tell editors of the shorthand."""
    table = {key: schema.pop(key) for key in ("$ref", "allOf") if key in schema}
    schema["anyOf"] = [{"type": "boolean"}, table]


class System(Table):
    """The new system."""

    language: Word = "en_US.UTF-8"
    keyboard: Word = "us"
    timezone: Word = "UTC"
    root_password_hash: PasswordHash | None = Field(None, description="A crypt(3) hash; never a password in clear.")
    lock_root: Flag = Field(False, description="Root has no password; a user in the group wheel is needed.")
    selinux: Selinux = Selinux.ENFORCING
    firewall: Annotated[Firewall, BeforeValidator(_shorthand)] = Field(
        Firewall(services=("ssh",)),
        description="The table, or true or false.",
        json_schema_extra=_flag_in_schema,
    )
    services: Services = Services()
    mode: Mode = Mode.CMDLINE
    after: After = After.REBOOT

    @model_validator(mode="after")
    def _root(self) -> Self:
        if self.lock_root and self.root_password_hash is not None:
            raise ValueError("lock_root and root_password_hash contradict each other")
        return self


def _ssh_key(text: str) -> str:
    if not re.fullmatch(r"(ssh-|ecdsa-|sk-)[A-Za-z0-9@.-]+ [A-Za-z0-9+/]+=*( .*)?", text):
        raise ValueError("is not a public key line of OpenSSH (type, base64, comment)")
    return text


class User(Table):
    """A user of the new system."""

    name: Annotated[str, Field(pattern=FORMS.user)]
    groups: tuple[Annotated[str, Field(pattern=FORMS.user)], ...] = ()
    password_hash: PasswordHash | None = None
    ssh_keys: tuple[Annotated[Text, AfterValidator(_ssh_key)], ...] = ()
    gecos: Annotated[str, Field(pattern=FORMS.gecos)] | None = None
    uid: Annotated[Number, Field(ge=1, le=2**31 - 1)] | None = None
    shell: Word | None = None
