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
# # 04 Who responds
#
# A yes-or-no response, predicted for patients whom the models never saw. The cohort is simulated, so that here,
# as never with a real one, each patient's true probability stands beside what was predicted.

# %%
# %matplotlib inline
import os
import tempfile
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import yaml
from IPython.display import display

from datamodules.config import SplitConfig
from models.config import FactorsConfig, TrainerConfig
from omics.simulate.simulate_cohort import SimulationConfig, simulate, write_cohort
from stratomics.config import EvaluationConfig, ExperimentConfig
from stratomics.experiment.run_experiment import run_experiment
from stratomics.report.plots import panels
from stratomics.report.text.metrics import difference_sentences, interval
from stratomics.runtime.logs import quiet_libraries

quiet_libraries()
os.chdir(
    tempfile.mkdtemp(prefix="stratomics-")
)  # runs/ and mlflow.db go here; name a folder of your own to keep them
settings = SimulationConfig(
    patients=240, features={"rna": 120, "protein": 50}, arm=False, missing_views=0.2, seed=4
)
simulated = simulate(settings)
write_cohort(simulated, "cohort")
spec = yaml.safe_load(Path("cohort/cohort.yaml").read_text())
Path("cohort/cohort.yaml").write_text(yaml.safe_dump(spec | {"primary": "response"}, sort_keys=False))
spec["endpoints"]

# %% [markdown]
# `primary: response` makes it the endpoint that decides: folds are balanced by it, methods compared on its log
# loss.

# %%
config = ExperimentConfig(
    cohort="cohort",
    split=SplitConfig(folds=3, repeats=1, inner_folds=3),
    endpoints=[],
    factors=FactorsConfig(count=5, per_view=0),
    trainer=TrainerConfig(epochs=60),
    baselines=["clinical_logistic", "elastic_net_logistic"],
    controls=[],
    evaluation=EvaluationConfig(draws=100),
    workers=1,
)
run = run_experiment(config)
print(*difference_sentences(run.metrics), sep="\n")
for name in ("log_loss", "auroc", "brier"):
    print(name, interval(run.metrics[run.endpoint][name]))

# %% [markdown]
# ## Is the probability true?
#
# First as anybody may look at it: groups of patients, what they were told and how many responded. Then, as only a
# simulation allows: what was predicted against the true probability of each.

# %%
drawn = panels(run)
print(drawn["calibration"].sentence)
drawn["calibration"].figure

# %%
patients = run.predictions["stratomics"].patients.set_index("sample_id")
truth = pd.Series(simulated.truth.response_probability[:, 0], index=simulated.truth.sample_id)
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
# `response_set` holds the responses that are possible. Nine in ten sets hold the true one **within each class**:
# few responders are not lost among many others. A set with both is an honest "we do not know".

# %%
responded = pd.Series(run.response.positive, index=run.sample_ids)[patients.index]
given = pd.crosstab(
    responded.map({True: "responded", False: "did not"}), patients["response_set"], normalize="index"
)
display(given.round(2))
for name in ("set_coverage_positive", "set_coverage_negative", "set_width"):
    print(name, interval(run.metrics[run.endpoint][name]))

# %% [markdown]
# ## Acting on it
#
# Whoever acts at a threshold weighs harm against benefit by it (at .3, one needless treatment counts 3/7 of a
# responder reached). Net benefit puts all methods and "treat everybody" on that scale; `stratomics` need not be
# the best of them.

# %%
thresholds = np.linspace(0.05, 0.7, 40)


def net_benefit(probability, positive):
    """Responders reached less needless treatments, a patient, at each threshold."""
    treated = probability[:, None] >= thresholds
    odds = thresholds / (1 - thresholds)
    return (treated & positive[:, None]).mean(axis=0) - odds * (treated & ~positive[:, None]).mean(axis=0)


figure, axes = plt.subplots(figsize=(7, 3.5))
for (name, own), style in zip(run.predictions.items(), ("-", "--", "-."), strict=True):
    probability = own.patients.set_index("sample_id")["response_probability"][patients.index]
    axes.plot(thresholds, net_benefit(probability.to_numpy(), responded.to_numpy()), style, label=name)
axes.plot(
    thresholds,
    net_benefit(np.ones(len(responded)), responded.to_numpy()),
    color="#999999",
    label="treat everybody",
)
axes.axhline(0, color="#999999", linestyle=":", label="treat nobody")
axes.set(xlabel="threshold", ylabel="net benefit", ylim=(-0.05, None))
axes.legend(frameon=False, fontsize=8)
axes.spines[["top", "right"]].set_visible(False)

# %% [markdown]
# ## What one may and may not conclude
#
# **One may conclude** how well the order and the level of the probabilities hold in patients like these, for whom
# a single response is named and for whom not, and whether acting on a prediction beats acting on none, at the
# thresholds that a clinic would defend.
#
# **One may not conclude** that who is likely to respond is whom the treatment helps: there is no control arm
# here, and a patient may respond, or do well, on anything (the next notebook asks that). Nor that a set of one
# class is right: one in ten is not, in each class. Nor from curves of net benefit that lie close together that
# one is better: they were drawn without intervals.
