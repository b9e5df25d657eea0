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


def test_events_in_all_patients_and_in_none() -> None:
    table = pd.DataFrame({"days": column(4, 600), "event": column(1)})
    guess = guess_endpoints(table).declared["survival"]
    assert guess.value["event"] == "event"
    assert not guess.sure
    none = guess_endpoints(table.assign(event=0))
    assert not none.declared
    assert none.notes == ["event is 0 in every patient; survival needs patients with an event"]


def test_an_analysis_dataset_of_cdisc() -> None:
    guess = guess_endpoints(pd.DataFrame({"PARAMCD": "OS", "AVAL": column(4, 600), "CNSR": column(0, 1)}))
    assert guess.declared["survival"].value == {
        "time": "AVAL",
        "event": {"column": "CNSR", "is": 0},
        "unit": "days",
    }


def test_a_column_that_cannot_be_read_as_an_event_is_reported() -> None:
    table = pd.DataFrame({"days": column(4, 600), "vital_status": column("Moved", "Lost")})
    guess = guess_endpoints(table)
    assert not guess.declared
    assert guess.notes == [
        (
            "vital_status has the values Lost, Moved; declare event: {column: vital_status, is: [VALUES]} with the "
            "values of an event"
        )
    ]


@pytest.mark.parametrize(
    ("name", "labels", "expected"),
    [
        ("vital_status", ("Dead", "Alive"), {"column": "vital_status", "is": ["Dead"]}),
        ("OS_STATUS", ("1:DECEASED", "0:LIVING"), {"column": "OS_STATUS", "is": ["1:DECEASED"]}),
        ("death", ("yes", "no"), {"column": "death", "is": ["yes"]}),
        ("CNSR", (1, 0), {"column": "CNSR", "is": 0}),
        ("status", (2, 1), {"column": "status", "is": 2}),
    ],
)
def test_an_event_in_words_or_as_censoring_is_declared(
    name: str, labels: tuple[Any, Any], expected: dict[str, Any]
) -> None:
    table = pd.DataFrame({"os_days": column(4, 600), name: column(*labels)})
    assert guess_endpoints(table).declared["survival"].value["event"] == expected


def test_death_and_last_follow_up_are_one_time() -> None:
    table = pd.DataFrame(
        {
            "death_days_to": [90.0, None, None, 400.0],
            "last_contact_days_to": [None, 700.0, 300.0, None],
            "vital_status": ["Dead", "Alive", "Alive", "Dead"],
        }
    )
    survival = guess_endpoints(table).declared["survival"].value
    assert survival["time"] == ["death_days_to", "last_contact_days_to"]
    assert survival["event"] == {"column": "vital_status", "is": ["Dead"]}
    assert survival["unit"] == "days"


def test_the_endpoint_that_most_patients_have_comes_first() -> None:
    table = pd.DataFrame({"os_days": [9.0, 700.0] + [None] * 8, "os_event": [1.0, 0.0] + [None] * 8})
    table["response"] = [1, 0] * 5
    guess = guess_endpoints(table)
    assert list(guess.declared) == ["response", "survival"]
    assert not guess.declared["response"].sure
    assert "known in 10 patients and survival in 2" in guess.declared["response"].why
