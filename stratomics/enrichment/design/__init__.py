"""Trial design by formula: events, sample sizes, interim looks, trial calendar, assays and adaptive enrichment.

PUBLIC lists the names for notebooks, as in ``from stratomics.enrichment.design import schoenfeld_events``. Throughout,
`alpha` is one-sided, a hazard ratio below 1 is a benefit, and a higher z favours the treatment. Nothing here needs
torch.
"""

from omics.common.registry import lazy_getattr

PUBLIC = {
    "AdaptiveEnrichment": "stratomics.enrichment.design.adaptive_enrichment:AdaptiveEnrichment",
    "Assay": "stratomics.enrichment.design.assay:Assay",
    "AssumedEffect": "stratomics.enrichment.design.setting:AssumedEffect",
    "Assumption": "stratomics.enrichment.design.trial_design:Assumption",
    "Calendar": "stratomics.enrichment.design.calendar:Calendar",
    "Economics": "stratomics.enrichment.design.setting:Economics",
    "Estimand": "stratomics.enrichment.design.trial_design:Estimand",
    "GenotypeTrial": "stratomics.enrichment.design.genotype_guided:GenotypeTrial",
    "Group": "stratomics.enrichment.design.calendar:Group",
    "GroupSequential": "stratomics.enrichment.design.group_sequential:GroupSequential",
    "Setting": "stratomics.enrichment.design.setting:Setting",
    "StepRate": "stratomics.enrichment.design.step_rate:StepRate",
    "TrialDesign": "stratomics.enrichment.design.trial_design:TrialDesign",
    "adaptive_rule": "stratomics.enrichment.design.adaptive_size:adaptive_rule",
    "adaptive_size": "stratomics.enrichment.design.adaptive_size:adaptive_size",
    "detectable_hazard_ratio": "stratomics.enrichment.design.events:detectable_hazard_ratio",
    "fixed_design": "stratomics.enrichment.design.group_sequential:fixed_design",
    "freedman_events": "stratomics.enrichment.design.events:freedman_events",
    "genotype_trials": "stratomics.enrichment.design.genotype_guided:genotype_trials",
    "hwang_shih_decani": "stratomics.enrichment.design.spending:hwang_shih_decani",
    "interaction_events": "stratomics.enrichment.design.events:interaction_events",
    "interaction_power": "stratomics.enrichment.design.genotype_guided:interaction_power",
    "lan_demets_obrien_fleming": "stratomics.enrichment.design.spending:lan_demets_obrien_fleming",
    "lan_demets_pocock": "stratomics.enrichment.design.spending:lan_demets_pocock",
    "obrien_fleming": "stratomics.enrichment.design.group_sequential:obrien_fleming",
    "pocock": "stratomics.enrichment.design.group_sequential:pocock",
    "power_of_events": "stratomics.enrichment.design.events:power_of_events",
    "proportions_power": "stratomics.enrichment.design.two_samples:proportions_power",
    "proportions_size": "stratomics.enrichment.design.two_samples:proportions_size",
    "rmst_size": "stratomics.enrichment.design.two_samples:rmst_size",
    "schoenfeld_events": "stratomics.enrichment.design.events:schoenfeld_events",
    "size_of_one_test": "stratomics.enrichment.design.sample_size:size_of_one_test",
    "size_of_two_tests": "stratomics.enrichment.design.sample_size:size_of_two_tests",
    "alpha_spending": "stratomics.enrichment.design.group_sequential:alpha_spending",
    "with_futility": "stratomics.enrichment.design.group_sequential:with_futility",
}

__getattr__ = lazy_getattr(__name__, PUBLIC)


def __dir__() -> list[str]:
    return sorted(PUBLIC)
