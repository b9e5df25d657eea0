"""Metrics on Prediction and Endpoints; the table METRICS names them. Never torch."""

METRICS = {
    "ibs": "stratomics.evaluation.survival:IBS",
    "harrell_c": "stratomics.evaluation.survival:HARRELL_C",
    "uno_c": "stratomics.evaluation.survival:UNO_C",
}
