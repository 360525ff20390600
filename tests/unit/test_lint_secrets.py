"""No secret of a kickstart is ever told: not in a message, not in a hint, not in a line that is shown."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kickbuild.kickstart.document import split_words
from kickbuild.lint.engine import Found, Settings, check
from kickbuild.lint.finding import LintProfile, Severity
from kickbuild.lint.read import Reading, read_kickstart
from kickbuild.lint.release import choose_release
from kickbuild.lint.rules import RULES
from kickbuild.lint.secret_shapes import mask_by_shape, mask_line_by_shape
from kickbuild.lint.secrets import Secrets
from kickbuild.lint.source import make_source
from kickbuild.quoting import kickstart_quote

if TYPE_CHECKING:
    from kickbuild.lint.kickstart import Kickstart

#: Characters that no kickstart below has: where one of them is seen, a piece of a secret is.
MARKS = "QXZßж€"
#: Those that mean something to a shell, to shlex or to a regular expression.
NOISE = " '\"$\\#|;&()<>*?[]{}=:@/%!^~`+.,-"
#: The examples are many by their forms.
FEW = settings(max_examples=25, deadline=None)
RELEASE = choose_release("rhel6")

#: Lines with a secret: {k} is quoted for a kickstart, {s} for a shell, {r} stands as it is.
COMMANDS = (
    "rootpw {k}",
    "rootpw --plaintext {k}",
    "rootpw --iscrypted {k}",
    "rootpw --iscrypted --lock {k}",
    "rootpw {k} --iscrypted --no-such-option",
    "rootpw {k} {k}",
    "user --name=ops --password={k}",
    "user --name=ops --password {k} --groups=wheel",
    "user --name ops --iscrypted --password={k}",
    "sshpw --username=ops --plaintext {k}",
    "bootloader --location=mbr --password={k}",
    "bootloader --md5pass {k}",
    "part pv.1 --size=1 --encrypted --passphrase={k}",
    "logvol / --vgname=a --name=b --size=1 --encrypted --passphrase {k}",
    "autopart --encrypted --passphrase={k}",
    "vnc --password={k}",
    "iscsi --ipaddr=192.0.2.1 --user=u --password={k} --reverse-password={k}",
    "network --device=wlan0 --essid=a --wpakey={k}",
    "rhsm --organization=1 --activation-key={k}",
    "realm join --one-time-password={k} example.org",
    "key {k}",
)
SCRIPT_LINES = (
    "echo {root} | chpasswd",
    "echo -n {root} | /usr/sbin/chpasswd -e",
    "chroot /mnt/sysimage chpasswd <<< {root}",
    "echo {s} | passwd --stdin root",
    "passwd --stdin ops <<< {s}",
    "printf '%s\\n' {s} | passwd --stdin ops",
    "usermod -p {s} root",
    "useradd -m --password {s} ops",
    "useradd -p{s} ops",
    "PASSWORD={s}",
    "export ROOT_PW={s}; echo done",
    "SECRET={s}\necho $SECRET | passwd --stdin root",
    "sshpass -p {s} scp a b:",
    "curl -u {root} https://example.org/",
    "curl --user {root} -o x https://example.org/",
    "wget --http-password={s} https://example.org/",
    "mysql -u root -p{s} -e x",
    "subscription-manager register --org=1 --activationkey={s}",
    "subscription-manager register --username=u --password {s}",
    "ipa-client-install --unattended -w {s}",
    "echo {s} | cryptsetup luksFormat /dev/sda3",
    "openssl passwd -6 {s}",
)
PLAIN_LINES = (
    "curl https://ops:{r}@example.org/x",
    "git clone https://ops:{r}@example.org/x.git",
    "curl -H 'Authorization: Bearer {r}' https://example.org/",
    "echo 'password = {r}' > /etc/x.conf",
    'echo "api_key: {r}" > /etc/x.yml',
)


def secret(characters: str) -> st.SearchStrategy[str]:
    """Return texts with at least one of the marks."""
    rest = st.text(alphabet=characters, max_size=12)
    return st.builds(lambda a, mark, b: a + mark + b, rest, st.sampled_from(MARKS), rest)


def read(text: str) -> Kickstart:
    return read_kickstart(make_source("x.ks", text.encode()), Reading(release=RELEASE))


def check_all(text: str) -> Found:
    """Check with every rule there is."""
    severities: dict[str, Severity | None] = {rule.code: Severity.INFO for rule in RULES}
    return check(
        make_source("x.ks", text.encode()),
        Settings(profile=LintProfile.STRICT, release=RELEASE, severities=severities, shellcheck=False),
    )


def assert_masked(text: str) -> None:
    """Hold that no line, as it would be shown, has a mark."""
    kickstart = read(text)
    secrets = Secrets(kickstart)
    for line in kickstart.source.document.lines:
        shown = secrets.mask_line(kickstart.source, line.number, line.text)
        assert not set(shown) & set(MARKS), (line.text, shown)


def assert_silent(text: str) -> None:
    """Hold that, and that nothing of any finding has a mark."""
    assert_masked(text)
    for finding in check_all(text).findings:
        told = finding.message + finding.hint + finding.text
        assert not set(told) & set(MARKS), (finding.code, told)


def with_command(form: str, value: str) -> str:
    return form.format(k=kickstart_quote(value)) + "\nlang en_US.UTF-8\n"


def with_script(form: str, value: str) -> str:
    line = form.format(s=shlex.quote(value), root=shlex.quote(f"root:{value}"))
    return f"lang en_US.UTF-8\n%post\nset -e\n{line}\nls\n%end\n"


@pytest.mark.parametrize("form", COMMANDS)
@FEW
@given(value=secret(MARKS + NOISE))
def test_no_line_with_a_command_shows_its_secret(form: str, value: str) -> None:
    assert_masked(with_command(form, value))


@pytest.mark.parametrize("form", SCRIPT_LINES)
@FEW
@given(value=secret(MARKS + NOISE))
def test_no_line_of_a_script_shows_what_it_gives_to_a_tool(form: str, value: str) -> None:
    assert_masked(with_script(form, value))


@FEW
@given(form=st.sampled_from(COMMANDS), value=secret(MARKS + NOISE))
def test_no_finding_tells_the_secret_of_a_command(form: str, value: str) -> None:
    assert_silent(with_command(form, value))


@FEW
@given(form=st.sampled_from(SCRIPT_LINES), value=secret(MARKS + NOISE))
def test_no_finding_tells_the_secret_of_a_script(form: str, value: str) -> None:
    assert_silent(with_script(form, value))


@pytest.mark.parametrize(
    "text",
    [with_command(form, "QXZ'\"#ß") for form in COMMANDS] + [with_script(form, "QXZ'\"#ß") for form in SCRIPT_LINES],
)
def test_no_finding_tells_a_secret_of_any_kind(text: str) -> None:
    assert_silent(text)


@pytest.mark.parametrize("form", PLAIN_LINES)
@FEW
@given(value=secret(MARKS))
def test_no_line_tells_what_looks_like_a_secret(form: str, value: str) -> None:
    assert_masked(f"%post\n{form.format(r=value * 3)}\n%end\n")
    assert_masked(f"%post --interpreter=/usr/bin/python3\nrun('''{form.format(r=value * 3)}''')\n%end\n")


@FEW
@given(value=secret(MARKS + " $\\#|;&*="), expands=st.booleans())
def test_no_here_document_tells_the_passwords_it_feeds(value: str, expands: bool) -> None:
    mark = "EOF" if expands else "'EOF'"
    assert_masked(f"%post\nchpasswd <<{mark}\nroot:{value}\nops:{value}\nEOF\n%end\n")
    assert_masked(f"%post\ncat <<{mark} | chpasswd\nroot:{value}\nEOF\n%end\n")


@FEW
@given(value=secret(MARKS))
def test_a_secret_is_hidden_wherever_else_it_stands(value: str) -> None:
    distinct = value * 6
    assert_silent(f"rootpw {distinct}\n%post\necho {distinct} > /root/x\nsed -i s/a{distinct}b/c/ /etc/x\n%end\n")
    assert_silent(f"rootpw {distinct}\nclearprat --all --{distinct}\nuser --name={distinct}\n")


@FEW
@given(value=secret(MARKS + "\\$ "))
def test_a_line_that_cannot_be_split_tells_nothing(value: str) -> None:
    assert_silent(f'rootpw --plaintext "{value}\n')
    assert_silent(f"user --name=ops --password='{value}\nrootpw {value}\\\n")


@FEW
@given(value=secret(MARKS), rest=secret(MARKS))
def test_what_a_hash_cuts_off_is_of_the_secret_too(value: str, rest: str) -> None:
    assert_silent(
        f"rootpw {value}#{rest}\nuser --name=a --password={value}#{rest}\nbootloader --password {value}#{rest}\n"
    )


@FEW
@given(value=secret(MARKS))
def test_comments_and_templates_tell_nothing(value: str) -> None:
    assert_silent(f"# rootpw --plaintext {value}\n#user --name=a --password={value}  # kickbuild: ignore=KB999\n")
    assert_silent(f"{{% if a %}}\nrootpw {value} {{{{ b }}}}\n{{% endif %}}\nuser --name=a --password {value}\n")
    assert_silent(f"%pre\necho 'rootpw --plaintext {value}' > /tmp/a.ks\n%end\n%include /tmp/a.ks\nlang en_US.UTF-8\n")
    assert_silent(f"%pre\ncat > /tmp/a.ks <<EOF\nrootpw {value}\nEOF\n%end\n%include /tmp/a.ks\nlang en_US.UTF-8\n")


@pytest.mark.parametrize("value", ["a", "1", "in", "the", "root", "user", "password", "x", "***", "--x"])
def test_short_secrets_and_words_of_the_language_are_hidden_at_their_places(value: str) -> None:
    source = make_source(
        "x.ks", f"rootpw {value}\nuser --name=o --password={value}\nrootpw --plaintext '{value}'\n".encode()
    )
    secrets = Secrets(read_kickstart(source, Reading(release=RELEASE)))
    for number, (before, after) in enumerate((("rootpw ", ""), ("user --name=o --password=", ""), ("rootpw ", "")), 1):
        shown = secrets.mask_line(source, number, source.line_text(number))
        assert shown.startswith(before) or value in before, shown
        if value != "--x":
            assert split_words(shown)[-1].text in {"***", "--password=***", "--***=***"}, shown
        assert after in shown


def test_private_keys_are_hidden_line_by_line_and_on_one_line() -> None:
    key = "-----BEGIN OPENSSH PRIVATE KEY-----\nQXQXQX\nZZXX\n-----END OPENSSH PRIVATE KEY-----"
    assert_silent(f"%post\ncat > /root/.ssh/id <<EOF\n{key}\nEOF\n%end\n")
    joined = key.replace("\n", "\\n")
    assert_silent(f"%post\nprintf '{joined}' > /root/.ssh/id\n%end\n")


@pytest.mark.parametrize(
    "text",
    [
        "echo 'ops ALL=(ALL) NOPASSWD: ALL' > /etc/sudoers.d/ops",
        "authconfig --enableshadow --passalgo=sha512",
        "sshkey --username=root 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ4Y2X3 ops'",
        "sed -i 's/PasswordAuthentication yes/PasswordAuthentication no/' /etc/ssh/sshd_config",
        "url --url=https://mirror.example.org:8443/a/",
        "the password of the boot loader stands here in clear",
    ],
)
def test_what_is_no_secret_is_shown(text: str) -> None:
    assert mask_line_by_shape(text) == text
    assert mask_by_shape(text) == text


@FEW
@given(st.text(max_size=300))
def test_any_text_can_be_masked(text: str) -> None:
    assert isinstance(mask_line_by_shape(text), str)
    assert_reads(text)


def assert_reads(text: str) -> None:
    kickstart = read_kickstart(make_source("x.ks", text.encode("utf-8", "replace")), Reading(release=RELEASE))
    secrets = Secrets(kickstart)
    for line in kickstart.source.document.lines:
        assert isinstance(secrets.mask_line(kickstart.source, line.number, line.text), str)
