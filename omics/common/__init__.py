"""What every other folder stands on: errors, files, manifests, registries, seeds."""
