"""The four answers: no claim beyond an interval, and a warning on all of them if a control differs from chance."""

from __future__ import annotations

import copy
import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from trials import enrichment_result

from stratomics.cli.run import parse
from stratomics.enrichment.result import EnrichmentResult
from stratomics.experiment.check_config import check_config
from stratomics.report.card import CHECKS
from stratomics.report.card.line import FAIL, PASS, WATCH, Line
from stratomics.report.summary.answers import DISTRUST, Answer, short_answers
from stratomics.report.summary.next_steps import IF_WATCHED, MOST, STEPS, TITLES, next_steps, patients_needed

Content = dict[str, Any]

PROVENANCE: Content = {
    "kind": "survival",
    "arm": None,
    "design": {"design": "kfold", "folds": 5, "repeats": 2},
    "patients": {"evaluated": 100, "trained": 100},
}
CARD = [Line("controls", "Controls at chance", PASS, "Fine.", "methods")]


def figure(estimate: float, low: float, high: float) -> Content:
    return {"estimate": estimate, "low": low, "high": high}


def metrics(low: float, high: float, *, metric: str = "ibs", baseline: str = "clinical_cox") -> Content:
    """A run whose difference from one baseline has this interval."""
    difference, value = figure((low + high) / 2, low, high), figure(0.2, 0.1, 0.3)
    return {
        "endpoint": "os",
        "metric": metric,
        "os": {metric: value},
        "baselines": {baseline: {"os": {metric: value}}},
        "differences": {baseline: {"os": {metric: difference}}},
    }


def answers(
    content: Content, enrichment: EnrichmentResult | None = None, covariates: bool = True, **facts: Any
) -> list[Answer]:
    return short_answers(
        content, PROVENANCE | facts, enrichment, facts.get("card", CARD), covariates=covariates
    )


@pytest.mark.parametrize(
    ("low", "high", "metric", "verdict"),
    [
        (-0.05, -0.01, "ibs", "Yes, in patients like these"),
        (-0.05, 0.0, "ibs", "Not shown"),
        (0.0, 0.05, "ibs", "Not shown"),
        (-0.05, 0.01, "ibs", "Not shown"),
        (0.01, 0.05, "ibs", "No: clinical covariates alone are better"),
        (0.01, 0.05, "harrell_c", "Yes, in patients like these"),
        (-0.05, -0.01, "harrell_c", "No: clinical covariates alone are better"),
        (float("nan"), float("nan"), "ibs", "Not shown"),
    ],
)
def test_omics_improve_only_if_the_interval_excludes_0(
    low: float, high: float, metric: str, verdict: str
) -> None:
    found = answers(metrics(low, high, metric=metric))[0]
    assert (found.question, found.verdict) == (
        "Do omics improve prediction over clinical covariates?",
        verdict,
    )
    assert found.grade == {"Yes": PASS, "Not": WATCH, "No:": FAIL}[verdict[:3]]
    if verdict == "Not shown":
        # The clinical model is advised only where it is shown to be as good.
        assert "Use the clinical model" not in " ".join(found.sentences)
        assert "not shown to be better than clinical covariates" in found.sentences[1]
        assert "no evidence of a difference, and no evidence that both are equal" in found.sentences[0]


@given(
    st.floats(-1, 1),
    st.floats(0, 1),
    st.sampled_from(["ibs", "harrell_c", "log_loss", "auroc"]),
    st.booleans(),
)
@settings(max_examples=200, deadline=None)
def test_an_interval_that_includes_0_claims_nothing(
    low: float, width: float, metric: str, covariates: bool
) -> None:
    found = answers(metrics(low, low + width, metric=metric), covariates=covariates)[0]
    text = " ".join(found.sentences)
    claims = ("with omics are better" in text, "with omics are worse" in text)
    if low <= 0 <= low + width:
        assert claims == (False, False)
        assert found.verdict == "Not shown"
    else:
        better = (low > 0) == (metric in ("harrell_c", "auroc"))
        assert claims == (better, not better)


def test_without_covariates_there_is_no_clinical_comparison() -> None:
    found = answers(metrics(-0.05, -0.01), covariates=False)[0]
    assert found.verdict == "No clinical covariates to compare with"
    assert "has no clinical covariates" in found.sentences[0]
    assert "the same prediction for all patients" in found.sentences[0]


@pytest.mark.parametrize(("kind", "name"), [("survival", "clinical_cox"), ("response", "clinical_logistic")])
def test_without_a_clinical_baseline_the_answer_is_not_evaluated(kind: str, name: str) -> None:
    found = answers(metrics(-0.05, -0.01, baseline="boosted_trees"), kind=kind)[0]
    assert found.verdict == "Not evaluated"
    assert f"--baselines [{name}]" in found.sentences[0]


def test_views_that_add_or_harm_are_named() -> None:
    rows = [
        {"view": "clinic (covariates)", "gain": None},
        {"view": "rna", "gain": figure(0.03, 0.01, 0.05)},
        {"view": "dna", "gain": figure(0.01, -0.01, 0.03)},
        {"view": "cnv", "gain": figure(-0.03, -0.05, -0.01)},
    ]
    text = answers(metrics(-0.05, -0.01) | {"ledger": rows})[0].sentences[1]
    assert "rna (+0.030 (+0.010 to +0.050)) adds to all other views" in text
    assert "Better without: cnv" in text
    assert "dna" not in text
    text = answers(metrics(-0.05, -0.01) | {"ledger": rows[:1] + rows[2:3]})[0].sentences[1]
    assert "none of the 1 views is shown to add" in text


def test_simpler_models_are_compared_by_their_intervals() -> None:
    content = metrics(-0.05, -0.01)
    for name, low, high in (("factors_ridge", -0.01, 0.01), ("late_fusion", -0.02, -0.01)):
        content["differences"][name] = {"os": {"ibs": figure((low + high) / 2, low, high)}}
    text = answers(content)[0].sentences[-1]
    assert "better than late fusion" in text
    assert "no evidence of a difference from ridge" in text


def test_trust_is_the_worst_of_the_card() -> None:
    line = {v: Line("ood", f"The {v} line", v, "So.", "x") for v in (PASS, WATCH, FAIL)}
    for verdicts, words in (
        ((PASS,), "Yes, in patients like these"),
        ((PASS, WATCH), "With caution"),
        ((WATCH, FAIL, PASS), "No"),
    ):
        found = answers(metrics(-1, 1), card=[line[v] for v in verdicts])[1]
        assert found.verdict == words
        for verdict in set(verdicts) - {PASS}:
            assert f"the {verdict} line" in " ".join(found.sentences)
        assert "There is no external validation." in found.sentences[-1]


def test_a_failed_control_is_stated_in_every_answer() -> None:
    row = {"metric": "auroc", **figure(0.7, 0.6, 0.8), "p": 1e-5, "off": True}
    content = metrics(-0.05, -0.01) | {"controls": {"noise_view": row}}
    found = answers(content, card=[Line("controls", "Controls", FAIL, "Off.", "methods")])
    assert len(found) == 4
    for one in found:
        assert (one.verdict, one.grade) == ("Do not trust this run", FAIL)
        assert one.sentences[0].startswith(DISTRUST)
    assert "find what leaks the outcome" in found[3].sentences[0]


def test_steps_come_from_the_lines_that_do_not_pass() -> None:
    card = [
        Line(name, name, v, "", "") for name, v in (("controls", PASS), ("sites", WATCH), ("missing", FAIL))
    ]
    content = metrics(-1, 1) | {"coverage": [{"by": "site", "level": "a"}]}
    steps = next_steps(content, PROVENANCE | {"arm": {"column": "dose"}}, None, card)
    assert steps[0].text.startswith("Find out why views are missing")
    assert "`stratomics enrich RUN`" in steps[1].text
    assert "--split.design external --split.external COHORT" in steps[2].text
    assert "--split.design leave_site_out" in steps[3].text
    assert len(steps) == 4
    # Steps that are done are not recommended again.
    done = copy.deepcopy(PROVENANCE) | {"design": {"design": "external"}, "evaluated_on": "other"}
    assert next_steps(content, done, enrichment_result(), card[:1]) == []
    unsteady = [Line("stability", "stability", WATCH, "", "")]
    for repeats, recommended in ((1, True), (5, False)):
        repeated = PROVENANCE | {"design": {"design": "kfold", "repeats": repeats}}
        assert (
            "--split.repeats" in next_steps(content, repeated, enrichment_result(), unsteady)[-1].text
        ) == recommended
    every = [
        Line(name, name, FAIL, "", "")
        for name in ("controls", "missing", "calibration", "coverage", "sites", "size")
    ]
    assert len(next_steps(content, PROVENANCE, None, every)) == MOST
    assert set(STEPS) == set(TITLES) == set(CHECKS)
    assert "All checks pass" in answers(content, enrichment_result(), **done)[3].sentences[0]


def test_every_recommended_command_is_valid() -> None:
    """For example, `--split.external` without `--split.design external` would be cross-validation again."""
    sites = metrics(-1, 1) | {"coverage": [{"by": "site", "level": "a"}]}
    card = [Line(name, name, WATCH, "", "") for name in CHECKS]
    steps = [*STEPS.values(), *IF_WATCHED.values()]
    for name in CHECKS:
        found = next_steps(sites, PROVENANCE, None, [line for line in card if line.name == name])
        steps += [step.text for step in found]
    commands = {
        arguments for step in steps for arguments in re.findall(r"`stratomics run config.yaml ([^`]*)`", step)
    }
    assert len(commands) == 4
    for arguments in commands:
        config, _, _ = parse(["configs/default.yaml", *arguments.split()])
        check_config(config)


@pytest.mark.parametrize("n", [50, 100, 400])
def test_the_patients_needed_make_half_the_interval_as_wide_as_the_difference(n: int) -> None:
    content = metrics(-0.07, 0.01)
    text = patients_needed(content, PROVENANCE | {"patients": {"evaluated": n}})
    needed = float(text.split("about ")[1].split(" ")[0])
    # Half the width, 0.04, falls with the square root of n to the observed difference, 0.03.
    assert 0.04 * (n / needed) ** 0.5 == pytest.approx(0.03, rel=0.05)
    assert patients_needed(metrics(-0.05, -0.01), PROVENANCE) == ""
    assert patients_needed(metrics(-0.1, 0.0999), PROVENANCE) == ""
    assert patients_needed(metrics(-0.1, 0.1), PROVENANCE) == ""
