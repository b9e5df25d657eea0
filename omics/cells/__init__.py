"""From single cells to patients: one pseudobulk view per cell type, and the composition of each patient's cells."""
