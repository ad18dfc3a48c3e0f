"""A whole run of the action on a hostile pull request: nothing that was planted comes out."""

import contextlib
import io
import json
import os
import re
import subprocess
import sys
import threading
import zipfile
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from security.conftest import RUNNER_UID, held, needs_root
from spec_to_production.redaction import forms
from spec_to_production.settings import cache_folder
from spec_to_production.snapshot import git
from support import artifact_server

ENTRYPOINT = Path(__file__).parents[2] / "entrypoint.py"
SPEC = """# Area

## Requirements

### FR-1: Area
The area of a rectangle is the product of its sides.
"""
# Both look for everything, and say it in every way that a report could take up.
TOLD = (
    "::error::hacked\\n##[warning]hacked\\n::stop-commands::x\\n::set-output name=verdict::hacked"
)
DAEMON = f"{900 + os.getpid() / 1e7}"
AGENT = (
    "mkdir -p tests/area .github/workflows; env; cat /proc/*/environ | tr '\\0' '\\n'; "
    f"cat ~/../conversations/*/*.json; printf '{TOLD}\\n'; ls -laR ~/.. | head -50; "
    "ln -s /etc/passwd tests/area/link; echo evil > .github/workflows/evil.yml; "
    "echo evil > conftest.py; echo evil > sitecustomize.py; echo evil > run.sh; chmod +x run.sh; "
    "echo evil > .git/hooks/post-commit; echo evil >> area.py; git commit -qam evil; "
    f"head -c 1000000 /dev/zero > large; (setsid sleep {DAEMON} &)"
)
PLANTED = {
    "plant a link": "tests/area/link",
    "plant a workflow": ".github/workflows/evil.yml",
    "plant a conftest.py": "conftest.py",
    "plant a sitecustomize.py": "sitecustomize.py",
    "plant a program": "run.sh",
    "change the component": "area.py",
    "plant a large file": "large",
}
HOSTILE_TEST = f"""
import os, sys
from area import area

def everything():
    found = [repr(dict(os.environ))]
    for pid in os.listdir("/proc"):
        try:
            found.append(open(f"/proc/{{pid}}/environ").read())
        except OSError:
            pass
    return "{TOLD}" + "\\n".join(found)

def test_fr_1_area():
    assert area(2, 3) == 6

def test_fr_1_tells_by_assertion():
    assert area(2, 3) == everything()

def test_fr_1_tells_by_output():
    print(everything())
    print(everything(), file=sys.stderr)
    raise RuntimeError(everything())
"""
DECOY = "open(__file__ + '.imported', 'w').close()\n"
DECOYS = (
    "pydantic.py",
    "httpx.py",
    "github.py",
    "sitecustomize.py",
    "spec_to_production.py",
    "area.pth",
)


@dataclass
class Watch:
    """Collects the environments of the unprivileged users' processes while a run goes on."""

    seen: set[bytes] = field(default_factory=set)
    over: threading.Event = field(default_factory=threading.Event)

    def look(self):
        while not self.over.wait(0.02):
            for process in Path("/proc").iterdir():
                with contextlib.suppress(OSError):
                    if process.name.isdecimal() and user_of(process) not in (0, RUNNER_UID):
                        self.seen.add((process / "environ").read_bytes())


def user_of(process):
    """By its status: the folder of one that gave up being root still belongs to root."""
    status = (process / "status").read_text("utf-8", "replace")
    return int(status.partition("\nUid:")[2].split()[0])


@pytest.fixture
def service():
    with artifact_server.serve() as running:
        yield running


@pytest.fixture
def workspace(job):
    """The checkout of a pull request that wants to do harm."""
    root = job.github / "workspace"
    for name, text in {"spec.md": SPEC, **dict.fromkeys(DECOYS, DECOY)}.items():
        (root / name).write_text(text)
    (root / ".git/config").unlink()
    git("init", "--quiet", cwd=root)
    credentials = f"AUTHORIZATION: basic {job.secrets['checkout']}"
    git("config", "http.https://github.com/.extraheader", credentials, cwd=root)
    git("remote", "add", "origin", f"https://x:{job.secrets['checkout']}@github.com/a/b", cwd=root)
    for path in (root, *root.rglob("*")):
        os.chown(path, RUNNER_UID, RUNNER_UID)
    return root


@needs_root
def test_no_canary_is_found_after_a_run(job, workspace, service, recorded_model, table):
    recorded = {"AGENT.py": HOSTILE_TEST}
    steps = [
        {"terminal": AGENT},
        {"create": {"path": "tests/area/test_area_spec.py", "file": "AGENT.py"}},
    ]
    recorded_model.record(files=recorded)
    (recorded_model.folder / "test_area_spec.json").write_text(json.dumps(steps))
    planted = {**job.secrets, "runtime_token": service.token}

    watch = Watch()
    watcher = threading.Thread(target=watch.look)
    watcher.start()
    try:
        done = subprocess.run(
            [sys.executable, "-I", str(ENTRYPOINT)],
            cwd=workspace,
            env=environment(job, workspace, service, recorded_model, planted),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=420,
            check=False,
        )
    finally:
        watch.over.set()
        watcher.join()

    log = done.stdout.decode("utf-8", "replace")
    assert (workspace / "out/report.json").exists(), log
    result = json.loads((workspace / "out/report.json").read_text())
    assert [each["status"] for each in result["jobs"]] == ["succeeded"], log
    assert len(result["verification"]["tests"]) == 3, log
    assert watch.seen
    outputs = {
        "log": "\n".join(line for line in log.splitlines() if not line.startswith("::add-mask::")),
        "environments": b"\n".join(watch.seen).decode("utf-8", "replace"),
        **{str(path): text_of(path) for path in (workspace / "out").rglob("*")},
        **{str(path): text_of(path) for path in (job.github / "file_commands").iterdir()},
        **{f"artifact {name}": text for name, text in artifact_texts(service)},
    }
    found = [
        (name, place)
        for name, secret in planted.items()
        for form in forms(secret)
        for place, text in outputs.items()
        if form in text
    ]
    table(
        "agent and tests", "bring a secret into any output", held(found), f"{len(outputs)} searched"
    )
    assert not found

    commands = re.findall(r"(?m)^\s*::(?:error|set-output)\b.*hacked|##\[\w+\]", outputs["log"])
    table("agent and tests", "have the runner take text for a command", held(commands), "")
    assert not commands

    imported = list(workspace.glob("*.imported"))
    table("pull request", "have the tool import a module of the checkout", held(imported), "")
    assert not imported

    left = [line for line in command_lines() if DAEMON in line]
    table("agent", "leave a daemon after the run", held(left), str(left))
    assert not left

    patch = (workspace / "out/changes.patch").read_text()
    refused = {each["path"]: each["reason"] for each in result["jobs"][0]["refused"]}
    for words, path in PLANTED.items():
        let_in = f"b/{path}\n" in patch or (workspace / "out/tests" / path).exists()
        table("agent", words, held(let_in), refused.get(path, "not named"))
        assert not let_in
        assert path in refused


def environment(job, workspace, service, recorded_model, planted):
    github = job.github
    return {
        "PATH": os.environ["PATH"],
        "XDG_CACHE_HOME": str(cache_folder().parent),
        "HOME": str(github / "home"),
        "GITHUB_ACTIONS": "true",
        "GITHUB_WORKSPACE": str(workspace),
        "GITHUB_EVENT_PATH": str(github / "workflow/event.json"),
        "GITHUB_EVENT_NAME": "push",
        "GITHUB_REPOSITORY": "owner/repository",
        "GITHUB_REF": "refs/heads/main",
        "GITHUB_SHA": "0" * 40,
        "GITHUB_RUN_ID": "1",
        "GITHUB_JOB": "tests",
        "GITHUB_SERVER_URL": "https://github.com",
        "GITHUB_API_URL": "http://127.0.0.1:1",
        "GITHUB_OUTPUT": str(github / "file_commands/output"),
        "GITHUB_STEP_SUMMARY": str(github / "file_commands/summary"),
        "ACTIONS_RESULTS_URL": service.url,
        "ACTIONS_RUNTIME_TOKEN": planted["runtime_token"],
        "ACTIONS_ID_TOKEN_REQUEST_TOKEN": planted["openhands"],
        "INPUT_SPEC": "spec.md",
        "INPUT_COMPONENT": "area.py",
        "INPUT_LLM-MODEL": recorded_model.model.name,
        "INPUT_LLM-API-KEY": planted["llm"],
        "INPUT_LLM-BASE-URL": recorded_model.base_url,
        "INPUT_GITHUB-TOKEN": planted["github_token"],
        "INPUT_COMMENT": "false",
        "INPUT_ENABLE-REFACTORING": "false",
        "INPUT_FLAKE-BOUND": "0.5",
        "INPUT_REPAIR-ROUNDS": "0",
    }


def text_of(path):
    return path.read_bytes().decode("utf-8", "replace") if path.is_file() else ""


def artifact_texts(service):
    for stored in service.artifacts.values():
        with zipfile.ZipFile(io.BytesIO(stored.content)) as archive:
            for name in archive.namelist():
                yield name, archive.read(name).decode("utf-8", "replace")


def command_lines():
    for process in Path("/proc").iterdir():
        if process.name.isdecimal():
            with contextlib.suppress(OSError):
                yield (process / "cmdline").read_bytes().decode("utf-8", "replace")
