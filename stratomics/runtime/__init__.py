"""What a process needs around the science: threads, memory, logs, versions."""
