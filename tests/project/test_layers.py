"""The layout holds: no import cycles between files, no folder with too many files."""

from __future__ import annotations

import ast
from collections import Counter
from graphlib import CycleError, TopologicalSorter
from itertools import pairwise
from pathlib import Path

import pytest
from layout import PACKAGES, import_graph, modules
from places import ROOT

MANY_FILES = ("omics/readers", "stratomics/report/sections")
"""Folders with one file per format and one file per section."""

MOST_FILES = 20

UNTYPED, MOST_UNTYPED = "dict[str, Any]", 10


def cycle_in(graph: dict[str, set[str]]) -> list[str]:
    """Modules of one import cycle, in the order of import; empty without a cycle."""
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return list(reversed(error.args[1]))
    return []


def test_no_files_import_each_other_in_a_cycle() -> None:
    graph = import_graph(modules(ROOT))
    assert len(graph) > 300
    assert sum(map(len, graph.values())) > 1000
    cycle = cycle_in(graph)
    assert not cycle, " -> ".join(cycle)


def test_no_folder_holds_too_many_files() -> None:
    counts = Counter(file.parent.relative_to(ROOT).as_posix() for file in modules(ROOT).values())
    found = {folder: n for folder, n in counts.items() if n > MOST_FILES and folder not in MANY_FILES}
    assert not found


def test_each_folder_says_what_belongs_there() -> None:
    for folder in {file.parent for file in modules(ROOT).values()}:
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
    files = {file.stem: file for file in tmp_path.glob("*.py")}
    assert set(cycle_in(import_graph(files))) == {"a", "b"}


def test_architecture_names_every_folder() -> None:
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    folders = {file.parent.name for file in modules(ROOT).values()} | {"bundled", "templates"}
    missing = sorted(folder for folder in folders if f"{folder}/" not in text)
    assert not missing
    assert len(text.split()) <= 900


def test_each_test_file_mirrors_a_module_or_a_folder() -> None:
    """``tests/a/b/test_c[_aspect].py`` tests ``a/b/c.py``, the folder ``a/b/c`` or, if c is b, the folder ``a/b``."""
    strangers = []
    for package in PACKAGES:
        for file in sorted((ROOT / "tests" / package).rglob("test_*.py")):
            folder = ROOT / file.parent.relative_to(ROOT / "tests")
            name = file.stem.removeprefix("test_")
            names = {path.stem for path in folder.glob("*.py")} | {folder.name}
            names |= {path.name for path in folder.iterdir() if path.is_dir()}
            if not folder.is_dir() or not any(name == one or name.startswith(f"{one}_") for one in names):
                strangers.append(file.relative_to(ROOT).as_posix())
    assert not strangers


def test_no_class_name_stands_for_two_things() -> None:
    places: dict[str, list[str]] = {}
    for name, file in modules(ROOT).items():
        for node in ast.parse(file.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.ClassDef):
                places.setdefault(node.name, []).append(name)
    assert not {name: where for name, where in places.items() if len(where) > 1}


def test_few_places_pass_untyped_dicts_and_each_has_a_reason() -> None:
    places, without_reason = [], []
    for file in modules(ROOT).values():
        lines = ["", *file.read_text(encoding="utf-8").splitlines()]
        for number, (above, line) in enumerate(pairwise(lines), 1):
            if UNTYPED in line:
                places.append(f"{file.relative_to(ROOT).as_posix()}:{number}")
                if "#" not in line and not above.lstrip().startswith("#"):
                    without_reason.append(places[-1])
    assert len(places) <= MOST_UNTYPED, places
    assert not without_reason


WITHOUT_EXPOSURE = {
    "stratomics/api/check.py": "it checks what the exposure is estimated from",
    "stratomics/api/cohort.py": "it adds the exposure before it returns",
    "stratomics/api/datasets.py": "a bundled cohort has no doses",
    "stratomics/api/dose.py": "it estimates the exposure of planned doses",
    "stratomics/api/tools/twin.py": "it estimates the exposure of each regimen",
    "stratomics/cli/pharmacology/exposure.py": "it estimates the exposure",
    "stratomics/cli/pharmacology/pgx.py": "genotypes alone are used",
}
"""Files that read a cohort without its exposure, and why."""


def test_whoever_reads_a_cohort_reads_its_exposure() -> None:
    """A model that was fitted with exposure must not meet patients whose doses are there but unread."""
    unread = set()
    for file in modules(ROOT).values():
        name = file.relative_to(ROOT).as_posix()
        if not name.startswith("stratomics/"):
            continue
        tree = ast.parse(file.read_text(encoding="utf-8"))
        wrapped = {
            id(inner)
            for node in ast.walk(tree)
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "with_exposure"
            for inner in ast.walk(node)
        }
        calls = [
            node
            for node in ast.walk(tree)
            if isinstance(node, ast.Call)
            and getattr(node.func, "id", "") in {"read_cohort", "read_new_patients"}
        ]
        if any(id(call) not in wrapped for call in calls):
            unread.add(name)
    assert unread == set(WITHOUT_EXPOSURE)
