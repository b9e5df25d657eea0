"""Negative controls: cohorts without any association with the outcome, on which each run must perform at chance.

A new control is one entry in a module and one line here.
"""

CONTROLS = {
    "permuted_outcome": "stratomics.controls.permuted_cohorts:permuted_outcome",
    "permuted_features": "stratomics.controls.permuted_cohorts:permuted_features",
    "noise_view": "stratomics.controls.permuted_cohorts:noise_view",
}
