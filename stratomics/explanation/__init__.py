"""Why the final model predicts what it predicts: attributions, their stability, and what depends on them."""
