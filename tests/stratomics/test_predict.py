"""`stratomics predict`: new patients with missing, additional, reordered or unusual data."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from small import QUICK, Change, tables, with_response, write

from omics.cohort.new_patients import read_new_patients
from omics.cohort.read import read_cohort
from omics.common.files import digest_files, read_parquet
from omics.common.table_writer import table_writer
from stratomics.cli import main
from stratomics.enrichment.selection.subgroup import Subgroup
from stratomics.enrichment.store import save_subgroup
from stratomics.fitting.fit import Fitted
from stratomics.predict import predict_blocks, write_predictions

Predict = Callable[..., tuple[pd.DataFrame, pd.DataFrame, str]]


@pytest.fixture
def predict(small_run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Predict:
    """Write the small cohort with changes, predict it on the command line, and return both tables and stderr."""

    def predicted(
        change: Change | None = None, cohort: Path | None = None
    ) -> tuple[pd.DataFrame, pd.DataFrame, str]:
        source = cohort or write(tmp_path / "new", change)
        out = tmp_path / "predicted.parquet"
        assert main(["predict", str(small_run), str(source), "--out", str(out)]) == 0
        captured = capsys.readouterr()
        assert captured.out.splitlines() == [str(out), str(tmp_path / "predicted.survival.parquet")]
        return read_parquet(out), read_parquet(tmp_path / "predicted.survival.parquet"), captured.err

    return predicted


def finite(table: pd.DataFrame) -> bool:
    return bool(np.isfinite(table.select_dtypes("number").to_numpy()).all())


def test_a_locked_rule_adds_eligibility(
    small_run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """By score, cut and direction; a rule of another model is refused, and a rule on a marker is ignored."""
    run = Path(shutil.copytree(small_run, tmp_path / "run"))
    cohort, out = write(tmp_path / "new"), tmp_path / "p.csv"
    words = ["predict", str(run), str(cohort), "--out", str(out)]
    rule = Subgroup("risk", 0.1, model=digest_files([run / "model"]), missing="score")
    save_subgroup(run / "subgroup.json", rule)
    assert main(words) == 0
    table = pd.read_csv(out)
    assert (table["eligible"] == (table["risk"] > 0.1)).all()
    assert 0 < table["eligible"].sum() < 40
    assert table["agreement"].between(0.5, 1).all()
    for other, message in (
        (Subgroup("risk", 0.1, model="f" * 64, missing="score"), "locked to the model"),
        (Subgroup("ki67", 14.0), ""),
    ):
        (run / "subgroup.json").unlink()
        save_subgroup(run / "subgroup.json", other)
        assert main(words) == (2 if message else 0)
        assert message in capsys.readouterr().err
    assert "eligible" not in pd.read_csv(out)


def test_predictions_are_those_of_the_model(predict: Predict, small_run: Path) -> None:
    patients, survival, err = predict()
    expected = Fitted.load(small_run / "model").predict(read_cohort(small_run.parent / "small"))
    pd.testing.assert_frame_equal(patients, expected.patients, check_exact=True)
    pd.testing.assert_frame_equal(survival, expected.survival, check_exact=True)
    assert {"risk", "risk_sd", "survival_bound", "ood", "abstain"} <= set(patients)
    known, *findings, last = err.splitlines()
    assert known.startswith("warning: 40 of 40 patients have ids of patients of the run")
    assert last == f"40 patients predicted; the model abstains for {patients['abstain'].sum()} of them"
    # A member was trained on two thirds of the patients, and the others may have the largest value.
    assert all(line.startswith("info: ") and "far outside the range" in line for line in findings)


def _without_outcomes(frames: dict[str, pd.DataFrame], spec: dict[str, Any]) -> None:
    frames["outcome"] = frames["outcome"].drop(columns=["time", "event"])
    del spec["endpoints"]


def _with_absent_outcome_columns(frames: dict[str, pd.DataFrame], spec: dict[str, Any]) -> None:
    frames["outcome"] = frames["outcome"].drop(columns=["time", "event"])
    spec["primary"] = "survival"


def _with_invalid_outcomes(frames: dict[str, pd.DataFrame], spec: dict[str, Any]) -> None:
    frames["outcome"]["time"] = -1
    frames["outcome"]["event"] = "unknown"


def _in_another_order(frames: dict[str, pd.DataFrame], spec: dict[str, Any]) -> None:
    rng = np.random.default_rng(3)
    for name in ("rna", "protein"):
        columns = rng.permutation(frames[name].columns[1:])
        frames[name] = frames[name][["sample_id", *columns]].sample(frac=1, random_state=4)
    spec["views"] = dict(reversed(spec["views"].items()))


def _with_more_features(frames: dict[str, pd.DataFrame], spec: dict[str, Any]) -> None:
    frames["rna"].insert(3, "another", 7.0)


def _with_a_view_absent_in_training(frames: dict[str, pd.DataFrame], spec: dict[str, Any]) -> None:
    frames["more"] = frames["rna"].rename(columns=lambda name: name.replace("rna", "more"))
    spec["views"]["more"] = {"modality": "metabolomics", "file": "more.csv", "scale": "log"}


@pytest.mark.parametrize(
    "change",
    [
        _without_outcomes,
        _with_absent_outcome_columns,
        _with_invalid_outcomes,
        _in_another_order,
        _with_more_features,
        _with_a_view_absent_in_training,
    ],
)
def test_irrelevant_changes_do_not_change_predictions(predict: Predict, change: Change) -> None:
    plain, curves, _ = predict()
    patients, survival, _ = predict(change)
    pd.testing.assert_frame_equal(patients, plain, check_exact=True)
    pd.testing.assert_frame_equal(survival, curves, check_exact=True)


def test_missing_features_are_imputed_and_reported(predict: Predict) -> None:
    def change(frames: dict[str, pd.DataFrame], spec: dict[str, Any]) -> None:
        frames["rna"] = frames["rna"].drop(columns=["rna3", "rna11"])

    plain, _, _ = predict()
    patients, survival, err = predict(change)
    assert "warning: rna: 2 of the 20 features of training are missing" in err
    assert finite(patients)
    assert finite(survival)
    assert (patients["risk"] != plain["risk"]).any()
    # Two features of twenty change the predictions only a little.
    assert np.corrcoef(patients["risk"], plain["risk"])[0, 1] > 0.9


def test_a_view_that_no_patient_has(predict: Predict) -> None:
    def change(frames: dict[str, pd.DataFrame], spec: dict[str, Any]) -> None:
        del spec["views"]["protein"]

    patients, survival, err = predict(change)
    assert "warning: protein: no patient has this view; predictions use the other views only" in err
    assert finite(patients)
    assert finite(survival)


def test_covariates_that_are_absent_or_constant(predict: Predict) -> None:
    def change(frames: dict[str, pd.DataFrame], spec: dict[str, Any]) -> None:
        frames["outcome"] = frames["outcome"].drop(columns="age")
        frames["outcome"]["stage"] = "III"

    patients, _, err = predict(change)
    assert finite(patients)
    assert "warning: age: no patient has this covariate" in err


def test_unknown_categories_are_reported(predict: Predict) -> None:
    def change(frames: dict[str, pd.DataFrame], spec: dict[str, Any]) -> None:
        for name, frame in frames.items():
            frames[name] = frame[frame["sample_id"] < "p012"]
        frames["outcome"]["stage"] = [*"abcdefg", "I", "I", "I", "I", "I"]

    patients, _, err = predict(change)
    assert len(patients) == 12
    assert finite(patients)
    assert "warning: stage: 7 patient(s) have a category that is not in the training set" in err


@pytest.mark.parametrize("who", [0, 1, 39])
def test_one_patient(predict: Predict, who: int) -> None:
    plain, curves, _ = predict()
    name = f"p{who:03d}"

    def change(frames: dict[str, pd.DataFrame], spec: dict[str, Any]) -> None:
        for view, frame in frames.items():
            frames[view] = frame[frame["sample_id"] == name]
        # Every fourth patient has no protein, and a table must have at least one row.
        if not len(frames["protein"]):
            del spec["views"]["protein"]

    patients, survival, _ = predict(change)
    expected = plain[plain["sample_id"] == name].reset_index(drop=True)
    pd.testing.assert_frame_equal(patients, expected, rtol=1e-5, atol=1e-6)
    curve = curves[curves["sample_id"] == name].reset_index(drop=True)
    pd.testing.assert_frame_equal(survival, curve, rtol=1e-5, atol=1e-6)


def test_missing_values_give_finite_predictions_with_flags(predict: Predict) -> None:
    def change(frames: dict[str, pd.DataFrame], spec: dict[str, Any]) -> None:
        rng = np.random.default_rng(5)
        for view in ("rna", "protein"):
            values = frames[view].iloc[:, 1:]
            frames[view].iloc[:, 1:] = values.mask(rng.random(values.shape) < 0.3)
            frames[view].loc[frames[view]["sample_id"] == "p007", values.columns] = np.nan
        frames["outcome"].loc[7, ["age", "stage"]] = np.nan

    patients, survival, _ = predict(change)
    assert len(patients) == 40
    assert finite(patients)
    assert finite(survival)
    assert survival["survival"].between(0, 1).all()
    nothing = patients.set_index("sample_id").loc["p007"]
    assert nothing["abstain"]


def test_extreme_values_are_flagged_and_finite(predict: Predict) -> None:
    def change(frames: dict[str, pd.DataFrame], spec: dict[str, Any]) -> None:
        frames["rna"].iloc[5, 1:] = 50.0 * (-1.0) ** np.arange(20)

    patients, survival, err = predict(change)
    assert finite(patients)
    assert finite(survival)
    assert patients.loc[5, "ood"] > 0.95
    assert patients.loc[5, "abstain"]
    assert "far outside the range of training" in err


def _others(frames: dict[str, pd.DataFrame], spec: dict[str, Any]) -> None:
    """Other patients than those of training, because those have scores tied with their calibration scores."""
    frames.update(tables(seed=9))


def test_blocks_equal_one_prediction_of_all(small_run: Path, tmp_path: Path) -> None:
    model, cohort = Fitted.load(small_run / "model"), read_new_patients(write(tmp_path / "new", _others))
    whole = model.predict(cohort)
    written = write_predictions(tmp_path / "a.parquet", predict_blocks(model, cohort, 7))
    assert (written.patients, written.abstained) == (40, whole.patients["abstain"].sum())
    patients = read_parquet(tmp_path / "a.parquet")
    pd.testing.assert_frame_equal(patients, whole.patients, rtol=1e-5, atol=1e-6)
    survival = read_parquet(tmp_path / "a.survival.parquet")
    pd.testing.assert_frame_equal(survival, whole.survival, rtol=1e-5, atol=1e-6)


def test_csv_has_six_digits_of_the_content_of_parquet(small_run: Path, tmp_path: Path) -> None:
    model, cohort = Fitted.load(small_run / "model"), read_new_patients(small_run.parent / "small")
    for ending in (".parquet", ".csv"):
        write_predictions(tmp_path / f"a{ending}", predict_blocks(model, cohort, 16))
    for name in ("a", "a.survival"):
        text = pd.read_csv(tmp_path / f"{name}.csv", keep_default_na=False)
        pd.testing.assert_frame_equal(
            text, read_parquet(tmp_path / f"{name}.parquet"), rtol=5e-6, atol=0, check_dtype=False
        )


def test_same_input_same_bytes(predict: Predict, tmp_path: Path) -> None:
    written = []
    for _ in range(2):
        predict()
        written.append([(tmp_path / f"predicted{n}.parquet").read_bytes() for n in ("", ".survival")])
    assert written[0] == written[1]


def test_a_cohort_in_h5mu_and_the_folder_of_a_model(
    predict: Predict, small_run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plain, _, _ = predict()
    read_cohort(small_run.parent / "small").write(tmp_path / "new.h5mu")
    patients, _, _ = predict(cohort=tmp_path / "new.h5mu")
    pd.testing.assert_frame_equal(patients, plain, check_exact=True)
    out = tmp_path / "b.csv"
    assert main(["predict", str(small_run / "model"), str(tmp_path / "new.h5mu"), "--out", str(out)]) == 0
    assert len(pd.read_csv(out)) == 40


def test_a_response_with_arms_if_new_patients_have_one_arm_or_none(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def trial(frames: dict[str, pd.DataFrame], spec: dict[str, Any]) -> None:
        with_response(frames, spec)
        frames["outcome"]["dose"] = np.arange(40) % 2
        spec["arm"] = {"column": "dose", "control": 0, "treated": 1}
        spec["site"] = "hospital"
        frames["outcome"]["hospital"] = np.arange(40) % 5

    from stratomics.cli.run import parse
    from stratomics.fitting.fit import fit

    config, _, _ = parse(["--cohort", "x", *QUICK, "--trainer.epochs=3"])
    # With this seed the calibration slope is above 0, so that predictions differ.
    model = fit(read_cohort(write(tmp_path / "trial", trial)), config, 3)
    model.save(tmp_path / "model")

    def new(change: Change) -> pd.DataFrame:
        def both(frames: dict[str, pd.DataFrame], spec: dict[str, Any]) -> None:
            trial(frames, spec)
            frames["outcome"] = frames["outcome"].drop(columns="response")
            change(frames, spec)

        out = tmp_path / "out.parquet"
        cohort = str(write(tmp_path / "new", both))
        assert main(["predict", str(tmp_path / "model"), cohort, "--out", str(out)]) == 0
        assert set(read_parquet(tmp_path / "out.response.parquet")["arm"]) == {
            "received",
            "control",
            "treated",
        }
        return read_parquet(out)

    def treated(frames: dict[str, pd.DataFrame], spec: dict[str, Any]) -> None:
        frames["outcome"]["dose"] = 1

    def unknown(frames: dict[str, pd.DataFrame], spec: dict[str, Any]) -> None:
        frames["outcome"] = frames["outcome"].drop(columns=["dose", "hospital"])

    one, none = new(treated), new(unknown)
    assert finite(one)
    assert finite(none)
    assert {"response_probability", "response_set", "benefit", "benefit_sd", "ood", "abstain"} <= set(one)
    # The benefit does not depend on the received arm.
    pd.testing.assert_series_equal(one["benefit"], none["benefit"], check_exact=True)
    assert (one["response_probability"] != none["response_probability"]).any()


def refused(words: list[str], folder: Path, capsys: pytest.CaptureFixture[str]) -> str:
    capsys.readouterr()
    before = set(folder.rglob("*"))
    assert main(["predict", *words]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert set(folder.rglob("*")) == before
    line = captured.err.splitlines()[-1]
    assert line.startswith("stratomics: ")
    return line


def test_wrong_input_gives_one_line_and_no_files(
    small_run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = Path(shutil.copytree(small_run, tmp_path / "run"))
    cohort, out = str(small_run.parent / "small"), ["--out", str(tmp_path / "a.csv")]
    assert "neither a finished run" in refused([str(tmp_path), cohort, *out], tmp_path, capsys)
    assert "no such cohort" in refused([str(run), "nowhere", *out], tmp_path, capsys)
    assert "did you mean '.csv'" in refused([str(run), cohort, "--out", "a.cvs"], tmp_path, capsys)
    gone = ["--out", str(tmp_path / "gone" / "a.csv")]
    assert "gone" in refused([str(run), cohort, *gone], tmp_path, capsys)
    weights = run / "model" / "network.safetensors"
    content = bytearray(weights.read_bytes())
    content[-1] ^= 1
    weights.write_bytes(content)
    assert "network.safetensors: changed since the run" in refused([str(run), cohort, *out], tmp_path, capsys)


def test_another_modality_is_refused(
    small_run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def change(frames: dict[str, pd.DataFrame], spec: dict[str, Any]) -> None:
        spec["views"]["rna"]["modality"] = "metabolomics"

    words = [str(small_run), str(write(tmp_path / "new", change)), "--out", str(tmp_path / "a.csv")]
    assert "declared metabolomics" in refused(words, tmp_path, capsys)


@pytest.mark.parametrize("ending", [".csv", ".parquet"])
def test_an_interrupted_table_keeps_the_old_file(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"a{ending}"
    path.write_text("old")

    def fail() -> None:
        with table_writer(path) as table:
            table.add(pd.DataFrame({"a": [1.0]}))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_json_has_the_measured_share_of_each_view(
    small_run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A view that is lost is seen without the screen."""

    def change(frames: dict[str, pd.DataFrame], spec: dict[str, Any]) -> None:
        names = frames["rna"].columns[1:]
        frames["rna"] = frames["rna"].rename(columns=dict(zip(names, names + "_other", strict=True)))

    cohort = write(tmp_path / "new", change)
    words = ["predict", str(small_run), str(cohort), "--out", str(tmp_path / "a.csv"), "--quiet", "--json"]
    assert main(words) == 0
    told = json.loads(capsys.readouterr().out)
    share = told["measured_share"]
    assert "features_missing" in {finding["code"] for finding in told["differences"]}
    assert share["rna"] == 0.0
    assert 0.7 < share["protein"] <= 1.0
