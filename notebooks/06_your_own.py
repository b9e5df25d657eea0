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
# Either is one file and one line. Here the files are written by the notebook, so that it holds all that is
# needed; yours would lie in a folder of your own. Nothing of stratomics is edited.

# %%
# %matplotlib inline
import os
import sys
import tempfile
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import torch
import yaml

from datamodules.config import SplitConfig
from models.config import FactorsConfig, HeadConfig, TrainerConfig
from models.heads import HEADS
from models.heads.head import SurvivalTarget
from omics.checks.check_cohort import check_cohort
from omics.cohort.read import cohort_endpoints, read_cohort
from omics.common.registry import resolve
from omics.modalities import MODALITIES
from omics.simulate.simulate_cohort import SimulationConfig, simulate, write_cohort
from stratomics.config import EvaluationConfig, ExperimentConfig
from stratomics.experiment.run_experiment import run_experiment
from stratomics.fitting.fitted import Fitted
from stratomics.report.text.metrics import difference_sentences, interval, view_rows
from stratomics.runtime.logs import quiet_libraries

quiet_libraries()
os.chdir(
    tempfile.mkdtemp(prefix="stratomics-")
)  # runs/ and mlflow.db go here; name a folder of your own to keep them
sys.path.insert(0, os.getcwd())  # where my_modality.py and my_heads.py will be found

# %% [markdown]
# ## A modality
#
# Its legal scales, and for each the way to the harmonized scale. A transform looks at one patient (one row) at a
# time and leaves NaN where nothing was measured; whatever is learned from several patients comes later, in the
# folds. Cytometry: shares of cells.

# %%
# %%writefile my_modality.py
"""Cytometry: cells of each kind, as a share of all; harmonized scale: log odds."""

import numpy as np

from omics.modalities.modality import Modality


def log_odds(share):
    """Log odds of a share (patients x cells), held within .001 and .999; NaN stays NaN."""
    held = np.clip(share, 0.001, 0.999)
    return np.log(held / (1.0 - held))


def of_percent(percent):
    """Log odds of a share that was given in percent."""
    return log_odds(percent / 100.0)


CYTOMETRY = Modality("cytometry", {"share": log_odds, "percent": of_percent})

# %% [markdown]
# And the line. It holds for this kernel and for the processes that a run starts from it; a program of yours says
# it before it reads a cohort.

# %%
MODALITIES["cytometry"] = "my_modality:CYTOMETRY"

# %% [markdown]
# A simulated cohort gets a table of cells, driven by the same factors as its other views.

# %%
settings = SimulationConfig(patients=200, features={"rna": 80}, arm=False, predictive_strength=0.0, seed=6)
simulated = simulate(settings)
write_cohort(simulated, "cohort")
rng = np.random.default_rng(6)
latent = simulated.truth.factors @ rng.normal(size=(settings.factors, 12)) + rng.normal(
    size=(settings.patients, 12)
)
percent = pd.DataFrame(
    100 / (1 + np.exp(2 - latent)), columns=[f"cells{number}" for number in range(12)]
).round(2)
percent.insert(0, "sample_id", simulated.truth.sample_id)
percent.iloc[::2].to_csv("cohort/cytometry.csv", index=False)  # half of the patients were measured

spec = yaml.safe_load(Path("cohort/cohort.yaml").read_text())
spec["views"]["cytometry"] = {"modality": "cytometry", "file": "cytometry.csv", "scale": "per_cent"}
Path("cohort/cohort.yaml").write_text(yaml.safe_dump(spec, sort_keys=False))
print([finding.sentence for finding in check_cohort("cohort") if finding.severity == "error"])

# %% [markdown]
# The scale had a slip, and the check knows the scales of the new modality as it knows those of the others.

# %%
spec["views"]["cytometry"]["scale"] = "percent"
Path("cohort/cohort.yaml").write_text(yaml.safe_dump(spec, sort_keys=False))
print(
    *[
        f"{finding.place}: {finding.sentence}"
        for finding in check_cohort("cohort")
        if finding.place in spec["views"]
    ],
    sep="\n",
)

# %% [markdown]
# ## A head
#
# A frozen dataclass of what it learned from the training patients, a loss, and what is predicted of it. This one
# gives every patient a constant hazard (an exponential survival time), where `cox` leaves the shape over time
# open. A log hazard is calibrated as that of `cox` is. What each member has to do stands in
# `models.heads.head.Head`.

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
    """A constant hazard a patient, in events per `unit` of time."""

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
        """(members,) patients, of which the loss is the mean."""
        return target.weight.sum(-1)

    def start(self, target):
        """(members, 1) log hazard of everybody: events over time lived."""
        events = (target.weight * target.event).sum(-1)
        return torch.log((events + 0.5) / (target.weight * self.lived(target)).sum(-1))[:, None]

    def loss(self, estimate, target):
        """(members,) negative log likelihood a patient."""
        log_hazard = estimate[..., 0]
        return mean_per_patient(
            log_hazard.exp() * self.lived(target) - target.event * log_hazard, target.weight
        )

    def lived(self, target):
        """(n,) units of time under observation."""
        return (target.time - target.entry) / self.unit

    def predict(self, estimate):
        """(members, n, 1) log hazard."""
        return estimate

    def calibrate(self, estimate, endpoint):
        """Slope and baseline, from patients left out."""
        return CoxRecalibration.fit(estimate[:, 0], endpoint.event, endpoint.time, endpoint.entry)


# %%
HEADS["survival"]["exponential"] = "my_heads:ExponentialHead"

# %% [markdown]
# A head can be tried alone before any run. Where nobody knows anything (`start`), the loss is finite, it answers
# to every patient's estimate, and raising all of them at once does not help: their gradients add up to about 0.

# %%
head = resolve(HEADS["survival"], "exponential", "head")
endpoint = cohort_endpoints(read_cohort("cohort")).primary()
outcome = [torch.from_numpy(np.asarray(part)) for part in endpoint.outcome]
target = SurvivalTarget(*outcome, weight=torch.ones(1, len(endpoint.time)))
alone = head.fit(endpoint)
estimate = alone.start(target)[:, None].repeat(1, len(endpoint.time), 1).requires_grad_()
alone.loss(estimate, target).sum().backward()
print(f"loss {alone.loss(estimate, target).item():.3f}, sum of the gradients {estimate.grad.sum():.4f}")
print(f"gradients from {estimate.grad.min():.4f} to {estimate.grad.max():.4f}")

# %% [markdown]
# ## Both in a run
#
# The configuration knows the new name, and refuses one that is misspelt.

# %%
config = ExperimentConfig(
    cohort="cohort",
    split=SplitConfig(folds=3, repeats=1, inner_folds=3),
    endpoints=[],
    factors=FactorsConfig(count=5, per_view=4),
    head=HeadConfig(survival="exponential"),
    trainer=TrainerConfig(epochs=60),
    baselines=["factors_ridge"],
    controls=[],
    evaluation=EvaluationConfig(draws=100),
    workers=1,
)
run = run_experiment(config)
print(*difference_sentences(run.metrics), sep="\n")
print("Harrell C", interval(run.metrics[run.endpoint]["harrell_c"]))
pd.DataFrame(view_rows(run.metrics))

# %% [markdown]
# How the losses of the members went by epoch, in the rehearsal that says how long each is trained. A network
# begins at the linear path that is worked out before, and each member is kept as it was at its lowest validation
# loss: where that comes early, as with few patients it may, the deep path had nothing to add.

# %%
training_history = run.training_history(None)
figure, axes = plt.subplots(figsize=(7, 3))
for what, style, colour in (("training_loss", "-", "#0072B2"), ("validation_loss", "--", "#D55E00")):
    mean = training_history.groupby("epoch")[what].mean()
    axes.plot(mean.index, mean, style, color=colour, label=what.replace("_", " "))
axes.set(xlabel="epoch", ylabel="negative log likelihood a patient")
axes.legend(frameon=False)
axes.spines[["top", "right"]].set_visible(False)
best = training_history.loc[
    training_history.groupby("member")["validation_loss"].idxmin(), ["member", "epoch", "validation_loss"]
]
print(best.to_string(index=False))

# %% [markdown]
# The saved model names its head, and is loaded wherever the line was said before.

# %%
model = Fitted.load(run.path / "model")
print([(endpoint.name, endpoint.head) for endpoint in model.endpoints])

# %% [markdown]
# ## What one may and may not conclude
#
# **One may conclude** that a modality and a head of one's own go the whole way: checked, harmonized inside the
# folds, trained, calibrated, evaluated beside the baselines, saved and loaded.
#
# **One may not conclude** that the head is better than `cox` because this run looks well: give both the same
# folds, and declare the metric beforehand. Nor that a view is worthless whose gain has an interval over zero. And
# mind two things: the name of a run comes from its configuration and cohort, and does not know the text of *your*
# files, so that after a change of `my_heads.py` one runs with `again=True`; and whoever loads the model needs
# that file and that line too.
