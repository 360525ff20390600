"""Kickstarts that are jinja2 templates: rendered with the user's variables, each line of the result traced back."""

from __future__ import annotations

import importlib
import json
import re
from typing import TYPE_CHECKING, Any, Final

from kickbuild.errors import InputError, KickstartError, UsageError
from kickbuild.lint.source import LIMIT, Source, make_source, read_bytes

if TYPE_CHECKING:
    from pathlib import Path

_TAG: Final = re.compile(r"\{\{|\{%|\{#")
_RAW: Final = re.compile(r"\{%[-+]?\s*raw\b")
_ENDRAW: Final = re.compile(r"\s*\{%[-+]?\s*endraw\b")
#: Stands before each line of the template; the private use area has no other business in a kickstart.
_TRACE: Final = "\ue0f0{}\ue0f1"
#: Bytes of a file of variables.
_MOST_VARIABLES: Final = 16 * 1024 * 1024
_TRACES: Final = re.compile("\ue0f0([0-9]+)\ue0f1")


def is_template(text: str) -> bool:
    """Return whether a text has jinja2's marks in it."""
    return _TAG.search(text) is not None


def read_variables(path: Path) -> dict[str, Any]:
    """Read variables from a TOML, JSON or YAML file. Raises InputError."""
    import tomllib

    try:
        text = read_bytes(path, most=_MOST_VARIABLES).decode("utf-8")
        if path.suffix == ".toml":
            values: Any = tomllib.loads(text)
        elif path.suffix == ".json":
            values = json.loads(text)
        else:
            values = _yaml(text)
    except UsageError as error:
        raise InputError(error.problems[0].message) from error
    except (ValueError, RecursionError) as error:
        raise InputError(f"cannot be understood: {error}", where=str(path)) from error
    if not isinstance(values, dict):
        raise InputError("holds no variables: it must be a table of names and values", where=str(path))
    return {str(key): value for key, value in values.items()}


def _yaml(text: str) -> Any:
    import yaml

    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ValueError(" ".join(str(error).split())) from error


def render_source(source: Source, variables: dict[str, Any]) -> Source:
    """Return the source that a template becomes; its ``map`` tells the template's line of each of its lines.

    Raises KickstartError with the template's line where it cannot be rendered, or does not come to an end.
    """
    from kickbuild.lint.bounded import TooMuchError, bounded

    importlib.import_module("jinja2.sandbox")  # once, not in the process of each template
    try:
        rendered = json.loads(bounded(lambda: json.dumps(_attempt(source, variables)).encode()))
    except TooMuchError as error:
        raise KickstartError(
            "takes too much time or memory to be rendered", where=source.name, hint="look for loops within loops"
        ) from error
    if "text" not in rendered:
        raise KickstartError(rendered["message"], where=rendered["where"], hint=rendered["hint"])
    return _untraced(rendered["text"], source)


def _attempt(source: Source, variables: dict[str, Any]) -> dict[str, str]:
    """Return the text, with its traces, as ``text``, or what keeps it from being rendered."""
    try:
        return {"text": _rendered(source, variables)}
    except KickstartError as error:
        problem = error.problems[0]
        return {"message": problem.message, "where": problem.where, "hint": problem.hint}


def _rendered(source: Source, variables: dict[str, Any]) -> str:
    import jinja2
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    # The template is foreign text: it may read the variables and nothing else. Kickstarts are not HTML.
    environment = ImmutableSandboxedEnvironment(
        undefined=jinja2.StrictUndefined, trim_blocks=True, keep_trailing_newline=True, autoescape=False
    )
    pieces: list[str] = []
    size = 0
    try:
        template = environment.from_string(_traced(source.text))
        for piece in template.generate(variables):
            pieces.append(piece)
            size += len(piece)
            if size > LIMIT:
                raise KickstartError(f"becomes more than {LIMIT // 1024**2} MiB of text", where=source.name)
    except jinja2.TemplateSyntaxError as error:
        raise KickstartError(f"is no template: {error.message}", where=f"{source.name}:{error.lineno}") from error
    except jinja2.UndefinedError as error:
        where = f"{source.name}:{_line_of(error) or 1}"
        raise KickstartError(f"{error.message}", where=where, hint="add it to the file of --vars") from error
    except (KickstartError, MemoryError):
        raise
    except Exception as error:  # a template can make any of Python's operations fail
        raise KickstartError(f"cannot be rendered: {error}", where=f"{source.name}:{_line_of(error) or 1}") from error
    return "".join(pieces)


def _traced(text: str) -> str:
    """Return the template with a trace before each line that is not within a tag and prints something."""
    lines = text.split("\n")
    inside = ""
    ends = {"{{": "}}", "{%": "%}", "{#": "#}"}
    is_raw = False
    traced: list[str] = []
    for number, line in enumerate(lines, start=1):
        # Behind the last line ending there is no line.
        is_line = bool(line) or number < len(lines)
        is_plain = is_line and not inside and (is_raw or not line.lstrip().startswith(("{%", "{#")))
        is_plain = is_plain and not _ENDRAW.match(line)
        traced.append(_TRACE.format(number) * is_plain + line)
        was_raw, is_raw = is_raw, (is_raw or bool(_RAW.search(line))) and not _ENDRAW.search(line)
        if was_raw or is_raw:
            continue
        position = 0
        while True:
            if inside:
                end = line.find(ends[inside], position)
                if end < 0:
                    break
                position, inside = end + 2, ""
            else:
                tag = _TAG.search(line, position)
                if tag is None:
                    break
                inside, position = tag[0], tag.end()
    return "\n".join(traced)


def _untraced(text: str, source: Source) -> Source:
    lines: list[int] = []
    current = 1
    for line in text.splitlines():
        traces = _TRACES.findall(line)
        current = int(traces[-1]) if traces else current
        lines.append(current)
    rendered = make_source(source.name, _TRACES.sub("", text).encode("utf-8", "surrogateescape"), source.chain)
    return Source(
        rendered.name, rendered.text, rendered.document, rendered.chain, source.bom, rendered.excess, tuple(lines)
    )


def _line_of(error: BaseException) -> int | None:
    """Return the template's line in an error's traceback."""
    traceback = error.__traceback__
    line = None
    while traceback is not None:
        if traceback.tb_frame.f_code.co_filename == "<template>":
            line = traceback.tb_lineno
        traceback = traceback.tb_next
    return line
