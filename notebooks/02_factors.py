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
# # 02 Factors, and a new patient without proteomics
#
# Factors summarize the variation that views share. This notebook fits factors to some of the patients, interprets
# them, tests their stability, and computes them for new patients, with and without their proteins.

# %%
# %matplotlib inline
import logging

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

import stratomics as st

cohort = st.datasets.acc()
cohort.obs["site"] = cohort.obs_names.str[5:7]  # the tissue source site is part of a TCGA barcode
observed = pd.DataFrame({view: cohort.obsm[view].ravel() for view in st.get.views(cohort)["view"]})

# %% [markdown]
# A third of the patients with all views serve as new patients. They are used neither to make the views comparable
# (which features, which scale) nor to fit the factors.

# %%
rng = np.random.default_rng(2)
complete = np.flatnonzero(observed.all(axis=1))
new_rows = np.sort(rng.choice(complete, len(complete) // 3, replace=False))
training = cohort[np.setdiff1d(np.arange(cohort.n_obs), new_rows)].copy()
new_patients = cohort[new_rows].copy()

st.tl.factors(training, count=6, seed=2, max_features=300)
print(f"{training.n_obs} training patients, {new_patients.n_obs} new patients.")
training

# %% [markdown]
# ## What the factors are
#
# The share of the variance of each view that each factor explains, and the features with the largest loadings.
# `st.tl.factors(..., model="gfa")`, and every other factor model, has the same interface.

# %%
axes = st.pl.variance_explained(training)

# %%
loadings = st.get.loadings(training)
largest = loadings.assign(size=loadings["loading"].abs()).sort_values("size", ascending=False)
top = largest.groupby(["factor", "view"])["feature"].agg(lambda names: ", ".join(names.head(4)))
top.unstack("view")

# %% [markdown]
# ## Are the factors stable?
#
# The patients are split into two halves, three times, and the model is fitted to each half. A factor with the verdict
# "poor" must not be interpreted, however plausible its genes are.

# %%
st.tl.stability(training)

# %%
st.tl.associations(training)
tests = st.get.associations(training).sort_values("q")
tests[["factor", "kind", "name", "measure", "effect", "q"]].head(6)

# %% [markdown]
# ## Patients in the plane
#
# UMAP of the factors, by scanpy, coloured by the outcome, by the site and by a predicted risk. The risk of each patient
# comes from a model that was fitted to the other half of the patients.

# %%
st.tl.umap(training)
logging.getLogger("stratomics").setLevel(
    logging.ERROR
)  # half of the patients do not span the range of the others
half = rng.permutation(training.n_obs) < training.n_obs // 2
risk = pd.Series(np.nan, training.obs_names)
settings = {"inner_folds": 3, "factors": {"count": 4, "per_view": 0}, "trainer": {"epochs": 20}}
for fitted_on, predicted in ((half, ~half), (~half, half)):
    model = st.Stratifier(**settings).fit(training[fitted_on].copy())
    table = model.predict(training[predicted].copy())
    risk[table.index] = table["risk"]
training.obs["risk"] = risk
figure, panels = plt.subplots(1, 3, figsize=(13, 3.6))
for axes, colour in zip(panels, ("event", "site", "risk"), strict=True):
    st.pl.umap(training, color=colour, ax=axes)
figure.tight_layout()

# %% [markdown]
# ## A new patient, with and without proteins
#
# The same patients twice: with all views, and without the proteins. `st.tl.project` computes the factors in both cases
# from those of the training patients; `sd` is the posterior standard deviation.

# %%
without_rppa = new_patients.copy()
del without_rppa.mod["rppa"]
st.tl.project(new_patients, training)
st.tl.project(without_rppa, training)
both = st.get.factors(new_patients).merge(
    st.get.factors(without_rppa), on=["sample_id", "factor"], suffixes=("_all", "_fewer")
)
by_factor = both.groupby("factor")
pd.DataFrame(
    {
        "correlation": by_factor[["mean_all", "mean_fewer"]].corr().iloc[::2, 1].droplevel(1),
        "sd with all views": by_factor["sd_all"].mean(),
        "sd without rppa": by_factor["sd_fewer"].mean(),
    }
).round(2)

# %% [markdown]
# The other views predict the proteins that were taken away. The measured values show how well: the share of the
# variance of each protein that is explained. 0 is as good as the mean of the training patients; below 0 is worse.

# %%
predicted, sd = st.tl.reconstruct(without_rppa, training, "rppa")
measured = new_patients["rppa"].to_df()[predicted.columns]
reference = training["rppa"].to_df()[predicted.columns]
measured = (measured - reference.mean()) / reference.std(
    ddof=0
)  # the harmonized scale of a view of logarithms
explained = 1 - ((measured - predicted) ** 2).sum() / (measured**2).sum()
inside = ((measured - predicted).abs() <= 1.96 * sd).to_numpy().mean()
print(f"{(explained > 0).mean():.0%} of the proteins are predicted better than by the mean.")
print(f"The median explained share is {explained.median():.2f}.")
print(f"{inside:.0%} of the measured values lie within 1.96 predicted sd.")

# %%
best = explained.idxmax()
figure, axes = plt.subplots(figsize=(4, 4))
axes.errorbar(predicted[best], measured[best], xerr=sd[best], fmt="o", color="#0072B2", ecolor="#56B4E9")
axes.axline((0, 0), slope=1, color="#999999", linewidth=1)
axes.set(xlabel="predicted from the other views, +- sd", ylabel="measured")
axes.set_title(f"largest explained share: {best}", fontsize=10)
axes.spines[["top", "right"]].set_visible(False)

# %% [markdown]
# ## What one may and may not conclude
#
# **One may conclude** that factors can be computed for a patient without proteins, how much more uncertain they are
# than with proteins, and how well the other views predict a protein in patients that were not used for training.
#
# **One may not conclude** that a predicted protein replaces a measured one, least of all the protein with the largest
# explained share: it is the best of all that were compared, in few patients. A factor that is associated with the
# outcome in these patients need not cause it, and need not predict it elsewhere. A poor factor must not be
# interpreted.
