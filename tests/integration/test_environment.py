"""Requirements are installed by real pip, from a package made here."""

import base64
import os
import ssl
import sys
import threading
import zipfile
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import httpx
import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Response

from spec_to_production.environment import install
from spec_to_production.errors import InputError
from spec_to_production.package_index import without_passwords
from spec_to_production.sandbox import Sandbox
from support.certificates import self_signed

pytestmark = pytest.mark.integration


@pytest.fixture
def place(open_folder):
    code = open_folder / "code"
    (code / "lib").mkdir(parents=True)
    (code / "lib/pyproject.toml").write_text(
        '[build-system]\nrequires = []\nbackend-path = ["."]\nbuild-backend = "backend"\n'
    )
    (code / "lib/backend.py").write_text(
        "import os, zipfile\n"
        "META = 'Metadata-Version: 2.1\\nName: needed\\nVersion: 1\\n'\n"
        "def build_wheel(folder, *_):\n"
        "    name = 'needed-1-py3-none-any.whl'\n"
        "    with zipfile.ZipFile(os.path.join(folder, name), 'w') as wheel:\n"
        "        wheel.writestr('needed.py', f'ENVIRONMENT = {dict(os.environ)!r}')\n"
        "        wheel.writestr('needed-1.dist-info/METADATA', META)\n"
        "        wheel.writestr('needed-1.dist-info/WHEEL', 'Wheel-Version: 1.0\\n"
        "Root-Is-Purelib: true\\nTag: py3-none-any\\n')\n"
        "        wheel.writestr('needed-1.dist-info/RECORD', '')\n"
        "    return name\n"
    )
    (code / "requirements.txt").write_text("./lib\n")
    sandbox = Sandbox.prepare(open_folder / "sandbox")
    sandbox.hand_over(code)
    return open_folder, code, sandbox


def test_what_a_requirement_file_names_can_be_imported_beside_pytest(place):
    folder, code, sandbox = place
    env = {**os.environ, "GITHUB_TOKEN": "canary"}

    python = install(
        Path(sys.executable),
        ["requirements.txt"],
        sandbox,
        code=code,
        folder=folder / "environment",
        env=env,
    )

    done = sandbox.run(
        [str(python), "-c", "import needed, pytest, coverage; print(needed.ENVIRONMENT)"],
        cwd=folder,
    )
    assert done.returncode == 0, done.output
    assert "canary" not in done.output


LOGIN = "someone:a%2Fcanary-password"
SHOWN = "Basic " + base64.b64encode(b"someone:a/canary-password").decode()


@pytest.fixture
def private_index(httpserver, tmp_path, monkeypatch):
    """An index with one package, which answers nobody without a password."""
    # Of other packages an index says that it has none; an error would be asked about again.
    monkeypatch.setattr(httpserver, "no_handler_status_code", 404)
    wheel = tmp_path / "kept_back-1-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("kept_back.py", "")
        info = "kept_back-1.dist-info"
        archive.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\nName: kept-back\nVersion: 1\n")
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        archive.writestr(f"{info}/RECORD", "")
    page = f'<a href="../../files/kept/{wheel.name}">{wheel.name}</a>'
    for path, content in {
        "/team/simple/kept-back/": page.encode(),
        f"/team/files/kept/{wheel.name}": wheel.read_bytes(),
    }.items():
        httpserver.expect_request(path, headers={"Authorization": SHOWN}).respond_with_data(
            content, content_type="text/html" if path.endswith("/") else "application/zip"
        )
    return f"http://{LOGIN}@{urlsplit(httpserver.url_for('/')).netloc}/team/simple"


def test_the_password_of_an_index_is_not_known_to_what_is_installed(place, private_index):
    folder, code, sandbox = place
    (code / "requirements.txt").write_text("./lib\nkept-back\n")

    python = install(
        Path(sys.executable),
        ["requirements.txt"],
        sandbox,
        code=code,
        folder=folder / "environment",
        env={**os.environ, "PIP_EXTRA_INDEX_URL": private_index},
    )

    done = sandbox.run(
        [str(python), "-c", "import kept_back, needed; print(needed.ENVIRONMENT)"], cwd=folder
    )
    assert "PIP_EXTRA_INDEX_URL" in done.output
    assert "canary" not in done.output


def test_only_pages_and_the_files_that_they_link_to_are_passed_on(httpserver):
    httpserver.expect_request("/simple/a/").respond_with_json(
        {"files": [{"url": "/kept/a-1.whl"}, {"url": "https://elsewhere.test/a-2.whl"}]},
        content_type="application/vnd.pypi.simple.v1+json",
    )
    httpserver.expect_request("/kept/a-1.whl").respond_with_data(b"wheel")
    httpserver.expect_request("/api/secrets").respond_with_data(b"secret")
    place = f"{urlsplit(httpserver.url_for('/')).netloc}/simple/"

    with without_passwords({"PIP_INDEX_URL": f"http://u:p@{place}", "NO_PROXY": "here"}) as env:
        index = env["PIP_INDEX_URL"]
        own, other = (file["url"] for file in httpx.get(f"{index}a/").json()["files"])
        assert httpx.get(urljoin(index, own)).content == b"wheel"
        assert other == "https://elsewhere.test/a-2.whl"
        for path in (
            "../files/9/a-1.whl",
            "../files/0/..%2F..%2Fapi",
            "b?x=/",
            "../",
            "/simple/a/",
        ):
            assert httpx.get(urljoin(index, path)).status_code == 404
    assert env["NO_PROXY"] == "here,127.0.0.1"


@pytest.mark.parametrize("page", ["<html>", "[]", '{"files": 3}', '{"files": [{"name": "a"}]}'])
def test_a_page_that_is_not_what_it_says_is_an_answer_that_pip_understands(httpserver, page):
    httpserver.expect_request("/simple/a/").respond_with_data(
        page, content_type="application/vnd.pypi.simple.v1+json"
    )
    place = f"{urlsplit(httpserver.url_for('/')).netloc}/simple/"

    with without_passwords({"PIP_INDEX_URL": f"http://u:p@{place}"}) as env:
        assert httpx.get(f"{env['PIP_INDEX_URL']}a/").status_code == 502


def test_no_relay_is_left_when_pip_cannot_be_run():
    threads = set(threading.enumerate())
    with (
        pytest.raises(OSError, match="no pip"),
        without_passwords({"PIP_INDEX_URL": "http://u:p@127.0.0.1:1/"}),
    ):
        raise OSError("no pip")

    for thread in set(threading.enumerate()) - threads:
        thread.join(20)
        assert not thread.is_alive()


def test_a_file_is_passed_on_as_it_comes(httpserver):
    seen = threading.Event()

    def in_two_parts(_):
        def parts():
            yield b"first"
            yield b"second" if seen.wait(10) else b"late"

        return Response(parts())

    httpserver.expect_request("/simple/a/").respond_with_data('<a href="/kept/a-1.whl">a</a>')
    httpserver.expect_request("/kept/a-1.whl").respond_with_handler(in_two_parts)
    place = f"{urlsplit(httpserver.url_for('/')).netloc}/simple/"

    with without_passwords({"PIP_INDEX_URL": f"http://u:p@{place}"}) as env:
        page = env["PIP_INDEX_URL"] + "a/"
        link = httpx.get(page).text.split('"')[1]
        with httpx.stream("GET", urljoin(page, link)) as answer:
            received = b""
            for part in answer.iter_raw():
                received += part
                seen.set()
    assert received == b"firstsecond"


def test_an_index_may_have_a_certificate_of_its_own_as_with_pip(tmp_path):
    public, both = self_signed(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(both)
    with HTTPServer(host="127.0.0.1", ssl_context=context) as server:
        server.expect_request("/simple/a/").respond_with_data("here")
        place = {"PIP_INDEX_URL": f"https://u:p@127.0.0.1:{server.port}/simple/"}
        with without_passwords(place) as env:
            assert httpx.get(env["PIP_INDEX_URL"] + "a/").status_code == 502
        with without_passwords({**place, "PIP_CERT": str(public)}) as env:
            assert httpx.get(env["PIP_INDEX_URL"] + "a/").text == "here"
    wrong = {**place, "PIP_CERT": str(tmp_path / "none.pem")}
    with pytest.raises(InputError, match="certificates in"), without_passwords(wrong):
        pass


def test_what_cannot_be_installed_is_bad_input_with_pips_own_words(place):
    folder, code, sandbox = place

    with pytest.raises(InputError, match="no-such-file"):
        install(
            Path(sys.executable),
            ["./no-such-file"],
            sandbox,
            code=code,
            folder=folder / "environment",
            env={},
        )
