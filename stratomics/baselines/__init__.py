"""Baselines, which run on the same outer folds as stratomics, by the kind of endpoint.

A new baseline is one function and one line here.
"""

BASELINES = {
    "survival": {
        "clinical_cox": "stratomics.baselines.cox:fit_clinical_cox",
        "elastic_net_cox": "stratomics.baselines.cox:fit_elastic_net_cox",
        "boosted_trees": "stratomics.baselines.trees:fit_boosted_trees",
        "factors_ridge": "stratomics.baselines.late_fusion:fit_factors_ridge",
        "late_fusion": "stratomics.baselines.late_fusion:fit_late_fusion",
    },
    "response": {
        "clinical_logistic": "stratomics.baselines.logistic:fit_clinical_logistic",
        "elastic_net_logistic": "stratomics.baselines.logistic:fit_elastic_net_logistic",
        "boosted_trees": "stratomics.baselines.trees:fit_boosted_trees",
        "factors_ridge": "stratomics.baselines.late_fusion:fit_factors_ridge",
        "late_fusion": "stratomics.baselines.late_fusion:fit_late_fusion",
    },
}
