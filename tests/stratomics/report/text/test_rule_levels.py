"""Conditions on indicators become levels; other thresholds stay."""

from __future__ import annotations

import pandas as pd
import pytest

from stratomics.report.text.rule_levels import named_levels

PATIENTS = pd.DataFrame(
    {
        "covariate.Female": [0.0, 1.0, None],
        "covariate.kras": [True, False, True],
        "covariate.ratio": [0.4, 0.6, 1.0],
    }
)


@pytest.mark.parametrize(
    ("rule", "text"),
    [
        ("Female at most 0.5", "male"),
        ("Female above 0.5 and kras at most 0.5", "female and not kras"),
        ("kras above 0.5 and ratio above 0.5", "kras and ratio above 0.5"),
        ("ratio at most 0.55", "ratio at most 0.55"),
        ("absent above 0.5", "absent above 0.5"),
        ("all patients", "all patients"),
    ],
)
def test_levels(rule: str, text: str) -> None:
    assert named_levels(rule, PATIENTS) == text
