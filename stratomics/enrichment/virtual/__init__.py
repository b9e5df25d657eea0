"""Virtual trials, patient by patient: what becomes of a plan if the effect is none, half, late, or as it is believed.

PUBLIC is what a notebook needs, as in ``from stratomics.enrichment.virtual import virtual_trials``. Never torch.
"""

from omics.common.registry import lazy_getattr

PUBLIC = {
    "AdaptiveTrial": "stratomics.enrichment.virtual.adaptive:AdaptiveTrial",
    "AllComers": "stratomics.enrichment.virtual.single:AllComers",
    "DrawnPrior": "stratomics.enrichment.virtual.effect_scenarios:DrawnPrior",
    "EnrichmentTrial": "stratomics.enrichment.virtual.single:EnrichmentTrial",
    "NormalPrior": "stratomics.enrichment.virtual.effect_scenarios:NormalPrior",
    "LogHazardRatio": "stratomics.enrichment.virtual.effect_scenarios:LogHazardRatio",
    "StratifiedTrial": "stratomics.enrichment.virtual.stratified:StratifiedTrial",
    "VirtualTrials": "stratomics.enrichment.virtual.trials:VirtualTrials",
    "baseline_hazard": "stratomics.enrichment.virtual.baseline_hazard:baseline_hazard",
    "virtual_trials": "stratomics.enrichment.virtual.trials:virtual_trials",
}

__getattr__ = lazy_getattr(__name__, PUBLIC)


def __dir__() -> list[str]:
    return sorted(PUBLIC)
