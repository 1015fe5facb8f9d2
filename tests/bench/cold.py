"""What a function imports before its first event, per handler of template.yaml."""

import json
import os
import subprocess
import sys
from statistics import median
from typing import Any

from tests.bench import ROOT
from tests.bench.tables import Figure, print_heading, print_table

RUNS = 7
HEAVY = ("boto3", "botocore", "pydantic", "openpyxl", "python_calamine", "jinja2", "phonenumbers")

# Only what the interpreter has loaded anyway, so that nothing is counted as there already.
_SCRIPT = f"""
import sys, time
before, wall, cpu = set(sys.modules), time.perf_counter(), time.process_time()
import {{module}}
wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
loaded = set(sys.modules) - before
import json
heavy = [name for name in {HEAVY} if name in loaded]
print(json.dumps({{{{"wall": wall, "cpu": cpu, "modules": len(loaded), "heavy": heavy}}}}))
"""


def run_cold() -> list[Figure]:
    from tests.integration.aws_from_template import Template

    print_heading("Cold start: what each handler imports")
    functions = Template().find("AWS::Serverless::Function")
    table, texts = [], []
    for name, properties in functions.items():
        # The first run leaves the .pyc files that a built package has, too.
        answers = [import_module(properties["Handler"].rpartition(".")[0]) for _ in range(1 + RUNS)][1:]
        wall, cpu = (median(answer[kind] for answer in answers) * 1000 for kind in ("wall", "cpu"))
        heavy = answers[-1]["heavy"]
        table.append(
            (
                name,
                f"{wall:.0f}",
                f"{cpu:.0f}",
                answers[-1]["modules"],
                *("yes" if module in heavy else "-" for module in HEAVY),
            )
        )
        texts.append(f"{name.removesuffix('Function')} {wall:.0f}")
    print_table(
        f"Milliseconds and modules beyond the bare interpreter's, medians of {RUNS} fresh processes",
        ("function", "wall ms", "CPU ms", "modules", *HEAVY),
        table,
    )
    return [Figure("cold start, import ms of each handler", "printed", ", ".join(texts))]


def import_module(module: str) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-c", _SCRIPT.format(module=module)],
        env={**os.environ, "PYTHONPATH": str(ROOT / "functions")},
        stdout=subprocess.PIPE,
        check=True,
    )
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer
