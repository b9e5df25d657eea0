"""Each head through `fit`: valid predictions, which are the same after saving and loading."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from small import SMALLEST, UNRECORDED, with_response

from models.config import FactorsConfig, HeadConfig, TrainerConfig
from models.heads import HEADS
from omics.cohort.read import cohort_endpoints, read_cohort
from omics.common.errors import ConfigError, DataError
from stratomics.cli import main
from stratomics.config import ExperimentConfig
from stratomics.experiment.check_config import complete_config
from stratomics.fitting.fit import Fitted, fit
from stratomics.runs.run_directory import RunDirectory

QUICKLY = ExperimentConfig(factors=FactorsConfig(count=3), trainer=TrainerConfig(epochs=15))
NAMES = [(kind, name) for kind in HEADS for name in HEADS[kind]]


def with_causes(frames: dict[str, pd.DataFrame], spec: dict[str, Any]) -> None:
    """Every third event has a second cause, and half of the patients have delayed entry."""
    outcome = frames["outcome"]
    outcome["cause"] = outcome["event"] * (1 + (outcome.index % 3 == 0))
    outcome["entry"] = np.where(outcome.index % 2, 0.3 * outcome["time"], 0.0).round(2)
    spec["endpoints"]["survival"] |= {"cause": "cause", "entry": "entry"}


def with_levels(frames: dict[str, pd.DataFrame], spec: dict[str, Any]) -> None:
    """A response of three levels, of which two count as positive."""
    with_response(frames, spec)
    outcome = frames["outcome"]
    best = outcome["response"].eq(1) & (outcome.index % 2 == 0)
    outcome["response"] = outcome["response"].map({0: "SD", 1: "PR"}).where(~best, "CR")
    spec["endpoints"] = {
        "response": {"column": "response", "levels": ["SD", "PR", "CR"], "positive": ["PR", "CR"]}
    }


CHANGES = {"survival": with_causes, "response": with_levels}


def config_of(kind: str, name: str) -> ExperimentConfig:
    head = dataclasses.replace(HeadConfig(), **{kind: name})
    return complete_config(dataclasses.replace(QUICKLY, head=head), kind)


@pytest.mark.parametrize(("kind", "name"), NAMES)
def test_fitted_saved_and_loaded(
    kind: str, name: str, write_small: Callable[..., Path], tmp_path: Path
) -> None:
    cohort = read_cohort(write_small(CHANGES[kind]))
    model = fit(cohort, config_of(kind, name), 1)
    prediction = model.predict(cohort)
    patients = prediction.patients
    assert len(patients) == cohort.n_obs
    assert np.isfinite(patients.select_dtypes(["number", "bool"]).to_numpy(dtype=float)).all()
    if kind == "survival":
        [curves] = prediction.curves()
        values = curves.survival.values
        assert ((values >= 0) & (values <= 1)).all()
        assert (np.diff(values, axis=1) <= 1e-12).all()
    else:
        total = prediction.response.groupby("sample_id")["probability"].sum()
        np.testing.assert_allclose(total, 1.0, atol=1e-9)
        assert patients["response_probability"].between(0, 1).all()
    model.save(tmp_path / "model")
    again = Fitted.load(tmp_path / "model").predict(cohort)
    pd.testing.assert_frame_equal(again.patients, patients)
    for table in prediction.long:
        pd.testing.assert_frame_equal(again.long[table], prediction.long[table])


def test_incidences_of_the_causes_and_survival_add_up_to_one(write_small: Callable[..., Path]) -> None:
    cohort = read_cohort(write_small(with_causes))
    table = fit(cohort, config_of("survival", "competing_risks"), 1).predict(cohort).survival
    assert sorted(table["cause"].unique()) == [1, 2]
    wide = table.pivot(index=["sample_id", "time"], columns="cause", values="cumulative_incidence")
    alive = table[table["cause"] == 1].set_index(["sample_id", "time"])["survival"].loc[wide.index]
    np.testing.assert_allclose(wide.sum(axis=1) + alive, 1.0, atol=1e-9)
    assert (wide.groupby("sample_id").diff().dropna() >= -1e-12).all().all()


def test_competing_risks_need_causes(write_small: Callable[..., Path]) -> None:
    with pytest.raises(DataError, match="declare the endpoint's key `cause`"):
        fit(read_cohort(write_small()), config_of("survival", "competing_risks"), 1)


@pytest.mark.parametrize("name", HEADS["survival"])
@pytest.mark.parametrize(
    ("rows", "sentence"),
    [(slice(0, None), "has no events"), (slice(0, 38), r"has 1 event\(s\) among the patients")],
)
def test_too_few_events_are_refused_with_their_number(
    name: str, rows: slice, sentence: str, write_small: Callable[..., Path]
) -> None:
    def change(frames: dict[str, pd.DataFrame], spec: dict[str, Any]) -> None:
        frames["outcome"]["event"] = 1
        frames["outcome"].loc[rows, "event"] = 0
        frames["outcome"]["cause"] = frames["outcome"]["event"]
        spec["endpoints"]["survival"]["cause"] = "cause"

    with pytest.raises(DataError, match=sentence):
        fit(read_cohort(write_small(change)), config_of("survival", name), 1)


@pytest.mark.parametrize("name", HEADS["response"])
def test_one_class_is_refused(name: str, write_small: Callable[..., Path]) -> None:
    def change(frames: dict[str, pd.DataFrame], spec: dict[str, Any]) -> None:
        with_levels(frames, spec)
        known = frames["outcome"]["response"].notna()
        frames["outcome"].loc[known, "response"] = "CR"

    with pytest.raises(DataError, match="has no negative patient"):
        fit(read_cohort(write_small(change)), config_of("response", name), 1)


def test_trees_are_left_out_of_the_mixture_with_delayed_entry(
    write_small: Callable[..., Path], caplog: pytest.LogCaptureFixture
) -> None:
    def late(frames: dict[str, pd.DataFrame], spec: dict[str, Any]) -> None:
        with_causes(frames, spec)
        del spec["endpoints"]["survival"]["cause"]

    cohort = read_cohort(write_small(late))
    model = fit(cohort, config_of("survival", "cox"), 1)
    assert "candidate 'boosted_trees' is left out of this mixture" in caplog.text
    assert model.mixture.weights["boosted_trees"] == 0
    assert sum(model.mixture.weights.values()) > 0
    alone = model.predict(cohort, "boosted_trees")
    assert np.ptp(alone.patients["risk"]) == 0


@pytest.mark.parametrize(("kind", "name"), [("survival", "competing_risks"), ("response", "ordinal")])
def test_causes_and_levels_are_predicted_by_the_network_alone(
    kind: str, name: str, write_small: Callable[..., Path]
) -> None:
    cohort, config = read_cohort(write_small(CHANGES[kind])), config_of(kind, name)
    model = fit(cohort, config, 1)
    assert model.mixture.weights == {"wide_deep": 1.0}
    assert set(model.candidates) == set(config.baselines or ())
    with pytest.raises(ConfigError, match="use model wide_deep"):
        fit(cohort, dataclasses.replace(config, model="late_fusion"), 1)


def test_levels_are_read_in_their_order(write_small: Callable[..., Path]) -> None:
    def highest(frames: dict[str, pd.DataFrame], spec: dict[str, Any]) -> None:
        with_levels(frames, spec)
        del spec["endpoints"]["response"]["positive"]

    both = cohort_endpoints(read_cohort(write_small(with_levels))).response()
    assert both.levels == ("SD", "PR", "CR")
    np.testing.assert_array_equal(both.positive[both.observed], both.outcome[1][both.observed] > 0)
    best = cohort_endpoints(read_cohort(write_small(highest))).response()
    np.testing.assert_array_equal(best.positive[best.observed], best.outcome[1][best.observed] == 2)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("change", "head", "columns"),
    [
        (with_causes, "--head.survival=competing_risks", ["survival.cause", "survival.entry"]),
        (with_levels, "--head.response=ordinal", ["response.level"]),
    ],
)
def test_from_the_command_line_to_the_report(
    change: Any,
    head: str,
    columns: list[str],
    write_small: Callable[..., Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["run", "--cohort", str(write_small(change)), *SMALLEST, head, "--baselines", "[]"]) == 0
    run = RunDirectory(tmp_path / capsys.readouterr().out.splitlines()[-1])
    assert set(columns) <= set(run.patients.columns)
    metrics = json.loads((run.path / "metrics.json").read_text())
    [endpoint] = [metrics[name] for name in ("survival", "response") if name in metrics]
    assert all(np.isfinite(metric["estimate"]) for metric in endpoint.values() if "estimate" in metric)
    assert (run.path / "report.html").stat().st_size > 10_000


def test_cox_compares_within_sites_where_asked(write_small: Callable[..., Path]) -> None:
    """Two sites with similar patients, and times that differ a hundredfold: the factor shows within sites only."""

    def two_sites(frames: dict[str, pd.DataFrame], spec: dict[str, Any]) -> None:
        site = np.arange(len(frames["outcome"])) % 2
        frames["outcome"]["site"] = np.where(site, "a", "b")
        frames["outcome"]["time"] = frames["outcome"]["time"] * np.where(site, 100.0, 1.0)
        spec["site"] = "site"

    cohort = read_cohort(write_small(two_sites))
    plain = config_of("survival", "cox")
    within = dataclasses.replace(plain, head=dataclasses.replace(plain.head, by_site=True))
    one, two = (fit(cohort, config, 1).predict(cohort).patients["risk"] for config in (plain, within))
    assert not np.allclose(one, two)
    with pytest.raises(ConfigError, match="declares none"):
        fit(read_cohort(write_small()), within, 1)


def test_ordered_levels_may_begin_with_the_positive_ones(write_small: Callable[..., Path]) -> None:
    """The linear path starts from the direction of a response, which is the lower end of such levels."""

    def falling(frames: dict[str, pd.DataFrame], spec: dict[str, Any]) -> None:
        CHANGES["response"](frames, spec)
        [name] = [name for name, endpoint in spec["endpoints"].items() if "levels" in endpoint]
        spec["endpoints"][name]["levels"] = spec["endpoints"][name]["levels"][::-1]

    config = config_of("response", "ordinal")
    one, two = (
        fit(read_cohort(write_small(change)), config, 1).predict(read_cohort(write_small(change))).patients
        for change in (CHANGES["response"], falling)
    )
    together = np.corrcoef(one["response_probability"], two["response_probability"])[0, 1]
    assert together > 0.9


@pytest.mark.slow
def test_a_secondary_endpoint_is_predicted_in_all_folds_or_in_none(
    write_small: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    """A toxicity of few patients, too few in some folds, is left out of all folds."""

    def rare(frames: dict[str, pd.DataFrame], spec: dict[str, Any]) -> None:
        frames["outcome"]["tox"] = (np.arange(len(frames["outcome"])) % 7 == 0).astype(int)
        spec["endpoints"]["toxicity"] = {"column": "tox", "positive": 1}

    monkeypatch.chdir(tmp_path)
    cohort = write_small(rare)
    assert main(["run", "--cohort", str(cohort), *UNRECORDED, "--trainer.epochs=3", "--baselines=[]"]) == 0
    run = RunDirectory(tmp_path / capsys.readouterr().out.splitlines()[-1])
    assert set(run.predictions["stratomics"].long) == {"survival"}
    assert "toxicity" not in run.metrics
    assert "is not predicted" in (run.path / "run.log").read_text()
