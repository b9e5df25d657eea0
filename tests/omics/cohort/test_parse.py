"""Parsing of cohort.yaml: the key ``randomised`` is yes, no or adaptive, however yaml reads it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from omics.cohort.parse import load_spec
from omics.cohort.read import cohort_spec, read_cohort
from omics.cohort.spec import randomised_word
from omics.common.errors import CohortError

WriteSmall = Callable[..., Path]


def with_arm(frames: dict[str, pd.DataFrame], spec: dict[str, Any]) -> None:
    frames["outcome"]["dose"] = [0, 18] * 20
    spec["arm"] = {"column": "dose", "control": 0, "randomised": "WORD"}


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("yes", "yes"),
        ("true", "yes"),
        ("'yes'", "yes"),
        ("no", "no"),
        ("false", "no"),
        ("'no'", "no"),
        ("adaptive", "adaptive"),
    ],
)
def test_randomised_is_one_of_three_words(written: str, expected: str, write_small: WriteSmall) -> None:
    path = write_small(with_arm) / "cohort.yaml"
    path.write_text(path.read_text().replace("WORD", written))
    arm = load_spec(path).arm
    assert arm is not None
    assert arm.randomised == expected
    # The cohort carries the word, and it is read back unchanged.
    assert cohort_spec(read_cohort(path)).arm == arm


@pytest.mark.parametrize("written", ["1", "maybe", "'true'", "null"])
def test_another_value_of_randomised_is_an_error(written: str, write_small: WriteSmall) -> None:
    path = write_small(with_arm) / "cohort.yaml"
    path.write_text(path.read_text().replace("WORD", written))
    with pytest.raises(CohortError, match="must be yes, no or adaptive") as caught:
        load_spec(path)
    assert caught.value.code == "unknown_randomised"


def test_an_arm_is_not_randomised_by_default(write_small: WriteSmall) -> None:
    def change(frames: dict[str, pd.DataFrame], spec: dict[str, Any]) -> None:
        with_arm(frames, spec)
        del spec["arm"]["randomised"]

    arm = cohort_spec(read_cohort(write_small(change))).arm
    assert arm is not None
    assert arm.randomised == "no"


@pytest.mark.parametrize(
    ("stored", "word"), [(True, "yes"), (False, "no"), ("yes", "yes"), ("adaptive", "adaptive")]
)
def test_runs_of_earlier_releases_are_understood(stored: Any, word: str) -> None:
    assert randomised_word(stored) == word


def test_a_response_without_a_positive_value_lists_its_labels(write_small: Callable[..., Path]) -> None:
    def change(frames: dict[str, pd.DataFrame], spec: dict[str, Any]) -> None:
        frames["outcome"]["best"] = ["PD", "CR", "SD", "PR"] * 10
        spec["endpoints"]["response"] = {"column": "best"}

    with pytest.raises(CohortError, match="the labels of best are CR, PD, PR, SD") as raised:
        read_cohort(write_small(change))
    assert raised.value.code == "missing_key"


def test_a_tab_in_yaml_is_named(write_small: Callable[..., Path]) -> None:
    path = write_small() / "cohort.yaml"
    path.write_text("name: small\nsamples:\n\tfile: outcome.csv\n")
    with pytest.raises(CohortError, match="line 3 has a tab; indent with blanks"):
        load_spec(path)


@pytest.mark.parametrize(("key", "value"), [("strict", "perhaps"), ("categories", "race"), ("missing", [9])])
def test_keys_of_the_samples_of_a_wrong_type(key: str, value: Any, write_small: Callable[..., Path]) -> None:
    with pytest.raises(CohortError) as raised:
        read_cohort(write_small(lambda frames, spec: spec.update({key: value})))
    assert raised.value.code in ("wrong_type", "not_a_mapping")
