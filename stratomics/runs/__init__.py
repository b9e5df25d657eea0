"""Run directories: what a run leaves behind, how it is read, locked and verified."""
