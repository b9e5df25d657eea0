"""Links to pages of the documentation, which work wherever the package is installed."""

from __future__ import annotations

from pathlib import Path

__all__ = ["ADDRESS", "page_link"]

ADDRESS: str | None = None
"""Where the documentation is published, with a slash at the end; None while it is not: links are to shipped pages."""

FOLDERS = tuple(Path(__file__).parents[2] / name for name in ("stratomics/docs", "docs"))
"""Pages in an installed package, and in a checkout of the repository."""


def page_link(page: str, anchor: str = "") -> str:
    """URL of a page of the documentation.

    Parameters
    ----------
    page
        Name of the page without its ending, such as ``errors``. The wheel ships the pages that messages name, which
        ``pyproject.toml`` lists.
    anchor
        A heading of the page.

    Returns
    -------
    str
        A URL at ADDRESS or, while there is none, of the file that is installed.
    """
    behind = f"#{anchor}" if anchor else ""
    if ADDRESS is not None:
        return f"{ADDRESS}{page}.html{behind}"
    paths = [folder / f"{page}.md" for folder in FOLDERS]
    return next((path for path in paths if path.is_file()), paths[0]).as_uri() + behind
