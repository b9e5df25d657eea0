"""One experiment from files to report: tasks, checkpoint, evaluation."""
