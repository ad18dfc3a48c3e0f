import pytest

from spec_to_production.errors import SettingsError
from spec_to_production.pairs import pairs, settings_of, touched
from spec_to_production.settings import Settings

KNOWN = {"specs/a.md": "src/a", "specs/b.md": "src/b/"}


@pytest.fixture
def root(tmp_path):
    for name in ("specs/b.md", "specs/a.md", "specs/notes.txt", "src/a/x.py", "src/b/x.py"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("def x(): ...\n")
    return tmp_path


@pytest.mark.parametrize(
    ("spec", "component", "expected"),
    [
        ("specs/a.md", "src/a", [("specs/a.md", "src/a")]),
        ("specs/with space.md", "a.dotted", [("specs/with space.md", "a.dotted")]),
        ("specs/a.md\n\n specs/b.md\n", "src", [("specs/a.md", "src"), ("specs/b.md", "src")]),
        ("specs/b.md\nspecs/a.md", "b\na", [("specs/b.md", "b"), ("specs/a.md", "a")]),
        ("specs/*.md", "src", [("specs/a.md", "src"), ("specs/b.md", "src")]),
        ("specs/*.md", "src/*", [("specs/a.md", "src/a"), ("specs/b.md", "src/b")]),
        ("specs/*.md", "auto", [("specs/a.md", "src/a"), ("specs/b.md", "src/b/")]),
        ("auto", "auto", [("specs/a.md", "src/a"), ("specs/b.md", "src/b/")]),
        ("./specs/a.md\nspecs//a.md", "src", [("specs/a.md", "src")]),
        ("./specs/a.md", "auto", [("specs/a.md", "src/a")]),
        ("specs/a.md\nspecs/*.md", "src", [("specs/a.md", "src"), ("specs/b.md", "src")]),
    ],
)
def test_inputs_stand_for_pairs(root, spec, component, expected):
    assert list(pairs(spec, component, KNOWN, root)) == expected


@pytest.mark.parametrize(
    ("spec", "component", "known", "told"),
    [
        ("auto", "auto", {}, "no pair is known"),
        (" \n", "src", KNOWN, "spec: it is blank"),
        ("specs/a.md", " ", KNOWN, "component: it is blank"),
        ("specs/c.md", "auto", KNOWN, r"no component is known for specs/c\.md"),
        ("specs/*.rst", "src", KNOWN, r"nothing matches specs/\*\.rst"),
        ("specs/*.md", "src/a\nsrc/b\nsrc/c", KNOWN, "3 for 2 specs"),
        ("/etc/*", "src", KNOWN, "not a pattern"),
        ("../*", "src", KNOWN, "not a pattern"),
    ],
)
def test_what_is_not_clear_is_refused(root, spec, component, known, told):
    with pytest.raises(SettingsError, match=told):
        pairs(spec, component, known, root)


@pytest.mark.parametrize(
    ("file", "expected"),
    [
        ("specs/a.md", ["specs/a.md"]),
        ("src/b/deep/x.py", ["specs/b.md"]),
        ("src/bb/x.py", []),
        ("README.md", []),
    ],
)
def test_a_pair_is_touched_by_its_spec_and_by_what_is_in_its_component(root, file, expected):
    given = pairs("auto", "auto", KNOWN, root)

    assert [spec for spec, _ in touched(given, [file], root)] == expected


@pytest.mark.parametrize("component", ["./src/a", "src//a/", "src/a/.", "a", "a.x", "src", "."])
def test_a_pair_is_touched_however_its_component_is_named(root, component):
    given = pairs("auto", "auto", {"./specs/a.md": component}, root)

    assert touched(given, ["src/a/x.py"], root) == given
    assert touched(given, ["specs/a.md"], root) == given
    assert touched(given, ["srcs/a/x.py"], root) == (given if component == "." else ())


def test_a_pair_whose_component_is_not_found_is_touched_so_that_its_run_tells(root):
    given = pairs("auto", "auto", {"specs/a.md": "gone", "specs/b.md": "src/gone"}, root)

    assert [component for _, component in touched(given, ["README.md"], root)] == ["gone"]


@pytest.mark.parametrize(("output", "outputs"), [("out", ["out/1-a", "out/2-b"]), ("", ["", ""])])
def test_several_pairs_have_a_folder_each_if_anything_is_to_be_written(output, outputs):
    settings = Settings(spec="auto", component="auto", output=output)

    made = settings_of([("specs/a.md", "src/a"), ("specs/b.md", "src/b")], settings)

    assert [each.output for each in made] == outputs


@pytest.mark.parametrize("given", [{"output": "verdicts.json"}, {"replay": "verdicts.json"}])
def test_one_file_of_verdicts_is_not_of_several_pairs(given):
    settings = Settings(spec="auto", component="auto", **given)

    with pytest.raises(SettingsError, match=r"verdicts\.json .* of one pair"):
        settings_of([("specs/a.md", "src/a"), ("specs/b.md", "src/b")], settings)
