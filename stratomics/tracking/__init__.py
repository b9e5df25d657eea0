"""MLflow: record runs, register the final model, and find runs again.

Only this folder imports MLflow, and `stratomics.serving.served_model`, which MLflow loads. ``tracker`` records a run
while it runs, ``mlflow_run`` writes one MLflow run, ``log_model`` registers the final model, ``mlflow_store`` finds
runs and downloads them.
"""
