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
# # 03 Survival with uncertainty
#
# One experiment, from files to out-of-fold predictions, compared with a clinical Cox model; then the uncertainty of
# each prediction. There are few folds and one repeat, so that the notebook runs in less than a minute. Use the
# defaults for results that you report.

# %%
# %matplotlib inline
import os
import tempfile

import matplotlib.pyplot as plt
import pandas as pd
from IPython.display import display

import stratomics as st

os.chdir(
    tempfile.mkdtemp(prefix="stratomics-")
)  # runs/ and mlflow.db go here; name one of your folders to keep them
cohort = st.datasets.acc()
run = st.run(
    cohort,
    split={"folds": 3, "repeats": 1, "inner_folds": 3},
    factors={"count": 8, "per_view": 5},
    trainer={"epochs": 60},
    baselines=["clinical_cox"],
    controls=["permuted_outcome"],
    evaluation={"draws": 100},
    workers=1,
)
run.path.name

# %% [markdown]
# ## Do the omics add anything?
#
# The primary metric is declared before the run (`evaluation.metric`). The comparison rests on the interval of the
# paired difference, stratomics minus method. The negative control is trained on permuted outcomes: if it were better
# than chance, no result of this run could be trusted.

# %%
display(run.compare().round(3))
print(*run.sentences, sep="\n")

# %% [markdown]
# ## Risk groups
#
# Thirds of the out-of-fold risk. The functions of `st.pl` draw on one Axes of matplotlib, which you can change.

# %%
axes = st.pl.km(run, by="risk")

# %% [markdown]
# ## Are predicted probabilities calibrated?

# %%
print(run.figures["calibration"].sentence)
axes = st.pl.calibration(run)

# %% [markdown]
# ## How uncertain is one prediction?
#
# `survival_bound` is a time that 90% of the patients are expected to live beyond. The observed coverage can be
# computed only in patients with an event, or with follow-up beyond their bound.

# %%
patients = run.predictions.set_index("sample_id")
columns = ["risk", "risk_sd", "survival_bound", "ood", "abstain"]
display(patients[columns].sort_values("risk").iloc[[0, len(patients) // 2, -1]])
coverage = pd.DataFrame(run.directory.metrics["coverage"])
coverage[["by", "level", "n", "coverage", "low", "high"]].round(2)

# %% [markdown]
# Predicted curves of the patients with the lowest and the highest risk, with their bounds (dotted). Whether such
# differences between patients can be trusted is shown by the calibration above.

# %%
by_risk = patients["risk"].sort_values().index
extreme = [*by_risk[:2], *by_risk[-2:]]
curves = st.get.survival(run)
figure, axes = plt.subplots(figsize=(7, 3.5))
for sample in extreme:
    curve = curves[curves["sample_id"] == sample]
    colour, style = ("#0072B2", "-") if sample in by_risk[:2] else ("#D55E00", "--")
    axes.step(curve["time"], curve["survival"], where="post", color=colour, linestyle=style, label=sample)
    axes.axvline(patients.loc[sample, "survival_bound"], color=colour, linestyle=":", linewidth=1)
axes.set(xlabel="time in days", ylabel="predicted survival", ylim=(0, 1.02))
axes.legend(frameon=False, fontsize=8)
axes.spines[["top", "right"]].set_visible(False)

# %% [markdown]
# Survival at one time with the interval of the ensemble, and the median survival time.

# %%
at_three_years = run.survival_at(3 * 365.25).loc[extreme]
at_three_years.assign(median=run.quantile(0.5)).round(2)

# %%
overall = coverage[coverage["by"] == "all"].iloc[0]
print(f"The model abstains for {patients['abstain'].mean():.0%} of the patients.")
print(
    f"Nominal coverage 90%, observed coverage {overall['coverage']:.0%} "
    f"({overall['low']:.0%} to {overall['high']:.0%}) in {overall['n']} patients."
)

# %% [markdown]
# ## What one may and may not conclude
#
# **One may conclude** what the sentences under *Do the omics add anything?* state: better, worse, or no evidence of
# a difference, on this metric, in patients like these. An interval that includes 0 is no evidence of a difference;
# it is no evidence of equality either.
#
# **One may not conclude** from one repeat of three folds that the numbers are final: they vary with the folds. The
# curve of one patient does not say that they will live so long: the coverage of the bound holds for all patients
# together, and was checked with a few dozen deaths. Nothing follows for another hospital or another assay: `ood`
# measures how different a patient is from the training patients, but there is no external validation.
