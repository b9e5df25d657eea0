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
import os
import shutil
import tempfile

from IPython.display import display

import stratomics as st

os.chdir(
    tempfile.mkdtemp(prefix="stratomics-")
)  # runs/ and mlflow.db go here; name one of your folders to keep them
uri = "sqlite:///mlflow.db"
st.settings.tracking_uri, st.settings.workers = uri, 1
simulation = {"features": {"rna": 60, "protein": 30}, "arm": False, "seed": 7}
cohort = st.simulate(patients=120, **simulation)
for count in (2, 4):
    st.run(
        cohort,
        split={"folds": 2, "repeats": 1, "inner_folds": 3},
        endpoints=[],
        factors={"count": count, "per_view": 0},
        trainer={"epochs": 40},
        baselines=["clinical_cox"],
        controls=[],
        evaluation={"draws": 100},
    )
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
    "metrics.survival/ibs": "ibs",
    "metrics.interval/survival/ibs_low": "low",
    "metrics.interval/survival/ibs_high": "high",
    "tags.stratomics.verdict": "report card",
}
runs = table[list(columns)].rename(columns=columns).sort_values("ibs", ignore_index=True)
runs

# %% [markdown]
# The folds of one run are nested runs, whose metrics have the same names. They show how much a metric varies between
# folds, which have few patients each.

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
# `st.open_run` downloads the run directory to a temporary folder, which exists as long as the object. The commands
# accept an id, too: `stratomics predict ID new_patients --out predicted.parquet --tracking.uri URI`.

# %%
run = st.open_run(run_id)
display(run.compare().round(3))
run.predictions[["sample_id", "repeat", "fold", "risk", "survival_bound"]].head()

# %%
axes = st.pl.km(run, by="risk")

# %% [markdown]
# The model predicts new patients: here thirty more patients of the same simulation. `st.read_cohort` reads yours.

# %%
new_patients = st.simulate(patients=150, **simulation)[120:].copy()
run.model.predict(new_patients)[["risk", "risk_sd", "survival_bound", "abstain"]].head()

# %% [markdown]
# ## What one may and may not conclude
#
# **One may conclude** that the id of a run is sufficient to restore its configuration and cohort, the metrics of each
# fold, and the predictions of each patient, and that its model works without the original folder.
#
# **One may not conclude** that the first run of the table is the best: in a sorted table, the first run is also the
# one that chance favours most. Use `stratomics tune` to find the best setting: it is nested, so that its score accounts
# for the search. Predictions of new patients cannot be evaluated until their outcomes are known.
