"""Checks of views: what a reader leaves out is reported."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml
from places import READER_FIXTURES

from omics.checks.check_cohort import check_cohort
from omics.checks.finding import INFO
from omics.cohort.read import read_cohort
from omics.readers.plain_tables import read_table

FIXTURES = READER_FIXTURES


LEFT_OUT = {
    "olink/explore.csv": (
        ("proteomics", "log", "olink"),
        {
            "1 control sample(s) left out: CONTROL_SAMPLE_AS 1",
            "1 of 3 sample(s) have a warning of quality control: their NPX stay; qc_warning: missing",
            "2 NPX that failed quality control count as not measured",
        },
    ),
    "olink/explore_ht.csv": (
        ("proteomics", "log", "olink"),
        {
            "3 control sample(s) left out: SC1, NC1, PC1",
            "2 of 2 sample(s) have a warning of quality control: their NPX stay; qc_warning: missing",
            "1 control assay(s) left out: OID43204",
            "1 NPX that failed quality control count as not measured",
        },
    ),
    "somascan/toy.adat": (
        ("proteomics", "intensity", None),
        {f"1 sample(s) of type {kind} left out" for kind in ("Calibrator", "QC", "Buffer")},
    ),
    "maxquant/proteinGroups.txt": (
        ("proteomics", "intensity", "proteingroups"),
        {
            "2 group(s) marked Reverse left out",
            "1 group(s) marked Potential contaminant left out",
            "1 group(s) marked Only identified by site left out",
        },
    ),
}


def _around(file: str, modality: str, scale: str, kind: str | None, folder: Path) -> Path:
    """Write a cohort whose one view is a fixture."""
    ids = read_table(FIXTURES / file, file_format=kind).index
    outcome = pd.DataFrame({"time": np.arange(1, len(ids) + 1), "event": 1}, index=ids)
    outcome.to_csv(folder / "outcome.csv")
    view = {"modality": modality, "scale": scale, "file": str(FIXTURES / file)} | (
        {"format": kind} if kind else {}
    )
    spec = {
        "name": "fixture",
        "samples": {"file": "outcome.csv"},
        "views": {"view": view},
        "endpoints": {"survival": {"time": "time", "event": "event"}},
    }
    (folder / "cohort.yaml").write_text(yaml.safe_dump(spec))
    return folder


@pytest.mark.parametrize("file", LEFT_OUT)
def test_what_a_reader_leaves_out_is_found(file: str, tmp_path: Path) -> None:
    kind, expected = LEFT_OUT[file]
    folder = _around(file, *kind, tmp_path)
    found = [f for f in check_cohort(folder) if f.code == "left_out"]
    assert {f.sentence for f in found} == expected
    assert {(f.severity, f.place) for f in found} == {(INFO, "view")}
    # An h5mu file keeps the notes.
    read_cohort(folder).write(tmp_path / "cohort.h5mu")
    again = [f for f in check_cohort(tmp_path / "cohort.h5mu") if f.code == "left_out"]
    assert again == found


def test_nothing_is_reported_where_nothing_is_left_out() -> None:
    assert not [f for f in check_cohort("bundled:tcga_acc") if f.code == "left_out"]


def _zeros(place: float, share: float) -> Any:
    """Logarithms around `place`, of which a `share` is exactly 0."""

    def change(frames: dict[str, pd.DataFrame], spec: dict[str, Any]) -> None:
        rng = np.random.default_rng(0)
        values = rng.normal(place, 0.5, size=(40, 20))
        values[rng.random(values.shape) < share] = 0
        frames["rna"].iloc[:, 1:] = values

    return change


@pytest.mark.parametrize(
    ("place", "share", "found"), [(8, 0.2, True), (8, 0.0, False), (0.5, 0.2, False), (-8, 0.05, True)]
)
def test_zeros_far_from_all_other_logarithms(
    place: float, share: float, found: bool, write_small: Callable[..., Path]
) -> None:
    codes = {(f.code, f.place) for f in check_cohort(write_small(_zeros(place, share)))}
    assert (("zeros_on_log_scale", "rna") in codes) == found
