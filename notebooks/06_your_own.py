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
# # 06 Your own modality and your own head
#
# Each is one file and one line. This notebook writes the files itself, so that it is complete; you would keep yours
# in a folder of your project. No file of stratomics is edited.

# %%
# %matplotlib inline
import os
import sys
import tempfile

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

import stratomics as st

os.chdir(
    tempfile.mkdtemp(prefix="stratomics-")
)  # runs/ and mlflow.db go here; name one of your folders to keep them
sys.path.insert(0, os.getcwd())  # my_modality.py and my_heads.py are imported from here

# %% [markdown]
# ## A modality
#
# A modality lists its allowed scales, and for each scale the transform to the harmonized scale. A transform uses one
# patient (one row) at a time and keeps NaN where nothing was measured. Everything that is learned from several
# patients comes later, inside the folds. The example is cytometry: shares of cells.

# %%
# %%writefile my_modality.py
"""Cytometry: share of each cell type among all cells; harmonized scale: log odds."""

import numpy as np

from omics.modalities.modality import Modality


def log_odds(share):
    """Log odds of shares (patients x cell types), limited to 0.001 and 0.999; NaN stays NaN."""
    limited = np.clip(share, 0.001, 0.999)
    return np.log(limited / (1.0 - limited))


def log_odds_of_percent(percent):
    """Log odds of shares in percent."""
    return log_odds(percent / 100.0)


CYTOMETRY = Modality("cytometry", {"share": log_odds, "percent": log_odds_of_percent})

# %% [markdown]
# `st.register` adds the line to the registry. It is valid in this kernel and in the processes that a run starts. A
# script needs the line before it reads a cohort.

# %%
st.register("modality", "cytometry", "my_modality:CYTOMETRY")

# %% [markdown]
# A simulated cohort gets a cytometry table, which depends on the same factors as its other views.

# %%
simulated = st.simulate(patients=200, features={"rna": 80}, arm=False, predictive_strength=0.0, seed=6)
truth = simulated.uns["truth"]["patients"].set_index("sample_id")
factors = truth.filter(like="factor_").to_numpy()
rng = np.random.default_rng(6)
latent = factors @ rng.normal(size=(factors.shape[1], 12)) + rng.normal(size=(len(factors), 12))
names = [f"cells{number}" for number in range(12)]
percent = pd.DataFrame(100 / (1 + np.exp(2 - latent)), truth.index, names).round(2)
tables = {"rna": simulated["rna"], "cytometry": percent.iloc[::2]}  # half of the patients were measured
roles = {"time": "time", "event": "event", "covariates": ["age", "female", "stage"]}
modality = {"rna": "transcriptomics", "cytometry": "cytometry"}
try:
    st.cohort(tables, simulated.obs, **roles, modality=modality, scale={"cytometry": "per_cent"})
except st.InputError as error:
    print(error)

# %% [markdown]
# The scale is misspelt. The check knows the scales of the new modality, as it knows those of the others.

# %%
scale = {"rna": "counts", "cytometry": "percent"}
cohort = st.cohort(tables, simulated.obs, **roles, modality=modality, scale=scale)
findings = st.check(cohort)
findings.loc[findings["place"].isin(tables), ["place", "sentence"]]

# %% [markdown]
# ## A head
#
# A head is a frozen dataclass with the values that it learns from the training patients, a loss, and the prediction
# from its estimates. This head assumes a constant hazard for each patient (an exponential survival time), whereas
# `cox` makes no assumption about the shape of the hazard over time. The log hazard is recalibrated as that of `cox`.
# `models.heads.head.Head` documents each method.

# %%
# %%writefile my_heads.py
"""Exponential head: a log hazard that does not change with time; higher means earlier event."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch

from models.calibration.cox_recalibration import CoxRecalibration
from models.heads.head import SurvivalTarget
from models.losses.mean import mean_per_patient


@dataclass(frozen=True)
class ExponentialHead:
    """A constant hazard for each patient, in events per `unit` of time."""

    target: ClassVar = SurvivalTarget
    calibration: ClassVar = CoxRecalibration
    outputs: ClassVar[int] = 1
    exact_linear: ClassVar[bool] = False

    unit: float

    @classmethod
    def fit(cls, endpoint):
        """Learn the unit, the median time, from the observed patients of the training part."""
        return cls(float(np.median(endpoint.time[endpoint.observed])))

    @property
    def linear_direction(self):
        """(1,) the log hazard itself."""
        return np.ones(1)

    def count(self, target):
        """(members,) number of patients that the loss is the mean of."""
        return target.weight.sum(-1)

    def null_estimate(self, target):
        """(members, 1) log hazard of all patients: number of events divided by time at risk."""
        events = (target.weight * target.event).sum(-1)
        return torch.log((events + 0.5) / (target.weight * self.time_at_risk(target)).sum(-1))[:, None]

    def loss(self, estimate, target):
        """(members,) negative log likelihood per patient."""
        log_hazard = estimate[..., 0]
        return mean_per_patient(
            log_hazard.exp() * self.time_at_risk(target) - target.event * log_hazard, target.weight
        )

    def time_at_risk(self, target):
        """(n,) units of time under observation."""
        return (target.time - target.entry) / self.unit

    def predict(self, estimate):
        """(members, n, 1) log hazard."""
        return estimate

    def calibrate(self, estimate, endpoint):
        """Fit slope and baseline hazard to held-out patients."""
        return CoxRecalibration.fit(estimate[:, 0], endpoint.event, endpoint.time, endpoint.entry)


# %%
st.register("survival_head", "exponential", "my_heads:ExponentialHead")

# %% [markdown]
# A head can be tested before any run. At the null estimate, the loss is finite and depends on the estimate of every
# patient. Changing all estimates by the same amount does not improve it: the gradients add up to about 0.

# %%
# %%writefile check_my_heads.py
"""Loss and gradients of the head at its null estimate."""

import numpy as np
import torch
from my_heads import ExponentialHead

from models.heads.head import SurvivalTarget


def check(event, time):
    """Print the loss, the sum of the gradients and their range."""
    count = len(time)
    values = (event, time, event.astype(int), np.zeros(count), np.zeros(count, dtype=int))
    target = SurvivalTarget(*(torch.from_numpy(value) for value in values), weight=torch.ones(1, count))
    head = ExponentialHead(float(np.median(time)))
    estimate = head.null_estimate(target)[:, None].repeat(1, count, 1).requires_grad_()
    loss = head.loss(estimate, target)
    loss.sum().backward()
    print(f"loss {loss.item():.3f}, sum of the gradients {estimate.grad.sum():.4f}")
    print(f"gradients from {estimate.grad.min():.4f} to {estimate.grad.max():.4f}")


# %%
from check_my_heads import check

check(cohort.obs["event"].to_numpy() == 1, cohort.obs["time"].to_numpy(dtype=float))

# %% [markdown]
# ## Both in a run
#
# The configuration accepts the new name, and refuses a misspelt one.

# %%
run = st.run(
    cohort,
    split={"folds": 3, "repeats": 1, "inner_folds": 3},
    factors={"count": 5, "per_view": 4},
    head={"survival": "exponential"},
    model="wide_deep",
    trainer={"epochs": 60},
    baselines=["factors_ridge"],
    controls=[],
    evaluation={"draws": 100},
    workers=1,
)
print(*run.sentences, sep="\n")
run.metrics.query("metric == 'harrell_c'").round(3)

# %% [markdown]
# Losses of the members by epoch, in the inner validation that determines how long each member is trained. A network
# starts at the linear path, which is fitted first, and each member keeps the weights of its lowest validation loss.
# If this is an early epoch, as is common with few patients, the deep path adds nothing.

# %%
training_history = run.directory.training_history(None)
figure, axes = plt.subplots(figsize=(7, 3))
for column, style, colour in (("training_loss", "-", "#0072B2"), ("validation_loss", "--", "#D55E00")):
    mean = training_history.groupby("epoch")[column].mean()
    axes.plot(mean.index, mean, style, color=colour, label=column.replace("_", " "))
axes.set(xlabel="epoch", ylabel="negative log likelihood per patient")
axes.legend(frameon=False)
axes.spines[["top", "right"]].set_visible(False)
best = training_history.loc[
    training_history.groupby("member")["validation_loss"].idxmin(), ["member", "epoch", "validation_loss"]
]
print(best.to_string(index=False))

# %% [markdown]
# The network alone is delivered, not a mixture, so that the predictions are those of the head. The saved model stores
# the name of its head. It can be loaded wherever the head is registered.

# %%
print(run.model.fitted_.wide_deep.head_names)

# %% [markdown]
# ## What one may and may not conclude
#
# **One may conclude** that your modality and your head work in the whole experiment: they are checked, harmonized
# inside the folds, trained, calibrated, compared with the baselines, saved and loaded.
#
# **One may not conclude** that the head is better than `cox` because this run looks good: compare both on the same
# folds, and declare the metric in advance. A view is not useless because the interval of its gain includes 0. Note
# two things. The name of a run depends on the text of the registered modules: after a change of `my_heads.py`, restart
# the kernel, and a new run starts. To load the model, another user needs the file and the line in the registry.
