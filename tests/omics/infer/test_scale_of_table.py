"""The scale of a table, from its values; a guess never contradicts them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from omics.infer.scale_of_table import guess_scale
from omics.modalities import MODALITIES
from omics.modalities.scales import contradiction


@pytest.mark.parametrize(
    ("values", "modality", "expected"),
    [
        ([[0, 1], [1, 0]], "genomics", "binary"),
        ([[0, 2], [1, 0]], "genomics", "dosage"),
        ([[0, -1], [2, 0]], "genomics", "copy_number"),
        ([[0.1, 0.9], [0.5, 0.2]], "genomics", "beta"),
        ([[0, 900], [1, 0]], "transcriptomics", "counts"),
        ([[1.2, 9.1], [0.0, 3.3]], "transcriptomics", "log"),
        ([[12.5, 900.1], [1, 0]], "transcriptomics", "counts"),
        ([[-5.0, 900.1], [1, 0]], "transcriptomics", "numeric"),
        ([[20.1, 22.4], [18.0, 25.0]], "proteomics", "log"),
        ([[2e6, 3e5], [18.0, 25.0]], "proteomics", "intensity"),
        ([[-2.0, 3], [1, 2.5]], "metabolomics", "log"),
        ([[0.2, 979.5], [1, 2.5]], "metabolomics", "intensity"),
        ([[10, 979], [1, 0]], "microbiome", "counts"),
        ([[0.3, 0.7], [1, 0]], "microbiome", "relative"),
        ([[-5, -0.2], [-1, -2]], "microbiome", "log_relative"),
        ([[0, 1], [1, 0]], "generic", "binary"),
        ([[-3.5, 1], [1, 0]], "generic", "numeric"),
    ],
)
def test_values_tell_the_scale(values: Any, modality: str, expected: str) -> None:
    assert guess_scale(np.array(values, dtype=float), modality, frozenset()).value == (modality, expected)


@pytest.mark.parametrize("values", [[[30.0, 70.0], [99, 1]], [[-2.0, 1.5], [0.5, 0]]], ids=["percent", "clr"])
def test_taxa_of_no_known_scale_are_numbers_and_doubtful(values: Any) -> None:
    guess = guess_scale(np.array(values) + 0.0, "microbiome", frozenset())
    # Whole percentages could also be counts.
    assert guess.value in {("generic", "numeric"), ("microbiome", "counts")}
    assert not guess.sure or guess.value[1] == "counts"


@given(
    st.lists(st.floats(-1e6, 1e6, allow_nan=False), min_size=1, max_size=12),
    st.sampled_from(sorted(MODALITIES)),
    st.sampled_from(["", "cna", "beta"]),
)
@settings(max_examples=200, deadline=None)
def test_a_guessed_scale_never_contradicts_the_values(cells: list[float], modality: str, word: str) -> None:
    values = np.array([cells])
    kind, scale = guess_scale(values, modality, frozenset({word})).value
    assert kind in {modality, "generic"}
    assert contradiction(values, scale) is None
