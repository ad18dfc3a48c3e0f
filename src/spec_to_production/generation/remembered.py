"""Small facts that a run leaves for the next one, a file each in the folder kept between runs."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar, Generic, Self, TypeVar

from pydantic import RootModel, ValidationError

from spec_to_production.whole import write_whole

T = TypeVar("T")


class Remembered(RootModel[dict[str, T]], Generic[T]):
    """Facts by name. ``file`` is what their file is called."""

    file: ClassVar[str]

    @classmethod
    def read(cls, folder: Path) -> Self:
        """What is known; nothing when the file is missing or not one of ours."""
        try:
            return cls.model_validate_json((folder / cls.file).read_bytes())
        except (OSError, ValidationError):
            return cls({})

    def write(self, folder: Path) -> None:
        """Keep them for later runs.

        Raises:
            OSError: They cannot be written.
        """
        write_whole(folder / self.file, self.model_dump_json().encode())
