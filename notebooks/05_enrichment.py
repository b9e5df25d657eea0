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
# Which patients should the next trial enrol? The cohort is a simulated randomised trial, in which the treatment helps
# some patients more than others. The benefit of each patient is predicted out of fold, and a subgroup is chosen by
# it. The true effects are known here; they are shown at the end, so that no choice depends on them.

# %%
# %matplotlib inline
import os
import tempfile

import numpy as np
import pandas as pd
from IPython.display import display

from datamodules.config import SplitConfig
from models.config import FactorsConfig, TrainerConfig
from omics.simulate.simulate_cohort import SimulationConfig, simulate, write_simulated
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
)  # runs/ and mlflow.db go here; name one of your folders to keep them
settings = SimulationConfig(
    patients=300,
    features={"rna": 100, "protein": 60},
    signal=0.6,
    predictive_strength=1.0,
    missing_views=0.1,
    seed=5,
)
simulated = simulate(settings)
write_simulated(simulated, "trial")

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
# `benefit` is the predicted number of days gained under treatment. `enrich_run` does the same as `stratomics enrich`
# and returns an `EnrichmentResult`. This notebook uses few resamples and few virtual trials; the defaults are 1000
# and 2000.

# %%
result = enrich_run(run, request=TrialRequest(trials=100), draws=100)
print(result.evidence.sentence)


def effect_text(effect):
    """Format an effect with its interval."""
    return "" if effect is None else f"{effect.estimate:.2f} ({effect.low:.2f} to {effect.high:.2f})"


pd.DataFrame(
    [
        {
            "share inside": row.prevalence,
            "patients": row.n,
            "events": row.events,
            "inside": effect_text(row.inside),
            "outside": effect_text(row.outside),
        }
        for row in result.rows
    ]
).round(2)

# %% [markdown]
# The first row is all patients; each further row is one cut, with its apparent effect in these patients (a hazard
# ratio: below 1, the treatment helps). The best of several cuts looks better than it is, partly by chance. The next
# cell corrects for this optimism.

# %%
print(
    f"The best cut has {result.chosen.prevalence:.0%} of the patients inside: {effect_text(result.chosen.inside)}."
)
print(f"Corrected for the choice of the cut: {effect_text(result.corrected)}.")
print(result.search.verdict)

# %% [markdown]
# ## The trial that follows
#
# Several designs for one question, each with simulated trials: with the effect as estimated, drawn from its interval,
# halved, delayed, and absent. Under "null", the share of trials that reject is the type I error.

# %%
# Writes subgroup.json, the locked rule, and design.json into the run directory.
not_written = save_enrichment(run, result)
plan = result.run.plan
display(pd.DataFrame(list(plan.designs))[["design", "events", "patients", "tested", "duration"]].round(0))
pd.DataFrame(list(plan.virtual)).pivot(index="plan", columns="truth", values="rejected").round(3)

# %%
figure = panels(run)["effects"].figure
figure.axes[0].set_title("Effect inside and outside each cut")
figure

# %% [markdown]
# ## The truth, which is unknown in a real trial
#
# The true hazard ratios inside and outside the subgroup, from the simulation.

# %%
truth = result.run.truth
print(result.subgroup.label)
print(f"Correlation of predicted and true benefit: {truth.correlation:.2f}.")
print(f"True {truth.measure} inside: {truth.inside:.2f}")
print(f"True {truth.measure} outside: {truth.outside:.2f}")
print(f"True {truth.measure} in all patients: {truth.all_patients:.2f}")
print(f"The treatment helps {np.mean(simulated.truth.benefits):.0%} of these patients.")

# %% [markdown]
# ## What one may and may not conclude
#
# **One may conclude** how strong the evidence is that benefit differs between patients as predicted, which effect
# remains inside a cut after correction for its choice, and how often a trial of a given size would succeed if the
# effect were as estimated, half of that, delayed, or absent.
#
# **One may not conclude** that a subgroup benefits because the effect in its row is large: that row was chosen because
# it looks best. An effect inside does not show that patients outside do not benefit: compare both effects and their
# intervals. The rule is not confirmed: it was made and evaluated in one trial, and stays a hypothesis until another
# trial has tested it.
