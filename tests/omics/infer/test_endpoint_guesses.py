"""Endpoints among the columns of a samples table."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest
from guess_tables import column

from omics.infer.endpoint_guesses import guess_endpoints


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        ({"OS.time": column(10, 2000), "OS": column(0, 1)}, ("OS.time", "OS", "days")),
        (
            {"overall_survival_months": column(3.5, 70.2), "death": column(0, 1)},
            ("overall_survival_months", "death", "months"),
        ),
        (
            {"follow_up_years": column(1.5, 7.2), "status": column(0, 1)},
            ("follow_up_years", "status", "years"),
        ),
        (
            {"time": column(1.5, 70.2), "died": column(0, 1), "age": column(50, 61)},
            ("time", "died", "months"),
        ),
        (
            {
                "pfs_time": column(1, 900),
                "pfs_event": column(0, 1),
                "time": column(2, 950),
                "event": column(1, 0),
            },
            ("time", "event", "days"),
        ),
    ],
)
def test_times_find_their_events(columns: dict[str, list[Any]], expected: tuple[str, str, str]) -> None:
    guess = guess_endpoints(pd.DataFrame(columns))
    assert tuple(guess.declared["survival"].value.values()) == expected
    assert len(guess.alternatives) == len(columns) // 4


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (column("CR", "PR", "SD", "PD"), {"levels": ["PD", "SD", "PR", "CR"], "positive": ["PR", "CR"]}),
        (column("yes", "no"), {"positive": "yes"}),
        (column(0, 1), {"positive": 1}),
        (column(1.0, None, 0.0), {"positive": 1}),
    ],
    ids=["recist", "yes", "binary", "holes"],
)
def test_responses_say_what_is_positive(values: list[Any], expected: dict[str, Any]) -> None:
    guess = guess_endpoints(pd.DataFrame({"best_response": values}))
    assert guess.declared["response"].value == {"column": "best_response", **expected}


def test_a_column_that_cannot_be_read_as_an_event_is_reported() -> None:
    table = pd.DataFrame({"days": column(4, 600), "vital_status": column("Dead", "Alive")})
    guess = guess_endpoints(table)
    assert not guess.declared
    assert guess.notes == [
        "vital_status has the values Alive, Dead; write 1 where the event occurred and 0 where it did not"
    ]
