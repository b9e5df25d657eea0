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
# # 12 Virtual twins in a dose trial
#
# A simulated trial with five kinds of measurements randomises two doses. A factor of the patients raises their
# clearance, exposure drives survival and toxicity. Which outcome does the model predict for a patient under each dose,
# and how many patients would a trial of the two doses need? **For research; not for dosing of patients.**

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

import stratomics as st

folder = Path(tempfile.mkdtemp(prefix="stratomics-"))
os.chdir(folder)  # runs and MLflow's records go there

# %% [markdown]
# ## A trial with a known truth
#
# 120 patients get 500 or 1500 mg of vancomycin every 12 hours, at random. The first factor raises the clearance by
# 25% per standard deviation, and another factor raises the hazard. Twice the exposure is 0.62 times the hazard.

# %%
rng = np.random.default_rng(12)
n = 120
ids = [f"P{number:03d}" for number in range(n)]
factors = rng.standard_normal((n, 3))
kidney, weight = np.clip(rng.normal(90, 25, n), 30, 150), np.clip(rng.normal(75, 12, n), 45, 120)
dose = rng.permutation(np.repeat([500.0, 1500.0], n // 2))
clearance = 4.5 * (kidney / 120) ** 0.8 * np.exp(0.22 * factors[:, 0] + 0.25 * rng.standard_normal(n))
auc = 2 * dose / clearance

hazard = np.exp(-0.7 * np.log(auc / 400) + 0.5 * factors[:, 1]) / 400
time, follow_up = rng.exponential(1 / hazard) + 3, rng.uniform(200, 900, n)
toxic = rng.random(n) < 1 / (1 + np.exp(1.5 - 1.5 * np.log(auc / 400)))
outcome = pd.DataFrame(
    {
        "sample_id": ids,
        "days": np.minimum(time, follow_up).round(1),
        "died": (time <= follow_up).astype(int),
        "toxicity": np.where(toxic, "yes", "no"),
        "age": rng.integers(30, 80, n),
    }
)

views = {"rna": 60, "protein": 30, "methylation": 40, "metabolites": 20, "mirna": 20}
modalities = ["transcriptomics", "proteomics", "genomics", "metabolomics", "transcriptomics"]
for name, width in views.items():
    values = 8 + factors @ rng.standard_normal((3, width)) + 0.8 * rng.standard_normal((n, width))
    if name == "methylation":
        values = 1 / (1 + np.exp(-(values - 8) / 2))
    columns = [f"{name}{number}" for number in range(width)]
    pd.DataFrame(values.round(4), pd.Index(ids, name="sample_id"), columns).to_csv(folder / f"{name}.csv")

# %% [markdown]
# The table of events has the doses and one level of each patient, before the fifth dose, with an error of 20%. The
# simulation has one compartment, the published model has two.

# %%
volume = 58.4 * weight / 70 + 38.4
rate = clearance / volume
after = np.array([47.5, 35.5, 23.5, 11.5])[:, None] - 1
level = (dose / clearance * (1 - np.exp(-rate)) * np.exp(-rate * after)).sum(axis=0)
level *= np.exp(0.2 * rng.standard_normal(n))
same = {"ID": ids, "crcl": kidney.round(1), "wt": weight.round(1), "dial": 0}
doses = pd.DataFrame({**same, "TIME": 0.0, "AMT": dose, "RATE": dose, "II": 12.0, "ADDL": 3})
levels = pd.DataFrame({**same, "TIME": 47.5, "DV": level.round(2)})
events = pd.concat([doses, levels]).sort_values(["ID", "TIME"], kind="stable")
events.to_csv(folder / "doses.csv", index=False)
outcome.to_csv(folder / "outcome.csv", index=False)

cohort = {
    "name": "dose_trial",
    "samples": {"file": "outcome.csv"},
    "views": {
        name: {
            "file": f"{name}.csv",
            "modality": modality,
            "scale": "beta" if name == "methylation" else "log",
        }
        for name, modality in zip(views, modalities, strict=True)
    },
    "endpoints": {
        "survival": {"kind": "survival", "time": "days", "event": "died", "unit": "days"},
        "toxicity": {"kind": "response", "column": "toxicity", "positive": "yes"},
    },
    "primary": "survival",
    "covariates": ["age"],
    "exposure": {
        "model": "vancomycin_goti_2018",
        "events": "doses.csv",
        "covariates": {"CRCL": "crcl", "WT": "wt", "DIAL": "dial"},
        "metrics": ["auc24_ss"],
        "window": 48,
    },
}
(folder / "cohort.yaml").write_text(yaml.safe_dump(cohort))

# %% [markdown]
# ## From doses to a model of survival and toxicity
#
# The exposure of each patient is estimated from their doses, level and covariates. It becomes a view beside the others.

# %%
run = st.run(
    folder,
    split={"folds": 2, "repeats": 1, "inner_folds": 3},
    trainer={"epochs": 30},
    factors={"count": 4},
    evaluation={"draws": 100},
    controls=[],
    workers=1,
)
display(run.compare()[["metric", "estimate", "low", "high"]].round(3))

# %% [markdown]
# ## The twins of a patient
#
# `low` is the reference. The prediction uses the patient's own clearance; where the exposure is outside the range of
# training, the curve is grey. A difference is the effect of exposure times the change of the patient's exposure. The
# effect is learned from the doses, beside the prediction without exposure, and it is not penalised.

# %%
low = {"name": "low", "dose": 500, "unit": "mg", "interval": 12, "infusion": 1}
high = {**low, "name": "high", "dose": 1500}
twins = st.twin(run, folder, [low, high])
display(twins.effects.round(2))
display(
    twins.exposure.query("patient == 'P000'")[["regimen", "measure", "estimate", "low", "high", "levels"]]
)
display(
    twins.differences.query("patient == 'P000'")[["endpoint", "time", "estimate", "low", "high"]].round(3)
)
st.pl.twin(twins, "P000")
plt.show()

# %% [markdown]
# The truth of the simulation: the true gains of the high dose, against the predicted ones.

# %%
horizon = twins.predictions["time"].dropna().max()
true = {}
for name, amount in (("low", 500), ("high", 1500)):
    log_auc = np.log(2 * amount / clearance / 400)
    alive = np.exp(-horizon * np.exp(-0.7 * log_auc + 0.5 * factors[:, 1]) / 400)
    true[name] = {"survival": alive, "toxicity": 1 / (1 + np.exp(1.5 - 1.5 * log_auc))}
for endpoint in ("survival", "toxicity"):
    gain = pd.Series(true["high"][endpoint] - true["low"][endpoint], ids)
    mean = twins.mean_differences.query("endpoint == @endpoint").iloc[-1]
    rows = twins.differences.query("endpoint == @endpoint").groupby("patient").last().loc[ids]
    inside = (rows["low"] <= gain) & (gain <= rows["high"])
    print(
        f"{endpoint}, high against low dose, mean of the patients: true {gain.mean():.2f}, predicted "
        f"{mean['estimate']:.2f} ({mean['low']:.2f} to {mean['high']:.2f}); "
        f"intervals of {inside.mean():.0%} of the patients include their true difference"
    )
shares = pd.Series(toxic).groupby(dose).mean()
print(f"toxicity in the data: {shares[500]:.0%} on the low dose, {shares[1500]:.0%} on the high dose")

# %% [markdown]
# The interval of the mean has the uncertainty of the effect, which is large in 120 patients. Toxicity is not the
# primary endpoint, and the prediction of it is poor. Its effect does not rest on this prediction: it is that of the
# data, where toxicity was by chance rarer on the high dose than in the truth.

# %% [markdown]
# ## Two doses as arms of a virtual trial
#
# 200 patients like these, 120 events, one patient every two days. `drawn` has the uncertainty of the effect.

# %%
trials = st.tl.twin_trial(twins, patients=200, events=120, accrual=0.5, trials=500)
trials.table[["truth", "reads_as", "rejected", "rejected_se", "duration", "events"]].round(3)

# %% [markdown]
# ## What one may and may not conclude
#
# **One may conclude** what exposure a patient would have under another dose, how certain this is, and what the model
# predicts with this exposure. Here the dose was randomised, so that a difference between doses is its effect.
#
# **One may not conclude** this where physicians chose the dose, or from exposure alone: patients with low clearance
# differ in other ways too. No patient was observed under two doses, so that the intervals are not calibrated. Virtual
# trials repeat what the model believes; the power under half of the effect, or a delayed one, is the safer number.
