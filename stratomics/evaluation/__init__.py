"""Metrics on Prediction and endpoint; the table METRICS names them by kind of endpoint. Never torch.

The first two of a kind are shown on the screen, and the first decides where none is declared.
"""

METRICS = {
    "survival": {
        "ibs": "stratomics.evaluation.survival:IBS",
        "harrell_c": "stratomics.evaluation.survival:HARRELL_C",
        "uno_c": "stratomics.evaluation.survival:UNO_C",
    },
    "response": {
        "log_loss": "stratomics.evaluation.response:LOG_LOSS",
        "auroc": "stratomics.evaluation.response:AUROC",
        "auprc": "stratomics.evaluation.response:AUPRC",
        "brier": "stratomics.evaluation.response:BRIER",
    },
}
