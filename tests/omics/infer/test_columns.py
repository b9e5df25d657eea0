"""Arm and covariates among the columns of a samples table."""

from __future__ import annotations

import pandas as pd
from guess_tables import ROWS, column

from omics.infer.columns import guess_arm, guess_covariates


def test_an_arm_is_declared_only_where_its_name_says_nothing_else() -> None:
    arms = pd.DataFrame({"Arm": column("drug", "placebo"), "treatment_line": column(1, 2)})
    guess, declared = guess_arm(arms)
    assert declared
    assert guess is not None
    assert guess.value == {"column": "Arm", "control": "placebo", "randomised": "no"}
    assert guess_arm(arms[["treatment_line"]])[1] is False
    assert guess_arm(pd.DataFrame({"arm": column(1)})) == (None, False)


def test_covariates_are_known_before_treatment_and_say_something() -> None:
    table = pd.DataFrame(
        {
            "age": range(ROWS),
            "stage": column("I", "II"),
            "sex": column("f"),
            "size_after_treatment": column(1, 2),
            "diagnosis_date": column("2020-01-02", "2021-03-04"),
            "weight": [70.0, 81.0, *[None] * (ROWS - 2)],
            "tumour_type": [f"kind{i}" for i in range(ROWS)],
        }
    )
    chosen, others = guess_covariates(table, [])
    assert chosen.value == ["age", "stage"]
    assert set(others) == set(table) - {"age", "stage"}
