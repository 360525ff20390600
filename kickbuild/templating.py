"""The one module that uses jinja2: templates fill in, Python decides."""

from __future__ import annotations

from functools import cache
from typing import Any

import jinja2

from kickbuild import quoting, resources


@cache
def _environment() -> jinja2.Environment:
    # Kickstarts, shell and grub.cfg are not HTML: each value is quoted by the filter of the language it goes into.
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(resources.templates(), encoding="utf-8"),
        undefined=jinja2.StrictUndefined,
        autoescape=False,  # noqa: S701
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["ks"] = quoting.kickstart_quote
    environment.filters["sh"] = quoting.shell_quote
    environment.filters["grub2"] = quoting.grub2_quote
    return environment


def render(template: str, values: dict[str, Any]) -> str:
    """Return the template (a path below ``templates/``) filled with ``values``; an undefined name is a bug."""
    return _environment().get_template(template).render(values)
