"""Cohorts of which nobody can learn anything: what must come out at chance, in every run.

A new one is one function and one line here.
"""

CONTROLS = {
    "permuted_outcome": "stratomics.controls.permuted_cohorts:permuted_outcome",
    "permuted_features": "stratomics.controls.permuted_cohorts:permuted_features",
    "noise_view": "stratomics.controls.permuted_cohorts:noise_view",
}
