"""The attacks of tests/security once more, by an agent inside the image: other users and rights."""

import json
import secrets
import shutil
import subprocess
import sys
from contextlib import contextmanager

import pytest

from e2e.conftest import git
from support.container import ROOT

pytestmark = pytest.mark.e2e

ATTACKER = ROOT / "tests/security/attacker/attempts.py"
TEST = "examples/calculator/tests/test_operations_spec.py"
# What this has no names for (the run's folder), or what an agent may do (docs/security.md).
LEFT_OUT = "reach the network,run's folder,snapshot,another job,past the budget,server started"
GITHUB = {
    "event_file": "workflow/event.json",
    "secret_file": "runner_temp/token",
    "env_file": "file_commands/env",
    "path_file": "file_commands/path",
    "summary_file": "file_commands/summary",
    "output_file": "file_commands/output",
    "git_config": "workspace/.git/config",
    "checkout_file": "workspace/examples/calculator/operations.py",
    "hook_file": "workspace/.git/hooks/post-commit",
    "workflow_file": "workspace/.github/workflows/evil.yml",
}
PREPARED = (
    f"python3 -u {ATTACKER.name} targets.json 2>&1 | tee ~/outcomes.jsonl",
    "wait",
    # The way out for what it found is the file that it was asked for.
    f"(echo 'def test_fr_1(): pass'; sed 's/^/# /' ~/outcomes.jsonl) > {TEST}",
)


@contextmanager
def recorded(folder):
    """A model whose agent runs these commands."""
    steps = [{"terminal": command} for command in PREPARED]
    (folder / "test_operations_spec.json").write_text(json.dumps([*steps, {"finish": "done"}]))
    command = [sys.executable, ROOT / "examples/recorded_model/server.py", "--answers", folder]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        yield process.stdout.readline().split()[-1]
        process.terminate()


def test_an_agent_finds_nothing_of_the_job(job, tmp_path_factory, show):
    def canary():
        return f"s2p-canary-planted-{secrets.token_hex(8)}"

    answers = tmp_path_factory.mktemp("answers")
    folder = job.runner.folder
    for name in ("runner_temp/token", "file_commands/env", "file_commands/path"):
        (folder / name).write_text(canary())
    git("config", "http.https://github.com/.extraheader", canary(), cwd=job.workspace)
    targets = {
        **{name: f"/github/{path}" for name, path in GITHUB.items()},
        "tool_pid": "1",
        "elsewhere": job.service.url.rpartition(":")[2],
        "job": "/github",
        "run_folder": "/action",
        "docker_socket": "/var/run/docker.sock",
        "import_file": "/opt/tool/lib/python3.13/site-packages/evil.py",
        "tool_file": "/action/entrypoint.py",
        "model": "recorded-answers",
        "left_out": LEFT_OUT,
    }
    (job.workspace / "targets.json").write_text(json.dumps(targets))
    shutil.copy(ATTACKER, job.workspace)
    git("add", "--all", cwd=job.workspace)
    git("commit", "--quiet", "--message=two", cwd=job.workspace)
    job.pull_request()

    with recorded(answers) as address:
        job.step(
            {
                "INPUT_COMPONENT": "examples/calculator/operations.py",
                "INPUT_ENABLE-REFACTORING": "false",
                "INPUT_REPAIR-ROUNDS": "0",
                "INPUT_FAIL-ON": "never",
                "INPUT_LLM-BASE-URL": address,
                "INPUT_LLM-API-KEY": canary(),
                "INPUT_GITHUB-TOKEN": canary(),
            }
        )

    report = json.loads((job.workspace / "out" / "report.json").read_text())
    (file,) = report["jobs"][0]["files"]
    told = [line.removeprefix("# ") for line in file["content"].splitlines()[1:]]
    attempts = [json.loads(line) for line in told if line.startswith("{")]
    succeeded = [each for each in attempts if each["outcome"] != "held"]
    show("hostile agent", f"{len(attempts)} attempts, {len(succeeded)} succeeded")
    assert len(attempts) >= 40, job.log
    assert not succeeded
    assert "canary-planted" not in job.log.replace("::add-mask::s2p-canary-planted", "")
