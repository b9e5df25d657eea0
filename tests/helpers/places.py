"""Where tests find the project, its golden numbers and the shared data."""

from __future__ import annotations

import os
from pathlib import Path

ROOT = Path(__file__).parents[2]
GOLDEN = ROOT / "tests" / "golden"
FROZEN = GOLDEN / "run_v2"
READER_FIXTURES = ROOT / "tests" / "omics" / "readers" / "fixtures"
SHARED = Path(os.environ.get("STRATOMICS_SHARED", ROOT.parent / "shared"))
"""Data that may not be copied into the project; tests skip what is absent."""
