"""Steps of harmonization, each fitted on training patients and applied to all patients, and tables of their names.

A step is a frozen dataclass of its fitted values (arrays, names, numbers). It is saved and loaded by its fields.
"""

STEPS = {
    "filter": "datamodules.steps.features:FeatureFilter",
    "pqn": "datamodules.steps.normalization:ProbabilisticQuotient",
    "median": "datamodules.steps.normalization:MedianNormalization",
    "quantile": "datamodules.steps.normalization:QuantileNormalization",
    "detection": "datamodules.steps.detection:DetectionLimit",
    "site": "datamodules.steps.site:SiteCorrection",
    "variance": "datamodules.steps.features:MostVariable",
    "scale": "datamodules.steps.scaling:RobustScaling",
}
"""Name of a step, as it is saved -> class."""

NORMALIZATIONS = {name: STEPS[name] for name in ("pqn", "median", "quantile")}
"""Normalizations, which remove differences between samples that are not differences between patients."""

IMPUTATIONS = {
    "median": "datamodules.steps.imputation:MedianImputation",
    "iterative": "datamodules.steps.imputation:IterativeImputation",
}
"""Imputations of missing values."""
