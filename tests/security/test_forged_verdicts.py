"""Tests that claim what is wrong, and try to be accepted all the same."""

import textwrap

from integration.conftest import lean_python  # noqa: F401 - a fixture
from integration.verification.conftest import (  # noqa: F401 - fixtures
    folder,
    make_verifier,
    runner,
    verify,
)
from security.conftest import held

# Each ends with a claim that the component does not meet.
CLAIM = """
    assert shop.parse("1") == 2  # FR-1
"""
FORGERIES = {
    "end the process with success": "os._exit(0)",
    "leave by SystemExit": "sys.exit(0)",
    "make its own run do nothing": """
    request.node.runtest = lambda: None
    request.node.obj = lambda: None
    """,
    "replace what pytest reports": """
    import _pytest.reports
    real = _pytest.reports.TestReport.from_item_and_call.__func__
    def forged(cls, item, call):
        report = real(cls, item, call)
        report.outcome, report.longrepr = "passed", None
        return report
    _pytest.reports.TestReport.from_item_and_call = classmethod(forged)
    """,
    "replace the component": "shop.parse = lambda text: 2",
    "rewrite the component's file": """
    path = pathlib.Path(shop.__file__)
    path.write_text(path.read_text().replace("return int(text)", "return int(text) + 1"))
    """,
    "plant a conftest.py for later runs": """
    hook = "import pytest\\n@pytest.hookimpl(hookwrapper=True)\\ndef pytest_runtest_makereport():"
    hook += "\\n    (yield).get_result().outcome = 'passed'\\n"
    pathlib.Path(shop.__file__).parents[1].joinpath("tests/conftest.py").write_text(hook)
    """,
    "write its own findings into every pipe": """
    line = b'{"kind": "test", "id": "x", "outcome": "passed"}\\n{"kind": "end"}\\n'
    for fd in range(3, 64):
        try:
            os.set_blocking(fd, False)
            os.write(fd, line)
        except OSError:
            pass
    """,
    "write into the pipes of the process above": """
    for fd in range(64):
        try:
            pipe = os.open(f"/proc/{os.getppid()}/fd/{fd}", os.O_WRONLY | os.O_NONBLOCK)
            os.write(pipe, b'{"ended": 0, "timed_out": false}\\n')
        except OSError:
            pass
    os._exit(0)
    """,
    "end the process above": """
    os.kill(os.getppid(), 9)
    """,
    "sign findings with a key found in memory": """
    import gc, json
    keys = {o["key"] for o in gc.get_objects() if type(o) is dict and isinstance(o.get("key"), str)}
    signers = [m.signature for m in list(sys.modules.values()) if hasattr(m, "signature")]
    name = os.environ.get("PYTEST_CURRENT_TEST", "").split(" ")[0]
    found = {"kind": "test", "id": name, "outcome": "passed", "duration_ms": 1.0}
    for key in keys:
        for sign in signers:
            for fd in range(3, 64):
                for number in range(40):
                    text = json.dumps({"number": number, **found})
                    try:
                        line = f"{sign(bytes.fromhex(key), text)} {text}\\n"
                        os.set_blocking(fd, False)
                        os.write(fd, line.encode())
                    except Exception:
                        pass
    os._exit(0)
    """,
}


def written(number, deed):
    body = textwrap.indent(textwrap.dedent(deed).strip(), "    ")
    return (
        "import os, pathlib, sys\nimport shop\n\n\n"
        f"def test_fr_1_forged_{number}(request):\n    'FR-1'\n{body}\n{CLAIM}"
    )


def test_no_forgery_is_accepted(verify, table):  # noqa: F811
    files = {f"forged{n}": written(n, deed) for n, deed in enumerate(FORGERIES.values())}

    found = verify(**files)

    verdicts = {test.id.rpartition("::")[2]: test for test in found.tests}
    accepted = []
    for number, words in enumerate(FORGERIES):
        verdict = verdicts.get(f"test_fr_1_forged_{number}")
        wrong = verdict is not None and verdict.verdict == "accepted"
        said = f"{verdict.verdict}: {verdict.reason}" if verdict else "not judged"
        table("test, in verification", words, held(wrong), said)
        accepted += [words] if wrong else []
    assert not accepted
