"""The request and the response of a served model, by its schema and without a server."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from served_rows import predicted, rows_of
from small import QUICK, Change, with_response, write

from omics.common.errors import CohortError
from stratomics.fitting.fitted import Fitted
from stratomics.serving.request_schema import RequestSchema, response_table


def raw(frames: dict[str, pd.DataFrame], spec: dict[str, Any]) -> None:
    """Counts and intensities, which training transforms to logarithms; a response, arms and sites."""
    with_response(frames, spec)
    rng = np.random.default_rng(5)
    columns = [name for name in frames["rna"] if name != "sample_id"]
    frames["rna"][columns] = rng.poisson(np.exp(frames["rna"][columns].to_numpy() / 2 + 4))
    columns = [name for name in frames["protein"] if name != "sample_id"]
    frames["protein"][columns] = np.exp(frames["protein"][columns] + 8).round(2)
    spec["views"]["rna"]["scale"], spec["views"]["protein"]["scale"] = "counts", "intensity"
    frames["outcome"]["dose"] = np.arange(40) % 2
    frames["outcome"]["hospital"] = np.arange(40) % 2 + 1
    spec["arm"] = {"column": "dose", "control": 0, "treated": 1}
    spec["site"] = "hospital"


def fitted(folder: Path, change: Change) -> Path:
    """A model of the small cohort, changed."""
    from omics.cohort.read import read_cohort
    from stratomics.cli.run import parse
    from stratomics.fitting.fit import fit

    config, _, _ = parse(["--cohort", "x", *QUICK, "--trainer.epochs=3", "--harmonize.correct_site=true"])
    # With this seed the calibration slope is above 0, so that predictions differ.
    fit(read_cohort(write(folder / "cohort", change)), config, 3).save(folder / "model")
    return folder / "model"


def test_raw_scales_arms_and_sites_are_those_of_training(tmp_path: Path) -> None:
    """Without the logarithm at inference, patients would be far out of distribution."""
    model = fitted(tmp_path, raw)
    request_schema = RequestSchema.of(
        model, {"column": "dose", "control": 0, "treated": 1, "randomised": "no"}
    )
    assert request_schema.columns == [
        *("sample_id", "arm", "site", "covariate.age", "covariate.stage", "view.protein", "view.rna")
    ]
    assert request_schema.times == []
    rows = rows_of(tmp_path / "cohort")
    response = response_table(
        Fitted.load(model).predict(request_schema.patients(pd.DataFrame(rows))), request_schema.times
    )
    plain = predicted(model, tmp_path / "cohort")
    pd.testing.assert_frame_equal(response, plain, check_exact=True)
    assert {"response_probability", "response_set", "benefit"} <= set(response)
    assert response["ood"].mean() < 0.9
    other = response_table(
        Fitted.load(model).predict(request_schema.patients(pd.DataFrame([r | {"arm": 1} for r in rows]))), ()
    )
    assert (other["response_probability"] != response["response_probability"]).any()
    pd.testing.assert_series_equal(other["benefit"], response["benefit"], check_exact=True)


@pytest.mark.parametrize(
    ("row", "sentence"),
    [
        ({"sample_id": "p1", "view.rna": [1.0, 2.0]}, "a view is a mapping of its features to numbers"),
        ({"sample_id": "p1", "view.rna": {"rna0": "high"}}, "high"),
        ({"sample_id": "p1", "view.rna": {"rna0": float("inf")}}, "infinite"),
        ({"sample_id": "p1", "view.rna": {"rna0": 1e6}}, "no logarithm reaches 1e+06"),
        ({"sample_id": "p1", "covariate.age": "old"}, "old"),
        ({"sample_id": None}, "no id"),
    ],
)
def test_an_impossible_value_is_an_error(row: dict[str, Any], sentence: str, small_run: Path) -> None:
    request_schema = RequestSchema.of(small_run / "model", None)
    with pytest.raises(CohortError, match="the table of patients") as error:
        request_schema.patients(pd.DataFrame([row]))
    assert sentence in str(error.value)


def test_an_id_that_comes_twice_and_no_patient(small_run: Path) -> None:
    request_schema = RequestSchema.of(small_run / "model", None)
    with pytest.raises(CohortError, match="twice"):
        request_schema.patients(pd.DataFrame({"sample_id": ["a", "a"]}))
    with pytest.raises(CohortError, match="no patient"):
        request_schema.patients(pd.DataFrame())


def test_unknown_fields_are_named_and_a_strict_request_refuses_them(small_run: Path) -> None:
    request_schema = RequestSchema.of(small_run / "model", None)
    rows = [
        {"sample_id": "a", "age": 60.0, "view.rna": {"rna0": 1.0, "X1": 1.0, "X2": 2.0}},
        {"sample_id": "b", "view.protien": {"protein0": 1.0}, "view.rna": {f"g{n}": 1.0 for n in range(5)}},
        {"sample_id": "c", "covariate.age": 60.0, "view.rna": {"rna0": 1.0}},
    ]
    table = pd.DataFrame(rows)
    assert list(request_schema.ignored(table)) == [
        "age; view.rna: 2 features (X1, X2)",
        "view.protien; view.rna: 5 features (g0, g1, g2, ...)",
        "",
    ]
    request_schema.refuse_unknown(table.iloc[2:])
    with pytest.raises(CohortError, match="does not know age"):
        request_schema.refuse_unknown(table)


def test_one_known_feature_of_twenty_is_no_view(small_run: Path) -> None:
    """The share is in the response, and the model abstains since it knows hardly anything of the patient."""
    request_schema = RequestSchema.of(small_run / "model", None)
    table = pd.DataFrame([{"sample_id": "a", "view.rna": {"rna0": 0.0}}])
    response = response_table(Fitted.load(small_run / "model").predict(request_schema.patients(table)), ())
    assert response["measured_share.protein"].item() == 0.0
    assert 0.0 < response["measured_share.rna"].item() < 0.2
    assert response["ood"].item() > 0.95
    assert response["abstain_reason"].item().startswith("unlike training patients")


def test_features_under_other_names_are_those_of_training(tmp_path: Path) -> None:
    """Two patients of one request may have different names; the file with the same values gives the same cohort."""

    def versions(frames: dict[str, pd.DataFrame], spec: dict[str, Any]) -> None:
        frames["rna"].columns = [
            "sample_id",
            *(f"ENSG{n:011d}.12" for n in range(frames["rna"].shape[1] - 1)),
        ]
        frames["protein"].iloc[:, 1:] = frames["protein"].iloc[:, 1:].round().clip(0, 2)
        frames["protein"].columns = [
            "sample_id",
            *(f"rs{n}_A" for n in range(frames["protein"].shape[1] - 1)),
        ]
        spec["views"]["protein"] |= {"modality": "genomics", "scale": "dosage"}

    schema = RequestSchema.of(fitted(tmp_path, versions), None)
    row = next(row for row in rows_of(tmp_path / "cohort") if {"view.rna", "view.protein"} <= set(row))
    other = row | {
        "sample_id": "other",
        "view.rna": {key.replace(".12", ".15"): value for key, value in row["view.rna"].items()},
        "view.protein": {key.replace("_A", "_G"): 2 - value for key, value in row["view.protein"].items()},
    }
    table, matched = schema.with_training_names(pd.DataFrame([row, other]))
    assert table["view.rna"][0] == table["view.rna"][1]
    assert table["view.protein"][0] == table["view.protein"][1]
    assert list(schema.ignored(table)) == ["", ""]
    assert matched[0] == ""
    assert "view.rna: 20 feature(s) have another version" in matched[1]
    assert "view.protein: 8 variant(s) count the other allele" in matched[1]
