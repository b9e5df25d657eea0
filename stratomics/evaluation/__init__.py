"""Metrics on Prediction and endpoint; the tables name them by kind of endpoint. Never torch.

METRICS are one number a method: the first two of a kind are shown on the screen, and the first decides where none is
declared; the report's table shows SHOWN. CURVES are many numbers.
"""

METRICS = {
    "survival": {
        "ibs": "stratomics.evaluation.survival:IBS",
        "harrell_c": "stratomics.evaluation.concordance:HARRELL_C",
        "uno_c": "stratomics.evaluation.concordance:UNO_C",
        "antolini_c": "stratomics.evaluation.concordance:ANTOLINI_C",
        "time_auc": "stratomics.evaluation.time_auc:TIME_AUC",
        "integrated_log_likelihood": "stratomics.evaluation.survival:INTEGRATED_LOG_LIKELIHOOD",
        "d_calibration": "stratomics.evaluation.calibration:D_CALIBRATION",
        "calibration_slope": "stratomics.evaluation.calibration:CALIBRATION_SLOPE",
        "ici": "stratomics.evaluation.calibration:ICI",
        "km_calibration": "stratomics.evaluation.calibration:KM_CALIBRATION",
        "bound_coverage": "stratomics.evaluation.calibration:BOUND_COVERAGE",
    },
    "response": {
        "log_loss": "stratomics.evaluation.response:LOG_LOSS",
        "auroc": "stratomics.evaluation.response:AUROC",
        "auprc": "stratomics.evaluation.response:AUPRC",
        "brier": "stratomics.evaluation.response:BRIER",
        "ece": "stratomics.evaluation.selection:ECE",
        "aurc": "stratomics.evaluation.selection:AURC",
        "set_coverage": "stratomics.evaluation.sets:SET_COVERAGE",
        "set_coverage_positive": "stratomics.evaluation.sets:SET_COVERAGE_POSITIVE",
        "set_coverage_negative": "stratomics.evaluation.sets:SET_COVERAGE_NEGATIVE",
        "set_width": "stratomics.evaluation.sets:SET_WIDTH",
        "marginal_set_coverage": "stratomics.evaluation.sets:MARGINAL_SET_COVERAGE",
        "marginal_set_coverage_positive": "stratomics.evaluation.sets:MARGINAL_SET_COVERAGE_POSITIVE",
        "marginal_set_width": "stratomics.evaluation.sets:MARGINAL_SET_WIDTH",
    },
}

SHOWN = {
    "survival": ("ibs", "harrell_c", "calibration_slope", "d_calibration"),
    "response": ("log_loss", "auroc", "auprc", "brier", "set_coverage", "set_coverage_positive"),
}

CURVES = {
    "survival": {
        "brier": "stratomics.evaluation.curves:BRIER",
        "time_auc": "stratomics.evaluation.curves:TIME_AUC",
        "mean_survival": "stratomics.evaluation.curves:MEAN_SURVIVAL",
        "kaplan_meier": "stratomics.evaluation.curves:KAPLAN_MEIER",
        "calibration": "stratomics.evaluation.curves:CALIBRATION",
        "d_calibration": "stratomics.evaluation.curves:D_CALIBRATION",
    },
    "response": {"risk_coverage": "stratomics.evaluation.curves:RISK_COVERAGE"},
}
