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
# Factors sum up what views share. Here they are learned on some patients, read, asked whether they would come
# again, and then found for patients who were not among them, with and without their proteins.

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
# A third of the patients who have every view play the new ones. Neither the harmonizer (which features, which
# scale) nor the factor model sees them.

# %%
rng = np.random.default_rng(2)
complete = np.flatnonzero(views.all(axis=1))
new_rows = np.sort(rng.choice(complete, len(complete) // 3, replace=False))
old = cohort[np.setdiff1d(np.arange(cohort.n_obs), new_rows)].copy()
new = cohort[new_rows].copy()

harmonizer = Harmonizer(HarmonizeConfig(max_features=300)).fit(old)
batch = harmonizer.transform(old)
model = PCA(6, seed=2).fit(batch)
print(f"{old.n_obs} patients to learn from, {new.n_obs} new ones.")

# %% [markdown]
# ## What the factors are
#
# The share of each view's variance that each factor explains, and what loads highest. `GFA` from
# `models.factors.gfa.model`, or any other name in `FACTOR_MODELS`, keeps the same promise as `PCA`.

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
# ## Would they come again?
#
# Fits to halves of the patients that share nobody, three times. A factor that is poor is not to be interpreted,
# however well its genes read.


# %%
def fit(part, seed):
    """Give the loadings of a fit to some of the patients."""
    names = {view: harmonizer.features[view] for view in part.views}
    return named_loadings(names, PCA(6, seed).fit(part))


halves = list(split_half_fits(fit, batch, seed=2))
stable = stability(loadings, halves, [loadings])[["factor", "stability", "verdict"]]
stable

# %%
scores = pd.DataFrame(model.transform(batch).mean, index=batch.sample_ids, columns=factor_names(6))
found = associations(scores[batch.known(batch.views)], old).sort_values("q")
found[["factor", "kind", "name", "measure", "effect", "q"]].head(6)

# %% [markdown]
# ## A new patient, with and without proteins
#
# The same patients twice: as they are, and with the whole view taken away. `transform` puts either among the
# factors; `sd` says how sure it is.

# %%
without = new.copy()
del without.mod["rppa"]
as_they_are = model.transform(harmonizer.transform(new))
less = model.transform(harmonizer.transform(without))
moved = pd.DataFrame(
    {
        "correlation": [
            np.corrcoef(a, b)[0, 1] for a, b in zip(as_they_are.mean.T, less.mean.T, strict=True)
        ],
        "sd with all views": as_they_are.sd.mean(axis=0),
        "sd without rppa": less.sd.mean(axis=0),
    },
    index=factor_names(6),
)
moved

# %% [markdown]
# What the other views say of proteins that were not measured, beside what was measured in truth: the share of
# variance that was told (0 is as good as the mean of the others; below 0 is worse).

# %%
guessed, sd = model.reconstruct("rppa", harmonizer.transform(without))
measured = harmonizer.transform(new).views["rppa"]
told = 1 - ((measured - guessed) ** 2).sum(axis=0) / (measured**2).sum(axis=0)
order = np.argsort(told)[::-1]
inside = (np.abs(measured - guessed) <= 1.96 * sd).mean()
print(f"{(told > 0).mean():.0%} of the proteins are told better than by the mean.")
print(f"The median share told is {np.median(told):.2f}.")
print(f"{inside:.0%} of the measured values lie within 1.96 predicted sd.")

# %%
best = order[0]
figure, axes = plt.subplots(figsize=(4, 4))
axes.errorbar(
    guessed[:, best], measured[:, best], xerr=sd[:, best], fmt="o", color="#0072B2", ecolor="#56B4E9"
)
axes.axline((0, 0), slope=1, color="#999999", linewidth=1)
axes.set(xlabel="predicted from the other views, +- sd", ylabel="measured")
axes.set_title(f"the protein told best: {harmonizer.features['rppa'][best]}", fontsize=10)
axes.spines[["top", "right"]].set_visible(False)

# %% [markdown]
# ## What one may and may not conclude
#
# **One may conclude** that a patient without proteins has a place among the factors, where that place is less
# sure than it would be with them, and how well the rest of the views tells a protein of patients whom the model
# never saw.
#
# **One may not conclude** that a guessed protein replaces a measured one, above all not the protein told best: it
# is the best of all that were looked at, in a handful of patients. Nor that a factor which hangs together with
# the outcome in these patients causes it, or predicts it elsewhere; nor that a poor factor means anything.
