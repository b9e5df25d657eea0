"""The arms behind an enrichment, and who is inside its rule."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
from trials import enrichment_result

from omics.common.files import read_json, write_json, write_parquet
from stratomics.enrichment.compared_arms import compared_arms
from stratomics.runs.run_directory import RunDirectory


def test_arms_and_rule_of_an_enrichment(write_run: Callable[..., Path]) -> None:
    run = RunDirectory(write_run())
    arms = compared_arms(run, enrichment_result())
    assert arms is not None
    assert (arms.control, arms.treated) == ("a", ("b",))
    assert arms.inside is not None
    assert arms.inside.mean() == 0.3
    # They have higher benefit, averaged over the repeats, than those outside.
    predicted = run.predictions["stratomics"].patients
    benefit = predicted.groupby("sample_id")["benefit"].mean().loc[list(arms.sample_ids)].to_numpy()
    assert benefit[arms.inside].mean() > benefit[~arms.inside].mean() + 0.5
    in_run = run.patients.set_index("sample_id").loc[list(arms.sample_ids), "arm"].to_numpy()
    np.testing.assert_array_equal(arms.trial.treated, in_run == "b")


def test_without_an_enrichment_the_declared_arms_are_compared(write_run: Callable[..., Path]) -> None:
    path = write_run()
    assert compared_arms(RunDirectory(path), None) is None, "no control is declared"
    arm = {"column": "drug", "control": "b", "treated": None, "randomised": "no"}
    write_json(path / "provenance.json", read_json(path / "provenance.json") | {"arm": arm})
    arms = compared_arms(RunDirectory(path), None)
    assert arms is not None
    assert (arms.control, arms.treated, arms.inside, arms.trial.randomised) == ("b", (), None, "no")


def test_too_few_patients_give_no_comparison(write_run: Callable[..., Path]) -> None:
    path = write_run()
    patients = pd.read_parquet(path / "patients.parquet")
    write_parquet(path / "patients.parquet", patients.assign(arm=np.where(np.arange(200) < 4, "b", "a")))
    assert compared_arms(RunDirectory(path), enrichment_result()) is None
