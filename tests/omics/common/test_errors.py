"""Errors can be pickled, so that worker processes can return them."""

from __future__ import annotations

import pickle

from omics.common.errors import CohortError, nearest


def test_an_error_survives_the_way_between_processes() -> None:
    error = CohortError("bad", "some_code", file="f.csv", column="c", patient="p")
    again = pickle.loads(pickle.dumps(error))
    assert vars(again) == vars(error)
    assert str(again) == "f.csv, column c, patient p: bad"


def test_very_many_choices_are_not_listed() -> None:
    many = [f"p{number:03d}" for number in range(123)]
    assert nearest("zzz", many) == "choose one of p000, p001, p002, p003, p004 and 118 more"
    assert nearest("p12", many).startswith("did you mean")
    assert nearest("zzz", many[:40]).endswith(", p039")
