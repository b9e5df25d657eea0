"""The notebooks: every pair in step, public names alone, executed from any folder, and an end that says what holds."""

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
QUICK = ("01_first_look", "02_factors")
"""Without a run in them."""

specification = importlib.util.spec_from_file_location("pairs", FOLDER / "pairs.py")
assert specification is not None
assert specification.loader is not None
pairs = importlib.util.module_from_spec(specification)
specification.loader.exec_module(pairs)

SOURCES = pairs.sources()
every_notebook = pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.stem)


def stored(source: Path) -> Any:
    return nbformat.read(source.with_suffix(".ipynb"), as_version=4)


def trees(source: Path) -> Iterator[ast.Module]:
    """Parsed cells of code; a cell that writes a file is that file."""
    for cell in stored(source).cells:
        if cell.cell_type == "code":
            lines = [line for line in cell.source.splitlines() if not line.startswith("%")]
            yield ast.parse("\n".join(lines))


def test_they_are_numbered_and_every_one_is_a_pair() -> None:
    assert [source.stem[:2] for source in SOURCES] == [
        f"{number:02d}" for number in range(1, len(SOURCES) + 1)
    ]
    assert {path.stem for path in FOLDER.glob("*.ipynb")} == {source.stem for source in SOURCES}


@every_notebook
def test_a_pair_is_in_step_and_holds_no_output(source: Path) -> None:
    text = source.with_suffix(".ipynb").read_text(encoding="utf-8")
    assert text == pairs.made_from(source), "run `make notebooks`; the .py is the source"
    code = [cell for cell in stored(source).cells if cell.cell_type == "code"]
    assert len(code) >= 5
    assert not [cell for cell in code if cell.outputs or cell.execution_count is not None]


@every_notebook
def test_it_uses_public_names_alone(source: Path) -> None:
    used = 0
    for tree in trees(source):
        for node in ast.walk(tree):
            names = [getattr(node, key, None) for key in ("id", "attr", "arg", "module", "name")]
            hidden = [name for name in names if isinstance(name, str) and f".{name}".count("._")]
            assert not [name for name in hidden if name != "_"], ast.unparse(node)
            if isinstance(node, ast.Import):
                # A module at hand would give every name in it.
                assert not [one.name for one in node.names if one.name.partition(".")[0] in OURS]
            if isinstance(node, ast.ImportFrom) and str(node.module).partition(".")[0] in OURS:
                public = importlib.import_module(str(node.module)).__all__
                assert {one.name for one in node.names} <= set(public), ast.unparse(node)
                used += 1
    assert used >= 3


@every_notebook
def test_it_ends_with_what_one_may_and_may_not_conclude(source: Path) -> None:
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
def test_it_runs_from_any_folder_and_stays_quiet(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, temporary = tmp_path / "here", tmp_path / "temporary"
    here.mkdir()
    temporary.mkdir()
    monkeypatch.setenv("TMPDIR", str(temporary))
    notebook = stored(source)
    client = nbclient.NotebookClient(notebook, timeout=300, resources={"metadata": {"path": str(here)}})
    # With the Python that runs the tests, whatever kernels a person has installed.
    client.create_kernel_manager().kernel_spec.argv[0] = sys.executable
    with client.setup_kernel():
        for number, cell in enumerate(notebook.cells):
            client.execute_cell(cell, number)
    outputs = [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]
    said = "".join(output.text for output in outputs if output.output_type == "stream")
    # A warning on the screen is read by everybody who opens the notebook: there is none.
    assert not [output.text for output in outputs if output.get("name") == "stderr"]
    assert len(said.splitlines()) < 60
    assert [output for output in outputs if "image/png" in output.get("data", {})]
    assert list(here.iterdir()) == []
