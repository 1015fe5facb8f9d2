"""The product on this machine: template.yaml on an embedded cloud, and a command to use it."""

import sys
from pathlib import Path

# The product's packages are importable from here as they are in Lambda, whatever started this process.
sys.path.insert(0, str(Path(__file__).parents[2] / "functions"))
