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
# Every run is recorded in MLflow, with one nested run per fold, its tables as artifacts and its final model in the
# model registry. This notebook makes two runs, deletes their folders, and reads everything back from MLflow.

# %%
# %matplotlib inline
import dataclasses
import os
import shutil
import tempfile

from datamodules.config import SplitConfig
from models.config import FactorsConfig, TrainerConfig
from omics.simulate.simulate_cohort import SimulationConfig, simulate, write_simulated
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
)  # runs/ and mlflow.db go here; name one of your folders to keep them
uri = "sqlite:///mlflow.db"
settings = SimulationConfig(patients=120, features={"rna": 60, "protein": 30}, arm=False, seed=7)
write_simulated(simulate(settings), "cohort")
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
# Every key of the configuration is a parameter, and every number of `metrics.json` is a metric; here, the integrated
# Brier score (IBS). The tag `stratomics.run` is the name of the run directory. In a terminal,
# `mlflow ui --backend-store-uri sqlite:///mlflow.db` shows the same.

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
runs = table[list(columns)].rename(columns=columns).sort_values("ibs", ignore_index=True)
runs

# %% [markdown]
# The folds of one run are nested runs. They show how much a metric varies between folds, which have few patients each.

# %%
run_id = runs["run_id"][0]
folds = mlflow.search_runs(
    experiment_names=["stratomics"], filter_string=f"tags.mlflow.parentRunId = '{run_id}'"
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
# `open_run` downloads the run directory to a temporary folder, which exists until the end of the `with` block. The
# commands accept an id, too: `stratomics predict ID new_patients --out predicted.parquet --tracking.uri URI`.

# %%
with open_run(run_id, uri) as folder:
    run = RunDirectory(folder)
    predictions = run.predictions["stratomics"].patients
    metrics = run.metrics
    figure = panels(run)["risk"].figure
    model = Fitted.load(run.path / "model")
print(run.path.name, "is deleted again:", not run.path.exists())
print("IBS", interval(metrics["survival"]["ibs"]), "Harrell C", interval(metrics["survival"]["harrell_c"]))
predictions[["sample_id", "repeat", "fold", "risk", "survival_bound"]].head()

# %%
figure.axes[0].set_title(f"Run {run_id[:8]}, out-of-fold predictions")
figure

# %% [markdown]
# The model predicts new patients: here thirty more patients of the same simulation. `read_cohort` reads yours.

# %%
new_patients = simulate(dataclasses.replace(settings, patients=150)).cohort[120:].copy()
model.predict(new_patients).patients[["sample_id", "risk", "risk_sd", "survival_bound", "abstain"]].head()

# %% [markdown]
# ## What one may and may not conclude
#
# **One may conclude** that the id of a run is sufficient to restore its configuration and cohort, the metrics of each
# fold, and the predictions of each patient, and that its model works without the original folder.
#
# **One may not conclude** that the first run of the table is the best: in a sorted table, the first run is also the
# one that chance favours most. Use `stratomics tune` to find the best setting: it is nested, so that its score accounts
# for the search. Predictions of new patients cannot be evaluated until their outcomes are known.
