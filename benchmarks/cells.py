"""Pseudobulks of 1,000,000 cells x 20,000 genes on disk: CPU seconds and peak memory, beside scanpy in memory.

Targets: 60 seconds and 2 GB on one core.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pandas as pd

CELLS, GENES, NONZERO = 1_000_000, 20_000, 750
PATIENTS, TYPES = 200, 10
IN_MEMORY = 100_000
"""Cells for scanpy, which holds them in memory."""

BLOCK = 20_000
"""Cells that are simulated together."""

SPACE = 8 * 10**9
"""Bytes of the file, and some more."""


def rows() -> Iterator[str]:
    with tempfile.TemporaryDirectory() as place:
        if shutil.disk_usage(place).free < 2 * SPACE:
            yield f"not run: {place} has less than {2 * SPACE / 1e9:.0f} GB of free space"
            return
        path = Path(place) / "cells.h5ad"
        write(path, CELLS)
        yield (
            f"{CELLS:,} cells x {GENES:,} genes, about {NONZERO} values per cell, {PATIENTS} patients, {TYPES} types, "
            f"file of {path.stat().st_size / 1e9:.1f} GB"
        )
        for order, column in (("by patient", "sorted"), ("at random", "patient")):
            yield f"cells ordered {order}: stratomics {_measured('summed', path, column)}"
        few = Path(place) / "few.h5ad"
        write(few, IN_MEMORY)
        for order, column in (("by patient", "sorted"), ("at random", "patient")):
            yield (
                f"{IN_MEMORY:,} cells ordered {order}: stratomics {_measured('summed', few, column)}; "
                f"scanpy.get.aggregate {_measured('aggregated', few, column)}"
            )


def write(path: Path, cells: int) -> None:
    """Write simulated cells block by block."""
    import h5py
    from anndata.io import write_elem

    rng = np.random.default_rng(0)
    names = pd.Index([f"cell{i}" for i in range(cells)])
    labels = {
        "patient": pd.Categorical.from_codes(rng.integers(0, PATIENTS, cells), _names("p", PATIENTS)),
        "sorted": pd.Categorical.from_codes(np.arange(cells) * PATIENTS // cells, _names("p", PATIENTS)),
        "cell_type": pd.Categorical.from_codes(rng.integers(0, TYPES, cells), _names("t", TYPES)),
    }
    with h5py.File(path, "w") as file:
        file.attrs.update({"encoding-type": "anndata", "encoding-version": "0.1.0"})
        write_elem(file, "obs", pd.DataFrame(labels, names))
        write_elem(file, "var", pd.DataFrame(index=pd.Index(_names("g", GENES))))
        matrix = file.create_group("X")
        matrix.attrs.update(
            {"encoding-type": "csr_matrix", "encoding-version": "0.1.0", "shape": [cells, GENES]}
        )
        stored = {
            key: matrix.create_dataset(key, (0,), kind, maxshape=(None,), chunks=(2**20,))
            for key, kind in (("indices", np.int32), ("data", np.float32))
        }
        starts = [0]
        for first in range(0, cells, BLOCK):
            genes, lengths = _nonzero(rng, min(BLOCK, cells - first))
            for key, values in (("indices", genes), ("data", rng.poisson(1.0, len(genes)) + 1)):
                stored[key].resize((starts[-1] + len(genes),))
                stored[key][starts[-1] :] = values
            starts.extend(starts[-1] + np.cumsum(lengths))
        matrix["indptr"] = np.array(starts, dtype=np.int64)


def _names(letter: str, count: int) -> list[str]:
    return [f"{letter}{number:05d}" for number in range(count)]


def _nonzero(rng: np.random.Generator, cells: int) -> tuple[np.ndarray, np.ndarray]:
    """Genes of each cell in ascending order, with gaps of random length; and the number of genes per cell."""
    mean = GENES / NONZERO
    genes = (
        np.cumsum(rng.integers(1, round(2 * mean), (cells, int(1.1 * NONZERO)), dtype=np.int32), axis=1) - 1
    )
    inside = genes < GENES
    return genes[inside], inside.sum(axis=1)


def _measured(what: str, path: Path, column: str) -> str:
    code = f"import benchmarks.cells as b; b.measure(b.{what}, {str(path)!r}, {column!r})"
    words = [sys.executable, "-W", "ignore", "-c", code]
    seconds, peak = json.loads(subprocess.run(words, check=True, capture_output=True, text=True).stdout)
    return f"{seconds:.1f} CPU s, peak {peak:.2f} GB"


def measure(call: Callable[[Path, str], None], path: str, column: str) -> None:
    """Print the CPU seconds of a call without imports, and the peak memory of the process in GB, as json."""
    import resource

    with tempfile.TemporaryDirectory() as place:
        small = Path(place) / "small.h5ad"
        write(small, 1_000)
        call(small, column)
    begin = time.process_time()
    call(Path(path), column)
    seconds = time.process_time() - begin
    print(json.dumps([seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20]))


def summed(path: Path, column: str) -> None:
    """Sum the cells of a file that stays on disk."""
    from omics.cells.open_cells import open_cells
    from omics.cells.pseudobulk import pseudobulks

    with open_cells(path, column, "cell_type") as cells:
        assert len(pseudobulks(cells, min_cells=1)) == TYPES


def aggregated(path: Path, column: str) -> None:
    """Read cells into memory and sum them with scanpy."""
    import anndata
    import scanpy

    cells = anndata.read_h5ad(path)
    assert scanpy.get.aggregate(cells, [column, "cell_type"], func="sum").n_vars == GENES
