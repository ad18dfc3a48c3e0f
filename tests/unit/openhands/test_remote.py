"""A server at an address, as far as it needs no real one."""

import json
import subprocess
import threading
import uuid
from contextlib import closing
from pathlib import Path

import httpx
import pytest
import respx
import stamina

from spec_to_production.errors import (
    ApiError,
    OpenHandsError,
    ServerLostError,
    ServerStartError,
)
from spec_to_production.openhands import RemoteServer, remote
from spec_to_production.openhands.client import LateAnswerError
from spec_to_production.openhands.interface import Assignment, Model
from spec_to_production.snapshot import Snapshot, git

HOST = "http://agent-server.test"
JOB = uuid.UUID(int=7)


class Restarting:
    """What 1.58.0 was seen to do: after a restart a conversation stays as it was until it is read,
    and it can't be read while the server that was killed holds it.
    """

    def __init__(self):
        self.uptime, self.status, self.is_held = 1000.0, "running", False

    def __call__(self, request):
        match request.url.path:
            case "/server_info":
                return httpx.Response(200, json={"version": "1.58.0", "uptime": self.uptime})
            case "/api/conversations":
                found = {"id": str(JOB), "execution_status": self.status}
                return httpx.Response(200, json=[found])
            case path if path.endswith("/events/search"):
                if self.is_held:
                    return httpx.Response(404, json={"detail": "Conversation not found"})
                self.status = "error" if self.uptime < 1000 else "running"
                return httpx.Response(200, json={"items": []})
        return httpx.Response(200, json={"success": True, "exit_code": 0})


@respx.mock
def test_what_a_restart_ended_is_not_taken_for_running(tmp_path, monkeypatch):
    monkeypatch.setattr(remote, "_ASK_AGAIN_S", -1)
    server = Restarting()
    respx.route().mock(side_effect=server)
    with closing(RemoteServer(HOST, None)) as client:
        assert client.attach(JOB, tmp_path)
        status = lambda: client.states([JOB])[JOB].status  # noqa: E731
        assert status() == "running"

        server.uptime, server.is_held = 3.0, True
        assert status() == "running"
        server.is_held = False
        assert status() == "error"


@respx.mock
def test_what_a_full_server_does_not_begin_is_told_at_once_and_said_only_once(tmp_path):
    respx.get(path="/api/conversations").respond(json=[{"id": str(JOB)}])
    said = respx.post(f"{HOST}/api/conversations/{JOB}/events").respond(json={"success": True})
    run = respx.post(f"{HOST}/api/conversations/{JOB}/run")
    run.side_effect = [httpx.Response(429), *[httpx.Response(200, json={"success": True})] * 2]
    respx.route().respond(json={"success": True, "version": "1.58.0", "exit_code": 0})
    with closing(RemoteServer(HOST, None)) as client:
        client.attach(JOB, tmp_path)

        with pytest.raises(ApiError, match="429"):
            client.say(JOB, "Go on.")
        client.say(JOB, "Go on.")
        assert (said.call_count, run.call_count) == (1, 2)
        client.say(JOB, "Go on.")
        assert (said.call_count, run.call_count) == (2, 3)


@respx.mock
@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (
            httpx.ConnectError("[Errno 111] Connection refused"),
            "at agent-server.test cannot be reached .*: connection refused\nCheck openhands-url",
        ),
        (httpx.Response(503, json={"status": "initializing"}), "503(?s:.*)Check openhands-url"),
        (httpx.Response(404, text="no such page"), "404"),
    ],
)
def test_a_server_that_does_not_get_ready_is_told_with_its_last_word(monkeypatch, answer, why):
    monkeypatch.setattr(remote, "_READY_WITHIN_S", 0)
    respx.get(f"{HOST}/ready").mock(side_effect=[answer] * 9)
    with (
        closing(RemoteServer(HOST, None)) as client,
        pytest.raises(ServerStartError, match=rf"not ready within 0 s\. .*{why}"),
    ):
        client.wait_until_ready()


@respx.mock
def test_what_a_server_is_waited_for_is_told_once(told):
    refused = httpx.ConnectError("[Errno 111] Connection refused")
    starting = httpx.Response(503, json={"detail": "initializing"})
    ready = respx.get(f"{HOST}/ready")
    ready.side_effect = [refused, refused, starting, httpx.Response(200, json={"success": True})]
    respx.get(f"{HOST}/server_info").respond(json={"version": "1.58.0"})
    with closing(RemoteServer(HOST, None, told.append)) as client:
        client.wait_until_ready()

    first, second, last = told
    assert first.startswith("waiting up to 60 s: The agent server at ")
    assert first.endswith("cannot be reached (GET /ready): connection refused")
    assert second.endswith("GET /ready with 503: initializing")
    assert last == "the agent server is ready"


@respx.mock
def test_a_late_look_is_told_as_such(tmp_path):
    server = Restarting()
    respx.get(f"{HOST}/api/conversations").mock(side_effect=httpx.ReadTimeout("late"))
    respx.route().mock(side_effect=server)
    with closing(RemoteServer(HOST, None)) as client, pytest.raises(LateAnswerError):
        client.states([JOB])


class Server:
    """A server that keeps conversations and copies; ``meanwhile`` is what happens during a create.

    Commands are known by a word in them; the answers to some can be given.
    """

    def __init__(self):
        self.conversations, self.commands = set(), []
        self.answers = {}
        self.look_error, self.create_status = None, 201
        self.meanwhile = lambda: None

    def __call__(self, request):
        match request.method, request.url.path:
            case "GET", "/server_info":
                return httpx.Response(200, json={"version": "1.58.0"})
            case "GET", "/api/conversations":
                if self.look_error:
                    raise self.look_error
                return httpx.Response(200, json=[])
            case "POST", "/api/conversations":
                self.meanwhile()
                conversation = json.loads(request.content)["conversation_id"]
                self.conversations.add(conversation)
                if self.create_status != httpx.codes.CREATED:
                    return httpx.Response(self.create_status)
                state = {"id": conversation, "execution_status": "running"}
                return httpx.Response(201, json=state)
            case "POST", path if path.endswith("/execute_bash_command"):
                return self.execute(json.loads(request.content)["command"])
            case "DELETE", path:
                self.conversations.discard(path.rpartition("/")[2])
        return httpx.Response(200, json={"success": True})

    def execute(self, command):
        self.commands.append(command)
        found = (answer for part, answer in self.answers.items() if part in command)
        return httpx.Response(200, json={"exit_code": 0} | next(found, {}))


@pytest.fixture
def server():
    with respx.mock:
        stand_in = Server()
        respx.route().mock(side_effect=stand_in)
        yield stand_in


@pytest.fixture
def told():
    return []


@pytest.fixture
def client(server, told):
    with closing(RemoteServer(HOST, None, told.append)) as client:
        client.wait_until_ready()
        yield client


def create(client, base):
    conversation = uuid.uuid4()
    client.create(Assignment(conversation, "a job", Model("m"), 1), base)
    return conversation


def test_closing_waits_for_a_conversation_that_is_being_begun(server, client, tmp_path):
    end = threading.Thread(target=client.close)

    def meanwhile():
        end.start()
        client._closing.wait()

    server.meanwhile = meanwhile
    with pytest.raises(ServerLostError, match="The run ended"):
        create(client, tmp_path)
    end.join()

    assert not server.conversations


def test_a_conversation_that_is_begun_after_all_was_deleted_is_deleted_too(
    server, client, tmp_path, monkeypatch
):
    monkeypatch.setattr(remote, "_BEGUN_WITHIN_S", 0)
    server.meanwhile = client.close
    with pytest.raises(ServerLostError, match="The run ended"):
        create(client, tmp_path)

    assert not server.conversations


def test_after_the_end_nothing_is_copied_to_the_server(server, client, tmp_path):
    client.close()
    with pytest.raises(ServerLostError, match="the run is over"):
        create(client, tmp_path)

    assert not server.commands


def test_nothing_is_copied_for_a_server_that_is_known_to_be_gone(
    server, client, tmp_path, monkeypatch
):
    monkeypatch.setattr(client._client, "_why_gone", lambda: "its end")
    with pytest.raises(ServerLostError, match="its end"):
        create(client, tmp_path)

    assert not server.commands


def test_what_cannot_be_removed_at_the_end_keeps_no_other_and_is_told(
    server, client, told, tmp_path
):
    first, *_ = [create(client, tmp_path) for _ in range(4)]
    server.answers[f"rm -rf {remote._COPIES}/{first.hex}"] = {"exit_code": 1, "stderr": "not yours"}
    client.close()

    assert not server.conversations
    assert [line for line in told if "not yours" in line and str(first) in line]


def test_a_server_that_is_gone_at_the_end_is_not_asked_for_each_conversation(
    server, client, tmp_path, monkeypatch
):
    for _ in range(4):
        create(client, tmp_path)
    asked = []

    def delete(conversation):
        asked.append(conversation)
        raise ServerLostError("gone")

    monkeypatch.setattr(remote, "_DELETED_AT_ONCE", 1)
    monkeypatch.setattr(client, "delete", delete)
    client.close()

    assert len(asked) == 1


def test_a_server_that_does_not_answer_at_the_end_is_not_waited_for(
    server, client, told, tmp_path, monkeypatch
):
    answers = threading.Event()
    conversations = {create(client, tmp_path) for _ in range(2)}
    delete = client.delete
    monkeypatch.setattr(remote, "_CLOSED_WITHIN_S", 0)
    monkeypatch.setattr(client, "delete", lambda each: answers.wait(20) and delete(each))
    client.close()

    assert not answers.is_set()
    (line,) = [line for line in told if "may be left" in line]
    assert all(str(each) in line for each in conversations)
    answers.set()


class Machine(Server):
    """A server that runs commands on this machine, and gives the files that they write."""

    def __call__(self, request):
        match request.url.path:
            case "/api/file/upload":
                _, _, content = request.content.partition(b"\r\n\r\n")
                Path(request.url.params["path"]).write_bytes(content.rpartition(b"\r\n--")[0])
            case "/api/file/download":
                return httpx.Response(200, content=Path(request.url.params["path"]).read_bytes())
        return super().__call__(request)

    def execute(self, command):
        self.commands.append(command)
        for part, line in self.answers.items():
            if part in command:
                command = f"{line}; {command}"
        ran = subprocess.run(["bash", "-c", command], check=False, capture_output=True, text=True)
        answer = {"exit_code": ran.returncode, "stdout": ran.stdout, "stderr": ran.stderr}
        return httpx.Response(200, json=answer)


@pytest.fixture
def base(tmp_path):
    checkout = tmp_path / "checkout"
    checkout.mkdir()
    (checkout / "area.py").write_text("def area(a, b): return a * b\n")
    git("init", "--quiet", cwd=checkout)
    return Snapshot.take(checkout, tmp_path / "base").path


@pytest.fixture
def machine(tmp_path, monkeypatch):
    monkeypatch.setattr(remote, "_COPIES", str(tmp_path / "copies"))
    (tmp_path / "copies").mkdir()
    with respx.mock:
        stand_in = Machine()
        respx.route().mock(side_effect=stand_in)
        yield stand_in


@pytest.mark.parametrize(("code", "is_taken"), [(0, True), (1, True), (2, False)])
def test_a_file_that_changed_while_it_was_packed_costs_no_other(machine, base, code, is_taken):
    with closing(RemoteServer(HOST, None)) as client:
        job = create(client, base)
        copy = Path(client._copy(job))
        (copy / "test_area.py").write_text("def test(): pass\n")
        # What GNU tar does then: it packs, says so, and ends with 1.
        machine.answers["tar -cz"] = f'tar() {{ command tar "$@"; return {code}; }}'
        if is_taken:
            assert "+def test(): pass" in client.patch(job)
        else:
            with pytest.raises(OpenHandsError, match="`tar` failed"):
                client.patch(job)
        assert [path.name for path in copy.parent.iterdir()] == [copy.name]


def test_what_is_packed_again_is_another_archive(machine, base):
    with closing(RemoteServer(HOST, None)) as client, stamina.set_testing(testing=True, attempts=2):
        job = create(client, base)
        copy = Path(client._copy(job))
        (copy / "test_area.py").write_text("def test(): pass\n")
        written = []

        def lose_the_first_answer(answer):
            written[:] = copy.parent.glob(f"{copy.name}.*")
            if len(written) == 1:
                raise httpx.ReadError("reset")
            return answer

        execute = machine.execute
        machine.execute = lambda command: (
            lose_the_first_answer(execute(command)) if "tar -cz" in command else execute(command)
        )
        assert "+def test(): pass" in client.patch(job)
        assert len(written) == 2
        assert list(copy.parent.iterdir()) == [copy]


def test_what_an_earlier_run_left_and_cannot_be_told_of_is_deleted_at_the_end(
    server, client, tmp_path
):
    left = uuid.uuid4()
    server.conversations.add(str(left))
    server.look_error = httpx.ReadTimeout("late")
    with pytest.raises(LateAnswerError):
        client.attach(left, tmp_path)
    client.close()

    assert not server.conversations


def test_what_may_have_begun_behind_a_gateway_that_failed_is_deleted_at_the_end(
    server, client, tmp_path
):
    server.create_status = 504
    with stamina.set_testing(testing=True), pytest.raises(ApiError, match="504"):
        create(client, tmp_path)
    assert server.conversations
    client.close()

    assert not server.conversations


def test_what_is_not_there_is_not_taken_up(server, client, tmp_path):
    assert not client.attach(uuid.uuid4(), tmp_path)
    client.close()

    assert not server.commands
