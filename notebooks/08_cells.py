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
# # 08 From single cells to patients
#
# Single-cell data have thousands of cells of a few dozen patients. The patient has the outcome and receives the
# treatment, so the patient is the unit of the analysis. This notebook sums simulated cells to one profile per patient
# and cell type, adds the composition of each patient's cells, and fits factors to all of these views.

# %%
# %matplotlib inline
import anndata
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

import stratomics as st

# %% [markdown]
# ## Cells of 60 patients
#
# The simulation has a truth: each patient has an interferon activity. It raises three genes, most in monocytes, it
# raises the number of monocytes, and it shortens survival.

# %%
rng = np.random.default_rng(8)
patients = [f"patient{number:02d}" for number in range(1, 61)]
types = {"B cells": 25, "NK cells": 12, "T cells": 60, "monocytes": 30}
genes = ["ISG15", "IFI6", "MX1", *(f"gene{number:02d}" for number in range(1, 58))]
activity = pd.Series(rng.normal(size=60), patients)

baseline = {kind: rng.normal(0, 1, len(genes)) for kind in types}
response = {"B cells": 0.3, "NK cells": 0.4, "T cells": 0.3, "monocytes": 0.9}
counts, labels = [], []
for patient in patients:
    for kind, mean in types.items():
        expected = mean * np.exp(0.4 * activity[patient]) if kind == "monocytes" else mean
        number = rng.poisson(rng.gamma(4, expected / 4))
        rate = np.exp(baseline[kind] + rng.normal(0, 0.2, len(genes)))
        rate[:3] *= np.exp(response[kind] * activity[patient])
        depth = rng.lognormal(0, 0.3, (number, 1))
        counts.append(rng.poisson(rate * depth))
        labels += [(patient, kind)] * number

obs = pd.DataFrame(labels, columns=["patient", "cell_type"]).rename(index="cell{}".format)
cells = anndata.AnnData(np.vstack(counts).astype(np.float32), obs=obs, var=pd.DataFrame(index=genes))
hazard = np.exp(0.7 * activity.to_numpy()) / 900
time, follow_up = rng.exponential(1 / hazard), rng.uniform(300, 1500, 60)
clinical = pd.DataFrame(
    {
        "days": np.minimum(time, follow_up).round(1) + 0.1,
        "died": time <= follow_up,
        "age": rng.normal(62, 9, 60).round(),
        "activity": activity.to_numpy(),
    },
    patients,
)
cells

# %% [markdown]
# ## One profile per patient and cell type
#
# `st.pp.pseudobulk` sums the raw counts of each patient's cells of a type. With fewer than `min_cells` cells the sum
# would be mostly noise: the patient is then not in this view. This is a missing view, not a profile of zeros.

# %%
views = st.pp.pseudobulk(cells, "patient", "cell_type", min_cells=10)
pd.DataFrame(
    {
        name: {
            "patients": view.n_obs,
            "patients without": len(patients) - view.n_obs,
            "median number of cells": view.obs["cells"].median(),
        }
        for name, view in views.items()
    }
).T.astype(int)

# %%
print(f"{cells.n_obs} cells, {len(patients)} patients: the sample size is {len(patients)}.")
views["monocytes"].to_df().iloc[:3, :5]

# %% [markdown]
# ## The composition
#
# The shares of a patient's cells sum to 1: if monocytes increase, the share of every other type decreases, although
# nothing happened to them. `st.pp.composition` therefore gives centred log-ratios; the numbers of cells are in
# `.layers["counts"]`.

# %%
composition = st.pp.composition(cells, "patient", "cell_type")
shares = pd.DataFrame(composition.layers["counts"], composition.obs_names, composition.var_names)
shares = shares.div(shares.sum(axis=1), axis=0).loc[activity.sort_values().index]
figure, axes = plt.subplots(figsize=(7, 2.8))
bottom = np.zeros(len(shares))
for kind, colour in zip(shares, ["#0072B2", "#56B4E9", "#009E73", "#D55E00"], strict=True):
    axes.bar(range(len(shares)), shares[kind], bottom=bottom, color=colour, width=1, label=kind)
    bottom += shares[kind].to_numpy()
axes.set(xlabel="patients, in the order of their interferon activity", ylabel="share of cells", xticks=[])
axes.legend(frameon=False, loc="upper left", bbox_to_anchor=(1, 1))
axes.spines[["top", "right"]].set_visible(False)

# %% [markdown]
# ## A cohort of these views
#
# Each pseudobulk is a view of counts, as bulk RNA sequencing would be. The composition is given as numbers of cells, on
# the scale `cells`, of which harmonization takes the log-ratios. The common beginning of the names says that the views
# are of the same cells. The true activity stays in the clinical table to colour the plots; it is no covariate.

# %%
cohort = st.cohort(
    {
        **{f"blood.{name}": view for name, view in views.items()},
        "blood.composition": composition.to_df("counts"),
    },
    clinical,
    time="days",
    event="died",
    covariates=["age"],
    modality={f"blood.{name}": "transcriptomics" for name in views} | {"blood.composition": "generic"},
    scale={f"blood.{name}": "counts" for name in views} | {"blood.composition": "cells"},
)
findings = st.check(cohort)
for sentence in findings.loc[findings["code"].isin(["cells", "overlap"]), "sentence"]:
    print(sentence)

# %% [markdown]
# ## Factors
#
# A factor is an axis on which patients differ. Patients who lack a view have factors, too.

# %%
st.tl.factors(cohort, count=5)
axes = st.pl.variance_explained(cohort)

# %%
axes = st.pl.factors(cohort, color="activity")

# %%
axes = st.pl.loadings(cohort, 1)

# %%
scores = pd.DataFrame(cohort.obsm["X_factors"], cohort.obs_names)
strength = scores.corrwith(activity).abs()
print(f"Factor {strength.idxmax() + 1} has a correlation of {strength.max():.2f} with the true activity.")

# %% [markdown]
# ## The same from a file
#
# In the folder of a cohort, one line of `cohort.yaml` declares the file of cells. It is read in blocks and need not fit
# in memory. `stratomics init`, `check`, `run` and `predict` then use the same views, as `blood.B cells`, ...,
# `blood.composition`:
#
# ```yaml
# views:
#   blood: {file: cells.h5ad, format: cells, modality: transcriptomics, scale: counts, patient: donor, cell_type: type}
# ```

# %% [markdown]
# ## What one may and may not conclude
#
# **One may conclude** that sums over cells keep what differs between patients, that a patient with too few cells of
# one type can stay in the cohort, and which genes and cell types go together with a factor.
#
# **One may not conclude** that thousands of cells are thousands of observations: tests on cells of the same patients
# find differences where there are none. A log-ratio that increases does not say that a type of cells became more
# frequent; the others may have become rarer. Here the cell types are known; in real data they were assigned by an
# algorithm, with errors that sums inherit. Factors of all patients describe this cohort. They do not show that the
# outcome can be predicted: that needs predictions of patients who were not used for training, as in notebook 03.
