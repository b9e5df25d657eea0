"""Make each notebook ``NAME.ipynb`` from its source ``NAME.py`` (py:percent), without outputs.

``python notebooks/pairs.py`` makes them all. The same source gives the same bytes.
"""

from __future__ import annotations

from pathlib import Path

import jupytext
import nbformat

__all__ = ["FOLDER", "made_from", "sources"]

FOLDER = Path(__file__).parent


def sources() -> list[Path]:
    """List the sources of the notebooks, in their order."""
    return sorted(FOLDER.glob("[0-9][0-9]_*.py"))


def made_from(source: Path) -> str:
    """Convert a source to the text of its notebook."""
    notebook = jupytext.reads(source.read_text(encoding="utf-8"), fmt="py:percent")
    for number, cell in enumerate(notebook.cells, 1):
        # The ids of nbformat are random.
        cell["id"] = f"cell-{number:02d}"
    nbformat.validate(notebook)
    return nbformat.writes(notebook, version=4) + "\n"


if __name__ == "__main__":
    for path in sources():
        path.with_suffix(".ipynb").write_text(made_from(path), encoding="utf-8")
