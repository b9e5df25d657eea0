"""Speed and memory, side by side in one run, quoted as ratios or CPU seconds; never timed tests."""
