"""``make bench [ONLY=name]``: run the benchmarks of this folder and print their results."""

from __future__ import annotations

import importlib
import os
import sys
from pathlib import Path


def main() -> None:
    names = sys.argv[1:] or sorted(
        p.stem for p in Path(__file__).parent.glob("*.py") if not p.stem.startswith("_") and p.stem != "clock"
    )
    print(f"{os.cpu_count()} processors, one BLAS thread")
    for name in names:
        module = importlib.import_module(f"benchmarks.{name}")
        print(f"\n{name}: {(module.__doc__ or '').splitlines()[0]}")
        for row in module.rows():
            print("  " + row)


if __name__ == "__main__":
    main()
