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
import numpy as np
import pandas as pd
from IPython.display import display

from datamodules.config import SplitConfig
from models.config import FactorsConfig, TrainerConfig
from stratomics.config import EvaluationConfig, ExperimentConfig
from stratomics.experiment.run_experiment import run_experiment
from stratomics.report.plots import panels
from stratomics.report.text.metrics import (
    control_sentence,
    difference_sentences,
    main_metrics,
    metric_label,
    metric_rows,
)
from stratomics.runtime.logs import quiet_libraries

quiet_libraries()
os.chdir(
    tempfile.mkdtemp(prefix="stratomics-")
)  # runs/ and mlflow.db go here; name one of your folders to keep them
config = ExperimentConfig(
    cohort="bundled:tcga_acc",
    split=SplitConfig(folds=3, repeats=1, inner_folds=3),
    factors=FactorsConfig(count=8, per_view=5),
    trainer=TrainerConfig(epochs=60),
    baselines=["clinical_cox"],
    controls=["permuted_outcome"],
    evaluation=EvaluationConfig(draws=100),
    workers=1,
)
run = run_experiment(config)
run.path.name

# %% [markdown]
# ## Do the omics add anything?
#
# The primary metric is declared before the run (`evaluation.metric`). The comparison rests on the interval of the
# paired difference, stratomics minus method. The negative control is trained on permuted outcomes: if it were better
# than chance, no result of this run could be trusted.

# %%
keys = main_metrics(run.metrics, run.kind)
table = pd.DataFrame(
    [
        {"method": row.label} | {metric_label(key): row.cells.get(key, "") for key in keys}
        for row in metric_rows(run.metrics)
    ]
)
display(table.set_index("method").T)
print(*difference_sentences(run.metrics), control_sentence(run.metrics), sep="\n")

# %% [markdown]
# ## Risk groups
#
# `panels` returns the figures of the report, each with a sentence that states what it shows and with its data as a
# table. They are matplotlib figures, which you can change.

# %%
report_panels = panels(run)
print(", ".join(report_panels))
print(report_panels["risk"].sentence)
figure = report_panels["risk"].figure
figure.axes[0].set_title("Thirds of the out-of-fold risk")
figure

# %% [markdown]
# ## Are predicted probabilities calibrated?

# %%
print(report_panels["calibration"].sentence)
report_panels["calibration"].figure

# %% [markdown]
# ## How uncertain is one prediction?
#
# `survival_bound` is a time that 90% of the patients are expected to live beyond. The observed coverage can be
# computed only in patients with an event, or with follow-up beyond their bound.

# %%
patients = run.predictions["stratomics"].patients.set_index("sample_id")
columns = ["risk", "risk_sd", "survival_bound", "ood", "abstain"]
display(patients[columns].sort_values("risk").iloc[[0, len(patients) // 2, -1]])
coverage = pd.DataFrame(run.metrics["coverage"])
coverage[["by", "level", "n", "coverage", "low", "high"]].round(2)

# %% [markdown]
# Predicted curves of the patients with the lowest and the highest risk, with their bounds (dotted). Whether such
# differences between patients can be trusted is shown by the calibration above.

# %%
by_risk = patients["risk"].sort_values().index
extreme = [*by_risk[:2], *by_risk[-2:]]
figure, axes = plt.subplots(figsize=(7, 3.5))
for part in run.predictions["stratomics"].curves():
    for sample in np.intersect1d(part.sample_ids, extreme):
        low_risk = sample in by_risk[:2]
        times = np.linspace(0, run.survival.time.max(), 300)
        survival = part.survival(times)[list(part.sample_ids).index(sample)]
        colour, style = ("#0072B2", "-") if low_risk else ("#D55E00", "--")
        axes.step(times, survival, where="post", color=colour, linestyle=style, label=sample)
        axes.axvline(patients.loc[sample, "survival_bound"], color=colour, linestyle=":", linewidth=1)
axes.set(xlabel=f"time in {run.survival.unit}", ylabel="predicted survival", ylim=(0, 1.02))
axes.legend(frameon=False, fontsize=8)
axes.spines[["top", "right"]].set_visible(False)

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
