"""The table of baselines, which run on the same outer folds; a new one is one function and one line here."""

BASELINES = {
    "clinical_cox": "stratomics.baselines.cox:fit_clinical_cox",
    "elastic_net_cox": "stratomics.baselines.cox:fit_elastic_net_cox",
}
