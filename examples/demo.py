"""What ``make demo`` runs: the main job on the calculator, on real parts.

Without LLM_MODEL and LLM_API_KEY in the environment the agent's model is a recording: a small
server on loopback that plays back the answers in ``examples/answers``. Everything else is real.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from recorded_model.server import serving

EXAMPLES = Path(__file__).parent


def main() -> int:
    """Run the demo; give the exit code of the command."""
    if os.environ.get("LLM_MODEL") and os.environ.get("LLM_API_KEY"):
        return _run({})
    print("No LLM_MODEL and LLM_API_KEY: the model's answers are a recording.", flush=True)
    with serving(EXAMPLES / "answers") as address:
        return _run(
            {
                "LLM_MODEL": "openai/recorded-answers",
                "LLM_API_KEY": "recorded-answers-need-no-key",
                "LLM_BASE_URL": address,
            }
        )


def _run(model: Mapping[str, str]) -> int:
    command = [
        str(Path(sys.executable).with_name("spec-to-production")),
        "run",
        "--spec=specs/calculator_operations.md",
        "--component=examples/calculator",
        "--output=out",
        "--async",
        "--poll-interval=0.5",
        *sys.argv[1:],
    ]
    # A Ctrl-C reaches the command as well: it ends by itself, and has something to write first.
    with subprocess.Popen(command, env={**os.environ, **model}) as process:
        while True:
            try:
                return process.wait()
            except KeyboardInterrupt:
                continue


if __name__ == "__main__":
    sys.exit(main())
