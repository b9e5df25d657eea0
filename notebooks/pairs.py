"""The pairs: a notebook is written as ``NAME.py`` (py:percent), and ``NAME.ipynb`` is made from it, without outputs.

``python notebooks/pairs.py`` makes them all; the same source gives the same bytes.
"""

from __future__ import annotations

from pathlib import Path

import jupytext
import nbformat

__all__ = ["FOLDER", "made_from", "sources"]

FOLDER = Path(__file__).parent


def sources() -> list[Path]:
    """Give the sources of the notebooks, in their order."""
    return sorted(FOLDER.glob("[0-9][0-9]_*.py"))


def made_from(source: Path) -> str:
    """Give the text of the notebook that `source` is the source of."""
    notebook = jupytext.reads(source.read_text(encoding="utf-8"), fmt="py:percent")
    for number, cell in enumerate(notebook.cells, 1):
        # Those of nbformat are drawn by chance.
        cell["id"] = f"cell-{number:02d}"
    nbformat.validate(notebook)
    return nbformat.writes(notebook, version=4) + "\n"


if __name__ == "__main__":
    for path in sources():
        path.with_suffix(".ipynb").write_text(made_from(path), encoding="utf-8")
