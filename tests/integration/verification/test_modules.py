"""Modules of a component that are not like the others: what cannot be read costs only itself."""

from __future__ import annotations

from spec_to_production.results import GeneratedFile

PACKAGE = "src/shop/__init__.py"
MUTANTS_OF_ALL = "null implementations and mutants of every module"

TEA_ROOM = """# coding: latin-1
def greeting(name):
    return "café " + name
""".encode("latin-1")

OLD = b"def show(x):\n    print x\n"
GARBLED = b'def f():\n    return "\xe9"\n'

CODEC = b"""
import codecs
codecs.register(lambda name: codecs.lookup("utf-8") if name == "shop" else None)
"""
SIGN = b"# coding: shop\ndef sign(name):\n    return f'<{name}>'\n"

GOOD = """
from shop import parse
from shop.tea_room import greeting

def test_price():
    assert parse("12") == 12

def test_greeting():
    assert greeting("Zoë") == "café Zoë"
"""

OF_THE_SIGN = """
from shop.sign import sign

def test_sign():
    assert sign("Tea") == "<Tea>"
"""


def candidate(text):
    return GeneratedFile(path="tests/test_candidate.py", content=text)


def check_of_mutants(found):
    return next(check for check in found.checks if check.name == MUTANTS_OF_ALL)


def test_modules_that_cannot_be_read_do_not_keep_the_others_from_being_judged(make_verifier):
    odd = {"tea_room": TEA_ROOM, "old": OLD, "garbled": GARBLED}
    files = {f"src/shop/{name}.py": content for name, content in odd.items()}
    verifier = make_verifier(component=PACKAGE, there=files)
    verifier.judge([candidate(GOOD)])
    found = verifier.conclude(None)

    assert [(test.verdict, test.detail) for test in found.tests] == [("accepted", "")] * 2
    assert found.tests[1].mutants_killed[0].startswith("src/shop/tea_room.py:3 ")
    check = check_of_mutants(found)
    assert not check.made
    assert "src/shop/garbled.py" in check.detail
    assert "src/shop/old.py" in check.detail


def test_where_all_modules_can_be_read_mutants_of_all_were_made(verify):
    assert check_of_mutants(verify()).made


def test_a_test_of_code_that_cannot_be_changed_is_not_called_vacuous(make_verifier):
    """The project's own Python reads it, this one does not."""
    files = {"src/shop/sign.py": SIGN, "tests/conftest.py": CODEC}
    verifier = make_verifier(component=PACKAGE, there=files)
    (verdict,) = verifier.judge([candidate(OF_THE_SIGN)])

    assert (verdict.verdict, verdict.reason) == ("rejected", "not_collected")
    assert "src/shop/sign.py" in verdict.detail
