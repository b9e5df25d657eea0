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
# # 15 Why this prediction, and how stable the answer is
#
# A prediction without reasons is hard to act upon. This notebook explains predictions of the bundled cohort: what each
# covariate and each view contributes, whether the members of the ensemble agree, and what matters overall. Patients
# are held out of the run, and explained as new patients.

# %%
# %matplotlib inline
import os
import tempfile

import matplotlib.pyplot as plt

import stratomics as st

os.chdir(
    tempfile.mkdtemp(prefix="stratomics-")
)  # runs/ and mlflow.db go here; name one of your folders to keep them
cohort = st.datasets.acc()
train, new_patients = cohort[:80].copy(), cohort[80:].copy()
run = st.run(
    train,
    split={"folds": 3, "repeats": 1},
    factors={"count": 5},
    trainer={"epochs": 20},
    controls=[],
    evaluation={"draws": 100},
    workers=1,
)

# %% [markdown]
# ## The rationale of new patients
#
# Shown are the highest, middle and lowest prediction. A contribution is named if all members agree on its direction and
# it differs from 0 by the jackknife.

# %%
found = st.explain(run, new_patients)
for patient, sentences in found.rationales.items():
    print(patient, *sentences, sep="\n- ")
    print()

# %% [markdown]
# ## Contributions add up
#
# At each level, the sum of the contributions is the prediction minus the reference, the mean of training patients.

# %%
table = found.contributions
total = table.query("level == 'total'").pivot(index="sample_id", columns="kind", values="contribution")
by_view = table.query("level == 'views'").pivot(index="sample_id", columns="name", values="contribution")
gap = (by_view.sum(axis=1) - (total["prediction"] - total["reference"])).abs().max()
print(f"Largest gap: {gap:.0e} on the {table['scale'].iloc[0]}.")
assert gap < 1e-6

# %%
order = total["prediction"].sort_values().index
size = by_view.abs().mean().sort_values(ascending=False).index[:5]
figure, axes = plt.subplots(figsize=(6, 3.5))
by_view.loc[order, size].plot.bar(stacked=True, ax=axes, width=0.8)
axes.axhline(0, color="grey", linewidth=0.8)
axes.set_xlabel("new patients, lowest prediction first")
axes.set_ylabel("contribution to the log hazard")
axes.set_xticks([])
figure.tight_layout()

# %% [markdown]
# ## What is stable
#
# Most single features are not stable with 80 patients; covariates and views are more often.

# %%
steady = table.dropna(subset=["stable"])
steady.assign(stable=steady["stable"].astype(bool)).groupby("level")["stable"].mean().round(2)

# %% [markdown]
# ## What one may and may not conclude
#
# **One may conclude** what the model used for a prediction, where the values of the patient lie among the training
# patients, and which of these contributions would be the same had the model been fitted to somewhat other patients.
#
# **One may not conclude** that a change of a value would change the outcome: contributions describe the model, which
# learned associations. Nor that a feature without a contribution is unrelated to the outcome: a feature that correlates
# with it may have taken its place. With few patients, many contributions are not stable, and nothing should be read
# into them.
