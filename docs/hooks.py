"""What mkdocs does to a page besides: docstrings name functions as Sphinx does, which markdown does not know."""

from __future__ import annotations

import re
from typing import Any

__all__ = ["on_page_content"]

ROLE = re.compile(r":(?:func|class|mod|meth|data):(?=<code>)")


def on_page_content(html: str, **_: Any) -> str:
    """Leave the name alone where its role stands before it."""
    return ROLE.sub("", html)
