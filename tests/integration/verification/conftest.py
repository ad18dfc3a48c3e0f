"""A small project, and a verifier that judges tests written for it."""

from __future__ import annotations

import tempfile
import textwrap
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from spec_to_production.components import find_component
from spec_to_production.results import GeneratedFile, TestVerdict, Verification
from spec_to_production.sandbox import Sandbox
from spec_to_production.snapshot import Snapshot, git
from spec_to_production.specs import parse_spec
from spec_to_production.verification import Effort, Verifier, verifier
from spec_to_production.verification.interpreter import install_runner
from support.repositories import reachable_folder

SHOP = '''
"""Prices of a small shop."""

import abc
import dataclasses
import json
import pathlib

SEEN = []
LIMIT = 100
PRICES = {1: 5, 2: 8}


class PriceError(ValueError):
    """A price that cannot be."""


def parse(text):
    if not text.isdigit():
        raise PriceError(f"{text!r} is no price")
    return int(text)


def shipping(ships):
    return 0 if ships > LIMIT else 5


def total(prices, *, notify=print):
    result = sum(prices)
    notify(f"total {result}")
    return result


class Shelf(abc.ABC):
    """Where things stand."""

    @abc.abstractmethod
    def place(self):
        """Which one."""


@dataclasses.dataclass(frozen=True)
class Line:
    """One line of a bill."""

    item: str
    price: int


class Parcel:
    """What is sent."""

    def __init__(self, weight):
        self.label = pathlib.Path(f"{weight}.label").read_text() if weight < 0 else ""
        if weight not in PRICES:
            raise PriceError(weight)
        self.price = PRICES[weight]


def in_order(items):
    return ", ".join(str(item) for item in sorted(items))


def halves(numbers, limit):
    kept = list(numbers)
    return filter(lambda n: n < limit, kept), filter(lambda n: n >= limit, kept)


def as_it_is(item):
    return item


def tell(listeners, item):
    for listener in listeners:
        try:
            listener(item)
        except Exception:
            continue


def remember(item):
    SEEN.append(item)
    return len(SEEN)


def in_cents(places):
    def decorate(function):
        def counted(*arguments):
            return round(function(*arguments) * 10**places)

        return counted

    return decorate


class Cart:
    def __init__(self, owner):
        self.owner = owner
        self.items = []

    def add(self, name, price):
        self.items.append((name, price))

    def __len__(self):
        return len(self.items)

    @property
    def sum(self):
        return sum(price for _, price in self.items)
'''

SPEC = """
# Shop

## Requirements

### FR-1: Prices
Text of digits is a price; anything else raises PriceError.

### FR-2: Shipping
100 or more ships free; below it costs 5.

### FR-3: Totals
The total is the sum of the prices, and is told to `notify`.

### FR-4: Cart
A cart has an owner, items and a sum.
"""

EXISTING = """
from shop import remember

def test_remember_counts():
    assert remember("a") == 1
"""

SETTINGS = """
[tool.pytest.ini_options]
filterwarnings = ["error"]
"""

QUICK = Effort(flake_bound=0.5)

Judge = Callable[..., dict[str, TestVerdict]]


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that the sandbox's user may enter; pytest closes its own to other users."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        yield Path(name)


@pytest.fixture(scope="session")
def runner(lean_python: Path) -> Iterator[Path]:
    """The code that runs inside, compiled once for all verifiers; no run can write there."""
    with reachable_folder() as folder:
        yield install_runner(Sandbox.prepare(folder / "sandbox", lean_python), folder / "runner")


@pytest.fixture
def make_verifier(
    folder: Path, lean_python: Path, runner: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Verifier]:
    """A verifier of the shop, whose own suite is ``existing``; its warnings are errors.

    ``there`` is what the checkout has beside it or in its place: text, which is dedented, or bytes.
    """
    monkeypatch.setattr(verifier, "install_runner", lambda *_: runner)

    def make(
        existing: str = EXISTING,
        effort: Effort = QUICK,
        component: str = "src/shop.py",
        there: Mapping[str, str | bytes] = {},
    ) -> Verifier:
        root = folder / "shop"
        files: dict[str, str | bytes] = {
            component: SHOP,
            "tests/test_shop.py": existing,
            "pyproject.toml": SETTINGS,
            **there,
        }
        for path, content in files.items():
            data = textwrap.dedent(content).encode() if isinstance(content, str) else content
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_bytes(data)
        git("init", "--quiet", cwd=root)
        git("add", "--all", cwd=root)
        git("commit", "--quiet", "--message=shop", cwd=root)
        return Verifier(
            spec=parse_spec(SPEC, "spec.md"),
            component=find_component(component.removesuffix("/__init__.py"), root),
            snapshot=Snapshot.take(root, folder / "snapshot"),
            sandbox=Sandbox.prepare(folder / "sandbox", lean_python),
            effort=effort,
            work=folder / "work",
            progress=lambda _: None,
        )

    return make


@pytest.fixture
def verify(make_verifier: Callable[..., Verifier]) -> Callable[..., Verification]:
    """Judge files given as ``name=text`` and conclude."""

    def run(
        existing: str = EXISTING,
        effort: Effort = QUICK,
        there: Mapping[str, str] = {},
        component: str = "src/shop.py",
        **files: str,
    ) -> Verification:
        verifier = make_verifier(existing, effort, component=component, there=there)
        verifier.judge([file(name, text) for name, text in files.items()])
        return verifier.conclude(None)

    return run


@pytest.fixture
def judge(verify: Callable[..., Verification]) -> Judge:
    """The verdicts on the tests of one file, by the tests' names."""

    def run(text: str, **more: Any) -> dict[str, TestVerdict]:
        found = verify(candidate=text, **more)
        return {test.id.rpartition("::")[2]: test for test in found.tests}

    return run


def file(name: str, text: str) -> GeneratedFile:
    """A generated test file, or a helper when it is named as a file."""
    path = f"tests/{name}" if name.endswith(".py") else f"tests/test_{name}.py"
    return GeneratedFile(path=path, content=textwrap.dedent(text))
