"""CAMERA: limma's p values, a brute-force twin, properties, refusals, and its level with permuted labels."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from claims import at_most, repetitions
from hypothesis import given, settings
from hypothesis import strategies as some
from places import ROOT
from scipy.stats import false_discovery_control, norm, ttest_ind
from scipy.stats import t as student

from omics.common.errors import DataError
from stratomics.strata.biology.camera import camera, camera_table, membership
from stratomics.strata.biology.moderated import feature_statistics, moderated_variance
from stratomics.strata.biology.sets import read_gmt

Find = Callable[[str], Path]


def simulated(seed: int, patients: int = 24, features: int = 60) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Correlated features, and two contrasts of which the first shifts the first ten."""
    rng = np.random.default_rng(seed)
    shared = rng.normal(size=(patients, 3)) @ rng.normal(size=(3, features))
    contrasts = pd.DataFrame(rng.normal(size=(patients, 2)), columns=["one", "two"])
    values = pd.DataFrame(shared + rng.normal(size=(patients, features)) * rng.uniform(0.5, 2.0, features))
    values.iloc[:, :10] += contrasts[["one"]].to_numpy()
    return values.add_prefix("g"), contrasts


SETS = {
    "shifted": [f"g{n}" for n in range(10)],
    "other": [f"g{n}" for n in range(15, 40)],
    "single": ["g50"],
    "partly": ["g3", "absent", "g58", "g59", "g3"],
}


def twin(values: np.ndarray, contrasts: np.ndarray, inside: Sequence[int]) -> tuple[float, float, float]:
    """Correlation, statistic and p of one set for the last contrast, from the effects of a full QR decomposition."""
    n, p = values.shape
    design = np.column_stack([np.ones(n), contrasts])
    q, r = np.linalg.qr(design, mode="complete")
    effects = q.T @ values
    columns = design.shape[1]
    df = n - columns
    variance = (effects[columns:] ** 2).mean(axis=0)
    posterior, prior_df = moderated_variance(variance, df)
    t = np.sign(r[columns - 1, columns - 1]) * effects[columns - 1] / np.sqrt(posterior)
    z = norm.isf(student.sf(t, min(df + prior_df, p * df)))
    m = len(inside)
    means = np.array(
        [np.mean(row[list(inside)] / np.sqrt(variance[list(inside)])) for row in effects[columns:]]
    )
    vif = m * float(np.mean(means**2)) if m > 1 else 1.0
    within = z[list(inside)]
    delta = p / (p - m) * (within.mean() - z.mean())
    pooled = ((p - 1) * z.var(ddof=1) - delta**2 * m * (p - m) / p) / (p - 2)
    statistic = delta / np.sqrt(pooled * (max(vif, 1.0) / m + 1 / (p - m)))
    correlation = (vif - 1) / (m - 1) if m > 1 else np.nan
    return correlation, float(statistic), float(2 * student.sf(abs(statistic), min(df, p - 2)))


def colorectal(shared: Find) -> tuple[pd.DataFrame, pd.DataFrame, dict[str, tuple[str, ...]]]:
    folder = shared("strata/crc_cms")
    values = pd.read_csv(folder / "mrna_entrez_log2.csv.gz", index_col=0)
    msi = pd.read_csv(folder / "outcome.csv", index_col=0).loc[values.index, "MSI"]
    sets = read_gmt(ROOT / "tests" / "golden" / "wikipathways_entrez.gmt").members
    return values, (msi == "MSIH").astype(float).to_frame("high"), dict(sets)


def test_colorectal_cancers_as_in_limma(shared: Find) -> None:
    values, group, sets = colorectal(shared)
    golden = pd.read_csv(shared("strata/crc_cms") / "camera_golden.csv", index_col=0)
    found = camera_table(values, group, sets).set_index("set").loc[golden.index]
    assert len(found) == 111
    assert (found["n"] == golden["n"]).all()
    assert (found["direction"] == golden["dir"].str.lower()).all()
    # The stored table has four digits. From log2 of the source's counts + 1, rounded to four decimals, the difference
    # was 5e-11 in the correlation and in p.
    np.testing.assert_allclose(found["correlation"], golden["cor"], atol=2e-4)
    np.testing.assert_allclose(found["p"], golden["p_estimated_cor"], atol=1e-3)
    assert (found["p"] < 0.05).sum() == (golden["p_estimated_cor"] < 0.05).sum() == 1


def test_colorectal_cancers_as_in_the_twin(shared: Find) -> None:
    values, group, sets = colorectal(shared)
    found = camera_table(values, group, sets)
    for row in found.to_dict("records"):
        inside = [values.columns.get_loc(gene) for gene in sets[row["set"]]]
        correlation, _, p = twin(values.to_numpy(), group.to_numpy(), inside)
        assert row["correlation"] == pytest.approx(correlation, abs=1e-10)
        assert row["p"] == pytest.approx(p, abs=1e-8)


@pytest.mark.parametrize("seed", range(4))
def test_every_contrast_is_that_of_the_twin_given_the_others(seed: int) -> None:
    values, contrasts = simulated(seed)
    members = membership(list(values.columns), SETS)
    found = camera(feature_statistics(values.to_numpy(), contrasts.to_numpy()), members)
    assert found.size.tolist() == [10, 25, 1, 3]
    for place, order in enumerate((["two", "one"], ["one", "two"])):
        for number in range(len(SETS)):
            inside = members.indices[members.indptr[number] : members.indptr[number + 1]]
            correlation, t, p = twin(values.to_numpy(), contrasts[order].to_numpy(), inside)
            np.testing.assert_allclose(found.correlation[number], correlation, atol=1e-10)
            assert found.t[number, place] == pytest.approx(t, rel=1e-5, abs=1e-6)
            assert found.p[number, place] == pytest.approx(p, rel=1e-4, abs=1e-8)
    assert found.t[0, 0] > 0


@settings(max_examples=25)
@given(some.integers(0, 2**31), some.floats(0.01, 100.0), some.floats(-50.0, 50.0))
def test_order_and_units_do_not_matter(seed: int, factor: float, shift: float) -> None:
    values, contrasts = simulated(seed % 7)
    expected = camera_table(values, contrasts, SETS)
    rng = np.random.default_rng(seed)
    features, patients = rng.permutation(values.columns), rng.permutation(values.index)
    changed = camera_table(
        factor * values.loc[patients, features] + shift, contrasts.loc[patients] / factor - shift, SETS
    )
    pd.testing.assert_frame_equal(changed, expected, rtol=1e-6, atol=1e-9)


def test_a_contrast_that_is_turned_turns_the_direction() -> None:
    values, contrasts = simulated(1)
    one, other = camera_table(values, contrasts, SETS), camera_table(values, -contrasts, SETS)
    assert (one["direction"] != other["direction"]).all()
    np.testing.assert_allclose(one["p"], other["p"])


def test_copies_of_one_feature_differ_from_nothing() -> None:
    values, contrasts = simulated(2)
    copies = pd.DataFrame(dict.fromkeys(values, values["g0"]))
    assert (camera_table(copies, contrasts, {"shifted": SETS["shifted"]})["p"] == 1.0).all()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda values, sets: (values.rename(columns={"g1": "g0"}), sets), "'g0' is listed twice"),
        (lambda values, sets: (values, sets | {"none": ["absent"]}), "no feature"),
        (lambda values, sets: (values, sets | {"all": list(values)}), "all 60 features"),
        (lambda values, sets: (values.iloc[::-1], sets), "another order"),
    ],
)
def test_what_cannot_be_tested_is_refused(change: Callable, message: str) -> None:
    values, contrasts = simulated(0)
    changed, sets = change(values, SETS)
    with pytest.raises(DataError, match=message):
        camera_table(changed, contrasts, sets)


@repetitions(20, 200, quick=True)
def test_permuted_labels_rarely_find_a_set(shared: Find, repetitions: int) -> None:
    values, group, sets = colorectal(shared)
    members = membership(list(values.columns), sets)
    rng, found, naive, small = np.random.default_rng(1), 0, 0, list[float]()
    for _ in range(repetitions):
        label = rng.permutation(group.to_numpy())
        statistics = feature_statistics(values.to_numpy(), label)
        p = camera(statistics, members).p[:, 0]
        small.append((p < 0.05).mean())
        found += bool((false_discovery_control(p) < 0.05).any())
        naive += bool((false_discovery_control(naive_p(statistics.z[:, 0], members)) < 0.05).any())
    figures = f"any q < .05: {found}, naive {naive} of {repetitions}; p < .05: {np.mean(small):.3f}"
    assert found <= at_most(0.05, repetitions), figures
    assert naive > 0.3 * repetitions, figures
    assert np.mean(small) < 0.05, figures


def naive_p(z: np.ndarray, members: object) -> np.ndarray:
    """P values of t tests of the features inside and outside each set, as if they were independent."""
    inside = members.toarray() > 0
    return np.array([ttest_ind(z[row], z[~row]).pvalue for row in inside])
