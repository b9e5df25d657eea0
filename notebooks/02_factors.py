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
# # 02 Factors, and a new patient without proteomics
#
# Factors summarize the variation that views share. This notebook fits factors to some of the patients, interprets
# them, tests their stability, and computes them for new patients, with and without their proteins.

# %%
# %matplotlib inline
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from datamodules.config import HarmonizeConfig
from datamodules.harmonizer import Harmonizer
from models.factors.associations import associations
from models.factors.loadings import factor_names, named_loadings
from models.factors.pca import PCA
from models.factors.stability import split_half_fits, stability
from omics.cohort.read import observed_views, read_cohort
from stratomics.runtime.logs import quiet_libraries

quiet_libraries()
cohort = read_cohort("bundled:tcga_acc")
views = observed_views(cohort)

# %% [markdown]
# A third of the patients with all views serve as new patients. They are used neither to fit the harmonizer (which
# features, which scale) nor to fit the factor model.

# %%
rng = np.random.default_rng(2)
complete = np.flatnonzero(views.all(axis=1))
new_rows = np.sort(rng.choice(complete, len(complete) // 3, replace=False))
training = cohort[np.setdiff1d(np.arange(cohort.n_obs), new_rows)].copy()
new_patients = cohort[new_rows].copy()

harmonizer = Harmonizer(HarmonizeConfig(max_features=300)).fit(training)
batch = harmonizer.transform(training)
model = PCA(6, seed=2).fit(batch)
print(f"{training.n_obs} training patients, {new_patients.n_obs} new patients.")

# %% [markdown]
# ## What the factors are
#
# The share of the variance of each view that each factor explains, and the features with the largest loadings. `GFA`
# from `models.factors.gfa.model`, and every other model in `FACTOR_MODELS`, has the same interface as `PCA`.

# %%
explained = model.variance_explained()
figure, axes = plt.subplots(figsize=(6, 2.4))
mesh = axes.pcolormesh(100 * explained.to_numpy(), cmap="Blues", vmin=0, edgecolors="white")
axes.set_yticks(np.arange(len(explained)) + 0.5, explained.index)
axes.set_xticks(np.arange(explained.shape[1]) + 0.5, explained.columns)
axes.invert_yaxis()
colours = figure.colorbar(mesh, ax=axes, label="% explained")

# %%
loadings = named_loadings(harmonizer.features, model)
top = {
    view: [", ".join(table[factor].abs().nlargest(4).index) for factor in table]
    for view, table in loadings.items()
}
pd.DataFrame(top, index=explained.columns)

# %% [markdown]
# ## Are the factors stable?
#
# The patients are split into two halves, three times, and the model is fitted to each half. A factor with the verdict
# "poor" must not be interpreted, however plausible its genes are.


# %%
def fit(part, seed):
    """Fit some of the patients, and return the loadings."""
    names = {view: harmonizer.features[view] for view in part.views}
    return named_loadings(names, PCA(6, seed).fit(part))


halves = list(split_half_fits(fit, batch, seed=2))
stable = stability(loadings, halves, [loadings])[["factor", "stability", "verdict"]]
stable

# %%
scores = pd.DataFrame(model.transform(batch).mean, index=batch.sample_ids, columns=factor_names(6))
tests = associations(scores[batch.known(batch.views)], training).sort_values("q")
tests[["factor", "kind", "name", "measure", "effect", "q"]].head(6)

# %% [markdown]
# ## A new patient, with and without proteins
#
# The same patients twice: with all views, and without the proteins. `transform` computes the factors in both cases;
# `sd` is the posterior standard deviation.

# %%
without_rppa = new_patients.copy()
del without_rppa.mod["rppa"]
all_views = model.transform(harmonizer.transform(new_patients))
fewer_views = model.transform(harmonizer.transform(without_rppa))
comparison = pd.DataFrame(
    {
        "correlation": [
            np.corrcoef(a, b)[0, 1] for a, b in zip(all_views.mean.T, fewer_views.mean.T, strict=True)
        ],
        "sd with all views": all_views.sd.mean(axis=0),
        "sd without rppa": fewer_views.sd.mean(axis=0),
    },
    index=factor_names(6),
)
comparison

# %% [markdown]
# The other views predict the proteins that were taken away. The measured values show how well: the share of the
# variance of each protein that is explained. 0 is as good as the mean of the training patients; below 0 is worse.

# %%
predicted, sd = model.reconstruct("rppa", harmonizer.transform(without_rppa))
measured = harmonizer.transform(new_patients).views["rppa"]
explained_share = 1 - ((measured - predicted) ** 2).sum(axis=0) / (measured**2).sum(axis=0)
order = np.argsort(explained_share)[::-1]
inside = (np.abs(measured - predicted) <= 1.96 * sd).mean()
print(f"{(explained_share > 0).mean():.0%} of the proteins are predicted better than by the mean.")
print(f"The median explained share is {np.median(explained_share):.2f}.")
print(f"{inside:.0%} of the measured values lie within 1.96 predicted sd.")

# %%
best = order[0]
figure, axes = plt.subplots(figsize=(4, 4))
axes.errorbar(
    predicted[:, best], measured[:, best], xerr=sd[:, best], fmt="o", color="#0072B2", ecolor="#56B4E9"
)
axes.axline((0, 0), slope=1, color="#999999", linewidth=1)
axes.set(xlabel="predicted from the other views, +- sd", ylabel="measured")
axes.set_title(f"largest explained share: {harmonizer.features['rppa'][best]}", fontsize=10)
axes.spines[["top", "right"]].set_visible(False)

# %% [markdown]
# ## What one may and may not conclude
#
# **One may conclude** that factors can be computed for a patient without proteins, how much more uncertain they are
# than with proteins, and how well the other views predict a protein in patients that were not used for training.
#
# **One may not conclude** that a predicted protein replaces a measured one, least of all the protein with the largest
# explained share: it is the best of all that were compared, in few patients. A factor that is associated with the
# outcome in these patients need not cause it, and need not predict it elsewhere. A poor factor must not be
# interpreted.
