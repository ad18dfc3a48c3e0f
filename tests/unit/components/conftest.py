import pytest

CODE = "def function():\n    return 1\n"


@pytest.fixture
def repository(tmp_path):
    """Writes files below a root; a list of names stands for files with one function each."""

    def write(files):
        contents = files if isinstance(files, dict) else dict.fromkeys(files, CODE)
        for name, text in contents.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("" if name.endswith("__init__.py") and text == CODE else text)
        return tmp_path

    return write
