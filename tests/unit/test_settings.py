import pytest

from spec_to_production.errors import SettingsError
from spec_to_production.settings import Settings, fields_of, from_action, from_options

GIVEN = {"spec": "s.md", "component": "src/x"}
INPUTS = {"INPUT_SPEC": "s.md", "INPUT_COMPONENT": "src/x"}


def configure(root, text):
    (root / "pyproject.toml").write_text(f"[tool.spec-to-production]\n{text}\n")


def test_inputs_of_the_action_keep_their_hyphens(tmp_path):
    settings = from_action({**INPUTS, "INPUT_JOB-TIMEOUT": "12.5"}, tmp_path)

    assert settings.job_timeout == 12.5


def test_an_empty_input_is_one_that_was_not_given(tmp_path):
    configure(tmp_path, "job-timeout = 100")

    settings = from_action({**INPUTS, "INPUT_JOB-TIMEOUT": "", "INPUT_FAIL-ON": ""}, tmp_path)

    assert settings.job_timeout == 100
    assert settings.fail_on == "errors"


def test_the_action_runs_side_by_side_and_the_command_one_by_one(tmp_path):
    assert from_action(INPUTS, tmp_path).async_ is True
    assert from_options(GIVEN, tmp_path, {}).async_ is False


def test_an_option_wins_over_the_file_and_the_file_over_the_default(tmp_path):
    configure(tmp_path, "job-timeout = 100\npoll-interval = 7")

    settings = from_options({**GIVEN, "job-timeout": "50"}, tmp_path, {})

    assert (settings.job_timeout, settings.poll_interval) == (50, 7)
    assert settings.max_parallel_jobs == Settings.model_fields["max_parallel_jobs"].default


def test_the_file_may_set_async_for_the_action_too(tmp_path):
    configure(tmp_path, "async = false")

    assert from_action(INPUTS, tmp_path).async_ is False


@pytest.mark.parametrize(
    "name", ["llm-api-key", "llm-base-url", "llm-model", "python", "requirements", "github-token"]
)
def test_what_could_leak_a_secret_or_start_a_program_is_not_read_from_the_repository(
    tmp_path, name
):
    configure(tmp_path, f'{name} = "x"')

    with pytest.raises(SettingsError, match=name):
        from_options(GIVEN, tmp_path, {})


@pytest.mark.parametrize(
    "line",
    [
        'target = "dev"',
        'fail-on = "never"',
        "coverage-threshold = 0",
        "flake-bound = 0.99",
        "test-timeout = 0.001",
        "enable-openhands = false",
        "enable-refactoring = false",
        "dry-run = true",
    ],
)
def test_a_pull_request_cannot_make_its_own_check_milder(tmp_path, line):
    configure(tmp_path, line)

    with pytest.raises(SettingsError, match=line.partition(" ")[0]):
        from_action(INPUTS, tmp_path)


def test_the_model_may_come_from_the_environment_of_the_command(tmp_path):
    env = {"LLM_MODEL": "openai/m", "LLM_API_KEY": "k", "LLM_BASE_URL": "http://127.0.0.1:1"}

    settings = from_options(GIVEN, tmp_path, env)

    assert settings.llm_model == "openai/m"
    assert settings.llm_api_key.get_secret_value() == "k"
    assert settings.llm_base_url == "http://127.0.0.1:1"


def test_a_secret_is_not_shown(tmp_path):
    settings = from_options({**GIVEN, "llm-api-key": "hunter2"}, tmp_path, {})

    assert "hunter2" not in repr(settings)
    assert "hunter2" not in settings.model_dump_json()


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"job-timeout": "soon"}, "job-timeout: .*'soon'"),
        ({"job-timeout": "-1"}, "job-timeout: .*greater than 0"),
        ({"job-timeout": "inf"}, "job-timeout: .*less than or equal to 31536000"),
        ({"poll-interval": "1e20"}, "poll-interval: .*less than or equal to 31536000"),
        ({"test-timeout": "inf"}, "test-timeout: .*less than or equal to 31536000"),
        ({"total-timeout": "inf"}, "total-timeout: .*less than or equal to 31536000"),
        ({"max-cost-usd": "inf"}, "max-cost-usd: .*finite"),
        ({"flake-bound": "1e-9"}, r"flake-bound: .*greater than or equal to 0\.001"),
        ({"target": "prod"}, "target: .*'dev', 'staging' or 'production'"),
        ({"spec": None}, "spec: not given. Give --spec"),
    ],
)
def test_a_bad_value_is_named_with_what_to_write_instead(tmp_path, given, told):
    options = {k: v for k, v in {**GIVEN, **given}.items() if v is not None}

    with pytest.raises(SettingsError, match=told):
        from_options(options, tmp_path, {})


def test_all_bad_values_are_told_at_once(tmp_path):
    with pytest.raises(SettingsError) as caught:
        from_options({**GIVEN, "target": "x", "flake-bound": "2"}, tmp_path, {})

    assert "target" in caught.value.message
    assert "flake-bound" in caught.value.message


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("fail-on = 'never'", "'fail-on' is not read from this file"),
        ("spek = 'a.md'", "there is no setting 'spek'"),
    ],
)
def test_what_the_file_may_not_hold_is_told_apart_from_what_nothing_is(tmp_path, line, told):
    configure(tmp_path, line)

    with pytest.raises(SettingsError, match=told):
        from_options(GIVEN, tmp_path, {})


def test_a_file_that_is_not_toml_is_named(tmp_path):
    (tmp_path / "pyproject.toml").write_text("[tool\n")

    with pytest.raises(SettingsError, match=r"pyproject\.toml cannot be read"):
        from_options(GIVEN, tmp_path, {})


@pytest.mark.parametrize(
    "line",
    [
        'tests = "/"',
        'tests = "../elsewhere"',
        'spec = """specs/a.md\n/etc/passwd"""',
        'component = "src/../../x"',
        'output = "/var/www"',
        'pairs = { "specs/a.md" = "/opt/x" }',
        'pairs = { "/etc/passwd" = "src/x" }',
    ],
)
def test_a_path_in_the_repositorys_file_stays_in_the_repository(tmp_path, line):
    configure(tmp_path, line)

    with pytest.raises(SettingsError, match=f"{line.partition(' ')[0]}: .* is not inside"):
        from_action(INPUTS, tmp_path)


def test_whoever_starts_the_run_may_name_tests_anywhere(tmp_path):
    assert from_options({**GIVEN, "tests": "/tmp/x"}, tmp_path, {}).tests == "/tmp/x"


@pytest.mark.parametrize("text", ["tool = 3", "[tool]\nspec-to-production = 'x'"])
def test_a_file_without_a_table_in_its_place_is_refused(tmp_path, text):
    (tmp_path / "pyproject.toml").write_text(text)

    with pytest.raises(SettingsError, match="is not a table"):
        from_options(GIVEN, tmp_path, {})


def test_a_list_is_split_at_white_space(tmp_path):
    settings = from_options({**GIVEN, "requirements": "a.txt\n b"}, tmp_path, {})

    assert settings.requirements == ("a.txt", "b")


def test_the_scripted_model_is_known_by_its_name(tmp_path):
    for model, recorded in [("openai/recorded-demo", True), ("openai/gpt", False), (None, False)]:
        settings = from_options({**GIVEN, **({"llm-model": model} if model else {})}, tmp_path, {})
        assert settings.model_is_recorded is recorded


def test_every_setting_has_a_description_and_a_front():
    named = {name for front in ("action", "command", "file") for name in fields_of(front)}

    assert named == {str(field.alias) for field in Settings.model_fields.values()}
    assert all(field.description for field in Settings.model_fields.values())


@pytest.mark.parametrize(
    "url",
    [
        "http://host:abc",
        "http://host:99999",
        "http://host:0",
        "host:8000",
        "127.0.0.1:8000",
        "http://",
        "http://[::1",
        "http://999.1.1.1",
        "ftp://host",
        "http://one, nonsense",
    ],
)
def test_what_is_no_address_of_a_server_is_told_at_once(tmp_path, url):
    with pytest.raises(SettingsError, match="openhands-url: not an address like"):
        from_options({**GIVEN, "openhands-url": url}, tmp_path, {})


@pytest.mark.parametrize("url", ["cloud", "https://a.test/base, http://[::1]:8000", "http://a,"])
def test_addresses_of_servers_stay_as_they_were_given(tmp_path, url):
    assert from_options({**GIVEN, "openhands-url": url}, tmp_path, {}).openhands_url == url
