"""Draw the packages as rooms and arrows: ``python docs/layout.py [--revision REV] [--suffix NAME]``.

A room is a file or folder directly inside a package. An arrow from A to B means that a file of A imports a file of B;
imports for types only and imports inside functions count.
"""

from __future__ import annotations

import argparse
import ast
import io
import subprocess
import tarfile
import tempfile
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

__all__ = ["PACKAGES", "Layout", "import_graph", "layout_of", "modules"]

PACKAGES = ("omics", "datamodules", "models", "stratomics")
ROOT = Path(__file__).parents[1]
PICTURES = ROOT / "docs" / "pictures"

Graph = dict[str, set[str]]


@dataclass(frozen=True)
class Layout:
    """Rooms of one package with their lines, and the arrows between them."""

    lines: Mapping[str, int]
    arrows: frozenset[tuple[str, str]]

    def levels(self) -> dict[str, int]:
        """Level of each room: above all rooms that it imports; rooms of a cycle share the order of their names."""
        below: dict[str, set[str]] = {room: set() for room in self.lines}
        for upper, lower in sorted(self.arrows):
            below[upper].add(lower)
        level: dict[str, int] = {}

        def place(room: str, path: tuple[str, ...]) -> int:
            if room not in level:
                lower = [r for r in sorted(below[room]) if r not in path]
                level[room] = 1 + max((place(r, (*path, room)) for r in lower), default=-1)
            return level[room]

        for room in sorted(self.lines):
            place(room, ())
        return level

    def upward(self) -> list[tuple[str, str]]:
        """Arrows that do not run downwards."""
        level = self.levels()
        return sorted((a, b) for a, b in self.arrows if level[a] <= level[b])


def modules(root: Path) -> dict[str, Path]:
    """Dotted name of each module of the packages -> its file."""
    found = {}
    for package in PACKAGES:
        for file in sorted((root / package).rglob("*.py")):
            parts = file.relative_to(root).with_suffix("").parts
            found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = file
    return found


def import_graph(files: Mapping[str, Path]) -> Graph:
    """Find for each module the modules among `files` that it imports, wherever in the file the import stands.

    ``from package import module`` is an import of the module, not of the package.
    """
    graph: Graph = {name: set() for name in files}
    for name, file in files.items():
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                graph[name] |= {alias.name for alias in node.names} & files.keys()
            elif isinstance(node, ast.ImportFrom) and node.module:
                for alias in node.names:
                    inner = f"{node.module}.{alias.name}"
                    graph[name] |= {inner if inner in files else node.module} & files.keys()
        graph[name].discard(name)
    return graph


def layout_of(root: Path, package: str) -> Layout:
    """Rooms and arrows of `package` under `root`."""

    def room(module: str) -> str | None:
        parts = module.split(".")
        return parts[1] if parts[0] == package and len(parts) > 1 else None

    lines: dict[str, int] = defaultdict(int)
    for module, file in modules(root).items():
        if (name := room(module)) is not None:
            lines[name] += len(file.read_text(encoding="utf-8").splitlines())
    pairs = ((room(a), room(b)) for a, targets in import_graph(modules(root)).items() for b in targets)
    arrows = frozenset((a, b) for a, b in pairs if a is not None and b is not None and a != b)
    return Layout(dict(lines), arrows)


def draw(layout: Layout, title: str, file: Path) -> None:
    """Write an SVG: rooms in rows by level, arrows downwards in grey, others in red."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    level = layout.levels()
    rows: dict[int, list[str]] = defaultdict(list)
    for room in sorted(layout.lines):
        rows[level[room]].append(room)
    widest = max(len(row) for row in rows.values())
    place = {
        room: ((k + 0.5) * widest / len(row), float(height))
        for height, row in rows.items()
        for k, room in enumerate(row)
    }
    figure = Figure(figsize=(max(8.0, 1.55 * widest), 0.95 * len(rows) + 0.6))
    axes = figure.add_subplot()
    axes.set(xlim=(0, widest), ylim=(-0.5, len(rows) - 0.4), title=title)
    axes.set_axis_off()
    up = set(layout.upward())
    for upper, lower in sorted(layout.arrows):
        colour = "#D55E00" if (upper, lower) in up else "#999999"
        arrow = {"arrowstyle": "-|>", "color": colour, "lw": 0.6, "shrinkA": 9, "shrinkB": 9}
        axes.annotate("", place[lower], place[upper], arrowprops=arrow, zorder=1)
    for room, (x, y) in place.items():
        box = {"boxstyle": "round,pad=0.3", "fc": "#EAF2F8", "ec": "#0072B2", "lw": 0.8}
        text = f"{room}\n{layout.lines[room]:,} lines"
        axes.text(x, y, text, ha="center", va="center", fontsize=7, bbox=box, zorder=2)
    with mpl.rc_context({"svg.hashsalt": "layout", "svg.fonttype": "none"}):
        figure.savefig(file, bbox_inches="tight", metadata={"Date": None})


def main() -> None:
    """Draw every package of the working tree, or of a revision, and print rooms and arrows."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--revision", help="a git revision; the working tree if left out")
    parser.add_argument("--suffix", default="", help="added to the name of each picture")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        root = ROOT
        if options.revision:
            command = ["git", "-C", str(ROOT), "archive", options.revision, *PACKAGES]
            archive = subprocess.run(command, check=True, capture_output=True).stdout  # noqa: S603  # a revision of this repository
            with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
                tar.extractall(folder, filter="data")
            root = Path(folder)
        for package in PACKAGES:
            layout = layout_of(root, package)
            counts = f"{len(layout.lines)} rooms, {len(layout.arrows)} arrows, {len(layout.upward())} upwards"
            print(f"{package}: {counts}")  # noqa: T201  # a script
            draw(layout, f"{package}/: {counts}", PICTURES / f"layout_{package}{options.suffix}.svg")


if __name__ == "__main__":
    main()
