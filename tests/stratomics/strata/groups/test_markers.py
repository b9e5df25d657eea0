"""Markers: groups of noise have none in a view that did not make them, and many in their own."""

from __future__ import annotations

import numpy as np

from datamodules.batch import Batch
from omics.cohort.endpoints import Endpoints
from omics.common.errors import DataError
from stratomics.strata.groups.markers import _named_like, markers_of_left_out_views, top_features

N, P = 90, 30
NAMES = {"a": [f"a{n}" for n in range(P)], "b": [f"b{n}" for n in range(P)]}


def noise() -> Batch:
    rng = np.random.default_rng(5)
    views = {name: rng.standard_normal((N, P)).astype(np.float32) for name in NAMES}
    observed = {name: np.ones((N, P), dtype=bool) for name in NAMES}
    observed["b"][:10] = False
    ids = np.array([f"p{n}" for n in range(N)])
    return Batch(ids, views, observed, np.zeros((N, 0), dtype=np.float32), (), Endpoints({}, ""))


def by_sum(batch: Batch) -> np.ndarray:
    """Two groups by the sum of the first three features of all views that are left."""
    total = np.sum([values[:, :3].sum(axis=1) for values in batch.views.values()], axis=0)
    return (total > 0).astype(np.int64)


def test_groups_of_noise_have_no_markers_in_a_view_that_is_left_out() -> None:
    batch = noise()
    group = by_sum(batch)
    found, notes = markers_of_left_out_views(batch, NAMES, group, ["S1", "S2"], by_sum)
    assert found == ()
    assert notes == ()
    # Features that made the groups would be called markers.
    found, _ = markers_of_left_out_views(batch, NAMES, group, ["S1", "S2"], lambda _: group)
    assert {one.feature for one in found} >= {"a0", "a1", "b0"}


def test_new_groups_get_the_number_of_the_group_that_they_share_most_patients_with() -> None:
    group = np.array([0, 0, 0, 1, 1, 1, 2, 2])
    fresh = np.array([2, 2, 1, 0, 0, 0, 1, -1])
    assert _named_like(fresh, group, 3).tolist() == [0, 0, 2, 1, 1, 1, 2, -1]


def test_one_view_and_a_view_without_groups_are_notes() -> None:
    batch = noise()
    one = Batch(
        batch.sample_ids,
        {"a": batch.views["a"]},
        {"a": batch.observed["a"]},
        batch.covariates,
        (),
        batch.endpoints,
    )
    assert markers_of_left_out_views(one, NAMES, by_sum(batch), ["S1", "S2"], by_sum)[1] == (
        "markers need a second view, by which groups are learned without the first",
    )

    def fails(_: Batch) -> np.ndarray:
        raise DataError("these patients do not form 2 groups")

    _, notes = markers_of_left_out_views(batch, NAMES, by_sum(batch), ["S1", "S2"], fails)
    assert notes[0] == "markers in a are not tested, since without it these patients do not form 2 groups"


def test_top_features_are_those_that_differ_most_and_are_missing_with_their_view() -> None:
    batch = noise()
    batch.views["b"][:, 7] += 4 * by_sum(batch)
    shown = top_features(batch, NAMES, by_sum(batch), 2)
    assert "b: b7" in shown
    assert shown["b: b7"].isna().sum() == 10
    assert shown.shape[1] <= 36
    assert shown.columns[0].startswith("a: ")
