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
import pandas as pd
from IPython.display import display

import stratomics as st

cohort = st.read_cohort("bundled:tcga_acc")
cohort

# %% [markdown]
# A cohort is a [MuData](https://mudata.readthedocs.io): `.obs` has one row per patient, and each view is an AnnData
# in `.mod`. No patient is dropped: patients without any view are in `.mod["clinical"]`.

# %%
views = st.get.views(cohort)
views

# %% [markdown]
# ## What needs attention
#
# `st.check` returns what `stratomics check` prints: a description of the cohort and warnings, and for the folder of a
# cohort also its errors. The table shows the warnings first.

# %%
findings = st.check("bundled:tcga_acc")
with pd.option_context("display.max_colwidth", None):
    display(findings.sort_values("severity", ascending=False)[["severity", "place", "sentence"]])

# %% [markdown]
# ## Which patients have which views

# %%
patterns = st.get.view_patterns(cohort)
patterns

# %%
names = list(views["view"])
labels = [" + ".join(name for name in names if row[name]) or "no view" for _, row in patterns.iterrows()]
figure, axes = plt.subplots(figsize=(7, 3))
axes.barh(labels, patterns["patients"], color="#0072B2")
axes.invert_yaxis()
axes.set_xlabel("patients")
axes.spines[["top", "right"]].set_visible(False)

# %% [markdown]
# Missingness of a view may be associated with the outcome. If it is, "has the view" is itself a predictor, and a
# model that is restricted to complete patients describes a different population.

# %%
died = cohort.obs["event"]
pd.DataFrame(
    {
        view: {
            "share who died, measured": died[measured].mean(),
            "share who died, not measured": died[~measured].mean(),
            "patients not measured": (~measured).sum(),
        }
        for view, measured in ((name, cohort.obsm[name].ravel()) for name in names)
    }
).T

# %% [markdown]
# ## Follow-up
#
# The Kaplan-Meier curve with its 95% band; vertical marks are patients who were censored. Where few patients are still
# at risk, the curve is uncertain.

# %%
axes = st.pl.km(cohort)

# %%
axes = st.pl.km(cohort, by="stage")

# %%
events, features = int(died.sum()), int(views["features"].sum())
print(f"{events} events in {int(died.notna().sum())} patients, and {features} features.")

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
