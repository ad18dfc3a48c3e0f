import pytest

from spec_to_production.components import find_component
from spec_to_production.errors import ComponentError

PACKAGE = ["src/calculator/__init__.py", "src/calculator/ops.py", "src/calculator/sub/__init__.py"]
PACKAGE += ["src/calculator/sub/deep.py"]


def names(component):
    return [module.name for module in component.modules]


def refused(name, root):
    with pytest.raises(ComponentError) as caught:
        find_component(name, root)
    return caught.value


@pytest.mark.parametrize(
    ("given", "name", "modules"),
    [
        ("src/calculator", "calculator", ["calculator.ops", "calculator.sub.deep"]),
        ("./src/calculator/", "calculator", ["calculator.ops", "calculator.sub.deep"]),
        ("calculator", "calculator", ["calculator.ops", "calculator.sub.deep"]),
        ("src", "calculator", ["calculator.ops", "calculator.sub.deep"]),
        ("src/calculator/ops.py", "calculator.ops", ["calculator.ops"]),
        ("calculator.ops", "calculator.ops", ["calculator.ops"]),
        ("calculator.sub", "calculator.sub", ["calculator.sub.deep"]),
    ],
)
def test_a_package_is_found_by_path_and_by_name(repository, given, name, modules):
    component = find_component(given, repository(PACKAGE))

    assert (component.name, component.import_root, names(component)) == (name, "src", modules)


@pytest.mark.parametrize(
    ("files", "given", "path", "import_root"),
    [
        (["lib/calc/__init__.py", "lib/calc/a.py"], "calc", "lib/calc", "lib"),
        (["calc/__init__.py", "calc/a.py"], "calc", "calc", "."),
        (["calc.py"], "calc", "calc.py", "."),
        (["calc.py"], "calc.py", "calc.py", "."),
        (["src/calc.py"], "calc", "src/calc.py", "src"),
        (["src/space/calc/a.py"], "space.calc", "src/space/calc", "src"),
        (["examples/calc/__init__.py", "examples/calc/a.py"], "calc", "examples/calc", "examples"),
        (["tools/one.py", "tools/two.py"], "tools/one.py", "tools/one.py", "tools"),
        (["src/__init__.py", "src/calc/__init__.py", "src/calc/a.py"], "calc", "src/calc", "."),
    ],
)
def test_the_import_root_is_the_folder_above_the_outermost_package(
    repository, files, given, path, import_root
):
    component = find_component(given, repository(files))

    assert (component.path, component.import_root) == (path, import_root)


@pytest.mark.parametrize(
    "configuration",
    [
        {"pyproject.toml": "[tool.pytest.ini_options]\npythonpath = ['code']\n"},
        {"pyproject.toml": "[tool.pytest.ini_options]\npythonpath = 'code other'\n"},
        {"pyproject.toml": "[tool.setuptools.packages.find]\nwhere = ['code']\n"},
        {"pyproject.toml": "[tool.setuptools]\npackage-dir = {'' = 'code'}\n"},
        {"pyproject.toml": "[tool.hatch.build.targets.wheel]\npackages = ['code/space']\n"},
        {"pyproject.toml": "[[tool.poetry.packages]]\ninclude = 'space'\nfrom = 'code'\n"},
        {"pytest.ini": "[pytest]\npythonpath = code\n"},
        {"pyproject.toml": "[tool.pytest]\npythonpath = ['code']\n"},
        {"pytest.toml": "[pytest]\npythonpath = ['code']\n"},
        {".pytest.ini": "[pytest]\npythonpath = code\n"},
        {"setup.cfg": "[tool:pytest]\npythonpath = code\n"},
    ],
    ids=lambda files: next(iter(files.values())).replace("\n", " "),
)
def test_configured_source_roots_are_looked_into(repository, configuration):
    root = repository({"code/space/calc.py": "def f(): pass\n"} | configuration)

    component = find_component("space.calc", root)

    assert (component.import_root, names(component)) == ("code", ["space.calc"])


def test_of_several_configurations_that_counts_which_pytest_reads(repository):
    root = repository(PACKAGE)
    (root / "pytest.ini").write_text("[pytest]\naddopts = -p first\n")
    (root / "pyproject.toml").write_text("[tool.pytest.ini_options]\naddopts = '-p second'\n")
    (root / "tox.ini").write_text("[pytest]\naddopts = -p third\n")
    assert find_component("calculator", root).pytest_options == ("-p", "first")
    (root / "pytest.ini").write_text("")
    assert find_component("calculator", root).pytest_options == ()
    (root / "pytest.ini").unlink()
    assert find_component("calculator", root).pytest_options == ("-p", "second")


def test_only_modules_with_behaviour_are_worth_testing(repository):
    root = repository(
        {
            "calc/__init__.py": '"""Docs."""\nfrom calc.ops import add\n__all__ = ["add"]\n',
            "calc/ops.py": "def add(a, b):\n    return a + b\n",
            "calc/data.py": "NAMES = ['a', 'b']\n",
            "calc/empty.py": "",
            "calc/__main__.py": "for name in []:\n    print(name)\n",
            "calc/conftest.py": "def fixture(): pass\n",
            "calc/test_ops.py": "def test(): pass\n",
            "calc/ops_test.py": "def test(): pass\n",
            "calc/tests/helper.py": "def helper(): pass\n",
            "calc/migrations/one.py": "def forward(): pass\n",
            "calc/setup.py": "def run(): pass\n",
            "calc/.hidden/x.py": "def f(): pass\n",
            "calc/env/pyvenv.cfg": "",
            "calc/env/lib.py": "def f(): pass\n",
            "calc/sub/__init__.py": "class Real:\n    pass\n",
            "calc/newer.py": "this is the syntax of another version\n",
        }
    )

    component = find_component("calc", root)

    assert names(component) == ["calc.__main__", "calc.newer", "calc.ops", "calc.sub"]
    assert [m.lines for m in component.modules if m.name == "calc.ops"] == [2]


@pytest.mark.parametrize("name", ["\udcff.py", "a\nb.py", "\udcff/a.py", "a\x1b[2J/b.py"])
def test_names_that_cannot_be_printed_are_left_out(repository, name):
    root = repository({"calc/a.py": "def f(): pass\n"})
    (root / "calc" / name).parent.mkdir(exist_ok=True)
    (root / "calc" / name).write_text("def g(): pass\n")

    assert names(find_component("calc", root)) == ["a"]


def test_links_are_not_followed(repository):
    root = repository(["calc/__init__.py", "calc/a.py", "other/b.py"])
    (root / "calc/linked.py").symlink_to(root / "other/b.py")
    (root / "calc/folder").symlink_to(root / "other")
    (root / "link").symlink_to(root / "calc")

    assert names(find_component("calc", root)) == ["calc.a"]
    assert "behind a symbolic link" in refused("./link", root).message


@pytest.mark.parametrize("given", ["link.py", "folder/ops.py", "folder", "link", "folder.ops"])
def test_a_link_of_the_checkout_that_its_copy_does_not_have_is_told(repository, tmp_path, given):
    root, mine = repository(PACKAGE), tmp_path / "mine"
    (mine / "src").mkdir(parents=True)
    (mine / "link.py").symlink_to(root / "src/calculator/ops.py")
    for folder in ("folder", "src/folder"):
        (mine / folder).symlink_to(root / "src/calculator")

    with pytest.raises(ComponentError) as caught:
        find_component(given, root, checkout=mine)

    assert caught.value.message == (
        f"The component {given} is behind a symbolic link, and links are not followed."
    )


@pytest.mark.parametrize("given", ["calculater", "src/calculatr", "calculator.opps", "ops"])
def test_an_unknown_name_lists_the_near_ones(repository, given):
    root = repository(PACKAGE)
    error = refused(given, root) if given != "ops" else None

    if error is None:
        assert find_component(given, root).path == "src/calculator/ops.py"
    else:
        assert error.message == f"There is no component {given}."
        assert error.hint.startswith("Did you mean src/calculator")


def test_without_a_near_name_the_packages_are_listed(repository):
    assert refused("zzz", repository(PACKAGE)).hint.startswith("There is src/calculator,")
    assert refused("zzz.py", repository(PACKAGE)).hint.startswith("There is src/calculator,")


def test_a_repository_without_python_says_so(tmp_path):
    assert refused("zzz", tmp_path).hint == "There is no Python source in the repository."


def test_a_name_that_fits_twice_is_refused_with_both(repository):
    root = repository(["a/x/__init__.py", "a/x/m.py", "b/x/__init__.py", "b/x/m.py"])

    assert refused("x", root).message == "The component x could be a/x, b/x."


def test_the_folder_of_all_packages_is_not_a_component(repository):
    root = repository(["src/a/__init__.py", "src/b/__init__.py", "src/c.py"])

    assert refused("src", root).hint == "Give one of src/a, src/b, src/c.py."


@pytest.mark.parametrize("given", ["../x", "/etc", "src/../../x"])
def test_a_path_outside_of_the_repository_is_refused(repository, given):
    assert "outside of the repository" in refused(given, repository(PACKAGE)).message


def test_who_names_a_path_from_elsewhere_is_told_the_own_checkout(repository, tmp_path):
    root, mine = repository(PACKAGE), tmp_path / "mine"
    (mine / "src").mkdir(parents=True)

    def hint(given):
        with pytest.raises(ComponentError) as caught:
            find_component(given, root, checkout=mine)
        return caught.value.hint

    assert hint("../x") == f"Give a path below {mine}."
    assert hint("../../src") == "Paths count from the repository's root: src"


def test_what_is_not_python_is_refused(repository):
    root = repository({"src/notes.txt": "x"})

    assert refused("src/notes.txt", root).message == "The component src/notes.txt is not Python."


@pytest.mark.parametrize("given", ["empty", "tests", "docs/"])
def test_a_component_with_nothing_to_test_is_refused(repository, given):
    root = repository({"empty/__init__.py": "", "tests/test_a.py": "", "docs/a.md": ""})

    assert "nothing to test" in refused(given, root).message


@pytest.mark.parametrize("given", ["a\0b", "x/" * 3000, "", "...", "a b"])
def test_odd_names_are_refused_in_words(repository, given):
    assert refused(given, repository({"src/readme.md": ""})).hint


@pytest.mark.parametrize("text", ["[tool", "\udce9"])
def test_a_broken_configuration_is_refused_with_its_file(tmp_path, text):
    (tmp_path / "pyproject.toml").write_bytes(text.encode(errors="surrogateescape"))

    assert refused("calc", tmp_path).message.startswith("pyproject.toml cannot be read")


@pytest.mark.parametrize(
    ("file", "text", "options"),
    [
        (
            "pyproject.toml",
            '[tool.pytest.ini_options]\naddopts = "-ra --import-mode=importlib -p shop.fixtures"',
            ("--import-mode=importlib", "-p", "shop.fixtures"),
        ),
        (
            "pyproject.toml",
            '[tool.pytest.ini_options]\naddopts = ["--import-mode", "append", "-n", "auto"]',
            ("--import-mode", "append"),
        ),
        ("pytest.ini", "[pytest]\naddopts = -x --cov -pno:cacheprovider", ("-pno:cacheprovider",)),
        ("setup.cfg", "[tool:pytest]\naddopts = --strict-markers -ra", ("--strict-markers",)),
        ("pytest.toml", '[pytest]\naddopts = ["-p", "no:cov"]', ("-p", "no:cov")),
    ],
)
def test_the_projects_way_to_import_tests_is_kept(repository, file, text, options):
    root = repository(PACKAGE)
    (root / file).write_text(text)

    assert find_component("calculator", root).pytest_options == options
