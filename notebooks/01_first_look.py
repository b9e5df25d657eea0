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
# # 01 First look at a cohort
#
# Before any model, look at the data: the patients, the views, the missing values, the follow-up, and what a
# statistician checks first. The cohort is part of stratomics: adrenocortical carcinoma, TCGA. To use your cohort,
# replace `bundled:tcga_acc` by its folder ([layout of the folder](../docs/cohort.md)).

# %%
# %matplotlib inline
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from IPython.display import display

from models.survival.kaplan_meier import censoring_survival, kaplan_meier
from omics.checks.check_cohort import check_cohort
from omics.cohort.read import cohort_endpoints, cohort_spec, observed_views, read_cohort
from stratomics.runtime.logs import quiet_libraries

quiet_libraries()
source = "bundled:tcga_acc"
cohort = read_cohort(source)
cohort

# %% [markdown]
# A cohort is a [MuData](https://mudata.readthedocs.io): `.obs` has one row per patient, and each view is an AnnData
# in `.mod`. No patient is dropped: patients without any view are in `.mod["clinical"]`.

# %%
spec = cohort_spec(cohort)
pd.DataFrame(
    [
        (name, view.modality, view.scale, *cohort[name].shape, np.isnan(cohort[name].X).mean())
        for name, view in spec.views.items()
    ],
    columns=["view", "modality", "scale", "patients", "features", "share of values missing"],
)

# %% [markdown]
# ## What needs attention
#
# `check_cohort` returns what `stratomics check` prints: the errors, if the cohort cannot be read; otherwise a
# description of the cohort and warnings. The table shows the warnings first.

# %%
findings = pd.DataFrame([finding.as_dict() for finding in check_cohort(source)])
with pd.option_context("display.max_colwidth", None):
    display(findings.sort_values("severity", ascending=False)[["severity", "place", "sentence"]])

# %% [markdown]
# ## Which patients have which views

# %%
observed = observed_views(cohort)
patterns = observed.value_counts().rename("patients").reset_index()
complete = int(observed.all(axis=1).sum())
print(f"{complete} of {len(observed)} patients have all {observed.shape[1]} views.")
patterns

# %%
figure, axes = plt.subplots(figsize=(7, 3))
labels = [" + ".join(view for view in observed if row[view]) or "no view" for _, row in patterns.iterrows()]
axes.barh(labels, patterns["patients"], color="#0072B2")
axes.invert_yaxis()
axes.set_xlabel("patients")
axes.spines[["top", "right"]].set_visible(False)

# %% [markdown]
# Missingness of a view may be associated with the outcome. If it is, "has the view" is itself a predictor, and a
# model that is restricted to complete patients describes a different population.

# %%
survival = cohort_endpoints(cohort).primary()
died = pd.Series(survival.event, index=cohort.obs_names).where(survival.observed)
pd.DataFrame(
    {
        view: {
            "share who died, measured": died[measured].mean(),
            "share who died, not measured": died[~measured].mean(),
            "patients not measured": (~measured).sum(),
        }
        for view, measured in observed.items()
    }
).T

# %% [markdown]
# ## Follow-up
#
# The Kaplan-Meier curve of the event, and the curve of being still under observation (events count as censored).
# Where few patients are still under observation, the first curve is uncertain.

# %%
known = survival.take(np.flatnonzero(survival.observed))
event_free = kaplan_meier(known.event, known.time)
under_observation = censoring_survival(known.event, known.time)
times = np.linspace(0, known.time.max(), 400)
figure, axes = plt.subplots(figsize=(7, 3.5))
axes.step(
    times, event_free(times), where="post", color="#0072B2", label=f"no event ({known.event.sum()} events)"
)
axes.step(
    times, under_observation(times), where="post", color="#D55E00", linestyle="--", label="under observation"
)
axes.set(xlabel=f"time in {known.unit}", ylabel="share", ylim=(0, 1.02))
axes.legend(frameon=False)
axes.spines[["top", "right"]].set_visible(False)

# %%
below_half = times[event_free(times) <= 0.5]
events, features = int(known.event.sum()), sum(cohort[view].n_vars for view in spec.views)
print(f"Median survival: {f'{below_half[0]:.0f} {known.unit}' if len(below_half) else 'not reached'}.")
print(f"{events} events, {len(spec.covariates)} covariates and {features} features.")

# %% [markdown]
# ## What one may and may not conclude
#
# **One may conclude** which patients are in the cohort, which views they lack, how many events there are to learn
# from, and up to which time the follow-up is informative.
#
# **One may not conclude** that any feature predicts the outcome: nothing was modelled. With some dozens of events
# and thousands of features, the best of many single tests would look striking by chance. Equal shares in the table
# of missing views do not show that views are missing at random: with so few patients, a relevant difference may not
# be visible.
