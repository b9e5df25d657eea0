"""Explanation of a run: its own cohort, new patients, single patients, and what is refused."""

from __future__ import annotations

import dataclasses
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from small import with_response

from omics.cohort.new_patients import read_new_patients
from omics.cohort.read import read_cohort
from omics.common.errors import ConfigError, InputError
from omics.common.files import read_parquet, write_json
from stratomics.experiment.parse_config import config_from_keys
from stratomics.explanation.from_run import ExplainRequest, RunExplanation, explain_run, to_store
from stratomics.explanation.from_training import describe_training
from stratomics.explanation.store import load_explanation, save_explanation
from stratomics.explanation.table import contributions, write_contributions
from stratomics.fitting.fit import fit
from stratomics.report.text.rationale import rationale_lines
from stratomics.runs.run_directory import RunDirectory


@pytest.fixture
def run(small_run: Path, tmp_path: Path) -> RunDirectory:
    return RunDirectory(shutil.copytree(small_run, tmp_path / "run"))


@pytest.fixture(scope="module")
def own(small_run: Path) -> RunExplanation:
    return explain_run(RunDirectory(small_run), str(small_run.parent / "small"))


def test_a_run_explains_its_own_cohort(own: RunExplanation, run: RunDirectory) -> None:
    assert own.trained == len(run.patients) == len(own.explanation.sample_ids)
    assert own.importance is not None
    kinds = own.importance.table.groupby("kind").size()
    assert {"covariate": 2, "view": 2}.items() <= kinds.to_dict().items()
    order = own.explanation.prediction.argsort()
    shown = [one.rationale.sample_id for one in own.details]
    assert shown[0] == own.explanation.sample_ids[order[-1]]
    assert shown[-1] == own.explanation.sample_ids[order[0]]
    assert all(len(one.neighbours) == 5 for one in own.details)
    for one in own.details:
        assert one.rationale.sample_id not in [near.sample_id for near in one.neighbours]
        assert set(one.missing) == set(one.rationale.missing)
        assert all(sd > 0 for sd in one.missing.values())
    save_explanation(run, to_store(own, own.importance))
    stored = load_explanation(run)
    assert stored is not None
    assert stored.examples == own.details
    np.testing.assert_allclose(stored.importance.table["importance"], own.importance.table["importance"])


def test_the_table_adds_up(own: RunExplanation, tmp_path: Path) -> None:
    table = contributions(own.explanation)
    total = table[table["level"] == "total"].pivot(index="sample_id", columns="kind", values="contribution")
    due = total["prediction"] - total["reference"]
    for level in ("sources", "views", "parts", "features"):
        sums = table[table["level"] == level].groupby("sample_id")["contribution"].sum()
        np.testing.assert_allclose(sums, due.loc[sums.index], atol=1e-6)
    out = write_contributions(tmp_path / "table.parquet", own.explanation)
    assert len(read_parquet(out)) == len(table)
    with pytest.raises(ConfigError, match="txt"):
        write_contributions(tmp_path / "table.txt", own.explanation)


def test_rationales_are_consistent(own: RunExplanation) -> None:
    for one in own.details:
        found = one.rationale
        named = [reason.contribution for reason in (*found.support, *found.opposing)]
        assert sum(named) + found.other == pytest.approx(found.prediction - found.reference, abs=1e-6)
        sign = np.sign(found.prediction - found.reference)
        assert all(reason.contribution * sign > 0 for reason in found.support)
        assert all(reason.contribution * sign < 0 for reason in found.opposing)
        assert len(found.support) <= 3
        assert len(found.opposing) <= 2


def test_one_patient_and_a_modifiable_covariate(small_run: Path, own: RunExplanation) -> None:
    run, cohort = RunDirectory(small_run), str(small_run.parent / "small")
    name = str(own.explanation.sample_ids[3])
    found = explain_run(run, cohort, ExplainRequest(name, ("age", "stage"), neighbours=2))
    [one] = found.details
    assert one.rationale.sample_id == name
    assert found.importance is None
    assert len(one.neighbours) == 2
    assert found.explanation.prediction[0] == pytest.approx(own.explanation.prediction[3], abs=1e-6)
    sizes = [change.size for change in one.changes]
    assert sizes == sorted(sizes)
    assert all(change.before != change.after for change in one.changes)
    with pytest.raises(ConfigError, match="no covariate 'weight'"):
        explain_run(run, cohort, ExplainRequest(name, ("weight",)))


def test_outer_folds_count_for_the_own_cohort_only(
    own: RunExplanation, run: RunDirectory, small_run: Path
) -> None:
    cohort = str(small_run.parent / "small")
    assert (own.explanation.folds == 2).all()
    assert own.importance is not None
    assert own.importance.table.loc[lambda table: table["kind"] != "block", "folds"].eq(2).all()
    other = explain_run(run, read_new_patients(cohort), ExplainRequest("p003"))
    assert not other.own
    assert other.explanation.folds.tolist() == [0]
    shutil.rmtree(run.path / "folds")
    older = explain_run(run, cohort)
    assert older.own
    assert older.importance is None
    assert not older.explanation.folds.any()


def test_a_secondary_endpoint(run: RunDirectory, write_small: Callable[..., Path]) -> None:
    def change(frames: dict[str, pd.DataFrame], spec: dict[str, Any]) -> None:
        survival = spec["endpoints"]["survival"]
        with_response(frames, spec)
        spec["endpoints"] |= {"survival": survival}
        spec["primary"] = "survival"

    folder = write_small(change)
    cohort = read_cohort(folder)
    config = config_from_keys({**run.config, "endpoints": ["response"]})
    fitted = fit(cohort, config, 1)
    shutil.rmtree(run.path / "model")
    fitted.save(run.path / "model")
    describe_training(fitted, cohort, {}, informative=True, seed=1).save(run.path / "model")
    found = explain_run(run, str(folder), ExplainRequest("p001", endpoint="response"))
    assert (found.endpoint, found.explanation.scale) == ("response", "log odds")
    # The run has no metrics of this endpoint, so that no reason is named.
    assert not found.informative
    [one] = found.details
    assert one.neighbours == one.changes == ()
    assert one.decision == one.abstain == ""
    lines = rationale_lines(one, None, found.informative)
    assert lines[0].startswith("The predicted odds of a response are")
    assert not any("another result" in line for line in lines)
    with pytest.raises(ConfigError, match="the model predicts no endpoint 'relapse'"):
        explain_run(run, str(folder), ExplainRequest(endpoint="relapse"))


def test_what_is_refused(run: RunDirectory, small_run: Path, tmp_path: Path) -> None:
    cohort = str(small_run.parent / "small")
    with pytest.raises(InputError, match=r"no patient 'p0999' in the cohort; did you mean"):
        explain_run(run, cohort, ExplainRequest("p0999"))
    bare = read_new_patients(cohort)
    for view in ("rna", "protein"):
        del bare.mod[view]
    with pytest.raises(InputError, match=r"no patient has a view of the model \(protein, rna\)"):
        explain_run(run, bare)
    with pytest.raises(InputError, match="not a finished run"):
        explain_run(RunDirectory(tmp_path), cohort)


def test_an_older_run_without_explanation_data(
    run: RunDirectory, small_run: Path, own: RunExplanation
) -> None:
    for path in (run.path / "model").glob("explanation.*"):
        path.unlink()
    again = explain_run(run, str(small_run.parent / "small"), ExplainRequest("p003"))
    assert again.explanation.reference == pytest.approx(own.explanation.reference, abs=1e-6)
    write_json(run.path / "provenance.json", {**run.provenance, "cohort_digest": "another"})
    with pytest.raises(InputError, match="no explanation data, and its training cohort is not at"):
        explain_run(RunDirectory(run.path), str(small_run.parent / "small"))


def test_explanation_data_hold_no_single_patient(run: RunDirectory, own: RunExplanation) -> None:
    from safetensors.numpy import load_file

    arrays = load_file(run.path / "model" / "explanation.safetensors")
    # Forty patients are eight rows of five.
    assert len(arrays["arms"]) == 8
    age = run.patients["covariate.age"]
    assert arrays["quantiles.covariates.age"].min() >= age.min()
    assert arrays["quantiles.covariates.age"].max() < age.max()
    text = (run.path / "model" / "explanation.json").read_text()
    assert not any(name in text for name in run.sample_ids)
    assert dataclasses.asdict(own.details[0])["rationale"]["sample_id"] in run.sample_ids
