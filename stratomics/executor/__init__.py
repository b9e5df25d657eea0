"""Executors, which run tasks in processes of this machine or on a Dask cluster, with the same results."""

EXECUTORS = {
    "local": "stratomics.executor.local:local",
    "dask": "stratomics.executor.dask:dask",
}
"""Name -> context manager with arguments (address, workers) that yields a :class:`RunTasks`."""
