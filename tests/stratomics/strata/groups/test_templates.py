"""Nearest templates: CMScaller's predictions and distances of colorectal cancers, a brute-force twin, and refusals."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics.pairwise import cosine_distances

from omics.common.errors import DataError, InputError
from stratomics.strata.groups.templates import nearest_template, read_templates

Find = Callable[[str], Path]


def simulated(
    seed: int, classes: str = "ABC", patients: int = 30, features: int = 60
) -> tuple[pd.DataFrame, pd.DataFrame]:
    rng = np.random.default_rng(seed)
    names = [f"g{number}" for number in range(features)]
    values = pd.DataFrame(
        rng.normal(5.0, 2.0, (patients, features)), [f"p{n}" for n in range(patients)], names
    )
    templates = pd.DataFrame({"feature": names[:24], "class": [classes[n % len(classes)] for n in range(24)]})
    return values, templates


def test_colorectal_cancers_as_in_cmscaller(shared: Find) -> None:
    folder = shared("strata/crc_cms")
    values = pd.read_csv(folder / "mrna_entrez_log2.csv.gz", index_col=0)
    golden = pd.read_csv(folder / "ntp_golden.csv", index_col=0).loc[values.index]
    templates = pd.read_csv(folder / "templates_cms.csv").rename(columns={"probe": "feature"})
    result = nearest_template(values, templates, draws=9)
    assert (result.matched, result.features, result.matched_share) == (482, 482, 1.0)
    assert (result.prediction == golden["prediction"]).all()
    # The stored table has four digits. From all digits, the difference was 5e-8.
    np.testing.assert_allclose(result.distances, golden.filter(like="d.CMS"), atol=1e-4)
    known = pd.read_csv(folder / "outcome.csv", index_col=0)["CMS.Syn"].dropna()
    assert len(known) == 63
    assert (result.prediction[known.index] == known).mean() == pytest.approx(52 / 63)


@pytest.mark.parametrize("classes", ["AB", "ABC"])
def test_distances_are_those_of_scikit_learn(classes: str) -> None:
    values, templates = simulated(1, classes)
    weight = np.linspace(0.5, 2.0, len(templates))
    result = nearest_template(values, templates.assign(weight=weight), draws=9)
    standard = ((values - values.mean()) / values.std())[templates["feature"]].to_numpy()
    other = -1.0 if len(classes) == 2 else 0.0
    own = np.array([np.where(templates["class"] == label, 1.0, other) * weight for label in classes])
    np.testing.assert_allclose(
        result.distances, np.sqrt(cosine_distances(standard, own) / 2.0), rtol=1e-9, atol=1e-9
    )
    assert (result.prediction == result.distances.idxmin(axis=1)).all()


def test_p_is_uniform_for_noise_and_small_for_a_clear_class() -> None:
    values, templates = simulated(2, patients=200, features=400)
    noise = nearest_template(values, templates, draws=199, seed=1)
    assert 0.42 < noise.p.mean() < 0.58
    assert (noise.fdr < 0.05).sum() <= 2
    raised = values.copy()
    raised.iloc[:60, raised.columns.isin(templates["feature"][templates["class"] == "B"])] += 6.0
    clear = nearest_template(raised, templates, draws=199, seed=1)
    assert (clear.prediction[:60] == "B").mean() > 0.95
    assert clear.p[:60].median() == 1 / 200
    assert ((clear.fdr >= clear.p) & (clear.fdr <= 1.0)).all()


def test_random_features_of_a_patient_do_not_depend_on_the_other_patients() -> None:
    values, templates = simulated(3)
    one = nearest_template(values, templates, draws=99, seed=5)
    other = nearest_template(values.iloc[::-1], templates.iloc[::-1], draws=99, seed=5)
    pd.testing.assert_frame_equal(one.distances, other.distances.loc[values.index])
    pd.testing.assert_series_equal(one.p, other.p[values.index], atol=0.02)
    assert one.p.tolist() != nearest_template(values, templates, draws=99, seed=6).p.tolist()


def test_missing_values_are_left_out() -> None:
    values, templates = simulated(4)
    values.iloc[0, :] = np.nan
    values.iloc[1, 0] = np.nan
    values["constant"] = 1.0
    result = nearest_template(values, templates, draws=9)
    assert result.prediction.isna().tolist() == [True, *[False] * 29]
    assert result.p.isna().sum() == result.fdr.isna().sum() == 1
    standard = ((values - values.mean()) / values.std()).iloc[1][templates["feature"][1:]].to_numpy()
    own = (templates["class"][1:] == "A").to_numpy(dtype=float)
    expected = np.sqrt((1.0 - standard @ own / np.linalg.norm(standard) / np.linalg.norm(own)) / 2.0)
    assert result.distances.loc["p1", "A"] == pytest.approx(expected)


def test_what_is_refused() -> None:
    values, templates = simulated(5)
    with pytest.raises(DataError, match="9 are too few"):
        nearest_template(values[:9], templates)
    with pytest.raises(DataError, match="has 29% of the template features"):
        nearest_template(values.rename(columns={f"g{n}": f"x{n}" for n in range(17)}), templates)
    absent = templates["feature"][templates["class"] == "B"]
    with pytest.raises(DataError, match="no feature of template 'B'"):
        nearest_template(values.drop(columns=absent), templates)


def test_a_file_of_templates_is_read(tmp_path: Path) -> None:
    path = tmp_path / "templates.csv"
    path.write_text("feature,class,symbol\n7138,CMS1,TNNT1\n1846,CMS2,\n")
    table = read_templates(path)
    assert table.to_dict("list") == {
        "feature": ["7138", "1846"],
        "class": ["CMS1", "CMS2"],
        "weight": [1.0, 1.0],
    }


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("probe,class\na,A\nb,B\n", "no column 'feature'"),
        ("feature,clas\na,A\nb,B\n", "no column 'class', which templates need; did you mean 'clas'"),
        ("feature,class\na,A\n,B\n", "row 2 has no feature"),
        ("feature,class\na,A\na,A\nb,B\n", "feature 'a' is listed twice in the template of 'A'"),
        ("feature,class\na,A\nb,A\n", "fewer than two classes"),
        ("feature,class,weight\na,A,1\nb,B,x\n", "row 2 has a weight that is no number"),
    ],
)
def test_errors_of_a_file_of_templates_are_one_sentence(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "templates.csv"
    path.write_text(text)
    with pytest.raises(InputError, match=message) as error:
        read_templates(path)
    assert str(error.value).startswith(f"{path}: ")
    assert "\n" not in str(error.value)


def test_a_missing_file_of_templates_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file; correct the path of the templates"):
        read_templates(tmp_path / "templates.csv")
