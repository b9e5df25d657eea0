"""Trials simulated patient by patient, if the effect is absent, halved, delayed, as estimated, or drawn from its prior.

PUBLIC lists the names for notebooks, as in ``from stratomics.enrichment.virtual import virtual_trials``. Nothing here
needs torch.
"""

from omics.common.registry import lazy_getattr

PUBLIC = {
    "AdaptiveTrial": "stratomics.enrichment.virtual.adaptive:AdaptiveTrial",
    "AllComers": "stratomics.enrichment.virtual.single:AllComers",
    "DrawnPrior": "stratomics.enrichment.virtual.effect_scenarios:DrawnPrior",
    "EnrichmentTrial": "stratomics.enrichment.virtual.single:EnrichmentTrial",
    "LogHazardRatio": "stratomics.enrichment.virtual.effect_scenarios:LogHazardRatio",
    "NormalPrior": "stratomics.enrichment.virtual.effect_scenarios:NormalPrior",
    "StratifiedTrial": "stratomics.enrichment.virtual.stratified:StratifiedTrial",
    "VirtualTrials": "stratomics.enrichment.virtual.trials:VirtualTrials",
    "baseline_hazard": "stratomics.enrichment.virtual.baseline_hazard:baseline_hazard",
    "virtual_trials": "stratomics.enrichment.virtual.trials:virtual_trials",
}

__getattr__ = lazy_getattr(__name__, PUBLIC)


def __dir__() -> list[str]:
    return sorted(PUBLIC)
