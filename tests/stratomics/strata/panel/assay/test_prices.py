"""Prices: of assays and analytes, and one sentence for each wrong line."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from omics.common.errors import InputError
from stratomics.strata.panel.assay.prices import PriceList, read_prices
from stratomics.strata.panel.values import AnalyteName

NAMES = [AnalyteName("blood", "a"), AnalyteName("blood", "b"), AnalyteName("tissue", "c")]
HEAD = "view,analyte,price\n"


def read(tmp_path: Path, text: str) -> PriceList:
    path = tmp_path / "prices.csv"
    path.write_text(text)
    return read_prices(path, NAMES)


def test_a_panel_across_two_materials_costs_two_draws(tmp_path: Path) -> None:
    prices = read(tmp_path, HEAD + "blood,,100\ntissue,,400\nblood,*,10\nblood,b,25\ntissue,c,5\n").of(NAMES)
    assert prices.total([0, 1]) == 135
    assert prices.total([0, 1, 2]) == 540
    assert prices.additional([]).tolist() == [110, 125, 405]
    assert prices.additional([0]).tolist() == [10, 25, 405]
    assert prices.take(np.array([2])).total([0]) == 405


def test_without_prices_an_analyte_costs_one() -> None:
    assert PriceList.equal().of(NAMES).total([0, 2]) == 2


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("view,analyte\n", "no column 'price'"),
        (HEAD + "blood,a,-3\n", "line 2: the price is -3; enter a number that is at least 0"),
        (HEAD + "blood,a,\n", "line 2: the price is ''; enter a number"),
        (HEAD + "blood,a,nan\n", "the price is 'nan'"),
        (HEAD + "blod,a,1\n", "no view 'blod'; did you mean 'blood'"),
        (HEAD + "blood,z,1\n", "view 'blood' has no analyte 'z'; choose one of a, b"),
        (HEAD + "blood,*,1\n", "'tissue: c' has no price"),
        ("", "not a csv file"),
    ],
)
def test_a_wrong_table_is_one_sentence(text: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=message) as error:
        read(tmp_path, text)
    assert "\n" not in str(error.value).strip()


def test_an_absent_table_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file"):
        read_prices(tmp_path / "none.csv", NAMES)
