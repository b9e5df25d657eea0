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
# # 11 Vancomycin: what one level buys
#
# Two patients on one dose of vancomycin differ several-fold in exposure. Guidelines ask for an area under the curve
# over 24 hours (AUC24) of 400 to 600 mg/L x h. This notebook computes how probable this is for a dose, first from the
# covariates of a patient, then with one measured level, and simulates what such a level is worth. The model is that of
# Goti et al. 2018. **For research; not for dosing of patients.**

# %%
# %matplotlib inline
import tempfile
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

import stratomics as st

model, target = "vancomycin_goti_2018", "auc24_ss:400-600"
every_12_hours = {"interval": 12, "infusion": 1}
patient = {"CRCL": 90, "WT": 70, "DIAL": 0}  # creatinine clearance in mL/min, weight in kg, no haemodialysis

# %% [markdown]
# ## Without levels
#
# Kidney function, weight and dialysis leave the clearance of a patient uncertain: a 90% interval reaches from half to
# twice the typical value. No dose is within the target with a probability much above 40%.

# %%
before = st.tl.dose(
    model, [500, 750, 1000, 1250, 1500], target, covariates=patient, value=500, **every_12_hours
)
before.rows.round(3)

# %%
print(
    f"Most probable dose: {before.prior.best.dose:.0f} mg, within the target: {before.prior.best.within:.3f}"
)
print(f"Dose with a median of 500 mg/L x h: {before.prior.reach.iloc[0]:.0f} mg")

# %% [markdown]
# ## With one level
#
# The patient has four doses of 1,000 mg, and a level of 20 mg/L half an hour before the fifth. The table of events has
# the layout of NONMEM. With the level, the random effects of the patient have a posterior distribution, and each dose a
# new probability.

# %%
folder = Path(tempfile.mkdtemp())
events = pd.DataFrame(
    {
        "ID": 1,
        "TIME": [0.0, 47.5],
        "AMT": [1000, None],
        "RATE": [1000, None],
        "II": [12, None],
        "ADDL": [3, None],
        "DV": [None, 20.0],
    }
)
events.to_csv(folder / "events.csv", index=False)
doses = np.arange(250, 2001, 50)
after = st.tl.dose(model, doses, target, covariates=patient, events=folder / "events.csv", **every_12_hours)
print(
    f"Most probable dose: {after.posterior.best.dose:.0f} mg, within the target: {after.posterior.best.within:.3f}"
)
print(f"With the dose that is most probable without the level: {after.with_prior_doses:.3f}")

# %%
figure, axes = plt.subplots(figsize=(6, 3.5), layout="constrained")
for levels, rows in after.rows.groupby("levels"):
    name = "with a level of 20 mg/L" if levels else "without levels"
    axes.plot(rows["dose"], rows["within"], marker="o", markersize=3, label=name)
axes.set_xlabel("Dose every 12 h, mg")
axes.set_ylabel("Probability of an AUC24\nof 400 to 600 mg/L x h")
axes.set_ylim(0, None)
axes.legend()

# %% [markdown]
# ## What a level is worth, before it is taken
#
# One patient shows little: their level may mislead. 200 simulated patients have 1,000 mg every 12 hours, and levels at
# some times, with the residual error of the model. Each then has the dose that is most probable given these levels.
# The truth is known: `within` is the share of patients whose true AUC24 is in the target, `predicted` the mean of the
# computed probabilities. All designs have the same patients.

# %%
designs = [[2], [11.5], [47.5], [38, 47.5]]
value = before.value_of_levels(designs, first_dose=1000, patients=200, limit=0.5, draws=1000, seed=11)
value.round(3)

# %%
figure, axes = plt.subplots(figsize=(6, 3), layout="constrained")
places = np.arange(len(value))
axes.errorbar(
    value["within"], places, xerr=1.96 * value["error"], fmt="o", label="simulated truth, 95% interval"
)
axes.plot(value["predicted"], places, "|", markersize=14, color="black", label="predicted")
axes.set_yticks(
    places, ["no level, 876 mg for all", *(f"level at {times} h" for times in value["levels"][1:])]
)
axes.set_xlabel("Share of patients within the target")
axes.invert_yaxis()
axes.margins(y=0.2)
axes.legend(fontsize=8, loc="lower left")

# %% [markdown]
# ## A population
#
# Patients differ in kidney function. One dose for all is worse than a dose by covariates, and this is worse than a dose
# by covariates and a level.

# %%
kidneys = pd.DataFrame({"CRCL": np.linspace(30, 150, 25), "WT": 70.0, "DIAL": 0})
population = st.tl.dose(model, [500, 1000, 1500], target, covariates=kidneys, **every_12_hours)
levels = population.value_of_levels([[47.5]], first_dose=1000, patients=200, draws=1000, seed=11)
pd.Series(
    {
        f"one dose for all, {population.prior.best.dose:.0f} mg": population.prior.best.within,
        "dose by covariates": population.prior.own["within"].mean(),
        "dose by covariates and a level at 47.5 h": levels["predicted"].iloc[1],
    }
).round(3)

# %% [markdown]
# ## What one may and may not conclude
#
# **One may conclude** how probable a target is for a dose in patients whom the model describes, which times of levels
# are informative, and how much of the uncertainty one level removes: the share within the target rises from about 40%
# to 55%. The predicted probabilities are those of the simulated truth.
#
# **One may not conclude** a dose for a patient. The model was made from one population; the simulated patients follow
# it exactly, and real patients do not: their kidney function changes, doses are late, and times are written down
# wrongly. Whether a target of 400 to 600 helps a patient is another question, which exposure alone does not answer.
