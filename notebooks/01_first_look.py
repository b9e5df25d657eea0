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
# Before any model: who is here, what was measured on whom, how long they were watched, and what a careful
# statistician would ask first. The cohort ships with stratomics: adrenocortical carcinoma, TCGA. For your own,
# give its folder in place of `bundled:tcga_acc` ([how a folder is laid out](../docs/cohort.md)).

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
# A cohort is a [MuData](https://mudata.readthedocs.io): `.obs` has a row a patient, each view is an AnnData in
# `.mod`. Nobody is dropped: who lacks every view still stands in `.mod["clinical"]`.

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
# ## What wants a look
#
# `check_cohort` is what `stratomics check` prints: faults, if it cannot be read; else what it holds, warnings
# first here.

# %%
findings = pd.DataFrame([finding.as_dict() for finding in check_cohort(source)])
with pd.option_context("display.max_colwidth", None):
    display(findings.sort_values("severity", ascending=False)[["severity", "place", "sentence"]])

# %% [markdown]
# ## Who has which view

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
# Whether a view is missing may hang together with the outcome. If it does, "has the view" is itself a predictor,
# and a model that looks at complete patients only looks at other patients.

# %%
survival = cohort_endpoints(cohort).primary()
died = pd.Series(survival.event, index=cohort.obs_names).where(survival.observed)
pd.DataFrame(
    {
        view: {
            "died, of those measured": died[seen].mean(),
            "died, of those not": died[~seen].mean(),
            "not measured": (~seen).sum(),
        }
        for view, seen in observed.items()
    }
).T

# %% [markdown]
# ## How long they were watched
#
# The Kaplan-Meier curve of the event, and that of being still under observation (events count as censored). Where
# few are watched any more, the first curve says little.

# %%
seen = survival.take(np.flatnonzero(survival.observed))
event = kaplan_meier(seen.event, seen.time)
watched = censoring_survival(seen.event, seen.time)
times = np.linspace(0, seen.time.max(), 400)
figure, axes = plt.subplots(figsize=(7, 3.5))
axes.step(
    times, event(times), where="post", color="#0072B2", label=f"free of the event ({seen.event.sum()} events)"
)
axes.step(times, watched(times), where="post", color="#D55E00", linestyle="--", label="still watched")
axes.set(xlabel=f"time in {seen.unit}", ylabel="share", ylim=(0, 1.02))
axes.legend(frameon=False)
axes.spines[["top", "right"]].set_visible(False)

# %%
half = times[event(times) <= 0.5]
events, candidates = int(seen.event.sum()), sum(cohort[view].n_vars for view in spec.views)
print(f"Median survival: {f'{half[0]:.0f} {seen.unit}' if len(half) else 'not reached'}.")
print(f"{events} events beside {len(spec.covariates)} covariates and {candidates} features.")

# %% [markdown]
# ## What one may and may not conclude
#
# **One may conclude** who is in the cohort, which views are missing for whom, how many events there are to learn
# from, and until when the follow-up carries a statement.
#
# **One may not conclude** that any feature predicts anything: nothing was modelled. With some dozens of events
# and thousands of features, the best of many single tests would look striking by chance. Nor may one conclude
# from equal shares in the table of missing views that views are missing at random: with so few patients a
# difference that matters would not be seen.
