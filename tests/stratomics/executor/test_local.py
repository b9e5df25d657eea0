"""Local processes: what a user's script needs, beyond what all executors share."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

SCRIPT = """
from functools import partial

from stratomics.executor.config import ExecutorConfig
from stratomics.executor.executor import open_executor

print("started")
with open_executor(ExecutorConfig(), workers=2) as run_tasks:
    print(sorted(run_tasks(pow, [2, 3], partial(tuple, [10]))))
"""


def test_a_script_without_a_main_guard_runs_once(tmp_path: Path) -> None:
    (tmp_path / "script.py").write_text(SCRIPT)
    done = subprocess.run(
        [sys.executable, "script.py"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.stdout == "started\n[(2, 100), (3, 1000)]\n", done.stderr
