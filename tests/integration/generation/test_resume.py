"""A run that is killed in the middle, on a server of the user's, and the one that goes on."""

import signal
import subprocess
import sys
from pathlib import Path
from uuid import UUID

import pytest
from pydantic import SecretStr

from spec_to_production.generation.journal import Journal
from spec_to_production.openhands import Fleet, RemoteServer
from support.faulty_proxy import faulty_proxy
from support.jobs import TEST, record_test, run_jobs, task

pytestmark = pytest.mark.integration

KILLED_RUN = """
import os, signal, sys
from pathlib import Path
from pydantic import SecretStr
from integration.generation.test_resume import resume
from spec_to_production.openhands.interface import Model

base, kept, address, key, name, model, *outputs = sys.argv[1:]
resume(Path(base), Path(kept), address, key, Model(name, SecretStr("none"), model), outputs,
       meanwhile=lambda _: os.kill(os.getpid(), signal.SIGKILL))
"""


def resume(base, kept, address, key, model, outputs, **more):  # noqa: PLR0917
    """What a run does from its journal on."""
    tasks = [task(output) for output in outputs]
    journal = Journal.open(kept, tasks, "c0ffee", print)
    fleet = Fleet([RemoteServer(address, SecretStr(key))])
    try:
        answers = journal.answers(tasks)
        return run_jobs(fleet, model, base, outputs, journal=journal, answers=answers, **more)
    finally:
        fleet.close()
        journal.close()


def test_no_conversation_is_begun_twice(agent_server, recorded_model, base, tmp_path):
    wait = [{"terminal": "sleep 8"}]
    outputs = [record_test(recorded_model, before=steps) for steps in ([], wait, wait)]
    server, model = agent_server._client._http, recorded_model.model
    key = server.headers["X-Session-API-Key"]
    with faulty_proxy(server.base_url.host, server.base_url.port) as proxy:
        arguments = [base, tmp_path, proxy.address, key, model.name, model.base_url, *outputs]
        killed = subprocess.run(
            [sys.executable, "-c", KILLED_RUN, *arguments],
            env={"PYTHONPATH": str(Path(__file__).parents[2])},
            check=False,
        )

        outcome = resume(base, tmp_path, proxy.address, key, model, outputs)

    assert killed.returncode == -signal.SIGKILL
    created = [line for line in proxy.seen if line.startswith("POST /api/conversations ")]
    assert len(created) == 3
    assert outcome.statuses == ["succeeded"] * 3
    assert all([file.content for file in job.files] == [TEST] for job in outcome.jobs)
    left = [UUID(job.conversation_id) for job in outcome.jobs if job.conversation_id]
    assert set(agent_server.states(left).values()) == {None}
