"""One tree of errors. Each says what happened, to what, and what to do about it.

::

    SpecToProductionError
    ├── InputError            bad input: the run never started (exit code 2)
    │   ├── SettingsError     an action input, option or configuration key
    │   ├── SpecError         the spec file
    │   ├── ComponentError    the component under test
    │   └── TestsError        the tests given to ``verify``
    ├── OpenHandsError        an OpenHands server or a job on it
    │   ├── ServerStartError  a server did not come up
    │   │   └── KeyRefusedError  because the key is not accepted
    │   ├── ServerLostError   a server that answered does not any more
    │   └── ApiError          the server answered with an error
    ├── SandboxError          the machinery that runs untrusted tests broke
    ├── ToolError             a tool that a stage uses did not do its work
    ├── DiskFullError         there is no room for what the run has to write
    ├── GitError              git refused
    └── GitHubError           GitHub refused
"""

from __future__ import annotations

import contextlib
import errno
import os
import re
import shutil
import traceback
from collections.abc import Iterator

_ERRNO = re.compile(r"^\[Errno -?[0-9]+\] ")


class SpecToProductionError(Exception):
    """Base of everything that this tool raises on purpose.

    Args:
        message: What happened, and to what.
        hint: What the reader can do about it; empty when there is nothing.
    """

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message}\n{self.hint}" if self.hint else self.message


def fault_of_ours(error: Exception) -> SpecToProductionError:
    """An error that nobody raised on purpose, in words that say so and where it comes from."""
    where = traceback.extract_tb(error.__traceback__)[-1]
    return SpecToProductionError(
        f"Internal error: {type(error).__name__}: {error} "
        f"({where.name}, line {where.lineno} of {where.filename.rpartition('/')[2]})",
        hint="This is a fault of spec-to-production; please report it.",
    )


def why_unreached(error: Exception) -> str:
    """What the system says of a connection that failed, in words alone: ``connection refused``."""
    why = _ERRNO.sub("", str(error)) or type(error).__name__
    return f"{why[:1].lower()}{why[1:]}"


class InputError(SpecToProductionError):
    """Bad input: one clear sentence naming the input; the run never started."""


class SettingsError(InputError):
    """An action input, a command-line option or a configuration key is unusable."""


class SpecError(InputError):
    """The spec cannot be read as one; the message names the file and, where known, the line."""


class ComponentError(InputError):
    """There is no such component, or nothing in it to test."""


class TestsError(InputError):
    """The tests handed to ``verify`` cannot be found."""

    __test__ = False  # pytest would take the name for a test class


class OpenHandsError(SpecToProductionError):
    """An OpenHands server, or a job on it, failed."""


class ServerStartError(OpenHandsError):
    """The embedded agent server could not be installed or did not get ready."""


class KeyRefusedError(ServerStartError):
    """Who rents servers out does not accept the key, or not for that."""


class ServerLostError(OpenHandsError):
    """A server that had answered cannot be reached any more."""


class ApiError(OpenHandsError):
    """The server answered with an error status.

    Args:
        status: The HTTP status code.
        detail: The server's own words, already shortened.

    Attributes:
        retry_after_s: How long the server wants to be left alone, if it says so.
    """

    def __init__(self, message: str, *, status: int, detail: str = "", hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.status = status
        self.detail = detail
        self.retry_after_s: float | None = None


class SandboxError(SpecToProductionError):
    """The machinery that runs untrusted tests broke; no test is to blame."""


class ToolError(SpecToProductionError):
    """A tool that a stage uses (a linter, a type checker) did not do its work."""


class DiskFullError(SpecToProductionError):
    """There is no room for what the run has to write."""


@contextlib.contextmanager
def telling_of_a_full_disk() -> Iterator[None]:
    """Tell in one sentence what the system says about each file that finds no room.

    Raises:
        DiskFullError: Something in the block found none.
    """
    try:
        yield
    except OSError as error:
        if os.strerror(errno.ENOSPC) not in str(error):
            raise
        # One for a whole tree has no names, but a list: what, where to, why.
        place = error.args[0][0][1] if isinstance(error, shutil.Error) else error.filename
        raise DiskFullError(
            f"{os.strerror(errno.ENOSPC)}: {place or 'a file'} could not be written.",
            hint="Free some space, or set TMPDIR to a folder on another disk.",
        ) from error


class GitError(SpecToProductionError):
    """A git command failed.

    Args:
        returncode: How git ended; ``None`` when it did not start or did not come to its end.
    """

    def __init__(self, message: str, *, returncode: int | None = None, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.returncode = returncode


class GitHubError(SpecToProductionError):
    """GitHub refused a request."""
