"""A short list of where CPU goes, for ``--profile``. The profiler slows calls down: read shares, not times."""

import cProfile
import pstats
import sys
from collections.abc import Callable

_LINES = 18


def print_profile(name: str, work: Callable[[], object]) -> None:
    """To stderr: stdout carries the job's answer."""
    profiler = cProfile.Profile()
    profiler.runcall(work)
    print(f"\n{name}: own time by function", file=sys.stderr)
    pstats.Stats(profiler, stream=sys.stderr).strip_dirs().sort_stats("tottime").print_stats(_LINES)
