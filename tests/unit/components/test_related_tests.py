import pytest

from spec_to_production.components import find_component

SOURCE = {
    "src/calc/__init__.py": "",
    "src/calc/ops.py": "def f(): pass\n",
    "src/calc/sub/__init__.py": "",
    "src/calc/sub/deep.py": "def f(): pass\n",
    "src/other.py": "def f(): pass\n",
}


@pytest.fixture
def find(repository):
    def find(name, files):
        tests = files if isinstance(files, dict) else dict.fromkeys(files, "")
        return find_component(name, repository(SOURCE | tests))

    return find


def test_the_conventions_for_names_and_places(find):
    component = find(
        "calc",
        [
            "tests/calc/test_a.py",
            "tests/calc/deeper/test_b.py",
            "tests/test_calc.py",
            "tests/test_calc_extra.py",
            "tests/test_calculus.py",
            "tests/test_other.py",
            "tests/helper_calc.py",
            "src/calc/tests/test_c.py",
            "src/tests/test_calc.py",
            "src/tests/test_other.py",
        ],
    )

    assert sorted(component.test_files) == [
        "src/calc/tests/test_c.py",
        "src/tests/test_calc.py",
        "tests/calc/deeper/test_b.py",
        "tests/calc/test_a.py",
        "tests/test_calc.py",
        "tests/test_calc_extra.py",
    ]


@pytest.mark.parametrize(
    ("statement", "belongs"),
    [
        ("import calc", True),
        ("import calc.ops as ops", True),
        ("from calc import ops", True),
        ("from calc.sub.deep import f", True),
        ("def test():\n    from calc.ops import f", True),
        ("from src.calc import ops", True),
        ("import calculus", False),
        ("from other import calc", False),
        ("# import calc", False),
        ("text = 'import calc'", False),
        ("import calc (", False),
    ],
)
def test_tests_that_import_the_component_belong_to_it(find, statement, belongs):
    component = find("calc", {"tests/test_x.py": f"{statement}\n"})

    assert component.test_files == (("tests/test_x.py",) if belongs else ())


def test_a_module_has_the_tests_that_import_it_and_not_its_neighbours(find):
    component = find(
        "calc.ops",
        {
            "tests/test_a.py": "from calc import ops\n",
            "tests/test_b.py": "from calc.sub import deep\n",
            "tests/calc/test_ops.py": "",
            "tests/test_ops.py": "",
        },
    )

    assert component.test_files == ("tests/test_a.py", "tests/test_ops.py")


def test_imports_count_only_where_pytest_would_look(find):
    component = find(
        "calc",
        {
            "pytest.ini": "[pytest]\ntestpaths = checks\n",
            "checks/test_a.py": "import calc\n",
            "drafts/test_b.py": "import calc\n",
            "tests/test_calc.py": "",
        },
    )

    assert component.test_files == ("checks/test_a.py", "tests/test_calc.py")


@pytest.mark.parametrize(
    ("tests", "folder"),
    [
        ([], "tests/calc"),
        (["tests/test_other.py"], "tests/calc"),
        (["tests/test_calc.py"], "tests"),
        (["tests/calc/test_a.py"], "tests/calc"),
        (["src/calc/tests/test_a.py", "tests/test_calc.py"], "src/calc/tests"),
        (["src/tests/test_other.py"], "src/tests/calc"),
    ],
)
def test_new_tests_go_where_the_components_tests_are(find, tests, folder):
    assert find("calc", tests).tests_dir == folder


def test_new_tests_go_to_the_folder_that_all_its_tests_share(find):
    component = find(
        "calc",
        {"tests/unit/test_a.py": "import calc\n", "tests/slow/test_b.py": "import calc\n"},
    )

    assert component.tests_dir == "tests"
