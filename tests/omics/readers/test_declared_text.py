from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from omics.cohort.read import read_cohort
from omics.common.errors import CohortError
from omics.readers.declared_text import without_thousands

Frames, Spec = dict[str, pd.DataFrame], dict[str, Any]


def cells(first: list[str], **keys: str) -> Callable[[Frames, Spec], None]:
    def change(frames: Frames, spec: Spec) -> None:
        column = frames["rna"]["rna0"].abs().round(1).astype(str).tolist()
        frames["rna"]["rna0"] = [*first, *column[len(first) :]]
        spec["views"]["rna"] |= {"scale": "numeric", **keys}

    return change


@pytest.mark.parametrize(
    ("rule", "expected"),
    [("half", [0.25, 1]), ("limit", [0.5, 2]), ("zero", [0, 0]), ("missing", [np.nan] * 2)],
)
def test_values_below_a_limit_by_a_stated_rule(
    rule: str, expected: list[float], write_small: Callable[..., Path]
) -> None:
    view = read_cohort(write_small(cells(["<0.5", "< 2"], below=rule)))["rna"]
    np.testing.assert_array_equal(view.X[:2, 0], expected)
    assert f"2 cell(s) below a limit of detection; below: {rule}" in view.uns["left_out"]


def test_without_a_rule_they_are_refused(write_small: Callable[..., Path]) -> None:
    with pytest.raises(CohortError, match="declare below: half"):
        read_cohort(write_small(cells(["<0.5"])))


def test_commas_between_thousands(write_small: Callable[..., Path]) -> None:
    view = read_cohort(write_small(cells(["8,412", "1,204,007.5", "12"], thousands=",")))["rna"]
    assert view.X[:3, 0].tolist() == [8412, 1204007.5, 12]


@pytest.mark.parametrize(
    ("cell", "advice"),
    [("8,412", "may be 8412 or 8.412"), ("1,204,007", "it is 1204007"), ("1,5", "decimals with a point")],
)
def test_both_readings_are_named(cell: str, advice: str, write_small: Callable[..., Path]) -> None:
    with pytest.raises(CohortError, match=advice):
        read_cohort(write_small(cells([cell])))


@pytest.mark.parametrize(
    ("mark", "cell", "plain"), [(".", "1.204,5", "1204.5"), ("'", "8'412", "8412"), (",", "84,12", "84,12")]
)
def test_other_marks(mark: str, cell: str, plain: str) -> None:
    assert without_thousands(pd.DataFrame({"x": [cell]}), mark)["x"].tolist() == [plain]


@pytest.mark.parametrize(
    ("key", "value"), [("below", "third"), ("thousands", "x"), ("samples_per_patient", "last")]
)
def test_an_unknown_rule_is_refused(key: str, value: str, write_small: Callable[..., Path]) -> None:
    with pytest.raises(CohortError) as raised:
        read_cohort(write_small(lambda frames, spec: spec["views"]["rna"].update({key: value})))
    assert (raised.value.code, raised.value.column) == ("unknown_choice", key)


@pytest.mark.parametrize(
    ("key", "value"), [("panels", "a.txt"), ("filter", "keep"), ("qc_warning", "keep"), ("layer", "raw")]
)
def test_a_key_of_another_format_is_refused(key: str, value: str, write_small: Callable[..., Path]) -> None:
    with pytest.raises(CohortError) as raised:
        read_cohort(write_small(lambda frames, spec: spec["views"]["rna"].update({key: value})))
    assert (raised.value.code, raised.value.column) == ("foreign_key", key)
