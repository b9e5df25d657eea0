"""Published equations against golden patients, and their errors in 4,179 patients of the consortium."""

import numpy as np
import pandas as pd
import pytest
from pgx_cohort import warfarin_patients

from omics.common.errors import ConfigError, InputError
from stratomics.pharmacology.warfarin import ALGORITHMS, warfarin_dose


def patient(age, height, weight, vkorc1="", cyp2c9="", **more):
    return {
        "age": age,
        "height_cm": height,
        "weight_kg": weight,
        "vkorc1": vkorc1,
        "cyp2c9": cyp2c9,
        "race": "White",
    } | more


# ../shared/reference/pgx-numbers.md: mg/day by Gage, mg/week by the two equations of the consortium.
GAGE = [
    (patient(65, 170, 75, "GG", "*1/*1"), 6.065384),
    (patient(65, 170, 75, "AA", "*3/*3"), 1.423898),
    (patient(75, 160, 60, "AG", "*1/*2"), 2.984536),
    (patient(55, 180, 90, "GG", "*1/*3", race="Black", amiodarone=1), 3.434927),
    (patient(45, 175, 80, "AG", "*1/*1", smoker=1, dvt_or_pe=1, target_inr=3.0), 6.874240),
]
IWPC = [
    (patient(65, 170, 75, "GG", "*1/*1"), 41.9256, 30.4814),
    (patient(65, 170, 75, "AA", "*3/*3"), 5.9849, 30.4814),
    (patient(75, 160, 60, "AG", "*1/*2", race="Asian"), 19.6834, 18.2517),
    (patient(55, 180, 90, "G/G", "*3|*1", race="Black", amiodarone=1), 27.5982, 35.1779),
    (patient(45, 175, 80, inducer=1), 57.4973, 55.2956),
    (patient(85, 155, 50, "-1639 AA", "*2/*3", race="Asian", amiodarone=1), 1.4987, 10.5957),
]


@pytest.mark.parametrize(("one", "expected"), GAGE)
def test_gage(one, expected):
    assert warfarin_dose(pd.DataFrame([one]), "gage").iloc[0] / 7 == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize(("one", "genotype", "clinical"), IWPC)
def test_iwpc(one, genotype, clinical):
    table = pd.DataFrame([one])
    assert warfarin_dose(table, "iwpc").iloc[0] == pytest.approx(genotype, abs=1e-4)
    assert warfarin_dose(table, "iwpc clinical").iloc[0] == pytest.approx(clinical, abs=1e-4)


def test_errors_of_4179_patients(shared):
    patients, dose = warfarin_patients(shared)
    assert len(patients) == 4179
    errors = {name: float((warfarin_dose(patients, name) - dose).abs().mean()) for name in ALGORITHMS}
    expected = {"gage": 8.189, "iwpc": 8.220, "iwpc clinical": 9.896, "fixed": 13.147}
    assert errors == pytest.approx(expected, abs=1e-3)


def test_a_root_that_is_not_positive_is_no_dose():
    small = pd.DataFrame([patient(95, 120, 22, "AA", "*3/*3", race="Asian", amiodarone=1)])
    assert np.isnan(warfarin_dose(small, "iwpc").iloc[0])


def test_gage_needs_both_genotypes_and_every_equation_its_measurements():
    table = pd.DataFrame([patient(65, 170, 75, "GG"), patient(65, 170, np.nan, "GG", "*1/*1")])
    assert warfarin_dose(table, "gage").isna().all()
    assert warfarin_dose(table, "iwpc").isna().tolist() == [False, True]


def test_wrong_requests_are_errors():
    table = pd.DataFrame([patient(65, 170, 75)])
    with pytest.raises(InputError, match="no column 'weight_kg'"):
        warfarin_dose(table.drop(columns="weight_kg"))
    with pytest.raises(ConfigError, match="unknown dose algorithm 'iwpcc'"):
        warfarin_dose(table, "iwpcc")
