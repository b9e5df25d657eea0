# ---
# jupyter:
#   jupytext:
#     formats: ipynb,py:percent
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 13 From genotypes to phenotypes, guidance and dose
#
# Whether a patient responds to a drug is often a matter of one enzyme. This notebook reads diplotypes of simulated
# patients, gives their phenotypes with the date of the table, guidance for two drugs, the size of a genotype-guided
# trial, and doses of warfarin by genotype. **Research use only; not for the dosing of patients.**

# %%
# %matplotlib inline
import tempfile
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

import stratomics as st

# %% [markdown]
# ## A diplotype has a phenotype, by the table of a date
#
# CYP2D6 is a sum of activity values. A text may have several readings: `*2 (*35)` means one of both.

# %%
texts = ["*1/*4", "*1/*36+*10", "*2x2/*17", "*1xN/*4", "*2 (*35)/*9"]
pd.concat({text: st.pgx.phenotype("CYP2D6", text) for text in texts})

# %% [markdown]
# The tables change. Between two dates, most diplotypes of TPMT changed, so a result without its date is no result.

# %%
changes = st.pgx.compare("2025-11-05", "2026-10-11")
changes["gene"].value_counts()

# %%
changes.groupby(["old", "new"]).size().sort_values(ascending=False).head()

# %% [markdown]
# ## A cohort with genotypes
#
# 400 simulated patients of a trial of clopidogrel. CYP2C19 activates the drug: carriers of `*2` have less benefit.

# %%
rng = np.random.default_rng(13)
ids = [f"P{number:03d}" for number in range(400)]


def drawn(frequencies):
    """Two alleles per patient, at random by their frequencies."""
    names, shares = list(frequencies), np.array(list(frequencies.values()))
    pairs = rng.choice(names, (len(ids), 2), p=shares / shares.sum())
    return ["/".join(pair) for pair in pairs]


genes = pd.DataFrame(
    {
        "sample_id": ids,
        "CYP2C19": drawn({"*1": 0.6, "*2": 0.18, "*17": 0.2, "*9": 0.02}),
        "CYP2D6": drawn({"*1": 0.5, "*2": 0.2, "*4": 0.17, "*41": 0.09, "*1x2": 0.02, "*22": 0.02}),
        "DPYD": drawn({"Reference": 0.98, "c.1905+1G>A (*2A)": 0.01, "c.2846A>T": 0.01}),
    }
)
carrier = genes["CYP2C19"].str.contains(r"\*2\b").to_numpy()
treated = rng.permutation(400) % 2 == 0
hazard = np.where(treated, np.where(carrier, 1.0, 0.5), 1.0) / 30
time, follow_up = rng.exponential(1 / hazard), rng.uniform(12, 48, 400)
outcome = pd.DataFrame(
    {
        "sample_id": ids,
        "months": np.minimum(time, follow_up).round(1) + 0.1,
        "event": (time < follow_up).astype(int),
        "arm": np.where(treated, "clopidogrel", "placebo"),
        "age": rng.normal(64, 9, 400).round(),
    }
)
folder = Path(tempfile.mkdtemp()) / "trial"
folder.mkdir()
genes.to_csv(folder / "genes.csv", index=False)
outcome.to_csv(folder / "outcome.csv", index=False)
(folder / "cohort.yaml").write_text(
    """
name: trial
samples: {file: outcome.csv, id: sample_id}
views:
  genes: {modality: genomics, scale: activity, format: pgx, file: genes.csv}
endpoints:
  survival: {time: months, event: event, unit: months}
arm: {column: arm, control: placebo, treated: clopidogrel, randomised: yes}
covariates: [age]
"""
)
cohort = st.read_cohort(folder)
results = st.pgx.results(cohort)
results.groupby(["gene", "phenotype"]).size().unstack(fill_value=0)

# %% [markdown]
# The view has expected activity scores, their standard deviations, and weights of phenotypes. A patient with an allele
# of unknown function has no value there, and the reason is in the results.

# %%
cohort["genes"].to_df().iloc[:5, -6:]

# %%
results.loc[results["why"] != "", ["patient", "gene", "diplotype", "why"]].head()

# %% [markdown]
# ## Guidance for drugs
#
# Paroxetine, taken at baseline, inhibits CYP2D6: a normal metabolizer becomes a poor one for codeine.

# %%
normal = results.query("gene == 'CYP2D6' and phenotype == 'Normal Metabolizer'")["patient"].iloc[0]
drugs = pd.DataFrame(
    {
        "patient": [normal, normal, "P001"],
        "drug": ["codeine", "paroxetine", "clopidogrel"],
        "use": ["planned", "taken", "planned"],
    }
)
guidance = st.pgx.guidance(cohort, drugs)
guidance[["patient", "drug", "results", "under drugs", "recommendation", "strength", "version"]]

# %% [markdown]
# ## A trial of the genotype
#
# Three trials for an effect that carriers do not have: events, genotyped candidates and cost. Rare carriers make an
# interaction expensive.

# %%
st.pgx.trials(
    carriers=float(carrier.mean()), hazard_ratio=1.0, others=0.5, patient_cost=20_000, test_cost=150
).round(1)

# %%
pd.Series({share: st.pgx.interaction_events(0.5, share) for share in (0.04, 0.1, 0.3)}).round(1)

# %% [markdown]
# ## Doses of warfarin
#
# The published equations in simulated patients whose dose depends on two genes, but less so in one group.

# %%
n = 1500
patients = pd.DataFrame(
    {
        "age": rng.uniform(40, 85, n),
        "height_cm": rng.normal(170, 9, n),
        "weight_kg": rng.normal(78, 14, n),
        "race": rng.choice(["White", "Black"], n, p=[0.8, 0.2]),
    }
)
black = patients["race"] == "Black"
patients["vkorc1"] = np.where(
    black, rng.choice(["GG", "AG"], n, p=[0.8, 0.2]), rng.choice(["GG", "AG", "AA"], n, p=[0.38, 0.46, 0.16])
)
patients["cyp2c9"] = np.where(black, "*1/*1", rng.choice(["*1/*1", "*1/*2", "*1/*3"], n, p=[0.7, 0.18, 0.12]))
root = np.sqrt(st.pgx.warfarin_dose(patients, "iwpc")) + rng.normal(0, 0.8, n)
dose = root.clip(lower=1.0) ** 2

doses = {name: st.pgx.warfarin_dose(patients, name).to_numpy() for name in ("iwpc", "iwpc clinical", "fixed")}
errors = st.pgx.dose_errors(doses, dose.to_numpy(), patients["race"], "iwpc clinical", draws=300)
errors.round(2)

# %%
gains = errors[errors["method"] == "iwpc"].iloc[::-1]
figure, axes = plt.subplots(figsize=(5, 2))
axes.errorbar(
    gains["gain"],
    gains["group"],
    xerr=[gains["gain"] - gains["gain_low"], gains["gain_high"] - gains["gain"]],
    fmt="o",
)
axes.axvline(0, color="grey")
axes.set_xlabel("Gain by genotype, mg/week (95% interval)")
axes.margins(y=0.3)

# %%
print(*st.pgx.equity_sentences(errors, "iwpc", "mg/week"), sep="\n")

# %% [markdown]
# The same regression, fitted on a part of the patients, with prediction intervals for the others.

# %%
covariates = ["age", "height_cm", "weight_kg", "race", "vkorc1", "cyp2c9"]
model = st.pgx.fit_dose_model(patients.iloc[:1000], dose.iloc[:1000], covariates)
predicted = model.predict(patients.iloc[1000:])
test = dose.iloc[1000:]
covered = ((predicted["low"] <= test) & (test <= predicted["high"])).mean()
print(
    f"mean absolute error {(predicted['dose'] - test).abs().mean():.2f} mg/week, intervals cover {covered:.1%}"
)
model.table.round(2)

# %% [markdown]
# ## Conclusions
#
# **One may conclude** which phenotype a diplotype has by the table of a date, which patients are indeterminate and why,
# what a guideline recommends for a drug and its genes, and how many events a genotype-guided trial needs.
#
# **One may not conclude** a dose for a patient, that a missing position is the reference, that CYP2D6 is normal where
# only small variants were measured, or that a genotype helps every group: its gain must be shown in each.
