"""What is wrong with the values of a profile, in the words of the user: from pydantic's errors to problems."""

from __future__ import annotations

import difflib
import json
import re
from typing import TYPE_CHECKING, Any

from kickbuild.errors import Problem
from kickbuild.profile.fields import FORM_WORDS
from kickbuild.profile.model import Profile
from kickbuild.profile.table import Table

if TYPE_CHECKING:
    from collections.abc import Callable

    from pydantic import ValidationError
    from pydantic_core import ErrorDetails

    from kickbuild.profile.positions import Path

_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")

_MESSAGES = {
    "missing": "is required",
    "string_type": "must be a text",
    "bool_type": "must be true or false",
    "int_type": "must be a whole number",
    "tuple_type": "must be a list",
    "model_type": "must be a table",
    "model_attributes_type": "must be a table",
    "string_too_short": "must not be empty",
    "too_short": "must not be empty",
}


def dotted(keys: Path) -> str:
    """Return keys as TOML writes them, with the number of an element, from 1, in brackets: ``user[1].name``."""
    parts: list[str] = []
    for key in keys:
        if isinstance(key, int) and parts:
            parts[-1] += f"[{key + 1}]"
        else:
            parts.append(str(key) if _BARE_KEY.fullmatch(str(key)) else json.dumps(key))
    return ".".join(parts)


def problems_of(error: ValidationError, data: dict[str, Any], place: Callable[[Path], str]) -> list[Problem]:
    """Return the problems of ``data``, by line; ``place`` tells where a path is."""
    found: dict[tuple[str, str], Problem] = {}
    for detail in error.errors(include_url=False, include_input=False):
        keys, value = _keys(detail, data)
        if isinstance(value, dict) and detail["type"] == "string_type" and detail["loc"][-1] != keys[-1]:
            continue  # the other branch of "a text or a table" says what is wrong
        problem = Problem(_message(detail), where=place(keys), hint=_hint(detail))
        found.setdefault((problem.where, problem.message), problem)
    return sorted(found.values(), key=line_of)


def line_of(problem: Problem) -> int:
    """Return the line of a problem, 0 where it has none."""
    return next((int(part) for part in problem.where.split(":")[1:] if part.isdigit()), 0)


def _keys(detail: ErrorDetails, data: Any) -> tuple[Path, Any]:
    """Return the part of an error's location that is the user's, and the value there: the rest names unions."""
    keys: list[str | int] = []
    value = data
    for index, step in enumerate(detail["loc"]):
        if isinstance(value, dict):
            is_missing = detail["type"] == "missing" and index == len(detail["loc"]) - 1
            if step not in value and not is_missing:
                continue
            keys.append(step)
            value = value.get(step)
        elif isinstance(value, list) and isinstance(step, int):
            keys.append(step)
            value = value[step]
    return tuple(keys), value


def _message(detail: ErrorDetails) -> str:
    kind = detail["type"]
    if kind == "extra_forbidden":
        return "is not a known key"
    if kind in {"enum", "literal_error"}:
        return f"must be one of {detail['ctx']['expected'].replace(' or ', ', ')}"
    if kind == "greater_than_equal":
        return f"must be at least {detail['ctx']['ge']}"
    if kind == "less_than_equal":
        return f"must be at most {detail['ctx']['le']}"
    if kind == "string_pattern_mismatch":
        return FORM_WORDS[detail["ctx"]["pattern"]]
    return _MESSAGES.get(kind, detail["msg"].removeprefix("Value error, "))


def _hint(detail: ErrorDetails) -> str:
    if detail["type"] != "extra_forbidden":
        return ""
    meant = _meant(detail)
    return f"did you mean {meant}?" if meant else f"known here: {', '.join(_known_keys(detail['loc'][:-1]))}"


def _meant(detail: ErrorDetails) -> str | None:
    known = _known_keys(detail["loc"][:-1])
    return next(iter(difflib.get_close_matches(str(detail["loc"][-1]), known, n=1, cutoff=0.6)), None)


def _known_keys(location: tuple[str | int, ...]) -> list[str]:
    """Return the keys of the table at a pydantic location."""
    table: type[Table] = Profile
    for step in location:
        for name, field in table.model_fields.items():
            if step == (field.alias or name):
                inner = _table_in(field.annotation)
                table = inner or table
    return [field.alias or name for name, field in table.model_fields.items()]


def _table_in(annotation: Any) -> type[Table] | None:
    if isinstance(annotation, type) and issubclass(annotation, Table):
        return annotation
    for inner in getattr(annotation, "__args__", ()):
        found = _table_in(inner)
        if found is not None:
            return found
    return None


def broken_paths(error: ValidationError, data: dict[str, Any]) -> set[Path]:
    """Return the paths of what is wrong, and for an unknown key also that of the one that was meant."""
    found: set[Path] = set()
    for detail in error.errors(include_url=False, include_input=False):
        keys, _ = _keys(detail, data)
        found.add(keys)
        meant = _meant(detail) if detail["type"] == "extra_forbidden" else None
        if meant is not None:
            found.add((*keys[:-1], meant))
    return found
