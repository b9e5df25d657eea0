"""Where fits run: processes of this machine or a Dask cluster; the results are the same bytes."""

EXECUTORS = {
    "local": "stratomics.executor.local:local",
    "dask": "stratomics.executor.dask:dask",
}
"""Name -> context manager of (address, workers) that gives a :class:`RunTasks`."""
