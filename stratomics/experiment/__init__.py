"""Run one experiment from files to report: check the configuration, fit tasks, keep checkpoints, evaluate."""
