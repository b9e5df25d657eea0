"""Analysis of several views: one q over everything, notes on what is left out, refusals, and planted sets."""

from __future__ import annotations

from time import process_time

import numpy as np
import pandas as pd
import pytest
from claims import at_most, repetitions
from scipy.stats import false_discovery_control

from datamodules.config import HarmonizeConfig
from datamodules.harmonizer import Harmonizer
from models.factors.loadings import factor_names
from models.factors.pca import PCA
from omics.common.errors import DataError
from omics.simulate.config import SimulationConfig
from omics.simulate.planted_sets import planted_sets
from omics.simulate.simulate_cohort import simulate
from stratomics.strata.biology.analysis import analyse_sets
from stratomics.strata.biology.camera import camera_table
from stratomics.strata.biology.from_cohort import feature_tables
from stratomics.strata.biology.one_view import ContrastModel, FeatureTable
from stratomics.strata.biology.result import COLUMNS, SetAnalysis
from stratomics.strata.biology.sets import SetCollection, shipped_sets


def collection(**sets: list[str]) -> SetCollection:
    return SetCollection(
        "mine", {name: tuple(ids) for name, ids in sets.items()}, {name: name for name in sets}
    )


def genes(*numbers: int) -> list[str]:
    return [f"g{number}" for number in range(*numbers)]


GIVEN = collection(first=genes(10), second=genes(20, 40), few=genes(3), whole=genes(60))


def table(
    view: str = "rna", features: int = 60, seed: int = 0, modality: str = "transcriptomics"
) -> FeatureTable:
    rng = np.random.default_rng(seed)
    values = pd.DataFrame(rng.normal(size=(40, features)), [f"p{n}" for n in range(40)]).add_prefix("g")
    return FeatureTable(view, modality, values, pd.DataFrame(index=values.columns))


def factors(count: int = 2) -> ContrastModel:
    scores = np.random.default_rng(9).normal(size=(40, count))
    names = factor_names(count)
    return ContrastModel(pd.DataFrame(scores, [f"p{n}" for n in range(40)], names), tuple(names))


def test_q_is_over_sets_contrasts_and_views() -> None:
    one, other = table(), table("protein", seed=1)
    one.values.iloc[:, :10] += factors().contrasts[["factor1"]].to_numpy()
    found = analyse_sets([one, other], [factors()], GIVEN)
    assert list(found.tests.columns) == list(COLUMNS)
    assert len(found.tests) == 2 * 2 * 2
    np.testing.assert_allclose(found.tests["q"], false_discovery_control(found.tests["p"]))
    (row,) = found.found.to_dict("records")
    assert (row["view"], row["contrast"], row["set"], row["direction"]) == ("rna", "factor1", "first", "up")
    leading = row["leading"].split(", ")
    assert len(leading) == 5
    assert set(leading) < set(genes(10))
    expected = camera_table(one.values, factors().contrasts, {"first": genes(10), "second": genes(20, 40)})
    np.testing.assert_allclose(found.tests["p"][found.tests["view"] == "rna"], expected["p"])
    assert found.notes[0] == (
        "View 'rna': 60 of 60 features (100%) belong to a set, by their names; the other 0% are only compared with. "
        "2 of 4 sets have at least 5 of the features."
    )


def test_contrasts_that_are_not_tested_stay_in_the_model() -> None:
    both = factors()
    found = analyse_sets([table()], [ContrastModel(both.contrasts, ("factor2",))], GIVEN)
    assert set(found.tests["contrast"]) == {"factor2"}
    whole = analyse_sets([table()], [both], GIVEN)
    same = whole.tests[whole.tests["contrast"] == "factor2"]["p"]
    np.testing.assert_allclose(found.tests["p"], same)


def test_patients_without_a_value_are_left_out_and_small_groups_are_not_tested() -> None:
    group = pd.DataFrame({"a": [1.0] * 20 + [0.0] * 15 + [np.nan] * 5}, table().values.index)
    rare = pd.DataFrame({"b": [1.0] * 4 + [0.0] * 36}, group.index)
    found = analyse_sets([table()], [ContrastModel(group, ("a",)), ContrastModel(rare, ("b",))], GIVEN)
    assert set(found.tests["contrast"]) == {"a"}
    kept = table().values[group["a"].notna()]
    expected = camera_table(kept, group.dropna(), {"first": genes(10), "second": genes(20, 40)})
    np.testing.assert_allclose(found.tests["p"], expected["p"])


def test_views_that_cannot_be_tested_are_named_with_the_reason() -> None:
    mirna = FeatureTable(
        "mirna",
        "transcriptomics",
        table().values.rename(columns=lambda g: f"mir-{g}"),
        pd.DataFrame(index=[f"mir-{g}" for g in genes(60)]),
    )
    found = analyse_sets([table(), mirna, table("small", 8)], [factors()], GIVEN)
    assert set(found.tests["view"]) == {"rna"}
    assert found.notes[1:] == (
        (
            "View 'mirna' is not tested: 0% of the ids of its features and of the sets agree, and at least a third is "
            "needed."
        ),
        "View 'small' is not tested: it has 8 features, and at least 10 are needed.",
    )


def test_features_that_share_an_id_count_and_are_stated() -> None:
    probes = table()
    var = pd.DataFrame({"symbol": [f"S{n // 2}" for n in range(60)]}, index=probes.values.columns)
    given = collection(pairs=[f"S{n}" for n in range(5)], rest=[f"S{n}" for n in range(5, 25)])
    found = analyse_sets([FeatureTable("rna", "transcriptomics", probes.values, var)], [factors(1)], given)
    assert found.tests["n"].tolist() == [10, 40]
    assert "by the column 'symbol'" in found.notes[0]
    assert (
        found.notes[1]
        == "View 'rna': 50 features share an id with another one, and each counts as a feature."
    )


@pytest.mark.parametrize(
    ("modality", "column", "name"),
    [("metabolomics", "chebi", "Reactome"), ("proteomics", "symbol", "WikiPathways")],
)
def test_shipped_sets_are_found_by_a_column_of_var(modality: str, column: str, name: str) -> None:
    sets = {one.name: one for one in shipped_sets(modality)}[name]
    ids = sorted(sets.ids)[:60]
    column_of_ids = [one.removeprefix("CHEBI:") for one in ids]
    values = table().values
    var = pd.DataFrame({"mass": range(60), column: column_of_ids}, index=values.columns)
    found = analyse_sets([FeatureTable("view", modality, values, var)], [factors()])
    assert name in set(found.tests["collection"])
    assert f"belong to a set, by the column '{column}'" in found.notes[0]
    size = {key: len(set(members) & set(ids)) for key, members in sets.members.items()}
    tested = found.tests[found.tests["collection"] == name]
    assert (tested["n"] == tested["set"].map(size)).all()


def test_taxa_of_a_microbiome_need_no_file() -> None:
    names = [f"g__{'AB'[n % 2]}lia|s__{n}" for n in range(24)]
    values = table(features=24).values.set_axis(names, axis=1)
    found = analyse_sets([FeatureTable("gut", "microbiome", values, pd.DataFrame(index=names))], [factors()])
    assert sorted(set(found.tests["set"])) == ["genus Alia", "genus Blia"]
    assert set(found.tests["collection"]) == {"taxa"}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda one: (one, collection(large=genes(500))), "no set has 5 to 55 of its 60 features"),
        (lambda one: (one, collection(all=genes(60))), "no set has 5 to 55 of its 60 features"),
        (lambda one: (one, collection(far=[f"h{n}" for n in range(50)], near=genes(15))), "25% of the ids"),
        (
            lambda one: (one, collection(mouse=["Trp53", "Myc"], human=["TP53", "MYC"])),
            "the sets of 'mine' mix species",
        ),
        (
            lambda one: (FeatureTable("x", "generic", one.values, one.var), None),
            "no sets are shipped for generic",
        ),
        (lambda one: (FeatureTable("x", "microbiome", one.values, one.var), None), "are no lineages"),
        (
            lambda one: (FeatureTable("x", "genomics", one.values.head(12), one.var), GIVEN),
            "12 patients are too few",
        ),
    ],
)
def test_one_sentence_says_why_nothing_is_tested(change, message: str) -> None:  # type: ignore[no-untyped-def]
    changed, given = change(table())
    with pytest.raises(DataError, match=message) as caught:
        analyse_sets([changed], [factors()], given)
    assert "\n" not in str(caught.value)


def test_species_of_a_view_are_named_with_the_view() -> None:
    names = [*(f"GENE{n}A" for n in range(30)), *(f"Gene{n}a" for n in range(30))]
    mixed = FeatureTable(
        "tumour", "transcriptomics", table().values.set_axis(names, axis=1), pd.DataFrame(index=names)
    )
    with pytest.raises(DataError, match="view 'tumour': the names of features mix species"):
        analyse_sets([mixed], [factors()], collection(one=names[:30]))


def analysis_of(seed: int, patients: int) -> SetAnalysis:
    """Planted and random sets of a weak simulated cohort, tested for its principal components."""
    features = {"rna": 400, "protein": 150, "metabolite": 150}
    simulated = simulate(
        SimulationConfig(patients=patients, features=features, signal=0.2, sites=1, seed=seed)
    )
    cohort, truth = simulated.cohort, simulated.truth
    sets = planted_sets(truth.loadings, {view: cohort[view].var_names for view in features}, seed)
    harmonizer = Harmonizer(HarmonizeConfig()).fit(cohort)
    batch = harmonizer.transform(cohort)
    names = factor_names(5)
    scores = pd.DataFrame(PCA(5, 1).fit(batch).transform(batch).mean, cohort.obs_names, names)
    return analyse_sets(
        feature_tables(cohort, harmonizer), [ContrastModel(scores, tuple(names))], collection(**sets)
    )


@repetitions(4, 100, quick=True)
def test_planted_sets_are_found_and_random_ones_are_not(repetitions: int) -> None:
    planted, level, false = list[float](), list[float](), list[float]()
    for seed in range(repetitions):
        found = analysis_of(seed, 100)
        kind = found.tests["set"].str.split("_").str[0]
        planted.append((found.tests[kind == "planted"].groupby("set")["q"].min() < 0.05).mean())
        level.append((found.tests[kind == "random"]["p"] < 0.05).mean())
        false.append((kind[found.found.index] == "random").mean())
    figures = (
        f"power {np.mean(planted):.3f}, random sets p < .05 {np.mean(level):.3f}, false {np.mean(false):.3f}"
    )
    assert np.mean(planted) > 0.9, figures
    # 15 random sets and 5 factors in each cohort.
    assert np.sum(level) * 75 <= at_most(0.05, repetitions * 75), figures
    assert np.mean(false) <= 0.05, figures


@pytest.mark.slow
def test_two_thousand_sets_of_twenty_thousand_genes_take_seconds() -> None:
    rng = np.random.default_rng(0)
    values = pd.DataFrame(rng.normal(size=(200, 20_000))).add_prefix("g")
    names = factor_names(15)
    scores = pd.DataFrame(rng.normal(size=(200, 15)), columns=names)
    sets = {
        f"s{n}": list(rng.choice(values.columns, size, replace=False))
        for n, size in enumerate(rng.integers(10, 300, 2000))
    }
    start = process_time()
    found = analyse_sets(
        [FeatureTable("rna", "transcriptomics", values, pd.DataFrame(index=values.columns))],
        [ContrastModel(scores, tuple(names))],
        collection(**sets),
    )
    assert process_time() - start < 20.0
    assert len(found.tests) == 30_000
    assert found.found.empty
