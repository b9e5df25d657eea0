"""Candidates of the mixture, besides the wide and deep network, by the kind of endpoint.

Each is also shown as a baseline, on the same outer folds. A new candidate is one CandidateKind and one line here.
"""

CANDIDATES = {
    "survival": {
        "clinical_cox": "stratomics.candidates.linear:CLINICAL_COVARIATES",
        "elastic_net_cox": "stratomics.candidates.elastic_net:ELASTIC_NET",
        "boosted_trees": "stratomics.candidates.trees:BOOSTED_TREES",
        "factors_ridge": "stratomics.candidates.linear:FACTORS_RIDGE",
        "late_fusion": "stratomics.candidates.linear:LATE_FUSION",
    },
    "response": {
        "clinical_logistic": "stratomics.candidates.linear:CLINICAL_COVARIATES",
        "elastic_net_logistic": "stratomics.candidates.elastic_net:ELASTIC_NET",
        "boosted_trees": "stratomics.candidates.trees:BOOSTED_TREES",
        "factors_ridge": "stratomics.candidates.linear:FACTORS_RIDGE",
        "late_fusion": "stratomics.candidates.linear:LATE_FUSION",
    },
}
