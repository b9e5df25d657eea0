"""Links to pages of the documentation."""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from places import ROOT

from omics.common import pages
from omics.common.pages import page_link

PACKAGES = ("omics", "datamodules", "models", "stratomics")
PAGE = re.compile(r"\b(?!model_card\b)\w+\.md\b|\bdocs/\w")


def texts(path: Path) -> Iterator[str]:
    """Texts of a module that are no docstrings."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    described = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in described:
            yield node.value


def test_a_link_is_a_url_of_a_file_that_exists() -> None:
    link = urlsplit(page_link("errors", "negative_time"))
    assert (link.scheme, link.fragment) == ("file", "negative_time")
    assert Path(unquote(link.path)) == ROOT / "docs/errors.md"


def test_an_installed_page_comes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shipped, checkout = tmp_path / "a b", tmp_path / "docs"
    monkeypatch.setattr(pages, "FOLDERS", (shipped, checkout))
    for folder in (checkout, shipped):
        folder.mkdir()
        (folder / "twins.md").touch()
        assert page_link("twins") == (folder / "twins.md").as_uri()


def test_one_address_changes_every_link(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "ADDRESS", "https://example.org/stratomics/")
    assert page_link("errors", "no_event") == "https://example.org/stratomics/errors.html#no_event"
    assert page_link("twins") == "https://example.org/stratomics/twins.html"


def test_no_message_names_a_page_by_its_path() -> None:
    found = [
        f"{path.relative_to(ROOT)}: {text}"
        for package in PACKAGES
        for path in sorted((ROOT / package).rglob("*.py"))
        for text in texts(path)
        if PAGE.search(text) and path.name != "pages.py"
    ]
    found += [
        str(path.relative_to(ROOT))
        for path in sorted((ROOT / "stratomics").rglob("templates/*"))
        if PAGE.search(path.read_text(encoding="utf-8"))
    ]
    assert not found


def test_every_page_that_is_linked_is_in_the_wheel() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    shipped = project["tool"]["hatch"]["build"]["targets"]["wheel"]["force-include"]
    call = re.compile(r"page_link\(\W?(\w+)|page: str = \"(\w+)\"|^PAGE = \"(\w+)\"", re.MULTILINE)
    named = {
        name
        for package in PACKAGES
        for path in (ROOT / package).rglob("*.py")
        for groups in call.findall(path.read_text(encoding="utf-8"))
        for name in groups
        if name and path.name != "pages.py"
    } - {"page", "PAGE"}
    assert {"errors", "exposure", "twins"} <= named
    for name in named:
        assert shipped[f"docs/{name}.md"] == f"stratomics/docs/{name}.md"
