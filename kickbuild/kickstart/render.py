"""A complete, unattended kickstart from a profile: the same bytes for the same input, as a person would write it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pydantic import SecretStr

from kickbuild import __version__
from kickbuild.errors import KickstartError, Problem, ReleaseError
from kickbuild.kickstart.adopt import adopt, assemble, guard_section
from kickbuild.kickstart.after import after_section
from kickbuild.kickstart.custom_lines import custom_lines, custom_problems
from kickbuild.kickstart.document import without_scripts
from kickbuild.kickstart.extra import extra_problems
from kickbuild.kickstart.guard import INCLUDE, render_guard
from kickbuild.kickstart.lasting import lasting_arguments
from kickbuild.kickstart.network import network_lines, network_problems
from kickbuild.kickstart.parse import parse
from kickbuild.kickstart.storage import StorageLine, least_target_size, storage_lines
from kickbuild.profile.model import When
from kickbuild.profile.storage import Firmware
from kickbuild.profile.system import After, Mode, Selinux
from kickbuild.quoting import kickstart_quote, shell_quote
from kickbuild.releases.model import IsoDirForm
from kickbuild.templating import render

if TYPE_CHECKING:
    from kickbuild.kickstart.request import KickstartRequest
    from kickbuild.profile.load import ScriptText
    from kickbuild.profile.model import Profile
    from kickbuild.profile.system import User
    from kickbuild.releases.model import Capabilities


@dataclass(frozen=True, slots=True)
class _Block:
    comment: tuple[str, ...]
    lines: list[str]


def render_kickstart(request: KickstartRequest) -> str:
    """Return the text of ks.cfg, from the profile or from the user's own kickstart.

    Raises ReleaseError for what the release cannot do, and KickstartError where the result would not parse.
    """
    text = _adopted(request) if request.loaded.base is not None else _written(request)
    _require_parses(text, request.can, request.loaded.profile.name)
    return text


def iso_dir(request: KickstartRequest) -> str:
    """Return what ``harddrive --dir`` names so that both stages of the release's installer find the ISO."""
    return request.iso_path if request.can.iso_dir is IsoDirForm.ISO_FILE else request.directory


def _adopted(request: KickstartRequest) -> str:
    assert request.loaded.base is not None
    result = adopt(
        request.loaded.base,
        capabilities=request.can,
        source=request.source,
        iso_dir=iso_dir(request),
        has_packages=request.has_packages,
        extra=request.loaded.profile.kickstart.extra,
        arguments=lasting_arguments(request.loaded.profile.boot.kernel_args),
    )
    return assemble(result, _guard(request, tuple(StorageLine(line) for line in result.storage_lines)), _after(request))


def _written(request: KickstartRequest) -> str:
    profile, can = request.loaded.profile, request.can
    problems = release_problems(request)
    if problems:
        raise ReleaseError(*problems)
    storage = (
        *storage_lines(profile.storage, can, request.arch, lasting_arguments(profile.boot.kernel_args)),
        *custom_lines(profile.storage.lines, can),
    )
    return render(
        "kickstart/ks.cfg.j2",
        {
            "handler": can.handler,
            "title": request.match.title,
            "name": profile.name,
            "version": __version__,
            "blocks": [block for block in _blocks(request) if block.lines],
            "packages": _packages(profile),
            "guard_section": guard_section(_guard(request, storage)),
            "after_section": _after(request),
            "scripts": [*_key_scripts(profile, can), *_user_scripts(request.loaded.scripts)],
        },
    )


def _guard(request: KickstartRequest, storage: tuple[StorageLine, ...]) -> str:
    profile = request.loaded.profile
    target = profile.target
    if request.loaded.base is None:
        least = max(target.min_size or 0, least_target_size(profile.storage))
        target = target.model_copy(update={"min_size": least})
    return render_guard(
        profile_name=profile.name,
        profile_digest=request.loaded.digest,
        source=request.source,
        target=target,
        capabilities=request.can,
        release=request.match.id,
        kickstart_path=request.kickstart_path,
        iso_path=request.iso_path,
        iso_size=request.iso_size,
        storage_lines=tuple((line.firmware, line.text) for line in storage),
        firmware="" if profile.storage.firmware is Firmware.BOTH else profile.storage.firmware,
    )


def _after(request: KickstartRequest) -> str:
    profile = request.loaded.profile
    return after_section(
        profile_name=profile.name,
        profile_digest=request.loaded.digest,
        source=request.source,
        release=request.match.id,
        keep=profile.keep.names,
        onerror=request.can.onerror,
    )


def _blocks(request: KickstartRequest) -> list[_Block]:
    profile, can = request.loaded.profile, request.can
    return [
        _Block(
            ("Unattended: a question ends the installation instead of waiting for a person.",), _manner(profile, can)
        ),
        _source(request),
        _Block(("Language, keyboard and time.",), _locale(profile)),
        _Block(("Who may log in.",), _users(profile, can)),
        _Block(("Network.",), network_lines(profile.network, can)),
        _Block(("Services and protection.",), _services(profile)),
        _Block(
            (
                "Disks. The guard in %pre finds the one disk that may be erased and writes these commands for it;",
                "where it finds none, or the rebuild drive itself, nothing is erased and the box goes back.",
            ),
            [f"%include {INCLUDE}"],
        ),
        _Block(("Lines of the profile's own.",), list(profile.kickstart.extra)),
    ]


def _manner(profile: Profile, can: Capabilities) -> list[str]:
    mode = profile.system.mode.value
    if profile.system.mode is Mode.TEXT and can.noninteractive_text:
        mode = "text --non-interactive"
    after = "reboot" if profile.system.after is After.REBOOT else "poweroff"
    unsupported = ["unsupported_hardware"] if can.asks_about_hardware else []
    return [mode, *unsupported, "firstboot --disable", "skipx", after]


def _source(request: KickstartRequest) -> _Block:
    if not request.has_packages:
        return _Block((), [])
    return _Block(
        ("The ISO on the rebuild drive, whatever name the kernel gives that drive.",),
        [f"harddrive --partition={kickstart_quote(str(request.source))} --dir={kickstart_quote(iso_dir(request))}"],
    )


def _locale(profile: Profile) -> list[str]:
    system = profile.system
    return [
        f"lang {kickstart_quote(system.language)}",
        f"keyboard {kickstart_quote(system.keyboard)}",
        f"timezone {kickstart_quote(system.timezone)} --utc",
    ]


def _users(profile: Profile, can: Capabilities) -> list[str]:
    root = profile.system.root_password_hash
    if isinstance(root, SecretStr):
        lines = [f"rootpw --iscrypted {root.get_secret_value()}"]
    else:
        # RHEL 6 wants a password even where it locks the account; "*" is none.
        lines = ["rootpw --lock" if can.rootpw_lock else "rootpw --iscrypted --lock *"]
    for user in profile.user:
        if user.name != "root":
            lines.append(_user(user))
        if can.sshkey:
            lines += [f"sshkey --username={user.name} {kickstart_quote(key)}" for key in user.ssh_keys]
    return lines


def _user(user: User) -> str:
    words = ["user", f"--name={user.name}"]
    if user.groups:
        words.append(f"--groups={','.join(user.groups)}")
    if user.uid is not None:
        words.append(f"--uid={user.uid}")
    if user.gecos:
        words.append(f"--gecos={kickstart_quote(user.gecos)}")
    if user.shell:
        words.append(f"--shell={kickstart_quote(user.shell)}")
    if isinstance(user.password_hash, SecretStr):
        words += ["--iscrypted", f"--password={user.password_hash.get_secret_value()}"]
    else:
        words.append("--lock")
    return " ".join(words)


def _services(profile: Profile) -> list[str]:
    system = profile.system
    firewall = ["firewall", "--enabled" if system.firewall.enabled else "--disabled"]
    if system.firewall.enabled:
        firewall += [f"--service={kickstart_quote(','.join(system.firewall.services))}"] * bool(
            system.firewall.services
        )
        firewall += [f"--port={','.join(system.firewall.ports)}"] * bool(system.firewall.ports)
    lines = [f"selinux --{'disabled' if system.selinux is Selinux.DISABLED else system.selinux}", " ".join(firewall)]
    services = system.services
    options = [f"--enabled={kickstart_quote(','.join(services.enabled))}"] * bool(services.enabled)
    options += [f"--disabled={kickstart_quote(','.join(services.disabled))}"] * bool(services.disabled)
    if options:
        lines.append(f"services {' '.join(options)}")
    return lines


def _packages(profile: Profile) -> list[str]:
    packages = profile.packages
    lines = [f"@^{packages.environment}"] if packages.environment else []
    lines += [f"@{group}" for group in packages.groups]
    if not lines and not packages.install:
        lines = ["@core"]
    return [*lines, *packages.install, *(f"-{name}" for name in packages.exclude)]


@dataclass(frozen=True, slots=True)
class _Section:
    header: str
    text: str


def _user_scripts(scripts: tuple[ScriptText, ...]) -> list[_Section]:
    headers = {
        When.PRE: "%pre --log=/tmp/kickbuild-pre-{0}.log",
        When.POST: "%post --log=/root/kickbuild-post-{0}.log",
        When.POST_NOCHROOT: "%post --nochroot",
    }
    sections: list[_Section] = []
    for number, script in enumerate(scripts, start=1):
        header = headers[script.when].format(number)
        if script.interpreter:
            header += f" --interpreter={script.interpreter}"
        sections.append(_Section(header, script.text.rstrip("\n")))
    return sections


def _key_scripts(profile: Profile, can: Capabilities) -> list[_Section]:
    """Return a %post that writes the users' ssh keys, for releases without the sshkey command."""
    users = [user for user in profile.user if user.ssh_keys]
    if can.sshkey or not users:
        return []
    lines = ["set -eu", "umask 077"]
    for user in users:
        lines += [
            f"home=$(getent passwd {user.name} | cut -d: -f6)",
            'mkdir -p "$home/.ssh"',
            f'printf "%s\\n" {" ".join(shell_quote(key) for key in user.ssh_keys)} >> "$home/.ssh/authorized_keys"',
            f'chown -R {user.name}: "$home/.ssh"',
            '[ ! -x /sbin/restorecon ] || /sbin/restorecon -R "$home/.ssh"',
        ]
    return [_Section("%post --erroronfail --log=/root/kickbuild-keys.log", "\n".join(lines))]


def release_problems(request: KickstartRequest) -> list[Problem]:
    """Return everything in the profile that the release cannot do."""
    profile, can = request.loaded.profile, request.can
    found = [(f"network.interface[{i + 1}]", message) for i, message in network_problems(profile.network, can)]
    if profile.packages.environment and not can.package_environments:
        found.append(("packages.environment", f"{can.family} has no environments; name groups instead"))
    hashes = [("system.root_password_hash", profile.system.root_password_hash)]
    hashes += [(f"user[{i + 1}].password_hash", user.password_hash) for i, user in enumerate(profile.user)]
    for key, value in hashes:
        if isinstance(value, SecretStr) and not can.modern_hashes and value.get_secret_value()[:3] not in _OLD_HASHES:
            found.append((key, f"{can.family} knows only $5$ and $6$ hashes; make one with `openssl passwd -6`"))
    before = storage_lines(profile.storage, can, request.arch)
    custom = custom_problems(profile.storage.lines, can, before) if profile.storage.lines else []
    found += [(f"storage.lines[{number}]", message) for number, message in custom]
    found += [("kickstart.extra", message) for message in extra_problems(profile.kickstart.extra, request.has_packages)]
    return [Problem(message, where=f"{request.loaded.path}: {key}") for key, message in found]


_OLD_HASHES = ("$1$", "$5$", "$6$")


def _require_parses(text: str, can: Capabilities, name: str) -> None:
    """Let the field's own grammar judge what was written."""
    # No line of a script is one of the grammar's, and most of the time goes into reading them. The whole is read where
    # something is wrong: it tells the line.
    if not parse(without_scripts(text), can.handler).problems:
        return
    lines = text.splitlines()
    problems = [
        Problem(
            f"{can.family} does not accept this line: {problem.message}",
            where=f"{name}/ks.cfg:{problem.line}" if problem.line else f"{name}/ks.cfg",
            hint=_shown(problem.line, lines),
        )
        for problem in parse(text, can.handler).problems
    ]
    if problems:
        raise KickstartError(*problems)


def _shown(number: int | None, lines: list[str]) -> str:
    """Return a line for a hint, but never one that may hold a secret."""
    if number is None or not 0 < number <= len(lines):
        return ""
    line = lines[number - 1].strip()
    return "" if line.startswith(("rootpw", "user", "sshpw", "bootloader")) else f"the line: {line}"
