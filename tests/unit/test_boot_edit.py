from __future__ import annotations

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from kickbuild.boot.edit import append_entry, find_blocks, remove_entry
from kickbuild.errors import InputError

WEB, DB = "kickbuild-web", "kickbuild-db"
STANZA = b"title Rebuild\n\troot (hd0,0)\n\tkernel /vmlinuz ks=hd:UUID=1:/ks.cfg\n"
BLOCK = b"### BEGIN kickbuild-web ###\n" + STANZA + b"### END kickbuild-web ###\n"
GRUB_CONF = b"default=0\ntimeout=5\ntitle Old\n\troot (hd0,0)\n\tkernel /vmlinuz-1 ro\n"

_pieces = st.one_of(
    st.binary(max_size=20),
    st.sampled_from(
        [
            b"\n",
            b"\r\n",
            b"\r",
            b"\t",
            b"title x",
            b"\\",
            b"### BEGIN /etc/grub.d/41_custom ###",
            b"\xff\xfe",
            b"### BEGIN ",
        ]
    ),
)
texts = st.lists(_pieces, max_size=12).map(b"".join)
stanzas = texts.filter(lambda text: bool(text.strip()) and not text.rstrip(b"\r\n").endswith(b"\\"))


def appended(text: bytes, entry_id: str = WEB, stanza: bytes = STANZA) -> bytes:
    """Append, but leave out texts that end in the middle of a line that goes on."""
    assume(not text.removesuffix(b"\n").removesuffix(b"\r").endswith(b"\\"))
    return append_entry(text, entry_id, stanza)


@given(texts, stanzas)
@example(b"", STANZA)
@example(b"\n", STANZA)
@example(b"no end", STANZA)
@example(b"ends in CR\r", STANZA)
@example(b"a\r\nb", STANZA)
@example(b"\x00\xff", b"one line")
def test_removing_restores_every_byte(text: bytes, stanza: bytes) -> None:
    assert remove_entry(appended(text, stanza=stanza), WEB) == text


@given(texts, stanzas)
def test_twice_is_once(text: bytes, stanza: bytes) -> None:
    once = appended(text, stanza=stanza)
    assert append_entry(once, WEB, stanza) == once
    assert remove_entry(remove_entry(once, WEB), WEB) == text


@given(texts, stanzas, stanzas)
def test_an_older_version_is_replaced_in_place(text: bytes, old: bytes, new: bytes) -> None:
    both = appended(appended(text, stanza=old), DB)
    assert append_entry(both, WEB, new) == append_entry(append_entry(text, WEB, new), DB, STANZA)


@given(texts, st.permutations([WEB, DB]))
def test_several_entries_go_in_any_order(text: bytes, order: list[str]) -> None:
    both = appended(appended(text), DB)
    assert [block.entry_id for block in find_blocks(both)] == [WEB, DB]
    for entry_id in order:
        both = remove_entry(both, entry_id)
    assert both == text


@given(texts)
def test_what_stands_before_is_untouched(text: bytes) -> None:
    assert appended(text).startswith(text)


def test_an_entry_looks_like_this() -> None:
    assert append_entry(GRUB_CONF, WEB, STANZA) == GRUB_CONF + BLOCK
    assert append_entry(GRUB_CONF, WEB, STANZA.rstrip()) == GRUB_CONF + BLOCK


def test_the_line_ends_of_the_text_are_kept() -> None:
    text = append_entry(GRUB_CONF.replace(b"\n", b"\r\n"), WEB, STANZA)
    assert text == (GRUB_CONF + BLOCK).replace(b"\n", b"\r\n")
    assert append_entry(text, WEB, STANZA) == text


def test_text_that_came_later_keeps_its_line() -> None:
    text = append_entry(b"title Old", WEB, STANZA) + b"title Later\n"
    assert remove_entry(text, WEB) == b"title Old\ntitle Later\n"


def test_an_end_marker_without_line_end_is_still_one() -> None:
    text = append_entry(GRUB_CONF, WEB, STANZA).removesuffix(b"\n")
    assert remove_entry(text, WEB) == GRUB_CONF
    assert append_entry(text, WEB, STANZA) == GRUB_CONF + BLOCK


def test_indented_markers_are_still_markers() -> None:
    text = GRUB_CONF + BLOCK.replace(b"### BEGIN", b"  ### BEGIN").replace(b"web ###\n", b"web ### \n")
    assert remove_entry(text, WEB) == GRUB_CONF


_BEGIN, _END = b"### BEGIN kickbuild-web ###\n", b"### END kickbuild-web ###\n"
_OTHER_BEGIN, _OTHER_END = _BEGIN.replace(b"web", b"db"), _END.replace(b"web", b"db")


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        (b"a\n" + _BEGIN + b"b\n", ["line 2"]),
        (b"a\nb\n" + _END, ["line 3"]),
        (_BEGIN + _END + b"a\n" + _BEGIN + _END, ["line 4"]),
        (_BEGIN + b"a\n" + _BEGIN + _END, ["line 1"]),
        (_BEGIN + _OTHER_BEGIN + _OTHER_END + _END, ["line 1", "line 4"]),
        (_BEGIN + b"a\n" + _OTHER_END, ["line 1"]),
        (_END + _BEGIN, ["line 1", "line 2"]),
        (_OTHER_BEGIN + b"a\n", ["line 1"]),
    ],
    ids=["no-end", "no-begin", "doubled", "begun-twice", "nested", "crossed", "reversed", "another-entry"],
)
def test_damaged_markers_are_refused_with_their_lines(text: bytes, lines: list[str]) -> None:
    with pytest.raises(InputError) as caught:
        append_entry(text, WEB, STANZA)
    assert [problem.where for problem in caught.value.problems] == lines
    assert all(problem.hint for problem in caught.value.problems)
    with pytest.raises(InputError):
        remove_entry(text, WEB)


@pytest.mark.parametrize("stanza", [b"", b" \n", b"title x\n" + _END, b"title x \\\n"])
def test_entries_that_would_damage_the_text_are_refused(stanza: bytes) -> None:
    with pytest.raises(InputError):
        append_entry(GRUB_CONF, WEB, stanza)


@pytest.mark.parametrize("text", [b"kernel /x \\", b"kernel /x \\\n", b"kernel /x \\\r\n"])
def test_a_last_line_that_goes_on_is_refused(text: bytes) -> None:
    with pytest.raises(InputError, match="backslash") as caught:
        append_entry(b"title Old\n" + text, WEB, STANZA)
    assert caught.value.problems[0].where == "line 2"


@pytest.mark.parametrize("entry_id", ["web", "kickbuild-", "kickbuild-a b", "kickbuild-a\n", "kickbuild-Ä"])
def test_only_ids_of_ours(entry_id: str) -> None:
    with pytest.raises(ValueError, match="id of an entry"):
        append_entry(b"", entry_id, STANZA)
