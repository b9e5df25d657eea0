from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml

from omics.checks.check_cohort import check_cohort
from omics.cohort.arms import arm_codes
from omics.cohort.read import cohort_endpoints, cohort_spec, read_cohort
from omics.cohort.stated_columns import same_label
from omics.cohort.write import write_cohort
from omics.common.errors import CohortError

Frames, Spec = dict[str, pd.DataFrame], dict[str, Any]
Write = Callable[..., Path]


def words(frames: Frames, spec: Spec) -> None:
    """The event in words, and the time in two columns; the truth stays in the columns time and event."""
    outcome = frames["outcome"]
    dead = outcome["event"] == 1
    outcome["status"] = dead.map({True: "Deceased", False: "Living"})
    outcome["death"], outcome["last"] = outcome["time"].where(dead), outcome["time"].where(~dead)
    spec["endpoints"]["survival"] |= {
        "time": ["death", "last"],
        "event": {"column": "status", "is": ["Deceased"]},
    }


def test_two_times_and_an_event_in_words_give_the_same_endpoint(write_small: Write, tmp_path: Path) -> None:
    plain = cohort_endpoints(read_cohort(write_small())).survival()
    cohort = read_cohort(write_small(words))
    stated = cohort_endpoints(cohort).survival()
    np.testing.assert_array_equal(stated.time, plain.time)
    np.testing.assert_array_equal(stated.event, plain.event)
    assert cohort_spec(cohort).endpoints["survival"].event == "status is Deceased"
    again = read_cohort(write_cohort(cohort, tmp_path / "cohort.h5mu"))
    np.testing.assert_array_equal(cohort_endpoints(again).survival().time, plain.time)


def test_an_empty_cell_of_an_event_is_not_known(write_small: Write) -> None:
    def change(frames: Frames, spec: Spec) -> None:
        words(frames, spec)
        frames["outcome"].loc[:4, "status"] = None

    survival = cohort_endpoints(read_cohort(write_small(change))).survival()
    assert not survival.observed[:5].any()
    assert survival.observed[5:].all()


def test_the_time_to_death_alone_is_refused(write_small: Write) -> None:
    def change(frames: Frames, spec: Spec) -> None:
        words(frames, spec)
        spec["endpoints"]["survival"] |= {"time": "death", "event": "event"}

    with pytest.raises(CohortError, match=r"time: \[death, FOLLOW_UP\]") as raised:
        read_cohort(write_small(change))
    assert raised.value.code == "only_events"


def test_a_value_that_no_patient_has_is_refused(write_small: Write) -> None:
    def change(frames: Frames, spec: Spec) -> None:
        words(frames, spec)
        spec["endpoints"]["survival"]["event"]["is"] = ["deceased"]

    with pytest.raises(CohortError, match="found Deceased, Living"):
        read_cohort(write_small(change))


@pytest.mark.parametrize("event", [3, ["a"], {"column": "status"}, {"column": "status", "is": 1, "not": 0}])
def test_a_malformed_event_is_refused(event: Any, write_small: Write) -> None:
    with pytest.raises(CohortError) as raised:
        read_cohort(write_small(lambda frames, spec: spec["endpoints"]["survival"].update(event=event)))
    assert raised.value.code == "wrong_type"


def responses(labels: list[Any], **keys: Any) -> Callable[[Frames, Spec], None]:
    def change(frames: Frames, spec: Spec) -> None:
        frames["outcome"]["best"] = (labels * 40)[:40]
        spec["endpoints"]["response"] = {"column": "best", **keys}

    return change


@pytest.mark.parametrize(
    ("labels", "keys", "observed", "positive"),
    [
        (["CR", "SD", "NE", "PD"], {"positive": "CR"}, 30, 10),
        (["CR", "SD", "not done", "UNK"], {"positive": "CR"}, 20, 10),
        (["CR", "SD", "NE", "PD"], {"positive": "CR", "negative": ["SD", "PD", "NE"]}, 40, 10),
        (["CR", "SD", "MR", "PD"], {"positive": "CR", "negative": ["PD"]}, 20, 10),
        (["CR", "NE", "PD", "PD"], {"levels": ["PD", "CR"]}, 30, 10),
        (["NE", "PD", "PD", "PD"], {"positive": "NE"}, 40, 10),
    ],
)
def test_labels_that_are_no_response_are_missing(
    labels: list[str], keys: dict[str, Any], observed: int, positive: int, write_small: Write
) -> None:
    response = cohort_endpoints(read_cohort(write_small(responses(labels, **keys)))).named["response"]
    assert (response.observed.sum(), response.positive.sum()) == (observed, positive)


def test_words_that_yaml_reads_as_truth_values(write_small: Write) -> None:
    def change(frames: Frames, spec: Spec) -> None:
        responses(["Yes", "No"], positive=yaml.safe_load("yes"))(frames, spec)
        frames["outcome"]["arm"] = ["on", "off"] * 20
        spec["arm"] = {"column": "arm", "control": yaml.safe_load("off")}

    cohort = read_cohort(write_small(change))
    assert cohort_endpoints(cohort).named["response"].positive.tolist() == [True, False] * 20
    assert cohort_spec(cohort).arm.control == "off"
    assert arm_codes(cohort).tolist() == [0.5, -0.5] * 20


def test_codes_for_unknown_are_missing_where_they_are_declared(write_small: Write) -> None:
    def change(frames: Frames, spec: Spec) -> None:
        frames["outcome"]["grade"] = [1, 2, 3, 9] * 10
        frames["outcome"].loc[:1, "age"] = 998
        spec["covariates"] += ["grade"]
        spec["missing"] = {"grade": 9, "age": [998, 999]}

    obs = read_cohort(write_small(change)).obs
    assert obs["grade"].isna().sum() == 10
    assert obs["age"].isna().sum() == 2


def test_words_for_missing_are_listed_and_can_be_kept(write_small: Write) -> None:
    def change(frames: Frames, spec: Spec) -> None:
        frames["outcome"].loc[:5, "stage"] = "Not Reported"
        frames["outcome"].loc[6, "stage"] = "unavailable"

    folder = write_small(change)
    assert read_cohort(folder).obs["stage"].isna().sum() == 7
    (finding,) = (f for f in check_cohort(folder) if f.code == "words_for_missing")
    assert "stage (Not Reported 6, unavailable 1)" in finding.sentence

    def kept(frames: Frames, spec: Spec) -> None:
        change(frames, spec)
        spec["missing"] = {"stage": []}

    assert read_cohort(write_small(kept)).obs["stage"].isna().sum() == 0


def test_na_is_a_label_where_it_is_declared(write_small: Write) -> None:
    def change(frames: Frames, spec: Spec) -> None:
        frames["outcome"]["continent"] = ["NA", "EU", "SA", "AF"] * 10
        spec["site"] = "continent"

    folder = write_small(change)
    assert read_cohort(folder).obs["continent"].isna().sum() == 10
    assert "10 cells 'NA' of continent" in next(
        f.sentence for f in check_cohort(folder) if f.code == "na_in_codes"
    )

    def declared(frames: Frames, spec: Spec) -> None:
        change(frames, spec)
        spec["missing"] = {"continent": []}

    assert (read_cohort(write_small(declared)).obs["continent"] == "NA").sum() == 10


def test_categories_are_no_quantities(write_small: Write) -> None:
    def change(frames: Frames, spec: Spec) -> None:
        frames["outcome"]["race"] = [1, 2, 3, 5] * 10
        spec["covariates"] += ["race"]
        spec["categories"] = ["race"]

    assert set(read_cohort(write_small(change)).obs["race"]) == {"1", "2", "3", "5"}


@pytest.mark.parametrize(
    ("cells", "value", "expected"),
    [
        ([1.0, 2.0, None], 1, [True, False, False]),
        (["1", "01", "1.0"], 1, [True, False, False]),
        ([True, False, None], True, [True, False, False]),
        (["no", "NO", "off"], False, [True, True, True]),
        ([" PR", "PR", "CR"], "PR", [True, True, False]),
    ],
)
def test_labels_as_numbers_and_as_text(cells: list[Any], value: Any, expected: list[bool]) -> None:
    assert same_label(pd.Series(cells, dtype=object), value).tolist() == expected
