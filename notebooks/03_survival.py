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
# # 03 Survival with honest uncertainty
#
# One experiment from files to predictions of patients whom the models never saw, beside what a sceptic would try
# first; then how sure each prediction is. Few folds and one repeat, so that it runs in well under a minute: a
# report to others should have the defaults.

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
)  # runs/ and mlflow.db go here; name a folder of your own to keep them
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
# The metric was declared before (`evaluation.metric`); the interval that decides is that of the paired
# difference, ours minus theirs. The control learns from outcomes that were permuted: were it better than chance,
# nothing here could be trusted.

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
# `panels` gives the figures of the report, each with its sentence and the table behind it. A figure is
# matplotlib's and yours to change.

# %%
drawn = panels(run)
print(", ".join(drawn))
print(drawn["risk"].sentence)
figure = drawn["risk"].figure
figure.axes[0].set_title("Thirds of the out-of-fold risk")
figure

# %% [markdown]
# ## Is a predicted probability true?

# %%
print(drawn["calibration"].sentence)
drawn["calibration"].figure

# %% [markdown]
# ## How sure is one prediction?
#
# `survival_bound` is a time that nine in ten are promised to live beyond. Whether the promise was kept is seen
# only where the time is known: on patients who died, or were watched beyond their bound.

# %%
patients = run.predictions["stratomics"].patients.set_index("sample_id")
columns = ["risk", "risk_sd", "survival_bound", "ood", "abstain"]
display(patients[columns].sort_values("risk").iloc[[0, len(patients) // 2, -1]])
coverage = pd.DataFrame(run.metrics["coverage"])
coverage[["by", "level", "n", "coverage", "low", "high"]].round(2)

# %% [markdown]
# Curves of the patients of lowest and highest risk, with their bounds. Between the patients the model sees a
# difference; how far to believe it is what the calibration above is for.

# %%
order = patients["risk"].sort_values().index
chosen = [*order[:2], *order[-2:]]
figure, axes = plt.subplots(figsize=(7, 3.5))
for part in run.predictions["stratomics"].curves():
    for sample in np.intersect1d(part.sample_ids, chosen):
        low = sample in order[:2]
        times = np.linspace(0, run.survival.time.max(), 300)
        survival = part.survival(times)[list(part.sample_ids).index(sample)]
        colour, style = ("#0072B2", "-") if low else ("#D55E00", "--")
        axes.step(times, survival, where="post", color=colour, linestyle=style, label=sample)
        axes.axvline(patients.loc[sample, "survival_bound"], color=colour, linestyle=":", linewidth=1)
axes.set(xlabel=f"time in {run.survival.unit}", ylabel="predicted survival", ylim=(0, 1.02))
axes.legend(frameon=False, fontsize=8)
axes.spines[["top", "right"]].set_visible(False)

# %%
abstaining = patients["abstain"].mean()
kept = coverage[coverage["by"] == "all"].iloc[0]
print(f"The models abstain on {abstaining:.0%} of the patients.")
print(
    f"Promised 90%, kept for {kept['coverage']:.0%} ({kept['low']:.0%} to {kept['high']:.0%}) of {kept['n']}."
)

# %% [markdown]
# ## What one may and may not conclude
#
# **One may conclude** what the sentences under *Do the omics add anything?* say, and no more: better, worse, or
# no evidence of a difference, on this metric, in patients like these. An interval that reaches over zero is no
# evidence either way; it is not evidence of equality.
#
# **One may not conclude** from one repeat of three folds that the figures would stand as they are: they move with
# the folds. Nor from the curve of one patient that he will live so long: the bound is a promise to nine in ten
# together, checked with a few dozen deaths. Nor anything for another hospital or another assay; `ood` says how
# unlike somebody is, but no cohort here stands for them.
