"""The notebooks: pairs in sync, public names only, runs from any folder, and conclusions at the end."""

from __future__ import annotations

import ast
import importlib
import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import stratomics

nbformat = pytest.importorskip("nbformat")
nbclient = pytest.importorskip("nbclient")
pytest.importorskip("jupytext")

FOLDER = Path(stratomics.__file__).parents[1] / "notebooks"
OURS = ("omics", "datamodules", "models", "stratomics")
QUICK = ("01_first_look",)
"""The notebook that fits nothing."""

specification = importlib.util.spec_from_file_location("pairs", FOLDER / "pairs.py")
assert specification is not None
assert specification.loader is not None
pairs = importlib.util.module_from_spec(specification)
specification.loader.exec_module(pairs)

SOURCES = pairs.sources()
every_notebook = pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.stem)


def stored(source: Path) -> Any:
    return nbformat.read(source.with_suffix(".ipynb"), as_version=4)


def code_of(source: Path) -> list[str]:
    """Text of the code cells."""
    return [cell.source for cell in stored(source).cells if cell.cell_type == "code"]


def trees(source: Path) -> Iterator[ast.Module]:
    """Parsed code cells; a cell that writes a file is parsed as that file."""
    for text in code_of(source):
        yield ast.parse("\n".join(line for line in text.splitlines() if not line.startswith("%")))


def test_notebooks_are_numbered_and_each_has_a_source() -> None:
    numbers = [source.stem[:2] for source in SOURCES]
    assert all(number.isdigit() for number in numbers)
    assert len(set(numbers)) == len(numbers)
    assert {path.stem for path in FOLDER.glob("*.ipynb")} == {source.stem for source in SOURCES}


@every_notebook
def test_a_notebook_matches_its_source_and_holds_no_output(source: Path) -> None:
    text = source.with_suffix(".ipynb").read_text(encoding="utf-8")
    assert text == pairs.made_from(source), "run `make notebooks`; the .py is the source"
    code = [cell for cell in stored(source).cells if cell.cell_type == "code"]
    assert len(code) >= 5
    assert not [cell for cell in code if cell.outputs or cell.execution_count is not None]


@every_notebook
def test_a_notebook_imports_the_public_face_and_nothing_deeper(source: Path) -> None:
    """Only a file that a cell writes, such as a head of the user, imports what it extends, and public names of it."""
    faces = 0
    for text, tree in zip(code_of(source), trees(source), strict=True):
        for node in ast.walk(tree):
            names = [getattr(node, key, None) for key in ("id", "attr", "arg", "module", "name")]
            hidden = [name for name in names if isinstance(name, str) and f".{name}".count("._")]
            assert not [name for name in hidden if name != "_"], ast.unparse(node)
            if isinstance(node, ast.Import):
                ours = [alias for alias in node.names if alias.name.partition(".")[0] in OURS]
                assert all((alias.name, alias.asname) == ("stratomics", "st") for alias in ours)
                faces += len(ours)
            if isinstance(node, ast.ImportFrom) and str(node.module).partition(".")[0] in OURS:
                assert text.startswith("%%writefile"), ast.unparse(node)
                public = importlib.import_module(str(node.module)).__all__
                assert {alias.name for alias in node.names} <= set(public), ast.unparse(node)
    assert faces == 1


@every_notebook
def test_a_notebook_ends_with_its_conclusions(source: Path) -> None:
    last = stored(source).cells[-1]
    assert last.cell_type == "markdown"
    assert "**One may conclude**" in last.source
    assert "**One may not conclude**" in last.source


@pytest.mark.parametrize(
    "source",
    [
        pytest.param(source, id=source.stem, marks=[] if source.stem in QUICK else [pytest.mark.slow])
        for source in SOURCES
    ],
)
def test_a_notebook_runs_from_any_folder_without_warnings(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, temporary = tmp_path / "here", tmp_path / "temporary"
    here.mkdir()
    temporary.mkdir()
    monkeypatch.setenv("TMPDIR", str(temporary))
    notebook = stored(source)
    client = nbclient.NotebookClient(notebook, timeout=300, resources={"metadata": {"path": str(here)}})
    # The Python that runs the tests, and not that of an installed kernel.
    client.create_kernel_manager().kernel_spec.argv[0] = sys.executable
    with client.setup_kernel():
        for number, cell in enumerate(notebook.cells):
            client.execute_cell(cell, number)
    outputs = [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]
    text = "".join(output.text for output in outputs if output.output_type == "stream")
    # Readers of a notebook would see its warnings.
    assert not [output.text for output in outputs if output.get("name") == "stderr"]
    assert len(text.splitlines()) < 60
    assert [output for output in outputs if "image/png" in output.get("data", {})]
    assert list(here.iterdir()) == []
