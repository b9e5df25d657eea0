"""Hook of mkdocs: remove the Sphinx roles of docstrings, such as ``:func:``, which markdown does not have."""

from __future__ import annotations

import re
from typing import Any

__all__ = ["on_page_content"]

ROLE = re.compile(r":(?:func|class|mod|meth|data):(?=<code>)")


def on_page_content(html: str, **_: Any) -> str:
    """Remove the role in front of each name on a page."""
    return ROLE.sub("", html)
