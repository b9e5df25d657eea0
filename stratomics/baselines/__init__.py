"""The table of baselines, which run on the same outer folds, by the kind of endpoint each is for.

A new one is one function and one line here.
"""

BASELINES = {
    "survival": {
        "clinical_cox": "stratomics.baselines.cox:fit_clinical_cox",
        "elastic_net_cox": "stratomics.baselines.cox:fit_elastic_net_cox",
    },
    "response": {
        "clinical_logistic": "stratomics.baselines.logistic:fit_clinical_logistic",
        "elastic_net_logistic": "stratomics.baselines.logistic:fit_elastic_net_logistic",
    },
}
