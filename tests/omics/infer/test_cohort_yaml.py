"""A guessed cohort.yaml: known cohorts are guessed as they were declared, and the guess can be read."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pandas as pd
import yaml
from guess_tables import ROWS, column, counts, outcomes, patients, write

from omics.cohort.read import BUNDLED, cohort_spec, read_cohort
from omics.infer.cohort_yaml import GuessedCohort, guess_cohort
from omics.infer.write_yaml import CHECK, as_yaml, unsure
from omics.simulate.config import SimulationConfig
from omics.simulate.simulate_cohort import simulate, write_simulated


def guessed(folder: Path) -> GuessedCohort:
    """Guess, write and read back: the text has the content of the guess, and the cohort can be read."""
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
    write_simulated(simulate(SimulationConfig(patients=80, seed=4)), source)
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


def test_features_in_rows_are_seen(tmp_path: Path) -> None:
    turned = counts().set_index("patient").T.rename_axis("gene").reset_index()
    spec = guessed(write(tmp_path, outcome=outcomes(), rna=turned)).as_dict()
    assert spec["views"]["rna"]["orient"] == "features_in_rows"
    assert spec["samples"] == {"file": "outcome.csv", "id": "id"}


def test_the_id_may_stand_in_any_column(tmp_path: Path) -> None:
    table = outcomes()[["time", "event", "id"]]
    assert guessed(write(tmp_path, a=table, b=counts())).as_dict()["samples"] == {"file": "a.csv", "id": "id"}


def test_a_table_without_shared_ids_is_not_used_and_is_named(tmp_path: Path) -> None:
    cohort = guessed(write(tmp_path, outcome=outcomes(), rna=counts(), codebook=counts("X")))
    assert list(cohort.views) == ["rna"]
    assert f"{CHECK}codebook.csv is not used" in (tmp_path / "cohort.yaml").read_text()


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
    clinical = pd.DataFrame({"id": patients(), "age": range(ROWS), "sex": column("f", "m")})
    cohort = guess_cohort(write(tmp_path, clinical=clinical, rna=counts()))
    text = as_yaml(cohort)
    assert f"{CHECK}no outcome was found" in text
    assert yaml.safe_load(text)["endpoints"] == {}
