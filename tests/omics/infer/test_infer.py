"""Guessing a cohort.yaml: known tables are named rightly, the guess is read, and malformed folders are one sentence."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from omics.cohort.read import BUNDLED, cohort_spec, read_cohort
from omics.common.errors import CohortError
from omics.infer.cohort_yaml import GuessedCohort, guess_cohort
from omics.infer.columns import guess_arm, guess_covariates
from omics.infer.endpoint_guesses import guess_endpoints
from omics.infer.modality_of_table import guess_modality
from omics.infer.scale_of_table import guess_scale
from omics.infer.write_yaml import CHECK, as_yaml, unsure
from omics.modalities import MODALITIES
from omics.modalities.scales import contradiction
from omics.simulate.config import SimulationConfig
from omics.simulate.simulate_cohort import simulate, write_cohort


def guessed(folder: Path) -> GuessedCohort:
    """Guess, write, and read back: the text says what the guess says, and the cohort can be read."""
    cohort = guess_cohort(folder)
    (folder / "cohort.yaml").write_text(as_yaml(cohort), encoding="utf-8")
    read = cohort_spec(read_cohort(folder)).as_dict()
    for name, view in cohort.as_dict()["views"].items():
        assert {key: read["views"][name][key] for key in view} == view
    return cohort


def without_yaml(source: Path, folder: Path) -> Path:
    folder.mkdir()
    for file in source.iterdir():
        if file.is_file() and file.name != "cohort.yaml":
            shutil.copy(file, folder)
    return folder


def kinds(spec: dict[str, Any]) -> dict[str, tuple[str, str]]:
    return {view["file"]: (view["modality"], view["scale"]) for view in spec["views"].values()}


def test_the_bundled_cohort_is_guessed_as_it_was_declared(tmp_path: Path) -> None:
    declared = yaml.safe_load((BUNDLED / "tcga_acc" / "cohort.yaml").read_text())
    cohort = guessed(without_yaml(BUNDLED / "tcga_acc", tmp_path / "acc"))
    spec = cohort.as_dict()
    assert kinds(spec) == kinds(declared)
    assert spec["samples"] == declared["samples"]
    assert spec["endpoints"] == declared["endpoints"]
    assert set(spec["covariates"]) == set(declared["covariates"])
    assert unsure(cohort) == ["covariates"]


def test_a_simulated_cohort_is_guessed_as_it_was_simulated(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.mkdir()
    write_cohort(simulate(SimulationConfig(patients=80, seed=4)), source)
    declared = yaml.safe_load((source / "cohort.yaml").read_text())
    spec = guessed(without_yaml(source, tmp_path / "copy")).as_dict()
    assert kinds(spec) == kinds(declared)
    assert len(spec["views"]) == 7
    for name, endpoint in spec["endpoints"].items():
        assert {key: declared["endpoints"][name][key] for key in endpoint} == endpoint
    assert list(spec["endpoints"]) == list(declared["endpoints"])
    assert (spec["arm"]["column"], spec["arm"]["control"]) == ("dose", 0)
    assert spec["site"] == declared["site"]
    assert set(spec["covariates"]) == set(declared["covariates"])


@pytest.mark.parametrize(
    ("features", "modality"),
    [
        (["cg00000029", "cg00000108", "cg00000109"], "genomics"),
        (["rs12", "rs1799971", "chr1:12345"], "genomics"),
        (["TP53_mut", "KRAS_mut"], "genomics"),
        (["ENSG00000141510", "ENSG00000012048.5"], "transcriptomics"),
        (["hsa-mir-21", "hsa-let-7a-1"], "transcriptomics"),
        (["P04637", "Q9Y6K9", "A0A024R161"], "proteomics"),
        (["IL-6", "TNFa", "CXCL10"], "proteomics"),
        (["HMDB0000122", "HMDB00148"], "metabolomics"),
        (["Glutamine", "Lactate", "Glucose", "Leucine"], "metabolomics"),
        (["PC 34:1", "SM 36:2", "TG(52:3)"], "metabolomics"),
        (["C10", "C10.1", "C16"], "metabolomics"),
        (["p__Firmicutes|g__Dialister", "g__Bacteroides.s__ovatus"], "microbiome"),
        (["ASV00015", "OTU_12"], "microbiome"),
        (["feret_diameter", "area"], "generic"),
    ],
)
def test_features_tell_the_modality_where_the_file_does_not(features: list[str], modality: str) -> None:
    values = pd.DataFrame(np.random.default_rng(0).normal(size=(4, len(features))), columns=features)
    assert guess_modality("table1.csv", values.columns, values).value == modality


def test_genes_alone_leave_a_doubt() -> None:
    genes = pd.Index(["TP53", "KRAS", "EGFR", "BRCA1"])
    copies = pd.DataFrame([[0, 1, -1, 2], [0, 0, 0, -2]], columns=genes)
    counts = pd.DataFrame([[10, 812, 55, 2], [3, 70, 91, 16], [5, 6, 7, 9]], columns=genes)
    for values, modality in ((copies, "genomics"), (counts, "transcriptomics")):
        guess = guess_modality("table1.csv", genes, values)
        assert (guess.value, guess.sure) == (modality, False)


@pytest.mark.parametrize(
    ("values", "modality", "expected"),
    [
        ([[0, 1], [1, 0]], "genomics", "binary"),
        ([[0, 2], [1, 0]], "genomics", "dosage"),
        ([[0, -1], [2, 0]], "genomics", "copy_number"),
        ([[0.1, 0.9], [0.5, 0.2]], "genomics", "beta"),
        ([[0, 900], [1, 0]], "transcriptomics", "counts"),
        ([[1.2, 9.1], [0.0, 3.3]], "transcriptomics", "log"),
        ([[12.5, 900.1], [1, 0]], "transcriptomics", "counts"),
        ([[-5.0, 900.1], [1, 0]], "transcriptomics", "numeric"),
        ([[20.1, 22.4], [18.0, 25.0]], "proteomics", "log"),
        ([[2e6, 3e5], [18.0, 25.0]], "proteomics", "intensity"),
        ([[-2.0, 3], [1, 2.5]], "metabolomics", "log"),
        ([[0.2, 979.5], [1, 2.5]], "metabolomics", "intensity"),
        ([[10, 979], [1, 0]], "microbiome", "counts"),
        ([[0.3, 0.7], [1, 0]], "microbiome", "relative"),
        ([[-5, -0.2], [-1, -2]], "microbiome", "log_relative"),
        ([[0, 1], [1, 0]], "generic", "binary"),
        ([[-3.5, 1], [1, 0]], "generic", "numeric"),
    ],
)
def test_values_tell_the_scale(values: Any, modality: str, expected: str) -> None:
    assert guess_scale(np.array(values, dtype=float), modality, frozenset()).value == (modality, expected)


@pytest.mark.parametrize("values", [[[30.0, 70.0], [99, 1]], [[-2.0, 1.5], [0.5, 0]]], ids=["percent", "clr"])
def test_taxa_of_no_known_scale_are_numbers_and_doubtful(values: Any) -> None:
    guess = guess_scale(np.array(values) + 0.0, "microbiome", frozenset())
    # Whole percents could be counts, and nothing in them says otherwise.
    assert guess.value in {("generic", "numeric"), ("microbiome", "counts")}
    assert not guess.sure or guess.value[1] == "counts"


@given(
    st.lists(st.floats(-1e6, 1e6, allow_nan=False), min_size=1, max_size=12),
    st.sampled_from(sorted(MODALITIES)),
    st.sampled_from(["", "cna", "beta"]),
)
@settings(max_examples=200, deadline=None)
def test_a_guessed_scale_never_contradicts_the_values(cells: list[float], modality: str, word: str) -> None:
    values = np.array([cells])
    kind, scale = guess_scale(values, modality, frozenset({word})).value
    assert kind in {modality, "generic"}
    assert contradiction(values, scale) is None


ROWS = 12


def column(*values: Any) -> list[Any]:
    return [values[i % len(values)] for i in range(ROWS)]


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        ({"OS.time": column(10, 2000), "OS": column(0, 1)}, ("OS.time", "OS", "days")),
        (
            {"overall_survival_months": column(3.5, 70.2), "death": column(0, 1)},
            ("overall_survival_months", "death", "months"),
        ),
        (
            {"follow_up_years": column(1.5, 7.2), "status": column(0, 1)},
            ("follow_up_years", "status", "years"),
        ),
        (
            {"time": column(1.5, 70.2), "died": column(0, 1), "age": column(50, 61)},
            ("time", "died", "months"),
        ),
        (
            {
                "pfs_time": column(1, 900),
                "pfs_event": column(0, 1),
                "time": column(2, 950),
                "event": column(1, 0),
            },
            ("time", "event", "days"),
        ),
    ],
)
def test_times_find_their_events(columns: dict[str, list[Any]], expected: tuple[str, str, str]) -> None:
    found = guess_endpoints(pd.DataFrame(columns))
    assert tuple(found.taken["survival"].value.values()) == expected
    assert len(found.spare) == len(columns) // 4


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (column("CR", "PR", "SD", "PD"), {"levels": ["PD", "SD", "PR", "CR"], "positive": ["PR", "CR"]}),
        (column("yes", "no"), {"positive": "yes"}),
        (column(0, 1), {"positive": 1}),
        (column(1.0, None, 0.0), {"positive": 1}),
    ],
    ids=["recist", "yes", "binary", "holes"],
)
def test_responses_say_what_is_positive(values: list[Any], expected: dict[str, Any]) -> None:
    found = guess_endpoints(pd.DataFrame({"best_response": values}))
    assert found.taken["response"].value == {"column": "best_response", **expected}


def test_what_cannot_be_read_as_an_event_is_said() -> None:
    table = pd.DataFrame({"days": column(4, 600), "vital_status": column("Dead", "Alive")})
    found = guess_endpoints(table)
    assert not found.taken
    assert found.notes == [
        "vital_status holds Alive, Dead; an event is 1 where it occurred and 0 where not: write it so"
    ]


def test_an_arm_is_declared_only_where_its_name_says_nothing_else() -> None:
    arms = pd.DataFrame({"Arm": column("drug", "placebo"), "treatment_line": column(1, 2)})
    guess, declared = guess_arm(arms)
    assert declared
    assert guess is not None
    assert guess.value == {"column": "Arm", "control": "placebo", "randomised": "no"}
    assert guess_arm(arms[["treatment_line"]])[1] is False
    assert guess_arm(pd.DataFrame({"arm": column(1)})) == (None, False)


def test_covariates_are_known_before_treatment_and_say_something() -> None:
    table = pd.DataFrame(
        {
            "age": range(ROWS),
            "stage": column("I", "II"),
            "sex": column("f"),
            "size_after_treatment": column(1, 2),
            "diagnosis_date": column("2020-01-02", "2021-03-04"),
            "weight": [70.0, 81.0, *[None] * (ROWS - 2)],
            "tumour_type": [f"kind{i}" for i in range(ROWS)],
        }
    )
    chosen, others = guess_covariates(table, [])
    assert chosen.value == ["age", "stage"]
    assert set(others) == set(table) - {"age", "stage"}


# Folders.


def write(folder: Path, **tables: pd.DataFrame) -> Path:
    for name, table in tables.items():
        table.to_csv(folder / f"{name}.csv", index=False)
    return folder


def patients(n: int = ROWS, prefix: str = "P") -> list[str]:
    return [f"{prefix}{i:02d}" for i in range(n)]


def outcomes(prefix: str = "P") -> pd.DataFrame:
    return pd.DataFrame({"id": patients(prefix=prefix), "time": column(30, 500), "event": column(0, 1)})


def counts(prefix: str = "P", n: int = ROWS) -> pd.DataFrame:
    table = pd.DataFrame(
        np.random.default_rng(1).poisson(200, (n, 5)), columns=[f"gene{i}" for i in range(5)]
    )
    table.insert(0, "patient", patients(n, prefix))
    return table


def test_features_in_rows_are_seen(tmp_path: Path) -> None:
    turned = counts().set_index("patient").T.rename_axis("gene").reset_index()
    spec = guessed(write(tmp_path, outcome=outcomes(), rna=turned)).as_dict()
    assert spec["views"]["rna"]["orient"] == "features_in_rows"
    assert spec["samples"] == {"file": "outcome.csv", "id": "id"}


def test_the_id_may_stand_in_any_column(tmp_path: Path) -> None:
    table = outcomes()[["time", "event", "id"]]
    assert guessed(write(tmp_path, a=table, b=counts())).as_dict()["samples"] == {"file": "a.csv", "id": "id"}


def test_a_table_of_strangers_takes_no_part_and_is_named(tmp_path: Path) -> None:
    cohort = guessed(write(tmp_path, outcome=outcomes(), rna=counts(), codebook=counts("X")))
    assert list(cohort.views) == ["rna"]
    assert f"{CHECK}codebook.csv takes no part" in (tmp_path / "cohort.yaml").read_text()


def test_names_from_files_cannot_break_the_yaml(tmp_path: Path) -> None:
    odd = outcomes().rename(columns={"time": "time: {x", "event": "# event", "id": "id\\u2028[1]"})
    odd["age - x: 1"] = range(ROWS)
    write(tmp_path, **{"outcome": odd, "a: b # c": counts()})
    cohort = guess_cohort(tmp_path)
    read = yaml.safe_load(as_yaml(cohort))
    assert read["endpoints"]["survival"]["time"] == "time: {x"
    assert read["views"]["a_b_c"]["file"] == "a: b # c.csv"
    assert read["covariates"] == ["age - x: 1"]


def test_without_an_outcome_the_yaml_says_so(tmp_path: Path) -> None:
    clinic = pd.DataFrame({"id": patients(), "age": range(ROWS), "sex": column("f", "m")})
    cohort = guess_cohort(write(tmp_path, clinical=clinic, rna=counts()))
    text = as_yaml(cohort)
    assert f"{CHECK}no outcome was found" in text
    assert yaml.safe_load(text)["endpoints"] == {}


def _nothing(folder: Path) -> None:
    (folder / "notes.txt").write_text("x")


def _one(folder: Path) -> None:
    write(folder, outcome=outcomes())


def _strangers(folder: Path) -> None:
    write(folder, outcome=outcomes(), rna=counts("X"))


def _two(folder: Path) -> None:
    write(folder, outcome=outcomes(), outcomes=outcomes(), rna=counts())


def _cut(folder: Path) -> None:
    write(folder, outcome=outcomes())
    (folder / "rna.csv").write_text("patient,gene1\n")


def _twice(folder: Path) -> None:
    write(folder, outcome=pd.concat([outcomes(), outcomes()]), rna=counts())


@pytest.mark.parametrize(
    ("make", "code"),
    [
        (_nothing, "no_table"),
        (_one, "one_table"),
        (_strangers, "no_shared_ids"),
        (_two, "two_samples_tables"),
        (_cut, "no_patient"),
        (_twice, "duplicate_patient"),
    ],
    ids=["no table", "one table", "no shared id", "two candidates", "cut short", "twice"],
)
def test_malformed_folders_are_one_sentence(make: Callable[[Path], None], code: str, tmp_path: Path) -> None:
    make(tmp_path)
    with pytest.raises(CohortError) as caught:
        guess_cohort(tmp_path)
    assert caught.value.code == code
    assert "\n" not in str(caught.value)


def test_the_table_and_the_id_may_be_named(tmp_path: Path) -> None:
    _two(tmp_path)
    assert guess_cohort(tmp_path, "outcomes.csv").as_dict()["samples"]["file"] == "outcomes.csv"
    with pytest.raises(CohortError, match=r"did you mean 'outcomes\.csv'"):
        guess_cohort(tmp_path, "outcome_s.csv")
    with pytest.raises(CohortError, match="no column of ids"):
        guess_cohort(tmp_path, "outcomes.csv", "event")
