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
# Which patients should the next trial enrol? A randomised trial is simulated, in which treatment helps some patients
# more than others. The benefit of its patients is predicted out of fold, and enrichment uses these predictions. The
# truth is known here; it is shown at the end, so that no choice depends on it.

# %%
# %matplotlib inline
import os
import tempfile

import numpy as np
import pandas as pd
from IPython.display import display

from datamodules.config import SplitConfig
from models.config import FactorsConfig, TrainerConfig
from omics.simulate.simulate_cohort import SimulationConfig, simulate, write_cohort
from stratomics.config import EvaluationConfig, ExperimentConfig
from stratomics.enrichment.plan.trial_assumptions import TrialRequest
from stratomics.enrichment.run_analysis import enrich_run
from stratomics.enrichment.store import save_enrichment
from stratomics.experiment.run_experiment import run_experiment
from stratomics.report.plots import panels
from stratomics.runtime.logs import quiet_libraries

quiet_libraries()
os.chdir(
    tempfile.mkdtemp(prefix="stratomics-")
)  # runs/ and mlflow.db go here; name a folder of your own to keep them
settings = SimulationConfig(
    patients=300,
    features={"rna": 100, "protein": 60},
    signal=0.6,
    predictive_strength=1.0,
    missing_views=0.1,
    seed=5,
)
simulated = simulate(settings)
write_cohort(simulated, "trial")

# %%
config = ExperimentConfig(
    cohort="trial",
    split=SplitConfig(folds=3, repeats=1, inner_folds=3),
    endpoints=[],
    factors=FactorsConfig(count=5, per_view=0),
    trainer=TrainerConfig(epochs=60),
    baselines=[],
    controls=[],
    evaluation=EvaluationConfig(draws=100),
    workers=1,
)
run = run_experiment(config)
patients = run.predictions["stratomics"].patients
patients[["sample_id", "risk", "benefit", "benefit_sd"]].describe().loc[["mean", "min", "max"]]

# %% [markdown]
# `benefit` is the predicted days gained under treatment. `enrich_run` evaluates it: the same as `stratomics enrich`,
# as one typed result. Few draws and virtual trials here; the defaults are 1000 and 2000.

# %%
result = enrich_run(run, request=TrialRequest(trials=100), draws=100)
print(result.evidence.sentence)


def span(effect):
    """Write an effect with its interval."""
    return "" if effect is None else f"{effect.estimate:.2f} ({effect.low:.2f} to {effect.high:.2f})"


pd.DataFrame(
    [
        {
            "share taken": row.prevalence,
            "patients": row.n,
            "events": row.events,
            "inside": span(row.inside),
            "outside": span(row.outside),
        }
        for row in result.rows
    ]
).round(2)

# %% [markdown]
# Each row is a cut, with its effect in these patients (a hazard ratio: below 1 helps). The best of them was chosen
# partly by chance. The effect corrected for that choice:

# %%
search, best = result.search, result.chosen
print(f"The chosen cut takes {best.prevalence:.0%}: {span(best.inside)} inside.")
print(f"Corrected for its choice: {span(search.out_of_bag)}.")
print(search.verdict)

# %% [markdown]
# ## The trial that follows
#
# Designs for one question side by side, each run virtually: with the effect as estimated, drawn from its
# interval, half of it, delayed, and absent. Under "null" the share of trials that reject is the type I error.

# %%
# subgroup.json and design.json are written into the run directory: the rule is locked.
not_written = save_enrichment(run, result)
plan = result.run.plan
display(pd.DataFrame(list(plan.designs))[["design", "events", "patients", "tested", "duration"]].round(0))
pd.DataFrame(list(plan.virtual)).pivot(index="plan", columns="truth", values="rejected").round(3)

# %%
figure = panels(run)["effects"].figure
figure.axes[0].set_title("Effect inside and outside each cut")
figure

# %% [markdown]
# ## The truth, which is unknown for a real cohort
#
# The true hazard ratios of patients inside and outside the rules, from the simulation.

# %%
truth = result.run.truth
print(result.subgroup.label)
print(f"Predicted and true benefit correlate by {truth.correlation:.2f}.")
for patients_in, effect in (
    ("inside", truth.inside),
    ("outside", truth.outside),
    ("all patients", truth.all_patients),
):
    print(f"true {truth.measure}, {patients_in}: {effect:.2f}")
inside_true = np.mean(simulated.truth.benefits)
print(f"The treatment truly helps {inside_true:.0%} of these patients.")

# %% [markdown]
# ## What one may and may not conclude
#
# **One may conclude** how strong the evidence is that patients ordered by predicted benefit gain differently,
# what effect remains inside a cut after correction for its choice, and what a trial of a given size would do if
# the effect were as estimated, half of that, delayed, or absent.
#
# **One may not conclude** that a subgroup benefits because the effect in its row looks large: the row that looks
# best was chosen. Nor, from an effect inside alone, that those outside do not benefit: look at both, and at their
# intervals. Nor that the rule works: it was made and evaluated in one trial, and is a hypothesis with a sample size
# until another trial has tested it.
