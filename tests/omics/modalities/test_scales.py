"""A scale that contradicts the values is an error that gives the evidence."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from omics.checks.check_cohort import check_cohort
from omics.checks.finding import ERROR

SCALES = [
    ("rna", "transcriptomics", "counts", lambda v: v, "never negative"),
    (
        "rna",
        "transcriptomics",
        "counts",
        lambda v: v.abs() * 3,
        "most of which are not whole, are logarithms",
    ),
    ("rna", "transcriptomics", "log", lambda v: v * 40_000, "no logarithm reaches"),
    ("rna", "microbiome", "relative", lambda v: v.abs(), "sum to at most 1"),
    ("rna", "microbiome", "log_relative", lambda v: v, "never positive"),
    ("rna", "genomics", "binary", lambda v: v, "is 0 or 1"),
    ("rna", "genomics", "dosage", lambda v: v * 3, "lies between 0 and 2"),
    ("rna", "genomics", "beta", lambda v: v, "lies between 0 and 1"),
    ("rna", "metabolomics", "intensity", lambda v: v, "never negative"),
]


@pytest.mark.parametrize(
    ("view", "modality", "scale", "values", "words"), SCALES, ids=[f"{s[2]}: {s[4]}" for s in SCALES]
)
def test_a_scale_that_cannot_be_right_is_refused_with_the_evidence(
    view: str, modality: str, scale: str, values: Any, words: str, write_small: Callable[..., Path]
) -> None:
    def change(frames: dict[str, pd.DataFrame], spec: dict[str, Any]) -> None:
        spec["views"][view].update(modality=modality, scale=scale)
        frames[view].iloc[:, 1:] = values(frames[view].iloc[:, 1:])

    (finding,) = check_cohort(write_small(change))
    assert (finding.code, finding.severity) == ("wrong_scale", ERROR)
    assert words in finding.sentence


def test_estimated_counts_with_decimals_are_counts(write_small: Callable[..., Path]) -> None:
    def change(frames: dict[str, pd.DataFrame], spec: dict[str, Any]) -> None:
        frames["rna"].iloc[:, 1:] = frames["rna"].iloc[:, 1:].abs() * 731.7
        spec["views"]["rna"]["scale"] = "counts"

    assert not [f for f in check_cohort(write_small(change)) if f.severity == ERROR]
