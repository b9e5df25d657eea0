"""What groups mean, from a cohort with two groups to stored findings."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from grouped_cohort import analysed, grouped_cohort

from omics.common.errors import ConfigError, DataError, InputError
from omics.common.json_objects import to_json
from stratomics.report.sections.subtypes_outcomes import outcome_sentences
from stratomics.report.sections.subtypes_overlap import site_sentence
from stratomics.strata.groups.analysis import GroupAnalysis, _label_findings
from stratomics.strata.groups.findings import FINDINGS, load_groups, save_groups
from stratomics.strata.groups.meaning import outcomes_of_groups, overlap_with_sites
from stratomics.strata.groups.outcomes import strata_of, survival_by_group

TEMPLATES = "feature,class\n" + "".join(f"rna{n},{'high' if n < 20 else 'low'}\n" for n in range(40))


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> GroupAnalysis:
    templates = tmp_path_factory.mktemp("templates") / "templates.csv"
    templates.write_text(TEMPLATES)
    return analysed(grouped_cohort(), labels="kind", templates=templates)


def test_groups_are_the_two_kinds(found: GroupAnalysis) -> None:
    findings = found.stored.findings
    assert sorted(findings.sizes.values()) == [36, 36]
    (kind,) = (one for one in findings.overlaps if one.name == "kind")
    assert kind.overlap.adjusted_rand == 1.0
    assert {one.name for one in findings.overlaps} == {"kind"}  # no endpoint, arm or site
    assert findings.labels is not None
    assert findings.labels.accuracy.balanced_accuracy == 1.0
    assert findings.templates is not None
    assert findings.templates.view == "rna"
    assert findings.templates.overlap is not None
    assert findings.templates.overlap.adjusted_rand > 0.9


def test_outcomes_are_compared_within_sites(found: GroupAnalysis) -> None:
    from omics.cohort.read import cohort_endpoints

    cohort = grouped_cohort()
    survival, answer = found.stored.findings.outcomes
    endpoint = cohort_endpoints(cohort).named["survival"]
    by_kind = survival_by_group(
        cohort.obs["kind"].to_numpy(), endpoint, strata_of(cohort.obs["site"]), seed=1
    )
    assert survival.test == by_kind.test
    assert survival.test is not None
    assert survival.test.strata == 2
    assert [loss.label for loss in survival.losses] == ["Harrell C", "IBS"]
    assert sum(rate.patients for rate in answer.rates) == 72
    for one in (survival, answer):
        assert one.interaction is not None
        assert len(one.interaction.effects) == 2
        assert not one.notes


def test_markers_are_of_views_that_did_not_make_the_groups(found: GroupAnalysis) -> None:
    markers = found.stored.findings.markers
    # Of two groups one is tested, and the shifted half of the features is found.
    assert {one.group for one in markers} == {"S1"}
    assert {one.view for one in markers} == {"rna", "protein"}
    assert all(int(one.feature.removeprefix(one.view)) < 20 for one in markers)
    assert len({one.difference > 0 for one in markers}) == 1


def test_findings_are_read_as_they_were_written(found: GroupAnalysis, tmp_path: Path) -> None:
    found.save(tmp_path)
    again = load_groups(tmp_path)
    assert again is not None
    assert to_json(again.findings) == to_json(found.stored.findings)
    pd.testing.assert_frame_equal(again.tables.groups, found.stored.tables.groups)
    assert set(found.stored.tables.extra) == {"patients", "patients_labels", "templates"}
    labels = pd.read_parquet(tmp_path / "patients_labels.parquet")
    np.testing.assert_allclose(labels[["p_a", "p_b"]].sum(axis=1), 1.0)
    (tmp_path / FINDINGS).write_text('{"schema_version": 1, "cohort": "two"}')
    with pytest.raises(InputError, match=r"subtypes.json: not a Findings.*run `stratomics subtypes` again"):
        load_groups(tmp_path)
    assert load_groups(tmp_path / "none") is None


@pytest.mark.slow
def test_no_file_depends_on_outcomes_but_those_that_describe_them(tmp_path: Path) -> None:
    cohort = grouped_cohort()
    first = analysed(cohort)
    order = np.random.default_rng(1).permutation(cohort.n_obs)
    for column in ("time", "event", "answer"):
        cohort.obs[column] = cohort.obs[column].to_numpy()[order]
    second = analysed(cohort)
    for name, analysis in (("first", first), ("second", second)):
        (tmp_path / name).mkdir()
        analysis.save(tmp_path / name)
    files = {
        path.relative_to(tmp_path / "first") for path in (tmp_path / "first").rglob("*") if path.is_file()
    }
    different = {
        str(file)
        for file in files
        if (tmp_path / "first" / file).read_bytes() != (tmp_path / "second" / file).read_bytes()
    }
    assert different == {"outcomes.parquet", "trial.csv", FINDINGS}
    assert first.stored.findings.markers == second.stored.findings.markers
    assert first.stored.findings.existence == second.stored.findings.existence


def test_every_subtype_of_one_site_is_flagged() -> None:
    cohort = grouped_cohort()
    cohort.obs["site"] = cohort.obs["kind"].map({"a": "Lyon", "b": "Leeds"})
    group = cohort.obs["kind"].to_numpy()
    sites = overlap_with_sites(cohort, group, 1)
    assert sites is not None
    assert site_sentence(sites).endswith("of one site only: groups and sites cannot be separated.")
    (survival, _) = outcomes_of_groups(cohort, group, np.zeros((72, 1)), 1)
    assert survival.test is not None
    assert survival.test.degrees == 0
    assert "each site has patients of one group only" in outcome_sentences(survival)[0]


def test_a_label_inside_a_view_is_a_warning(found: GroupAnalysis) -> None:
    cohort = grouped_cohort()
    cohort["rna"].var_names = ["KIND", *cohort["rna"].var_names[1:]]
    assert found.labels is not None
    assert _label_findings(cohort, "kind", found.labels).warnings == (
        "KIND of view 'rna' repeat(s) the labels 'kind', so that learning them is circular; leave such features out",
    )


@pytest.mark.parametrize(
    ("settings", "error", "message"),
    [
        (
            {"labels": "rna3"},
            ConfigError,
            "it is a feature of view 'rna', from which the factors are learned",
        ),
        ({"labels": "knd"}, ConfigError, "no such column; did you mean 'kind'?"),
        ({"labels": "same"}, DataError, "'same' has one class, 'x'"),
        ({"labels": "rare"}, DataError, "class 'x' of 'rare' has 3 patients, and at least 5 are needed"),
        ({"k": 8}, DataError, "8 groups are too many for 72 patients with a view; ask for at most 7"),
        ({"model": "supervised_vae"}, ConfigError, "learned with outcomes"),
    ],
)
def test_wrong_settings_are_one_sentence(
    settings: dict[str, object], error: type[Exception], message: str
) -> None:
    cohort = grouped_cohort()
    cohort.obs["same"], cohort.obs["rare"] = "x", ["x"] * 3 + ["y"] * 69
    with pytest.raises(error, match=message.replace("?", r"\?")):
        analysed(cohort, **settings)


def test_one_patient_is_too_few() -> None:
    with pytest.raises(
        DataError, match="3 groups are too many for 1 patients with a view; ask for at most 0"
    ):
        analysed(grouped_cohort()[:1].copy())


def test_without_groups_the_space_is_stored(tmp_path: Path) -> None:
    found = analysed(grouped_cohort(), k=None)
    assert found.stored.findings.existence.k is None
    assert not found.stored.findings.sizes
    save_groups(tmp_path, found.stored)
    again = load_groups(tmp_path)
    assert again is not None
    assert len(again.tables.factors) == 72
