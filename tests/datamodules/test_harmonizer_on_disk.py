"""A cohort with tables on disk: the same values and the same errors as from memory."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import anndata
import h5py
import numpy as np
import pandas as pd
import pytest
import yaml
import zarr

from datamodules.config import HarmonizeConfig
from datamodules.harmonizer import Harmonizer
from omics.checks.check_cohort import check_cohort
from omics.cohort.read import cohort_spec, observed_views, read_cohort
from omics.common.errors import CohortError
from omics.readers import on_disk

KINDS = ["h5ad", "zarr", "h5mu"]
TRAIN = np.array([0, 1, 2, 5, 6, 7, 8, 11, *range(14, 33)])


@pytest.fixture
def small(write_small: Callable[..., Path]) -> Path:
    """The small cohort with a fifth of the rna values missing."""

    def with_missing_values(frames: dict[str, pd.DataFrame], _: dict[str, Any]) -> None:
        rng = np.random.default_rng(0)
        values = frames["rna"].iloc[:, 1:].to_numpy().copy()
        values[rng.random(values.shape) < 0.2] = np.nan
        frames["rna"].iloc[:, 1:] = values

    return write_small(with_missing_values)


def stored(folder: Path, kind: str, change: Callable[[Any], None] = lambda _: None) -> Path:
    """Write the views of the cohort as AnnData, and return the path of the cohort."""
    cohort = read_cohort(folder)
    view = cohort["rna"].copy()
    change(view)
    with warnings.catch_warnings(action="ignore"):  # about the change from zarr 2 to 3
        if kind == "h5mu":
            cohort.mod["rna"] = view
            cohort.write(folder / "cohort.h5mu")
            return folder / "cohort.h5mu"
        getattr(view, f"write_{kind}")(folder / f"rna.{kind}")
    _declare(folder, f"rna.{kind}")
    return folder


def _declare(folder: Path, file: str) -> None:
    text = (folder / "cohort.yaml").read_text()
    (folder / "cohort.yaml").write_text(text.replace("rna.csv", file))


@pytest.fixture
def everything_is_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(on_disk, "LARGE", 400)
    monkeypatch.setattr("omics.common.view_blocks.BLOCK", 100)


@pytest.mark.parametrize("kind", KINDS)
def test_values_on_disk_and_in_memory_are_the_same(
    small: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = stored(small, kind)
    monkeypatch.setattr("omics.common.view_blocks.BLOCK", 100)
    memory = read_cohort(path)
    monkeypatch.setattr(on_disk, "LARGE", 400)
    disk = read_cohort(path)
    assert isinstance(memory["rna"].X, np.ndarray)
    assert isinstance(disk["rna"].X, h5py.Dataset | zarr.Array)
    assert isinstance(disk["protein"].X, np.ndarray)
    pd.testing.assert_frame_equal(observed_views(disk), observed_views(memory))
    config = HarmonizeConfig(normalize={"rna": "quantile"}, impute="iterative")
    one, two = (Harmonizer(config).fit(cohort[TRAIN]) for cohort in (memory, disk))
    for cohort in (memory, disk):
        batch = two.transform(cohort)
        for view, values in one.transform(memory).views.items():
            np.testing.assert_array_equal(batch.views[view], values)


def _negative(view: Any) -> None:
    view.X[17, 3] = -1.0


def _infinite(view: Any) -> None:
    view.X[17, 3] = np.inf


def _duplicate_patient(view: Any) -> None:
    view.obs_names = ["p000" if name == "p001" else name for name in view.obs_names]


def _duplicate_feature(view: Any) -> None:
    view.var_names = ["rna1" if name == "rna2" else name for name in view.var_names]


def _unknown_patient(view: Any) -> None:
    view.obs_names = ["alien" if name == "p007" else name for name in view.obs_names]


@pytest.mark.parametrize("kind", ["h5ad", "zarr"])
@pytest.mark.parametrize(
    ("change", "scale", "code", "patient", "column"),
    [
        (_negative, "counts", "wrong_scale", None, None),
        (_infinite, "log", "infinite_value", "p017", "rna3"),
        (_duplicate_patient, "log", "duplicate_patient", "p000", None),
        (_duplicate_feature, "log", "duplicate_column", None, "rna1"),
        (_unknown_patient, "log", "unknown_patient", "alien", None),
    ],
)
@pytest.mark.filterwarnings("ignore:.*names are not unique.*")  # the error of this test
def test_errors_on_disk_are_found_in_blocks(
    small: Path,
    everything_is_large: None,
    kind: str,
    change: Callable[[Any], None],
    scale: str,
    code: str,
    patient: str | None,
    column: str | None,
) -> None:
    path = stored(small, kind, change)
    spec = yaml.safe_load((path / "cohort.yaml").read_text())
    spec["views"]["rna"]["scale"] = scale
    (path / "cohort.yaml").write_text(yaml.safe_dump(spec))
    with pytest.raises(CohortError) as caught:
        read_cohort(path)
    assert (caught.value.code, caught.value.patient, caught.value.column) == (code, patient, column)
    assert caught.value.file.endswith(f"rna.{kind}")


@pytest.mark.parametrize("kind", KINDS)
def test_check_finds_the_same(small: Path, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    path = stored(small, kind)
    memory = check_cohort(path)
    monkeypatch.setattr(on_disk, "LARGE", 400)
    assert check_cohort(path) == memory


@pytest.mark.parametrize("first", ["large", "small"])
def test_a_small_view_beside_a_large_one_in_h5mu(
    small: Path, first: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The large view can be read afterwards, whichever view is declared first."""
    if first == "large":
        spec = yaml.safe_load((small / "cohort.yaml").read_text())
        spec["views"] = dict(sorted(spec["views"].items(), reverse=True))
        (small / "cohort.yaml").write_text(yaml.safe_dump(spec, sort_keys=False))
    path = stored(small, "h5mu")
    monkeypatch.setattr(on_disk, "LARGE", 400)
    cohort = read_cohort(path)
    assert next(iter(cohort_spec(cohort).views)) == ("rna" if first == "large" else "protein")
    assert isinstance(cohort["rna"].X, h5py.Dataset)
    assert Harmonizer(HarmonizeConfig()).fit(cohort).transform(cohort).present("rna").all()


def test_sparse_tables_are_read_into_memory_whatever_their_size(
    small: Path, everything_is_large: None
) -> None:
    import scipy.sparse

    cohort = read_cohort(small)
    view = anndata.AnnData(
        scipy.sparse.csr_matrix(np.nan_to_num(cohort["rna"].X)),
        obs=cohort["rna"].obs.copy(),
        var=cohort["rna"].var.copy(),
    )
    view.write_h5ad(small / "rna.h5ad")
    _declare(small, "rna.h5ad")
    assert isinstance(read_cohort(small)["rna"].X, np.ndarray)
