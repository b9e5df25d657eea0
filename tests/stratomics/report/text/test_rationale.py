"""Rationales in words: whole sentences, and no causal words."""

from __future__ import annotations

import re
from dataclasses import replace
from math import log

import pytest

from models.survival.time_unit import TimeUnit
from stratomics.explanation.result import (
    Change,
    FeatureReason,
    Neighbour,
    PatientDetails,
    Rationale,
    Reason,
)
from stratomics.report.text.rationale import (
    folds_sentence,
    headline,
    rationale_lines,
    reason_clause,
    reference_sentence,
)

YEARS = TimeUnit("years", 1 / 365.25)
STAGE = Reason("stage", "covariate", log(4), log(1.25), (5, 5), "IV", 88.0, ())
RNA = Reason(
    "rna",
    "view",
    log(0.5),
    0.0,
    (5, 5),
    None,
    12.0,
    (FeatureReason("MKI67", 2, -0.3, 7.25, 3.2), FeatureReason("TP53", 1, -0.1, None, None)),
)
FOUND = Rationale(
    "p1", "log hazard", log(6), 0.0, 99.9, 365.25, 0.004, 0.7, None, (STAGE,), (RNA,), log(3), 2, 0.8, ()
)
DETAILS = PatientDetails(
    FOUND,
    (Neighbour("p2", 0.4, 730.5, True), Neighbour("p3", 0.5, 100.0, False), Neighbour("p4", 0.6)),
    "eligibility by the locked rule (risk above 1)",
    (Change("factor2", 0.5, -1.0, 1.25, "eligible", "not eligible"),),
    {"protein": log(1.5)},
    "",
)


def test_a_whole_rationale() -> None:
    lines = rationale_lines(DETAILS, YEARS, True)
    assert lines[0] == (
        "The predicted hazard is 6 times that of the reference (percentile 99). The predicted probability of no "
        "event until 1 year is below 1%; that of the reference is 70%."
    )
    assert lines[1] == "For a higher hazard: stage IV (percentile 88): x 4 (3.2 to 5)."
    assert lines[2] == (
        "For a lower hazard: view rna, contribution at percentile 12: x 0.5 (0.5 to 0.5), most from MKI67 7.25 "
        "(percentile 3) with 2 correlated features, TP53 with 1 correlated feature."
    )
    assert lines[3] == (
        "Everything else: x 3. Of the covariates and views, two are not stable and not named. Most of this "
        "prediction has no stable reason."
    )
    assert lines.pop(4) == (
        "Agreement of the compared models on which covariates and views matter most: mean rank correlation 0.80 (1 is "
        "full agreement)."
    )
    assert lines[4] == (
        "View protein is missing. Its values could multiply or divide the hazard by 1.5 (one standard deviation)."
    )
    assert lines[5] == (
        "Training patients with the most similar molecular profile (factors): p2 (event at 2 years); p3 (no event "
        "until 0.27 years); p4 (outcome not known)."
    )
    assert lines[6] == (
        "Eligibility by the locked rule (risk above 1): the smallest change that would give another result of the "
        "model is factor 2 at -1 in place of 0.5 (1.2 standard deviations); the result would be 'not eligible' in "
        "place of 'eligible'."
    )
    assert len(lines) == 7


def test_a_response() -> None:
    found = replace(FOUND, scale="log odds", prediction=-log(2), time=None, chance=0.25, reference_chance=0.4)
    assert headline(found, None) == (
        "The predicted odds of a response are 0.5 times those of the reference (percentile 99). The predicted "
        "probability of a response is 25%; that of the reference is 40%."
    )
    near = replace(
        DETAILS, neighbours=(Neighbour("p2", 0.1, response=True), Neighbour("p3", 0.1, response=False))
    )
    assert "p2 (response); p3 (no response)" in " ".join(rationale_lines(near, None, True))


def test_without_information_no_reason_is_named() -> None:
    lines = rationale_lines(replace(DETAILS, changes=(), abstain="unusual patient"), YEARS, False)
    text = " ".join(lines)
    assert "not better than chance, so that no reason is named" in text
    assert "stage" not in text
    assert "The model abstains for this patient: unusual patient." in lines
    assert "no change of a single factor" in lines[-1]


def test_a_missing_covariate_and_a_view_without_a_stable_feature() -> None:
    assert reason_clause(replace(STAGE, value=None, percentile=None)) == "stage not known: x 4 (3.2 to 5)"
    assert "none is stable alone" in reason_clause(replace(RNA, features=()))


@pytest.mark.parametrize("scale", ["log hazard", "log odds"])
def test_no_causal_words(scale: str) -> None:
    found = replace(DETAILS, rationale=replace(FOUND, scale=scale))
    text = " ".join([reference_sentence(90, scale, 0), *rationale_lines(found, YEARS, True)])
    assert not re.search(
        r"\b(because|caus\w+|due to|leads? to|effects?|driv\w+|protects?|increases?)\b", text
    )


def test_what_stability_includes() -> None:
    assert "the members of the ensemble and the models of 25 outer folds, each" in reference_sentence(
        90, "log odds", 25
    )
    assert folds_sentence(25, own=True) is None
    assert "run again" in str(folds_sentence(0, own=True))
    assert "for other patients" in str(folds_sentence(0, own=False))
