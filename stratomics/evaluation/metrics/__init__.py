"""Metrics of saved predictions, by kind of endpoint. No torch.

METRICS are metrics of which each method has one value; the first two of a kind are shown on the screen, and the
first is the default of ``evaluation.metric``. SHOWN are those of the main table of the report, discrimination first.
CURVES are metrics that are curves. DISCRIMINATION is the metric that measures discrimination; 0.5 is chance.
"""

METRICS = {
    "survival": {
        "ibs": "stratomics.evaluation.metrics.survival_scores:IBS",
        "harrell_c": "stratomics.evaluation.metrics.concordance:HARRELL_C",
        "uno_c": "stratomics.evaluation.metrics.concordance:UNO_C",
        "antolini_c": "stratomics.evaluation.metrics.concordance:ANTOLINI_C",
        "time_auc": "stratomics.evaluation.metrics.time_auc:TIME_AUC",
        "integrated_log_likelihood": "stratomics.evaluation.metrics.survival_scores:INTEGRATED_LOG_LIKELIHOOD",
        "d_calibration": "stratomics.evaluation.metrics.survival_calibration:D_CALIBRATION",
        "calibration_slope": "stratomics.evaluation.metrics.survival_calibration:CALIBRATION_SLOPE",
        "ici": "stratomics.evaluation.metrics.survival_calibration:ICI",
        "km_calibration": "stratomics.evaluation.metrics.survival_calibration:KM_CALIBRATION",
        "bound_coverage": "stratomics.evaluation.metrics.survival_bounds:BOUND_COVERAGE",
    },
    "response": {
        "log_loss": "stratomics.evaluation.metrics.response_scores:LOG_LOSS",
        "auroc": "stratomics.evaluation.metrics.response_scores:AUROC",
        "auprc": "stratomics.evaluation.metrics.response_scores:AUPRC",
        "brier": "stratomics.evaluation.metrics.response_scores:BRIER",
        "ece": "stratomics.evaluation.metrics.selective_prediction:ECE",
        "aurc": "stratomics.evaluation.metrics.selective_prediction:AURC",
        "set_coverage": "stratomics.evaluation.metrics.response_sets:SET_COVERAGE",
        "set_coverage_positive": "stratomics.evaluation.metrics.response_sets:SET_COVERAGE_POSITIVE",
        "set_coverage_negative": "stratomics.evaluation.metrics.response_sets:SET_COVERAGE_NEGATIVE",
        "set_width": "stratomics.evaluation.metrics.response_sets:SET_WIDTH",
        "marginal_set_coverage": "stratomics.evaluation.metrics.response_sets:MARGINAL_SET_COVERAGE",
        "marginal_set_coverage_positive": "stratomics.evaluation.metrics.response_sets:MARGINAL_SET_COVERAGE_POSITIVE",
        "marginal_set_width": "stratomics.evaluation.metrics.response_sets:MARGINAL_SET_WIDTH",
    },
}

SHOWN = {
    "survival": ("harrell_c", "time_auc", "ibs"),
    "response": ("auroc", "auprc", "log_loss", "brier"),
}

CURVES = {
    "survival": {
        "brier": "stratomics.evaluation.metrics.curves:BRIER",
        "time_auc": "stratomics.evaluation.metrics.curves:TIME_AUC",
        "mean_survival": "stratomics.evaluation.metrics.curves:MEAN_SURVIVAL",
        "kaplan_meier": "stratomics.evaluation.metrics.curves:KAPLAN_MEIER",
        "calibration": "stratomics.evaluation.metrics.curves:CALIBRATION",
        "d_calibration": "stratomics.evaluation.metrics.curves:D_CALIBRATION",
    },
    "response": {"risk_coverage": "stratomics.evaluation.metrics.curves:RISK_COVERAGE"},
}

DISCRIMINATION = {"survival": "harrell_c", "response": "auroc"}
