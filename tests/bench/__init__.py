"""Speed and size of the product on this machine, as ratios and counts: ``python -m tests.bench``."""

import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
# As in Lambda, whatever started this process; the measured processes get these paths from here too.
sys.path[:0] = [str(ROOT / "functions"), str(ROOT)]
