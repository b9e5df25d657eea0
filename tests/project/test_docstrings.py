"""Every exported function with two or more arguments says what they are, what it returns and what it raises."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from numpydoc.docscrape import NumpyDocString
from places import ROOT

PACKAGES = ("omics", "datamodules", "models", "stratomics")


def exported(tree: ast.Module) -> set[str]:
    """Names in ``__all__``."""
    for node in tree.body:
        if isinstance(node, ast.Assign) and any(
            isinstance(t, ast.Name) and t.id == "__all__" for t in node.targets
        ):
            return set(ast.literal_eval(node.value))
    return set()


def own_nodes(function: ast.FunctionDef) -> Iterator[ast.AST]:
    """Nodes of a function without those of functions and classes inside it."""
    waiting: list[ast.AST] = list(function.body)
    while waiting:
        node = waiting.pop()
        yield node
        if not isinstance(node, ast.FunctionDef | ast.ClassDef | ast.Lambda):
            waiting.extend(ast.iter_child_nodes(node))


def shortcomings(function: ast.FunctionDef) -> Iterator[str]:
    """What the docstring of a function does not say."""
    arguments = function.args
    named = [a.arg for a in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)]
    if len(named) < 2:
        return
    text = ast.get_docstring(function) or ""
    doc = NumpyDocString(text)
    documented = {name.strip().lstrip("*") for p in doc["Parameters"] for name in p.name.split(",")}
    for name in named:
        if name not in documented:
            yield f"Parameters lacks '{name}'"
    returns = ast.unparse(function.returns) if function.returns else "None"
    if returns not in ("None", "Never", "NoReturn") and not (doc["Returns"] or doc["Yields"]):
        yield "Returns is missing"
    if (
        any(isinstance(node, ast.Raise) and node.exc is not None for node in own_nodes(function))
        and not doc["Raises"]
    ):
        yield "Raises is missing"


def faults(file: Path) -> Iterator[str]:
    """Each shortcoming of a file, with its place."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    names = exported(tree)
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and node.name in names:
            for text in shortcomings(node):
                yield f"{file.relative_to(ROOT)}:{node.lineno} {node.name}: {text}"


@pytest.mark.parametrize("package", PACKAGES)
def test_exported_functions_are_documented(package: str) -> None:
    found = [fault for file in sorted((ROOT / package).rglob("*.py")) for fault in faults(file)]
    assert not found, "\n".join(found)


def test_what_is_missing_is_found() -> None:
    source = '''
def f(a: int, b: int) -> int:
    """Add.

    Parameters
    ----------
    a
        One.
    """
    if a < 0:
        raise ValueError("a")
    return a + b
'''
    function = ast.parse(source).body[0]
    assert isinstance(function, ast.FunctionDef)
    assert list(shortcomings(function)) == ["Parameters lacks 'b'", "Returns is missing", "Raises is missing"]
