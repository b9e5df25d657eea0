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
# # 10 A locked panel of five analytes, and a trial
#
# A trial enrols by an assay of a few analytes, not by everything a cohort measured. This notebook goes from a run to a
# locked panel of five analytes, looks at what the noise of the assay does, and plans a trial that enrols by it. The
# cohort is a simulated randomised trial, in which five of 60 features change the effect of the treatment.

# %%
# %matplotlib inline
import os
import tempfile

import matplotlib.pyplot as plt
import pandas as pd

import stratomics as st

os.chdir(
    tempfile.mkdtemp(prefix="stratomics-")
)  # runs/ and mlflow.db go here; name one of your folders to keep them
trial = st.simulate(
    patients=400,
    features={"protein": 40, "metabolite": 20},
    panel=5,
    panel_strength=0.0,
    panel_benefit=1.5,
    prognostic_strength=0.3,
    predictive_strength=0.0,
    event_share=0.75,
    sites=1,
    missing_views=0.0,
    seed=4,
)
train, new_patients = trial[:340].copy(), trial[340:].copy()

# %% [markdown]
# ## A run, then panels of each size
#
# `run.panel` selects the analytes again in every outer fold, so that the curve holds the cost of the selection. The
# target is the benefit: the effect of the treatment on survival. Without `target`, panels predict the endpoint, and
# are compared with the full model and the clinical covariates. The assay has a coefficient of variation of 15%.

# %%
run = st.run(
    train,
    split={"folds": 3, "repeats": 1, "inner_folds": 3},
    endpoints=[],
    factors={"count": 2, "per_view": 0},
    trainer={"epochs": 3},
    baselines=[],
    controls=[],
    evaluation={"draws": 100},
    workers=1,
)
pd.DataFrame({"view": ["protein", "metabolite"], "analyte": "*", "cv": 0.15}).to_csv("noise.csv", index=False)
found = run.panel(range(2, 9), lock=5, noise="noise.csv", share=0.4, target="benefit", save=True)
found.rows[["analytes", "effect_deviance", "calibration_slope", "stability"]].round(3)

# %%
figure, axes = plt.subplots(figsize=(6, 3.5))
rows = pd.DataFrame([point.differences["null"] for point in found.curve.points])
axes.fill_between(found.rows["analytes"], rows["low"], rows["high"], alpha=0.2)
axes.plot(found.rows["analytes"], rows["estimate"], marker="o")
axes.axhline(0, color="grey", linewidth=0.8)
axes.set_xlabel("analytes")
axes.set_ylabel("loss minus that of\nthe same effect for all")
figure.tight_layout()

# %% [markdown]
# ## What is locked
#
# `panel.json` in the run directory has analytes, scaling, weights, the limit of detection, the calibration, the cut and
# digests. A file that was edited is refused.

# %%
panel = st.Panel.load(run.path / "panel.json")
pd.DataFrame(
    [(one.view, one.feature, one.weight, one.in_folds, one.frequency) for one in found.details.analytes],
    columns=["view", "analyte", "weight", "in outer folds", "in halves"],
).round(2)

# %%
predicted = panel.predict(new_patients).patients
predicted[["sample_id", "benefit", "panel_positive", "panel_measured"]].head()

# %% [markdown]
# ## Noise of the assay
#
# Each patient is measured once more. Some are then on the other side of the cut, which is what sensitivity and
# specificity state.

# %%
noise = found.details.noise
print(f"On the other side of the cut: {noise.reclassified:.1%} (Gaussian score: {noise.closed_form:.1%}).")
print(f"Sensitivity {noise.sensitivity:.3f}, specificity {noise.specificity:.3f}.")

# %% [markdown]
# ## A trial that enrols by the panel
#
# `panel=True` enriches by the out-of-fold score of the panel, and sizes the trial with the accuracy of the assay:
# wrongly enrolled patients dilute the effect.

# %%
enrichment = st.enrich(run, panel=True, shares=[0.4], trials=100, draws=100)
plan = enrichment.result.run.plan
print(f"Assay: sensitivity {noise.sensitivity:.2f}, specificity {noise.specificity:.2f}")
pd.DataFrame(list(plan.designs))[["design", "events", "patients", "tested", "duration"]].round(0)

# %% [markdown]
# ## The truth, which is unknown in a real trial

# %%
import json

planted = {tuple(one) for one in json.loads(trial.uns["truth"]["settings"])["panel"]}
chosen = {(one.view, one.feature) for one in panel.analytes}
print(f"{len(planted & chosen)} of the 5 features with an effect of their own are in the panel.")
assert len(planted & chosen) >= 3
assert noise.sensitivity > 0.8

# %% [markdown]
# ## What one may and may not conclude
#
# **One may conclude** how well panels of each size describe patients who were used neither to select their analytes nor
# to fit them, what the noise of the assay does to the cut, and how large a trial is that enrols by the panel.
#
# **One may not conclude** that these five analytes are the right ones: others that correlate with them may do as well,
# and the column "in outer folds" shows how often they were selected. The panel is not validated: that needs patients of
# another cohort, measured by the assay of the trial. Here the truth is known, and not all of the five were found.
