from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from omics.checks.check_cohort import check_cohort
from omics.checks.feature_names import original_names


@pytest.mark.parametrize(
    ("name", "genes"),
    [
        ("1-Mar", ["MARCH1", "MARC1"]),
        ("Mar-02", ["MARCH2", "MARC2"]),
        ("9-Sep", ["SEPT9"]),
        ("1-Dec-2021", ["DEC1"]),
        ("44441", ["SEPT2"]),  # 2021-09-02
        ("37135", ["SEPT1"]),  # 2001-09-01
        ("MARCH1", []),
        ("12345", []),
        ("1-Foo", []),
        ("5-Jul", []),
        ("HLA-A", []),
    ],
)
def test_genes_that_a_date_may_have_been(name: str, genes: list[str]) -> None:
    assert original_names(name) == genes


def test_a_changed_name_is_found_and_names_of_dates_are_not(write_small: Callable[..., Path]) -> None:
    def change(frames, spec) -> None:
        frames["rna"] = frames["rna"].rename(columns={"rna3": "3-Mar"})
        names = {f"protein{i}": f"{i + 1}-Sep" for i in range(8)}
        frames["protein"] = frames["protein"].rename(columns=names)

    found = [
        (f.place, f.sentence) for f in check_cohort(write_small(change)) if f.code == "spreadsheet_names"
    ]
    assert [place for place, _ in found] == ["rna"]
    assert (
        "1 feature name(s) were changed to a date by a spreadsheet program: 3-Mar (MARCH3 or MARC3)"
        in found[0][1]
    )
