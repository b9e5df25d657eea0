"""Targets: forms, short names, and wrong input."""

from __future__ import annotations

import pytest

from omics.common.errors import ConfigError
from stratomics.pharmacology.dose_search.target import ExposureTarget, parse_target


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("auc24_ss:400-600", ExposureTarget("auc24_ss", 400, 600)),
        ("auc24:400-600", ExposureTarget("auc24_ss", 400, 600)),
        ("auc24_first:3.5e2-600", ExposureTarget("auc24_first", 350, 600)),
        ("cmin_ss:0-15", ExposureTarget("cmin_ss", 0, 15)),
        (" cmax:20-40.5 ", ExposureTarget("cmax_ss", 20, 40.5)),
        ("t_above_4.5_ss:0.5-1", ExposureTarget("t_above_4.5_ss", 0.5, 1)),
        ("t_above_4:.5-1", ExposureTarget("t_above_4_ss", 0.5, 1)),
    ],
)
def test_targets_are_read(text: str, expected: ExposureTarget) -> None:
    assert parse_target(text) == expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("auc24", "write MEASURE:LOW-HIGH"),
        ("auc24:400", "write MEASURE:LOW-HIGH"),
        ("auc24:-400-600", "write MEASURE:LOW-HIGH"),
        ("auc24:600-400", "600 is not below 400"),
        ("auc24:500-500", "500 is not below 500"),
        ("auc24:4.0.0-600", "4.0.0 is no number"),
        ("auc:400-600", "'auc', which is not known; write any of auc24_first"),
        ("auc24_last:400-600", "'auc24_last', which is not known"),
    ],
)
def test_wrong_targets(text: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message.replace("(", r"\(")):
        parse_target(text)
