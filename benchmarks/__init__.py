"""Speed and memory of this project and of alternatives in the same run, as ratios or CPU seconds; no tests."""
