"""Results are stored as JSON and read back as they were."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from trials import enrichment_result, with_arms

from omics.common.errors import InputError
from omics.common.files import read_json, write_json
from stratomics.enrichment.effects.effect import Effect
from stratomics.enrichment.from_run import declared
from stratomics.enrichment.plan.trial_assumptions import TrialRequest
from stratomics.enrichment.result import EnrichmentResult, PrognosticResult
from stratomics.enrichment.run_analysis import enrich_run, enrich_run_of_one_arm
from stratomics.enrichment.store import (
    from_json,
    load_enrichment,
    load_explorer,
    load_subgroup,
    save_enrichment,
    to_json,
)
from stratomics.runs.run_directory import RunDirectory


@pytest.mark.parametrize("response", [False, True])
def test_an_enrichment_is_read_back_as_it_was_stored(write_run: Callable[..., Path], response: bool) -> None:
    run = RunDirectory(with_arms(write_run(), response))
    request = TrialRequest(trials=100, plan_for=None if response else 0.6)
    result = enrich_run(
        run, "a", shares=[0.4, 0.6], request=request, markers=["age"], draws=20, signature=0.4
    )
    assert result.run is not None
    assert result.run.plan.design is not None
    assert result.signature is not None
    assert save_enrichment(run, result) == ()
    assert load_enrichment(run) == result
    assert load_explorer(run) == result.run.explorer
    assert load_subgroup(run.path / "subgroup.json") == result.subgroup


def test_prognostic_enrichment_is_read_back_as_it_was_stored(write_run: Callable[..., Path]) -> None:
    run = RunDirectory(write_run(arms=("a",)))
    result = enrich_run_of_one_arm(run)
    save_enrichment(run, result)
    stored = load_enrichment(run)
    assert isinstance(stored, PrognosticResult)
    assert stored == result


def test_a_run_without_files_has_no_enrichment(write_run: Callable[..., Path]) -> None:
    run = RunDirectory(write_run())
    assert load_enrichment(run) is None
    assert load_explorer(run) is None


def test_unknown_numbers_are_null_in_json() -> None:
    content = to_json(Effect(float("nan"), float("-inf"), np.float64(1.0), 0.5))
    assert content == {"estimate": None, "low": None, "high": 1.0, "se": 0.5}
    assert np.isnan(from_json(Effect, content).estimate)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"colour": "red"}, "not a EnrichmentResult: colour missing or unknown"),
        ({"patients": "many"}, "'patients' holds 'many'"),
        ({"rows": 3}, "'rows' holds '3'"),
        ({"benefit": {"average": None}}, "not a MeanBenefit"),
        ({"plan": None}, "'PlannedTrials' holds 'None'"),
    ],
)
def test_a_file_of_another_content_is_refused(
    write_run: Callable[..., Path], changes: dict[str, object], sentence: str
) -> None:
    run = RunDirectory(write_run())
    write_json(run.path / "enrichment.json", to_json(enrichment_result()) | changes)
    with pytest.raises(InputError, match=sentence):
        load_enrichment(run)


def test_keys_that_are_left_out_have_their_defaults() -> None:
    content = to_json(enrichment_result())
    del content["signature"], content["warnings"]
    assert from_json(EnrichmentResult, content) == enrichment_result()


@pytest.mark.parametrize(
    ("written", "read"),
    [("no", "no"), ("adaptive", "adaptive"), ("yes", "yes"), (True, "yes"), (False, "no")],
)
def test_the_allocation_of_a_cohort_is_one_of_three_words(
    write_run: Callable[..., Path], written: object, read: str
) -> None:
    run = write_run()
    arm = {"column": "arm", "control": "a", "treated": None, "randomised": written}
    write_json(run / "provenance.json", read_json(run / "provenance.json") | {"arm": arm})
    assert declared(RunDirectory(run)) == ("a", [], read)
