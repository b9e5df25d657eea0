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
# # 05 Enrichment, and a trial
#
# Which patients should the next trial enrol? The cohort is a simulated randomised trial, in which the treatment helps
# some patients more than others. The benefit of each patient is predicted out of fold, and a subgroup is chosen by
# it. The true effects are known here; they are shown at the end, so that no choice depends on them.

# %%
# %matplotlib inline
import os
import tempfile

import pandas as pd
from IPython.display import display

import stratomics as st

os.chdir(
    tempfile.mkdtemp(prefix="stratomics-")
)  # runs/ and mlflow.db go here; name one of your folders to keep them
trial = st.datasets.trial(patients=300, missing_views=0.1, seed=5)
axes = st.pl.km(trial, by="dose")

# %% [markdown]
# Kaplan-Meier curves by arm: 0 is the control. The effect in all patients is what a trial without selection would see.

# %%
run = st.run(
    trial,
    split={"folds": 3, "repeats": 1, "inner_folds": 3},
    endpoints=[],
    factors={"count": 5, "per_view": 0},
    trainer={"epochs": 60},
    baselines=[],
    controls=[],
    evaluation={"draws": 100},
    workers=1,
)
run.predictions[["risk", "benefit", "benefit_sd"]].describe().loc[["mean", "min", "max"]]

# %% [markdown]
# `benefit` is the predicted number of days gained under treatment. `st.enrich` does the same as `stratomics enrich`.
# This notebook uses few resamples and few virtual trials; the defaults are 1000 and 2000.

# %%
enrichment = st.enrich(run, trials=100, draws=100)
result = enrichment.result
print(result.evidence.sentence)
enrichment.rows[["prevalence", "n", "events", "inside", "inside_low", "inside_high", "outside"]].round(2)

# %% [markdown]
# The first row is all patients; each further row is one cut, with its apparent effect in these patients (a hazard
# ratio: below 1, the treatment helps). The best of several cuts looks better than it is, partly by chance. The next
# cell corrects for this optimism.

# %%
inside, corrected = result.chosen.inside, result.corrected
print(f"The best cut has {result.chosen.prevalence:.0%} of the patients inside.")
print(f"Apparent effect inside: {inside.estimate:.2f} ({inside.low:.2f} to {inside.high:.2f}).")
print(f"Corrected for the choice: {corrected.estimate:.2f} ({corrected.low:.2f} to {corrected.high:.2f}).")
print(result.search.verdict)
axes = st.pl.forest(enrichment)

# %% [markdown]
# ## The trial that follows
#
# Several designs for one question, each with simulated trials: with the effect as estimated, drawn from its interval,
# halved, delayed, and absent. Under "null", the share of trials that reject is the type I error.

# %%
enrichment = enrichment.save()  # subgroup.json, the locked rule, and design.json go into the run directory
plan = result.run.plan
display(pd.DataFrame(list(plan.designs))[["design", "events", "patients", "tested", "duration"]].round(0))
axes = st.pl.power(enrichment)

# %% [markdown]
# ## The truth, which is unknown in a real trial
#
# The true hazard ratios inside and outside the subgroup, from the simulation.

# %%
truth = result.run.truth
true_benefit = trial.uns["truth"]["patients"]["benefits"]
print(result.subgroup.label)
print(f"Correlation of predicted and true benefit: {truth.correlation:.2f}.")
print(f"True {truth.measure} inside: {truth.inside:.2f}")
print(f"True {truth.measure} outside: {truth.outside:.2f}")
print(f"True {truth.measure} in all patients: {truth.all_patients:.2f}")
print(f"The treatment helps {true_benefit.mean():.0%} of these patients.")

# %% [markdown]
# ## What one may and may not conclude
#
# **One may conclude** how strong the evidence is that benefit differs between patients as predicted, which effect
# remains inside a cut after correction for its choice, and how often a trial of a given size would succeed if the
# effect were as estimated, half of that, delayed, or absent.
#
# **One may not conclude** that a subgroup benefits because the effect in its row is large: that row was chosen because
# it looks best. An effect inside does not show that patients outside do not benefit: compare both effects and their
# intervals. The rule is not confirmed: it was made and evaluated in one trial, and stays a hypothesis until another
# trial has tested it.
