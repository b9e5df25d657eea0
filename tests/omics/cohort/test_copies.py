from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from claims import at_least, at_most, repetitions

from datamodules.split import patient_groups, stratified_folds
from omics.checks.check_cohort import check_cohort, cohort_notes
from omics.cohort.copies import cohort_copies, near_copies, normal_tissue
from omics.cohort.read import read_cohort

Frames, Spec = dict[str, pd.DataFrame], dict[str, Any]
Write = Callable[..., Path]
Array = np.ndarray[Any, Any]


def wide(frames: Frames, spec: Spec) -> None:
    """Thirty more genes, so that equal profiles are no chance."""
    rng = np.random.default_rng(1)
    more = pd.DataFrame(rng.normal(size=(40, 30)).round(4), columns=[f"more{j}" for j in range(30)])
    frames["rna"] = pd.concat([frames["rna"], more], axis="columns")


def copied(outcome: bool, noise: float = 0.0) -> Callable[[Frames, Spec], None]:
    """Patient p007 is patient p002 in rna, and in all tables with `outcome`."""

    def change(frames: Frames, spec: Spec) -> None:
        wide(frames, spec)
        rng = np.random.default_rng(2)
        for name in ("rna", "protein", "outcome") if outcome else ("rna",):
            table = frames[name].set_index("sample_id")
            values = table.loc["p002"]
            table.loc["p007"] = values + rng.normal(0, noise, len(values)) if noise else values
            frames[name] = table.reset_index()

    return change


def findings(folder: Path, code: str) -> list[tuple[str, str, str]]:
    return [(f.severity, f.place, f.sentence) for f in check_cohort(folder) if f.code == code]


@pytest.mark.parametrize("noise", [0.0, 0.05])
def test_a_copy_is_found_and_never_parted(noise: float, write_small: Write) -> None:
    folder = write_small(copied(outcome=False, noise=noise))
    ((severity, place, sentence),) = findings(folder, "copies")
    assert (severity, place) == ("warning", "rna")
    assert "2 patients seem to be copies under other ids: p002 and p007" in sentence
    cohort = read_cohort(folder)
    assert any("p002 and p007" in note for note in cohort_notes(cohort))
    for fold in stratified_folds(cohort, 4, 3, 0, "outer"):
        assert len({2, 7} & set(fold.test.tolist())) != 1
    inner = cohort[np.arange(3, 40)].copy()
    groups = patient_groups(inner)
    assert groups is None or len(set(groups)) == 37


def test_a_copy_with_its_outcome_is_an_error_unless_a_group_is_declared(write_small: Write) -> None:
    ((severity, place, _),) = findings(write_small(copied(outcome=True)), "copies")
    assert (severity, place) == ("error", "rna")

    def grouped(frames: Frames, spec: Spec) -> None:
        copied(outcome=True)(frames, spec)
        frames["outcome"]["family"] = [*range(7), 2, *range(8, 40)]
        spec["group"] = "family"

    ((severity, _, _),) = findings(write_small(grouped), "copies")
    assert severity == "warning"


def test_rows_that_repeat_in_a_coarse_table_are_copies_if_their_outcomes_agree(write_small: Write) -> None:
    def change(frames: Frames, spec: Spec) -> None:
        for name, columns in (("rna", 3), ("protein", 3)):
            frames[name] = frames[name].iloc[:, : columns + 1].round(0)
        frames["protein"] = frames["rna"].rename(columns=lambda name: name.replace("rna", "protein"))
        outcome, first = frames["outcome"], frames["outcome"].head(20)
        frames["outcome"] = pd.concat(
            [first, first.assign(sample_id=outcome["sample_id"].tail(20).to_numpy())]
        )
        for name in ("rna", "protein"):
            first = frames[name].head(20)
            frames[name] = pd.concat(
                [first, first.assign(sample_id=outcome["sample_id"].tail(20).to_numpy())]
            )

    ((severity, place, sentence),) = findings(write_small(change), "copies")
    assert (severity, place) == ("error", "values and outcome")
    assert "40 patients" in sentence


def test_equal_coarse_profiles_are_no_copies(write_small: Write) -> None:
    def change(frames: Frames, spec: Spec) -> None:
        for name in ("rna", "protein"):
            frames[name].iloc[:, 1:] = (frames[name].iloc[:, 1:] > 1).astype(float)
        frames["outcome"]["age"], frames["outcome"]["stage"] = 60, "I"

    assert not findings(write_small(change), "copies")


def test_samples_of_one_patient_are_counted_and_never_parted(write_small: Write) -> None:
    def change(frames: Frames, spec: Spec) -> None:
        outcome = frames["outcome"]
        outcome["Donor"] = ["D" + name[1:3] for name in outcome["sample_id"]]
        same = outcome.groupby("Donor")[["time", "event"]].transform("first")
        frames["outcome"] = outcome.assign(time=same["time"], event=same["event"])

    folder = write_small(change)
    ((_, place, sentence),) = findings(folder, "rows_of_one_patient")
    assert place == "Donor"
    assert "4 patient(s) stand in several rows" in sentence
    assert "declare group: Donor" in sentence
    groups = patient_groups(read_cohort(folder))
    assert groups is not None
    assert groups.tolist() == [row // 10 for row in range(40)]


def test_a_label_within_which_outcomes_differ_is_no_patient(write_small: Write) -> None:
    def change(frames: Frames, spec: Spec) -> None:
        frames["outcome"]["patient_type"] = ["in", "out"] * 20

    cohort = read_cohort(write_small(change))
    assert not cohort_copies(cohort)
    assert patient_groups(cohort) is None


def test_normal_tissue_by_the_barcode() -> None:
    ids = ["TCGA-AB-0001-01A", "TCGA-AB-0001-11A", "TCGA-AB-0001", "P-11"]
    assert normal_tissue(ids).tolist() == [False, True, False, False]


def independent(rng: np.random.Generator, n: int, p: int) -> Array:
    return rng.normal(size=(n, p))


def subtypes(rng: np.random.Generator, n: int, p: int) -> Array:
    """Four groups two standard deviations apart in half of the features."""
    centre = rng.normal(0, 2, (4, p)) * (rng.random(p) < 0.5)
    return centre[rng.integers(4, size=n)] + rng.normal(size=(n, p))


def few_factors(rng: np.random.Generator, n: int, p: int) -> Array:
    """Three factors explain nine tenths of the variance."""
    return 3 * rng.normal(size=(n, 3)) @ rng.normal(0, 3**-0.5, (3, p)) + rng.normal(size=(n, p))


def long_tails(rng: np.random.Generator, n: int, p: int) -> Array:
    return rng.standard_t(3, size=(n, p))


def flat_and_broken(rng: np.random.Generator, n: int, p: int) -> Array:
    """Copy numbers in segments; a tenth of the genomes are flat."""
    steps = np.repeat(rng.normal(size=(n, p // 4)), 4, axis=1)
    return steps * np.where(rng.random(n) < 0.1, 0.03, 1.0)[:, None] + rng.normal(0, 0.05, (n, p))


KINDS = [independent, subtypes, few_factors, long_tails, flat_and_broken]


def rates(
    kind: Callable[[np.random.Generator, int, int], Array], repetitions: int
) -> tuple[float, dict[float, float]]:
    """False alarms, and the power by the noise of a copy, in standard deviations of the patients."""
    false, found = 0, {0.1: 0, 0.2: 0, 0.3: 0}
    for seed in range(repetitions):
        rng = np.random.default_rng(seed)
        values = kind(rng, int(rng.choice([40, 120])), int(rng.choice([60, 400])))
        false += bool(near_copies(values))
        for noise in found:
            copy = values.copy()
            copy[5] = values[3] + noise * values.std(axis=0) * rng.normal(size=values.shape[1])
            found[noise] += [3, 5] in near_copies(copy)
    return false / repetitions, {noise: count / repetitions for noise, count in found.items()}


@repetitions(8, 400, quick=True)
@pytest.mark.parametrize("kind", KINDS)
def test_power_and_false_alarms_of_near_copies(kind: Callable[..., Array], repetitions: int) -> None:
    """Cohorts of 40 or 120 patients and 60 or 400 features, without a copy and with one of three amounts of noise.

    False alarms: in at most 1% of the cohorts without a copy. Power: at least 95% for noise of a tenth and a fifth of
    the standard deviation of patients, 85% where a tenth of the profiles are flat, which are not compared. Three strong
    factors hide copies, since all patients are similar then.
    """
    false, power = rates(kind, repetitions)
    assert false * repetitions <= at_most(0.01, repetitions)
    if kind is not few_factors:
        share = 0.85 if kind is flat_and_broken else 0.95
        assert min(power[0.1], power[0.2]) * repetitions >= at_least(share, repetitions)


def test_samples_of_one_patient_are_no_copies(write_small: Write) -> None:
    def change(frames: Frames, spec: Spec) -> None:
        copied(outcome=True)(frames, spec)
        frames["outcome"]["Donor"] = [f"D{2 if row == 7 else row}" for row in range(40)]

    folder = write_small(change)
    assert not findings(folder, "copies")
    ((_, place, _),) = findings(folder, "rows_of_one_patient")
    assert place == "Donor"
