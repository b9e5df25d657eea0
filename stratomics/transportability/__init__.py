"""Whether a model holds in another cohort: external validation, case mix, covariate shift, groups, sites, learning."""
