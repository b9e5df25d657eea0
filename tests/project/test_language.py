"""Texts are plain English in the field's words: the words of a list stand nowhere in code, docs, help or report."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest
from places import ROOT
from plain_words import faults

SEED = re.compile(r"\bnamed_(seed|generator)\(")
"""Lines with names of seeds, which random numbers depend on: they stay as they are."""

CODE = ("omics", "datamodules", "models", "stratomics", "benchmarks", "notebooks", "tests")
WORD_LIST = ROOT / "tests" / "helpers" / "plain_words.py"
"""Holds the avoided words."""


def texts_of(file: Path) -> Iterator[tuple[int, str]]:
    """Line and text of each piece of prose in a file: all of a page; comments and sentences in strings of code."""
    source = file.read_text(encoding="utf-8")
    if file.suffix != ".py":
        yield from enumerate(re.sub(r"`[^`\n]*`", "", source).splitlines(), 1)
        return
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            yield token.start[0], token.string
        elif token.type == tokenize.STRING and " " in token.string and not SEED.search(token.line):
            for offset, line in enumerate(re.sub(r"`[^`\n]*`", "", token.string).splitlines()):
                yield token.start[0] + offset, line


def pages() -> list[Path]:
    """Every page of prose and every file of code."""
    code = [file for folder in CODE for file in (ROOT / folder).rglob("*.py") if "fixtures" not in file.parts]
    templates = [*(ROOT / "stratomics").rglob("*.j2"), *(ROOT / "configs").rglob("*.yaml")]
    found = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *templates, *code]
    return sorted(file for file in found if file not in (WORD_LIST, Path(__file__)))


@pytest.mark.parametrize("file", pages(), ids=lambda file: str(file.relative_to(ROOT)))
def test_texts_are_plain_english(file: Path) -> None:
    found = faults(texts_of(file))
    assert not found, "\n".join(found)


def test_an_avoided_word_is_found(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("Whoever reads this.\nA row a patient; `his` is code.\nfine\n", encoding="utf-8")
    assert [fault.partition(":")[0] for fault in faults(texts_of(page))] == ["1", "2"]
    assert ast.parse("")
