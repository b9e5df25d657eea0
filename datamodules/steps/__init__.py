"""Steps of harmonization, each learned from training patients and applied to anybody; the tables name them.

A step is a frozen dataclass of what it learned (arrays, names, numbers), so that it is saved and loaded by its fields.
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
"""Every step, under the name by which it is saved."""

NORMALIZATIONS = {name: STEPS[name] for name in ("pqn", "median", "quantile")}
"""Ways to take out what differs between samples and not between patients."""

IMPUTATIONS = {
    "median": "datamodules.steps.imputation:MedianImputation",
    "iterative": "datamodules.steps.imputation:IterativeImputation",
}
"""What stands for a value that was not measured."""
