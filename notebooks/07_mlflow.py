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
# # 07 Reading runs back from MLflow
#
# Every run is recorded in MLflow, with one nested run a fold, its tables as artifacts and its final model in the
# registry. Here two runs are made, their folders thrown away, and everything is read back.

# %%
# %matplotlib inline
import dataclasses
import os
import shutil
import tempfile

from datamodules.config import SplitConfig
from models.config import FactorsConfig, TrainerConfig
from omics.simulate.simulate_cohort import SimulationConfig, simulate, write_cohort
from stratomics.config import EvaluationConfig, ExperimentConfig, TrackingConfig
from stratomics.experiment.run_experiment import run_experiment
from stratomics.fitting.fitted import Fitted
from stratomics.report.plots import panels
from stratomics.report.text.metrics import interval
from stratomics.runs.run_directory import RunDirectory
from stratomics.runtime.logs import quiet_libraries
from stratomics.tracking.find_run import open_run

quiet_libraries()
os.chdir(
    tempfile.mkdtemp(prefix="stratomics-")
)  # runs/ and mlflow.db go here; name a folder of your own to keep them
uri = "sqlite:///mlflow.db"
settings = SimulationConfig(patients=120, features={"rna": 60, "protein": 30}, arm=False, seed=7)
write_cohort(simulate(settings), "cohort")
config = ExperimentConfig(
    cohort="cohort",
    split=SplitConfig(folds=2, repeats=1, inner_folds=3),
    endpoints=[],
    factors=FactorsConfig(count=4, per_view=0),
    trainer=TrainerConfig(epochs=40),
    baselines=["clinical_cox"],
    controls=[],
    evaluation=EvaluationConfig(draws=100),
    tracking=TrackingConfig(uri=uri),
    workers=1,
)
for count in (2, 4):
    run_experiment(dataclasses.replace(config, factors=FactorsConfig(count=count, per_view=0)))
shutil.rmtree("runs")

# %% [markdown]
# ## Which runs are there?
#
# Every key of the configuration is a parameter, every figure a metric; the tag `stratomics.run` holds the name of
# the run directory. In a terminal, `mlflow ui --backend-store-uri sqlite:///mlflow.db` shows the same.

# %%
import mlflow

mlflow.set_tracking_uri(uri)
table = mlflow.search_runs(experiment_names=["stratomics"], filter_string="tags.`stratomics.run` != ''")
columns = {
    "run_id": "run_id",
    "tags.stratomics.run": "run",
    "params.factors.count": "factors",
    "metrics.survival.ibs": "ibs",
    "metrics.survival.ibs.low": "low",
    "metrics.survival.ibs.high": "high",
}
found = table[list(columns)].rename(columns=columns).sort_values("ibs", ignore_index=True)
found

# %% [markdown]
# The folds of one of them, which are nested runs: how much the figure moves from fold to fold, with a few
# patients each.

# %%
chosen = found["run_id"][0]
folds = mlflow.search_runs(
    experiment_names=["stratomics"], filter_string=f"tags.mlflow.parentRunId = '{chosen}'"
).set_index("tags.mlflow.runName")
folds[
    [
        column
        for column in folds
        if column.startswith("metrics.") and column.endswith(("harrell_c", "ibs", "test"))
    ]
].T

# %% [markdown]
# ## A run by its id
#
# `open_run` brings the run directory back to a temporary place for as long as the block lasts; all that is
# wanted of it is read inside. The commands take an id too: `stratomics predict ID new_patients --out
# predicted.parquet --tracking.uri URI`.

# %%
with open_run(chosen, uri) as place:
    run = RunDirectory(place)
    predictions = run.predictions["stratomics"].patients
    metrics = run.metrics
    figure = panels(run)["risk"].figure
    model = Fitted.load(run.path / "model")
print(run.path.name, "is gone again:", not run.path.exists())
print("IBS", interval(metrics["survival"]["ibs"]), "Harrell C", interval(metrics["survival"]["harrell_c"]))
predictions[["sample_id", "repeat", "fold", "risk", "survival_bound"]].head()

# %%
figure.axes[0].set_title(f"Run {chosen[:8]}, out of fold")
figure

# %% [markdown]
# The model predicts patients whom it never saw: here thirty more of the same simulation. Yours come from
# `read_cohort`.

# %%
more = simulate(dataclasses.replace(settings, patients=150)).cohort[120:].copy()
model.predict(more).patients[["sample_id", "risk", "risk_sd", "survival_bound", "abstain"]].head()

# %% [markdown]
# ## What one may and may not conclude
#
# **One may conclude** that a run can be told by its id alone: which configuration and cohort it was, how each
# fold went, what was predicted of every patient; and that its model answers without the folder it came from.
#
# **One may not conclude** that the run on top of the table is the best: a table that is sorted by a figure shows
# the luckiest first. Whoever looks for the best setting wants `stratomics tune`, which is nested, so that its
# score pays for the search. And predictions of new patients have no score at all until their outcomes are known.
