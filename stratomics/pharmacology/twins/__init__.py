"""Virtual twins: the same patients under several regimens, with their exposure and the predictions of a run."""
