"""Plan the trial that follows from a subgroup: sizes, virtual trials, and the table behind the explorer."""
