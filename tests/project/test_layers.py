"""The layout holds: no import cycles between files, no folder with too many files."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest
from places import ROOT

PACKAGES = ("omics", "datamodules", "models", "stratomics")
MANY_FILES = ("omics/readers", "stratomics/report/sections")
"""Folders with one file per format and one file per section."""

MOST_FILES = 20


def module_name(file: Path, root: Path = ROOT) -> str:
    """Dotted name of a module or, for ``__init__.py``, of its package."""
    parts = file.relative_to(root).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imported_names(tree: ast.AST) -> Iterator[tuple[str, str | None]]:
    """Module, and name taken from it, of each import: at the top, in a function, or for types only."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, None) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "relative imports are not used in this project"
            yield from ((str(node.module), alias.name) for alias in node.names)


def import_graph(files: dict[str, Path]) -> dict[str, set[str]]:
    """Module -> modules among `files` that it imports.

    A package is what its ``__init__.py`` imports: ``from package import module`` counts as an import of the module.
    """
    graph: dict[str, set[str]] = {}
    for name, file in files.items():
        graph[name] = set()
        for module, attribute in imported_names(ast.parse(file.read_text(encoding="utf-8"))):
            submodule = f"{module}.{attribute}"
            target = submodule if submodule in files else module
            if target in files and target != name:
                graph[name].add(target)
    return graph


def project_files() -> dict[str, Path]:
    """Module -> file, of the four packages."""
    return {module_name(file): file for package in PACKAGES for file in (ROOT / package).rglob("*.py")}


def cycle_in(graph: dict[str, set[str]]) -> list[str]:
    """Modules of one import cycle, in the order of import; empty without a cycle."""
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return list(reversed(error.args[1]))
    return []


def test_no_files_import_each_other_in_a_cycle() -> None:
    graph = import_graph(project_files())
    assert len(graph) > 300
    assert sum(map(len, graph.values())) > 1000
    cycle = cycle_in(graph)
    assert not cycle, " -> ".join(cycle)


def test_no_folder_holds_too_many_files() -> None:
    counts = Counter(file.parent.relative_to(ROOT).as_posix() for file in project_files().values())
    found = {folder: n for folder, n in counts.items() if n > MOST_FILES and folder not in MANY_FILES}
    assert not found


def test_each_folder_says_what_belongs_there() -> None:
    for folder in {file.parent for file in project_files().values()}:
        start = folder / "__init__.py"
        assert start.is_file(), folder
        assert ast.get_docstring(ast.parse(start.read_text(encoding="utf-8"))), start


@pytest.mark.parametrize(
    "text",
    [
        "import b",
        "from b import x",
        "def f() -> None:\n    import b",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from b import x",
    ],
)
def test_a_cycle_is_found(tmp_path: Path, text: str) -> None:
    (tmp_path / "a.py").write_text(text)
    (tmp_path / "b.py").write_text("import a")
    files = {module_name(file, tmp_path): file for file in tmp_path.glob("*.py")}
    assert set(cycle_in(import_graph(files))) == {"a", "b"}
