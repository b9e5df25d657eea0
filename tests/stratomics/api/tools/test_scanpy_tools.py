"""UMAP: scanpy's own result, the same bytes each time, and one sentence for too few patients."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Any

import numpy as np
import pytest

from omics.common.errors import DataError, InputError
from stratomics.api.tools import scanpy_tools
from stratomics.api.tools.scanpy_tools import neighbours_umap


def values(n: int = 40, k: int = 3, seed: int = 0) -> Any:
    return np.random.default_rng(seed).normal(size=(n, k)) * np.linspace(2.0, 0.5, k)


@pytest.mark.slow
def test_neighbours_and_coordinates_are_those_of_scanpy() -> None:
    import scanpy as sc
    from anndata import AnnData

    x = values()
    graph = AnnData(x)
    # Without the transformer that the function names, scanpy chooses the search by itself.
    sc.pp.neighbors(graph, n_neighbors=10, use_rep="X", random_state=7)
    sc.tl.umap(graph, random_state=7, init_pos=scanpy_tools._start(x, 7))
    np.testing.assert_array_equal(neighbours_umap(x, seed=7, neighbours=10), graph.obsm["X_umap"])


@pytest.mark.slow
def test_neighbours_stay_neighbours() -> None:
    groups = np.repeat(np.arange(3), 20)
    x = values(60) + 20.0 * np.eye(3)[groups]
    places = neighbours_umap(x, seed=1, neighbours=8)
    distance = np.linalg.norm(places[:, None] - places[None], axis=2)
    nearest = np.argsort(distance, axis=1)[:, 1:4]
    assert (groups[nearest] == groups[:, None]).all()


SCRIPT = """
import sys
import numpy as np
from stratomics.api.tools.scanpy_tools import neighbours_umap
x = np.random.default_rng(0).normal(size=(40, 3)) * np.linspace(2.0, 0.5, 3)
print(neighbours_umap(x, 1, 10).tobytes().hex())
print(*(name for name in ("igraph", "leidenalg", "louvain") if name in sys.modules))
"""


@pytest.mark.slow
def test_another_process_with_more_threads_gives_the_same_bytes() -> None:
    threads = {"OMP_NUM_THREADS": "2", "NUMBA_NUM_THREADS": "2", "PYTHONHASHSEED": "3"}
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=True, env=os.environ | threads
    )
    bytes_of_other, loaded = done.stdout.split("\n")[:2]
    assert neighbours_umap(values(), 1, 10).tobytes().hex() == bytes_of_other
    assert loaded == ""


@pytest.mark.slow
@pytest.mark.parametrize(
    "x",
    [
        # Three components; patients with equal values; all equal; one column; the smallest number of patients.
        np.concatenate([values(12), values(12) + 90, values(8) - 90]),
        np.repeat(values(6), 5, axis=0),
        np.zeros((30, 3)),
        values(20, 1),
        values(5),
    ],
)
def test_the_same_seed_gives_the_same_bytes(x: Any) -> None:
    first = neighbours_umap(x, seed=3, neighbours=4)
    assert first.shape == (len(x), 2)
    assert first.dtype == np.float64
    assert np.isfinite(first).all()
    np.testing.assert_array_equal(neighbours_umap(x, seed=3, neighbours=4), first)
    assert (neighbours_umap(x, seed=4, neighbours=4) != first).any()


def test_the_input_is_not_changed() -> None:
    x = values()
    before = x.copy()
    neighbours_umap(x, 1, 5)
    np.testing.assert_array_equal(x, before)


def test_too_few_patients_are_one_sentence() -> None:
    with pytest.raises(
        DataError, match=r"^15 patients are too few for 15 neighbours; lower neighbours to at most 14"
    ):
        neighbours_umap(values(15), 1)


@pytest.mark.parametrize("seed", [-1, 2**32])
def test_a_seed_that_scanpy_refuses_is_one_sentence(seed: int) -> None:
    with pytest.raises(InputError, match=f"seed is {seed}; it must be between 0 and 4294967295"):
        neighbours_umap(values(), seed)


def test_a_patient_needs_another_neighbour() -> None:
    with pytest.raises(InputError, match="neighbours is 1; it must be at least 2"):
        neighbours_umap(values(), 1, 1)
