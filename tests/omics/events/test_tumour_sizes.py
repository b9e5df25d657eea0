"""A table of sizes as a cohort stores it."""

from __future__ import annotations

import pandas as pd
import pytest

from omics.common.errors import CohortError
from omics.events.tumour_sizes import SizeTable

TABLE = pd.DataFrame(
    {
        "patient": ["a", "a", "b"],
        "time": [0.0, 6.0, 0.0],
        "size": [50.0, 40.0, 30.0],
        "censored": False,
        "row": [1, 2, 3],
    }
)


def test_what_is_stored_is_read_again() -> None:
    content = SizeTable(TABLE, {"code": "sentence"}).to_uns()
    again = SizeTable.from_uns(content, "a.h5mu")
    pd.testing.assert_frame_equal(again.table, TABLE)
    assert again.to_check == {"code": "sentence"}


def test_patients_are_left_out_with_a_finding() -> None:
    kept = SizeTable(TABLE).take(pd.Index(["b"]))
    assert kept.patients.to_list() == ["b"]
    assert "1 patient(s)" in kept.to_check["patients_left_out"]
    assert SizeTable(TABLE).take(pd.Index(["a", "b"])).to_check == {}


@pytest.mark.parametrize("content", [{}, {"sizes": 3}, {"sizes": TABLE.drop(columns="censored")}])
def test_a_file_without_its_sizes_is_refused(content: dict[str, object]) -> None:
    with pytest.raises(CohortError, match=r"lacks columns of sizes; write the cohort again") as found:
        SizeTable.from_uns(content, "a.h5mu")
    assert found.value.code == "missing_sizes"


def test_stored_rows_are_checked_again() -> None:
    wrong = TABLE.assign(size=-1.0)
    with pytest.raises(CohortError, match=r"a\.h5mu, patient a: row 1"):
        SizeTable.from_uns(SizeTable(wrong).to_uns(), "a.h5mu")
