"""Errors can be pickled, so that worker processes can return them."""

from __future__ import annotations

import pickle

from omics.common.errors import CohortError


def test_an_error_survives_the_way_between_processes() -> None:
    error = CohortError("bad", "some_code", file="f.csv", column="c", patient="p")
    again = pickle.loads(pickle.dumps(error))
    assert vars(again) == vars(error)
    assert str(again) == "f.csv, column c, patient p: bad"
