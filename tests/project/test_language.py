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

AVOIDED = {
    r"\bwho(m|so)?ever\b": "name the patients",
    r"\bfore(told|tells?|tell)\b": "predicted",
    r"\b(dealt|deals? out|dealing)\b": "permuted, split, assigned",
    r"\b(he|him|his|himself)\b": "they, them, their",
    r"\b(luck|lucky|luckily)\b": "sampling variability, chance",
    r"\btold\b": "shown, reported, given",
    r"\bthe clinic\b": "clinical covariates",
    r"\banew\b": "again",
    r"\bscept?ics?\b|\bskeptics?\b": "name the simple model",
    r"\bjudg(e|es|ed|ing|ement)\b": "evaluate",
    r"\bdeciding endpoint\b": "primary endpoint",
    r"\brehears(e|es|ed|al|als)\b": "inner validation",
    r"\b(outlying|misfits?)\b": "ood score, reconstruction error",
    r"\bpromis(e|es|ed|ing)\b": "guarantee, coverage, protocol",
    r"\bbelieved?\b": "assumed, trusted",
    r"\bhonest(ly|y)?\b": "cross-fitted, unbiased",
    r"\b(nobody|somebody|anybody|everybody)\b": "no patient, a patient, all patients",
    r"\bthe (trip|house|door|shelf|ledger)\b": "run, project, entry point, catalogue, contribution of each view",
    r"\b(learned|known|know|knows) by heart\b": "memorized, overfitted",
    r"\bhangs? (together|on)\b": "is associated with",
    r"\b(row|number|value|line|file|fold|column|table|penalty|name|loss|member|mean|score|one) an? "
    r"(patient|method|member|view|feature|fold|site|arm|endpoint|factor|cause|class|row|column|run|kind|group|"
    r"level|cell|sample|repeat|draw|trial|cut)\b": "per patient",
    r"\b(thereof|therein|wherein|whence|hitherto|thither|lest|albeit|naught|nought|twain)\b": "modern English",
    r"\bmodels? that never saw\b": "out-of-fold predictions",
}
"""Pattern -> what to write instead."""

PATTERNS = {re.compile(pattern, re.IGNORECASE): instead for pattern, instead in AVOIDED.items()}

CODE = ("omics", "datamodules", "models", "stratomics", "benchmarks", "notebooks", "tests")
SELF = Path(__file__)


def texts_of(file: Path) -> Iterator[tuple[int, str]]:
    """Line and text of each piece of prose in a file: all of a page; comments and sentences in strings of code."""
    source = file.read_text(encoding="utf-8")
    if file.suffix != ".py":
        yield from enumerate(re.sub(r"`[^`\n]*`", "", source).splitlines(), 1)
        return
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            yield token.start[0], token.string
        elif token.type == tokenize.STRING and " " in token.string:
            for offset, line in enumerate(re.sub(r"`[^`\n]*`", "", token.string).splitlines()):
                yield token.start[0] + offset, line


def faults(texts: Iterator[tuple[int, str]]) -> list[str]:
    """Each avoided word, with what to write instead."""
    return [
        f"{line}: '{found.group(0)}' ({instead})"
        for line, text in texts
        for pattern, instead in PATTERNS.items()
        for found in pattern.finditer(text)
    ]


def pages() -> list[Path]:
    """Every page of prose and every file of code."""
    code = [file for folder in CODE for file in (ROOT / folder).rglob("*.py") if "fixtures" not in file.parts]
    templates = [*(ROOT / "stratomics").rglob("*.j2"), *(ROOT / "configs").rglob("*.yaml")]
    found = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *templates, *code]
    return sorted(file for file in found if file != SELF)


@pytest.mark.parametrize("file", pages(), ids=lambda file: str(file.relative_to(ROOT)))
def test_texts_are_plain_english(file: Path) -> None:
    found = faults(texts_of(file))
    assert not found, "\n".join(found)


def test_an_avoided_word_is_found(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("Whoever reads this.\nA row a patient; `his` is code.\nfine\n", encoding="utf-8")
    assert [fault.partition(":")[0] for fault in faults(texts_of(page))] == ["1", "2"]
    assert ast.parse("")
