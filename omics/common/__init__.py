"""Foundations that every other folder uses: errors, files, manifests, registries, seeds."""
