"""Small and unbalanced trials get a finite result or one clear sentence, and never a warning or a silent NaN."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from omics.cohort.endpoints import Response, Survival
from omics.common.errors import InputError
from omics.common.json_objects import to_json
from stratomics.enrichment.analysis import enrich
from stratomics.enrichment.effects.trial import Trial
from stratomics.enrichment.selection.cuts import Score, marker_cuts


def numbers_in(content: Any) -> list[float]:
    if isinstance(content, dict):
        return [number for value in content.values() for number in numbers_in(value)]
    if isinstance(content, list | tuple):
        return [number for value in content for number in numbers_in(value)]
    return [content] if isinstance(content, float) else []


@settings(max_examples=60, deadline=None)
@given(
    st.integers(0, 10_000),
    st.integers(24, 160),
    st.sampled_from([0.15, 0.4, 0.5]),
    st.sampled_from([0.2, 0.5, 0.95]),
    st.sampled_from([1, 5, 100, 100]),
    st.sampled_from(["hazard_ratio", "rmst", "survival", "response"]),
)
def test_every_trial_is_answered_or_refused(
    seed: int, n: int, share: float, events: float, levels: int, measure: str
) -> None:
    rng = np.random.default_rng(seed)
    treated, observed = rng.random(n) < share, np.ones(n, dtype=np.bool_)
    happened = rng.random(n) < events
    time = np.ceil(rng.exponential(10, n)) if levels < 100 else rng.exponential(10, n)
    outcome = Response(happened, observed) if measure == "response" else Survival(time, happened, observed)
    marker = rng.normal(size=n) if levels == 100 else rng.integers(0, levels, n).astype(float)
    try:
        trial = Trial(treated, outcome)
        result = enrich(
            trial, Score.marker("m", marker), marker_cuts(trial, marker), measure=measure, draws=20
        )
    except InputError as error:
        refusal = str(error)
    else:
        refusal = ""
    if refusal:
        assert len(refusal) < 300
        return
    # An unknown number would be null in JSON, which has no NaN.
    assert np.isfinite(
        numbers_in(asdict(replace(result, subgroup=replace(result.subgroup, members=None))))
    ).all()
    json.dumps(to_json(result), allow_nan=False)


def test_toxicity_that_no_patient_had_is_weighed() -> None:
    rng, n = np.random.default_rng(0), 80
    treated = np.arange(n) % 2 == 0
    trial = Trial(treated, Response(rng.random(n) < 0.5, np.ones(n, dtype=np.bool_)))
    marker = rng.normal(size=n)
    cuts = marker_cuts(trial, marker, [0.0])
    result = enrich(trial, Score.marker("m", marker), cuts, toxic=np.zeros(n, dtype=np.bool_), draws=20)
    assert result.utility is not None
    weighed = result.utility[0].weighed
    assert weighed.even is None
    assert weighed.utility[2.0].estimate == pytest.approx(weighed.efficacy.estimate)
