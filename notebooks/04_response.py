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
# # 04 Which patients respond
#
# Out-of-fold predictions of a binary response. The cohort is simulated, so that the true probability of each patient
# is known and can be compared with the prediction; this is not possible with a real cohort.

# %%
# %matplotlib inline
import os
import tempfile

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from IPython.display import display

import stratomics as st

os.chdir(
    tempfile.mkdtemp(prefix="stratomics-")
)  # runs/ and mlflow.db go here; name one of your folders to keep them
simulated = st.simulate(
    patients=240, features={"rna": 120, "protein": 50}, arm=False, missing_views=0.2, seed=4
)
cohort = st.cohort(
    simulated,
    response="response",
    covariates=["age", "female", "stage"],
    site="site",
    modality={"rna": "transcriptomics", "protein": "proteomics"},
)
cohort

# %% [markdown]
# `st.cohort` makes a cohort from tables in memory: here from the views and the samples table of the simulation, with
# the response as the endpoint. Folds are stratified by it, and methods are compared on its log loss.

# %%
run = st.run(
    cohort,
    split={"folds": 3, "repeats": 1, "inner_folds": 3},
    factors={"count": 5, "per_view": 0},
    trainer={"epochs": 60},
    baselines=["clinical_logistic", "elastic_net_logistic"],
    controls=[],
    evaluation={"draws": 100},
    workers=1,
)
print(*run.sentences, sep="\n")
metrics = run.metrics.set_index(["method", "metric"])
metrics.loc["stratomics"].loc[["log_loss", "auroc", "brier"]].round(3)

# %% [markdown]
# ## Are predicted probabilities calibrated?
#
# First the calibration that can be computed in any cohort: groups of patients, their predicted probabilities, and the
# share who responded. Then a comparison that only a simulation allows: predicted against true probabilities.

# %%
print(run.figures["calibration"].sentence)
axes = st.pl.calibration(run)

# %%
patients = run.predictions.set_index("sample_id")
truth = simulated.uns["truth"]["patients"].set_index("sample_id")["response_probability_0"]
predicted = patients["response_probability"]
truth = truth[predicted.index]
figure, axes = plt.subplots(figsize=(4.2, 4.2))
axes.plot(truth, predicted, "o", markersize=4, color="#0072B2")
axes.axline((0, 0), slope=1, color="#999999", linewidth=1)
axes.set(xlabel="true probability", ylabel="predicted out of fold", xlim=(0, 1), ylim=(0, 1))
axes.spines[["top", "right"]].set_visible(False)
print(f"Rank correlation with the truth {truth.corr(predicted, method='spearman'):.2f}.")
for name, values in (("predicted", predicted), ("true", truth)):
    print(f"{name}: from {values.min():.2f} to {values.max():.2f}")

# %% [markdown]
# ## What could the response be?
#
# `response_set` contains the responses that are plausible. 90% of the sets contain the true response **within each
# class**, so that few responders are not outweighed by many non-responders. A set with both responses means that the
# prediction is uncertain.

# %%
responded = cohort.obs["response"][patients.index] == 1
sets = pd.crosstab(
    responded.map({True: "responded", False: "did not"}), patients["response_set"], normalize="index"
)
display(sets.round(2))
metrics.loc["stratomics"].loc[["set_coverage_positive", "set_coverage_negative", "set_width"]].round(2)

# %% [markdown]
# ## Decisions at a threshold
#
# A threshold for treating weighs harm against benefit: at 0.3, one unnecessary treatment counts as much as 3/7 of a
# treated responder. Net benefit puts all methods and "treat all patients" on this scale. `stratomics` is not always
# the best method.

# %%
thresholds = np.linspace(0.05, 0.7, 40)


def net_benefit(probability, positive):
    """Share of treated responders minus the weighted share of unnecessary treatments, at each threshold."""
    treated = probability[:, None] >= thresholds
    odds = thresholds / (1 - thresholds)
    return (treated & positive[:, None]).mean(axis=0) - odds * (treated & ~positive[:, None]).mean(axis=0)


figure, axes = plt.subplots(figsize=(7, 3.5))
for name, style in zip(metrics.index.unique("method"), ("-", "--", "-.", ":"), strict=True):
    probability = run.prediction(name).patients.set_index("sample_id")["response_probability"][patients.index]
    axes.plot(thresholds, net_benefit(probability.to_numpy(), responded.to_numpy()), style, label=name)
axes.plot(
    thresholds,
    net_benefit(np.ones(len(responded)), responded.to_numpy()),
    color="#999999",
    label="treat all patients",
)
axes.axhline(0, color="#999999", linestyle=":", label="treat no patient")
axes.set(xlabel="threshold", ylabel="net benefit", ylim=(-0.05, None))
axes.legend(frameon=False, fontsize=8)
axes.spines[["top", "right"]].set_visible(False)

# %% [markdown]
# ## What one may and may not conclude
#
# **One may conclude** how well the probabilities rank patients like these and how well they are calibrated, for which
# patients the set names a single response, and whether decisions based on the predictions are better than treating
# all patients or none, at clinically reasonable thresholds.
#
# **One may not conclude** that patients who are likely to respond benefit from the treatment: there is no control arm
# here, and a patient may do well under any treatment (this is the question of the next notebook). A set with one
# class can be wrong: in each class, one in ten is. Curves of net benefit that lie close together do not show which
# method is better: they have no intervals here.
