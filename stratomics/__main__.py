"""``python -m stratomics`` is the same door as ``stratomics``."""

import sys

from stratomics.cli import main

if __name__ == "__main__":
    sys.exit(main())
