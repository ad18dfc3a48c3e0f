"""Candidates: generated test files, read without running them."""

from __future__ import annotations

import ast
import itertools
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from spec_to_production import syntax
from spec_to_production.components.layout import test_roots
from spec_to_production.components.sources import is_test_file
from spec_to_production.errors import GitError, TestsError
from spec_to_production.results import Component, GeneratedFile, Reason
from spec_to_production.snapshot import Snapshot, git
from spec_to_production.verification.definitions import Function, functions_of

_TEST_FOLDERS = {"test", "tests", "testing"}
_NEVER = {"conftest.py", "sitecustomize.py", "usercustomize.py", "setup.py", "noxfile.py"}
_LOOKS_LIKE_A_TEST = re.compile(r"^[ \t]*(?:async[ \t]+)?def[ \t]+(test\w*)", re.MULTILINE)


@dataclass(frozen=True)
class Candidate:
    """A generated file and the test functions in it.

    Attributes:
        path: Where it is to live, as it was handed in.
        placed: Where it lives while it is judged and where its accepted part is to go:
            another name when ``path`` would take the place of an existing file.
        refused: A reason that holds for the whole file, with its detail.
        shadowing: Functions that would silently take another one's place, with the detail.
        docstring: The file's own.
        component: The modules that it is to test, and the packages around them, which may hand on
            what is in them.
    """

    path: str
    placed: str
    content: str
    functions: tuple[Function, ...] = ()
    refused: tuple[Reason, str] | None = None
    shadowing: tuple[tuple[str, str], ...] = ()
    docstring: str = ""
    component: frozenset[str] = frozenset()

    def id_of(self, function: str) -> str:
        """The pytest id of a function, under the name that was handed in."""
        return "::".join([self.path, *function.split(".")])


def load_tests(tests: str, root: Path, component: Component) -> tuple[GeneratedFile, ...]:
    """Read the tests that ``verify`` is to judge: a file, or all Python files of a folder.

    What lies inside the checkout keeps its path; what lies outside goes to the component's
    test folder. A ``conftest.py`` as it was committed is the project's own and stays in its place.

    Raises:
        TestsError: There is no such file or folder, no Python in it, or it cannot be opened.
    """
    start = Path(tests) if Path(tests).is_absolute() else root / tests
    if not start.exists():
        raise TestsError(f"tests: there is no {tests}.", hint="Give a test file or a folder.")
    found = [start] if start.is_file() else sorted(start.rglob("*.py"))
    files = [
        path
        for path in found
        if path.suffix == ".py"
        and path.name != "__init__.py"
        and not (path.name == "conftest.py" and _is_committed(path, root))
    ]
    if not files:
        raise TestsError(f"tests: there is no Python file to judge in {tests}.")
    base = start if start.is_dir() else start.parent
    return tuple(
        GeneratedFile(path=_home_of(path, base, root, component), content=text_of(path))
        for path in files
        if "__pycache__" not in path.parts
    )


def _home_of(path: Path, base: Path, root: Path, component: Component) -> str:
    if path.resolve().is_relative_to(root.resolve()):
        return path.resolve().relative_to(root.resolve()).as_posix()
    return (PurePosixPath(component.tests_dir) / path.relative_to(base).as_posix()).as_posix()


def _is_committed(path: Path, root: Path) -> bool:
    """Whether a file is in the commit that the checkout is at, as it stands now."""
    if not path.resolve().is_relative_to(root.resolve()):
        return False
    name = path.resolve().relative_to(root.resolve()).as_posix()
    try:
        committed = git("cat-file", "blob", f"HEAD:{name}", cwd=root)
    except GitError:
        return False
    return committed == path.read_bytes().decode("utf-8", "surrogateescape")


def text_of(path: Path) -> str:
    """The text of a file to judge.

    What is no text has null bytes instead, which no Python file may hold: so that file is
    rejected while the others are judged.

    Raises:
        TestsError: It cannot be opened.
    """
    try:
        return syntax.read(path)
    except SyntaxError:
        return path.read_bytes().decode("utf-8", "replace").replace("\ufffd", "\0")
    except OSError as error:
        raise TestsError(f"tests: {path} cannot be read: {error.strerror}") from error


def set_aside(snapshot: Snapshot, paths: Iterable[str], into: Path) -> Snapshot:
    """The snapshot as it would be without these files: what the judged tests are added to."""
    copy = snapshot.copy(into)
    for path in paths:
        (copy / path).unlink(missing_ok=True)
    git("add", "--all", cwd=copy)
    git("commit", "--quiet", "--allow-empty", "--message=without", cwd=copy)
    return Snapshot(copy, git("rev-parse", "HEAD", cwd=copy).strip(), snapshot.head)


def read(file: GeneratedFile, checkout: Path, component: Component) -> Candidate:
    """Read a generated file as text; nothing of it is run."""
    source = syntax.without_mark(file.content)
    candidate = Candidate(file.path, file.path, source)
    if problem := _scope_problem(file.path, checkout, component):
        return replace(candidate, refused=("out_of_scope", problem))
    try:
        tree = syntax.parse(source)
    except (SyntaxError, ValueError) as error:
        names = dict.fromkeys(_LOOKS_LIKE_A_TEST.findall(source))
        return replace(
            candidate,
            functions=tuple(Function(name, 1, "", name) for name in names),
            refused=("syntax_error", _told(error, source)),
        )
    every = list(functions_of(tree, source))
    return replace(
        candidate,
        placed=_free_path(file.path, checkout),
        functions=tuple({function.name: function for function in every}.values()),
        shadowing=tuple(_shadowing(every, checkout / file.path)),
        docstring=ast.get_docstring(tree) or "",
        component=frozenset(
            around for module in component.modules for around in _with_packages(module.name)
        ),
    )


def _with_packages(module: str) -> Iterable[str]:
    return itertools.accumulate(module.split("."), lambda package, name: f"{package}.{name}")


def _scope_problem(path: str, checkout: Path, component: Component) -> str | None:
    pure = PurePosixPath(path)
    if pure.is_absolute() or ".." in pure.parts or "\\" in path:
        return f"{path} is not a path inside the repository."
    if pure.suffix != ".py":
        return f"{path} is not a Python file."
    if pure.name in _NEVER or any(part.startswith(".") for part in pure.parts):
        return f"{pure.name} changes how other tests run; only test files are taken."
    if path in {module.path for module in component.modules}:
        return f"{path} is the component itself."
    in_tests = pure.is_relative_to(component.tests_dir) or _TEST_FOLDERS & set(pure.parts[:-1])
    if in_tests or _is_beside_tests(path, checkout):
        return None
    return (
        f"{path} is not in a folder for tests. It may go into {component.tests_dir} or, named "
        "test_*.py or *_test.py, beside tests that pytest finds."
    )


def _is_beside_tests(path: str, checkout: Path) -> bool:
    """Whether it is named as a test, in a folder in which pytest finds tests already."""
    folder = PurePosixPath(path).parent
    return (
        is_test_file(path)
        and any(folder.is_relative_to(root) for root in test_roots(checkout))
        and any(
            is_test_file(one.name) and _has_tests(one) for one in (checkout / folder).glob("*.py")
        )
    )


def _has_tests(file: Path) -> bool:
    text = file.read_text("utf-8", errors="replace") if file.is_file() else ""
    return _LOOKS_LIKE_A_TEST.search(text) is not None


def _told(error: Exception, source: str) -> str:
    before, null, _ = source.partition("\0")
    if null:
        line = before.count("\n") + 1
        return f"line {line} is no text in UTF-8, or in the encoding that the file names"
    if isinstance(error, SyntaxError):
        return f"line {error.lineno}: {error.msg}"
    return str(error)


def _free_path(path: str, checkout: Path) -> str:
    # Without packages, pytest tells the test modules that it finds apart by their names alone.
    taken = set()
    if not _is_package((checkout / path).parent):
        roots = [checkout / folder for folder in test_roots(checkout)]
        taken = {found.name for root in roots for found in root.rglob("*.py")}
    pure, number = PurePosixPath(path), 1
    while (checkout / pure).exists() or pure.name in taken:
        number += 1
        pure = PurePosixPath(path).with_stem(f"{PurePosixPath(path).stem}_{number}")
    return pure.as_posix()


def _is_package(folder: Path) -> bool:
    return (folder / "__init__.py").exists()


def _shadowing(functions: Sequence[Function], existing: Path) -> Iterator[tuple[str, str]]:
    there = set()
    if existing.is_file():
        try:
            source = syntax.read(existing)
            there = {function.name for function in functions_of(syntax.parse(source), source)}
        except (SyntaxError, ValueError):
            there = set()
    for name, count in Counter(function.name for function in functions).items():
        if name in there:
            yield name, "A test of this name is in the file already and would be replaced."
        elif count > 1:
            yield name, f"The file defines this name {count} times; only the last one ever runs."
