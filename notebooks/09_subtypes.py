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
# # 09 Groups of patients
#
# Are there groups of patients, which, and where does a new patient belong? Groups are learned from factors, and no
# outcome is read. The bundled cohort has four published classifications; does the data support groups?

# %%
# %matplotlib inline
import json

import matplotlib.pyplot as plt
import numpy as np
from IPython.display import display

import stratomics as st

cohort = st.datasets.acc()
found = st.tl.search_subtypes(cohort, (2, 3, 4), k=2, model="pca", count=8)
for test in found.existence.tests:
    print(
        f"{test.k} groups: prediction strength {test.strength:.2f}, one cloud {test.cloud.mean:.2f}, "
        f"axes with one mode {test.one_mode.mean:.2f}"
    )
print("groups that the data support:", found.existence.k or "none, there are gradients")

# %%
tests = found.existence.tests
figure, axes = plt.subplots(figsize=(5, 3.2))
numbers = [test.k for test in tests]
axes.plot(numbers, [test.strength for test in tests], "o-", color="#0072b2", label="cohort")
for shift, name in ((-0.08, "cloud"), (0.08, "one_mode")):
    references = [getattr(test, name) for test in tests]
    axes.vlines(
        np.array(numbers) + shift,
        [one.mean for one in references],
        [one.high for one in references],
        color="#6b7278",
        linewidth=5,
        alpha=0.5,
    )
axes.set(xlabel="number of groups", ylabel="prediction strength", xticks=numbers, ylim=(0, 1))
axes.spines[["top", "right"]].set_visible(False)
axes.legend(frameon=False)
figure.tight_layout()

# %% [markdown]
# The strength of the cohort is not above the grey bars, from the mean to the 95th percentile of data without groups:
# any cloud of points can be cut into groups. Two groups were asked for (`k=2`), and are learned all the same. Other
# ways of grouping the same patients say how much the groups depend on the method.

# %%
print({name: round(value, 2) for name, value in found.agreement.items()})
table = found.subtypes.predict(cohort)
display(table.head())

# %% [markdown]
# A new patient may lack any view. Without it, the probability comes closer to the shares of the groups.

# %%
without = cohort[:, ~cohort.var_names.isin(cohort["mrna"].var_names)].copy()
fewer = found.subtypes.predict(without)
for name, predicted in (("all views", table), ("without mRNA", fewer)):
    certain = predicted[["p_S1", "p_S2"]].max(axis=1)
    print(f"{name}: mean probability of the most probable group {certain.mean():.2f}")
same = (table["subtype"] == fewer["subtype"]).mean()
print(f"{same:.0%} of the patients stay in their group.")

# %% [markdown]
# What the groups mean is computed by `st.tl.subtypes` and by `stratomics subtypes`, which also writes a page: outcomes,
# agreement with known labels, markers of a view that did not make the groups, and what groups lose.

# %%
st.tl.subtypes(cohort, k=2, numbers=[2], model="pca", count=8)
findings = json.loads(cohort.uns["subtype"])
(survival,) = findings["outcomes"]
print(f"log-rank test by permutation: p {survival['test']['p']:.3f}")
for loss in survival["losses"]:
    values = {who: loss[who]["estimate"] for who in ("groups", "factors")}
    print(f"{loss['label']}: groups {values['groups']:.3f}, continuous factors {values['factors']:.3f}")

# %% [markdown]
# ## What one may and may not conclude
#
# **One may conclude** whether the data show groups or gradients, where a new patient belongs and how certain this is,
# and how outcomes differ between groups: they were learned without outcomes, so that the test is valid.
#
# **One may not conclude** that groups exist because an algorithm returns them, or because their survival differs: a cut
# through a gradient has a different survival on both sides too, and the continuous factors usually predict it better.
