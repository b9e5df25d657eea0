"""Every error that can be raised is explained in docs/errors.md, and the line on the screen links to it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit

import pytest

import omics.common.errors
import stratomics
from omics.common.errors import CohortError, FitError, StratomicsError, TooFewError
from stratomics.api.stratifier import UnfittedError
from stratomics.cli import documentation_link, main
from stratomics.runs.run_lock import BusyError

ROOT = Path(stratomics.__file__).parents[1]
PAGE = ROOT / "docs" / "errors.md"
LINK = PAGE.as_uri()
HEADINGS = re.findall(r"^### (\S+)$", PAGE.read_text(encoding="utf-8").lower(), flags=re.MULTILINE)


def _position_of_code(function: ast.FunctionDef) -> int | None:
    """Position of an argument `code` that is text; the code of a process or of the project is something else."""
    arguments = [*function.args.posonlyargs, *function.args.args]
    codes = [
        position
        for position, argument in enumerate(arguments)
        if argument.arg == "code"
        and argument.annotation is not None
        and ast.unparse(argument.annotation) == "str"
    ]
    return codes[0] if codes else None


def _patterns(code: ast.expr) -> Iterator[str]:
    """Patterns of the texts that an expression can become; none for a variable `code`, whose callers are scanned."""
    match code:
        case ast.Constant(value=str(text)):
            yield re.escape(text)
        case ast.JoinedStr(values=parts):
            yield "".join(re.escape(p.value) if isinstance(p, ast.Constant) else r"\w+" for p in parts)
        case ast.IfExp(body=body, orelse=other):
            yield from (*_patterns(body), *_patterns(other))
        case ast.Name(id="code"):
            return
        case _:
            pytest.fail(
                f"line {code.lineno}: the code of an error is {ast.unparse(code)}, and must be a literal"
            )


@cache
def raised() -> frozenset[str]:
    """Codes in all calls of CohortError, and of functions that pass a code to it."""
    folders = ("omics", "datamodules", "models", "stratomics")
    trees = [ast.parse(path.read_text()) for folder in folders for path in (ROOT / folder).rglob("*.py")]
    nodes = [node for tree in trees for node in ast.walk(tree)]
    positions = {"CohortError": 1}
    for node in nodes:
        if isinstance(node, ast.FunctionDef) and node.name != "__init__":
            position = _position_of_code(node)
            if position is not None:
                positions[node.name] = position
    codes: set[str] = set()
    for node in nodes:
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in positions):
            continue
        by_name = [keyword.value for keyword in node.keywords if keyword.arg == "code"]
        for code in by_name or node.args[positions[node.func.id] :][:1]:
            codes |= set(_patterns(code))
    return frozenset(codes)


def test_every_code_has_one_heading_on_the_page() -> None:
    patterns = raised()
    assert len(patterns) > 100
    assert len(HEADINGS) == len(set(HEADINGS))
    missing = {p for p in patterns if not any(re.fullmatch(p, heading) for heading in HEADINGS)}
    assert not missing


def test_the_page_explains_nothing_that_is_never_raised() -> None:
    kinds = {
        name.lower() for name in (*omics.common.errors.__all__, BusyError.__name__, UnfittedError.__name__)
    }
    patterns = raised()
    assert not [h for h in HEADINGS if h not in kinds and not any(re.fullmatch(p, h) for p in patterns)]


def test_every_kind_of_error_has_a_heading() -> None:
    def with_subclasses(kind: type[StratomicsError]) -> Iterator[type[StratomicsError]]:
        yield kind
        for child in kind.__subclasses__():
            yield from with_subclasses(child)

    kinds = set(with_subclasses(StratomicsError)) - {CohortError}
    # The kinds of modules that are imported late count too.
    assert {BusyError, UnfittedError} < kinds
    for kind in kinds:
        assert urlsplit(documentation_link(kind("x"))).fragment in HEADINGS


def test_the_link_is_made_from_the_code_or_the_kind() -> None:
    assert documentation_link(CohortError("x", "negative_time")) == f"{LINK}#negative_time"
    assert documentation_link(TooFewError("x")) == f"{LINK}#toofewerror"
    assert documentation_link(FitError("x")) == f"{LINK}#fiterror"


def test_the_line_on_the_screen_ends_with_the_link(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "bundled:nothing", "--quiet"]) == 2
    assert capsys.readouterr().err.endswith(f"({LINK}#inputerror)\n")
    assert main(["rnu"]) == 2
    assert capsys.readouterr().err.endswith(f"({LINK}#configerror)\n")
    assert main(["init", "nowhere"]) == 2
    assert capsys.readouterr().err.endswith(f"({LINK}#missing_file)\n")
