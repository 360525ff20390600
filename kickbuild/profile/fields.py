"""The types of profile values: what a text may be, before it is written into anything."""

from __future__ import annotations

import ipaddress
import re
from typing import Annotated, Any, Final

from pydantic import AfterValidator, BeforeValidator, Strict, StringConstraints, WithJsonSchema

from kickbuild.quoting import control_characters
from kickbuild.units import parse_size

# crypt(3): $id$[params$]salt$hash; the ids that some release of the table reads at log-in.
_CRYPT: Final = re.compile(r"\$(1|5|6|y|gy|7|2[aby])\$[./A-Za-z0-9$=,+-]{8,}")
_MAC: Final = re.compile(r"[0-9a-f]{2}(:[0-9a-f]{2}){5}")


class FORMS:
    """The regular forms of values; ``FORM_WORDS`` says each in words."""

    name = r"^[a-z0-9][a-z0-9-]{0,62}$"
    user = r"^[a-z_][a-z0-9_-]{0,31}$"
    port = r"^[0-9]{1,5}(-[0-9]{1,5})?:(tcp|udp)$"
    gecos = r"^[^:,\x00-\x1f\x7f]*$"
    device = r"^[A-Za-z0-9_.-]{1,15}$"
    hostname = r"^[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?$"
    interpreter = r"^/[A-Za-z0-9_./-]+$"
    package = r"^[A-Za-z0-9*?][A-Za-z0-9 ._+:*?^~()-]*$"


FORM_WORDS: Final = {
    FORMS.name: "must be lower-case letters, digits and '-', at most 63, not beginning with '-'",
    FORMS.user: "must be a user's name: lower-case letters, digits, '_' and '-', at most 32",
    FORMS.port: 'must be a port and its protocol, such as "8080:tcp"',
    FORMS.gecos: "must be one line without ':' and ','",
    FORMS.device: "must be the name of a network device, at most 15 characters",
    FORMS.hostname: "must be a host name: letters, digits, '-' and '.'",
    FORMS.package: "must be the name of a package or group, without '@', '-' or '%' before it",
    FORMS.interpreter: "must be the absolute path of a program",
}


def _one_line(text: str) -> str:
    found = control_characters(text)
    if found:
        raise ValueError(f"has the control character {found[0]!r}, which no kickstart line can carry")
    return text


def _word(text: str) -> str:
    _one_line(text)
    if not text or any(c.isspace() for c in text):
        raise ValueError("must be one word, without spaces")
    return text


def _size(value: object) -> object:
    return parse_size(value) if isinstance(value, str) else value


def _size_is_text(value: object) -> object:
    if isinstance(value, bool | int | float):
        raise ValueError(f'must be a text with a unit, such as "{value}GiB"')
    return value


def crypt_problem(text: str) -> str:
    """Return what is wrong with a password hash, never its text; empty where nothing is."""
    if _CRYPT.fullmatch(text):
        return ""
    return (
        "is not a password hash, and a password in clear is refused; make a hash with "
        "`openssl passwd -6` (or `mkpasswd -m sha512crypt`) and give what it prints"
    )


def _mac(text: str) -> str:
    lowered = text.lower().replace("-", ":")
    if not _MAC.fullmatch(lowered):
        raise ValueError(f"{text!r} is not a MAC address such as 52:54:00:12:34:56")
    return lowered


def _cidr(text: str) -> str:
    if "/" not in text:
        raise ValueError(f"{text!r} lacks the prefix length; write it as 192.0.2.10/24 or 2001:db8::10/64")
    try:
        return str(ipaddress.ip_interface(text))
    except ValueError as error:
        raise ValueError(f"{text!r} is not an address: {error}") from None


def _ip(text: str) -> str:
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        raise ValueError(f"{text!r} is not an IP address") from None


def _as_list(value: object) -> object:
    return [value] if isinstance(value, str) else value


def _list_of(item: dict[str, str]) -> dict[str, Any]:
    return {"anyOf": [item, {"type": "array", "items": item}]}


_STRING: Final = {"type": "string"}

#: True or false, and nothing that is like it: the schema knows only these as well.
Flag = Annotated[bool, Strict()]
#: A whole number.
Number = Annotated[int, Strict()]
#: Text on one line.
Line = Annotated[str, AfterValidator(_one_line)]
#: Text on one line that is not empty.
Text = Annotated[str, AfterValidator(_one_line), StringConstraints(min_length=1)]
#: One word without white space.
Word = Annotated[str, AfterValidator(_word)]
#: A size in bytes, written as text with a unit.
Size = Annotated[
    int,
    BeforeValidator(_size),
    BeforeValidator(_size_is_text),
    WithJsonSchema({"type": "string", "examples": ["100GiB", "512MiB"]}),
]
#: A MAC address, in lower case with colons.
Mac = Annotated[str, AfterValidator(_mac)]
#: An address with its prefix length.
Cidr = Annotated[str, AfterValidator(_cidr)]
#: An IPv4 or IPv6 address.
Ip = Annotated[str, AfterValidator(_ip)]
#: One address with prefix length, or several.
Cidrs = Annotated[tuple[Cidr, ...], BeforeValidator(_as_list), WithJsonSchema(_list_of(_STRING))]
#: One IP address, or several.
Ips = Annotated[tuple[Ip, ...], BeforeValidator(_as_list), WithJsonSchema(_list_of(_STRING))]
