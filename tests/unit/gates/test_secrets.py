import pytest

from spec_to_production.gates.secrets import ISSUED, WRITTEN, secrets_in

# Put together here, so that no tool takes this file for a leak.
PLANTED = {
    "private key": "-----BEGIN RSA " + "PRIVATE KEY-----",
    "AWS access key": "key = 'AKIA" + "IOSFODNN7EXAMPLE'",
    "GitHub token": "ghp_" + "a1B2" * 9,
    "GitLab token": "glpat-" + "a1B2" * 5,
    "Slack token": "xoxb-" + "1234567890-abc",
    "Google API key": "AIza" + "a1B2_" * 7,
    "Stripe key": "sk_live_" + "a1B2" * 6,
    "model provider key": "sk-ant-" + "a1B2" * 10,
    "package index token": "pypi-" + "a1B2" * 15,
    "password in an address": "postgres://admin:" + "hunter2@db.shop.de/x",
    "password": "DB_PASSWORD = '" + "correct-horse'",
}


@pytest.mark.parametrize("kind", [*ISSUED, *WRITTEN])
def test_a_planted_secret_is_found_and_not_repeated(kind, tmp_path):
    (tmp_path / "a.py").write_text(f"x = 1\n# {PLANTED[kind]}\n", "utf-8")

    found = list(secrets_in(tmp_path, ["."], {**ISSUED, **WRITTEN}))

    assert f"a.py:2: looks like a {kind}" in found
    assert not any(PLANTED[kind] in line for line in found)


@pytest.mark.parametrize(
    "line",
    [
        "password = ''",
        "token = '('",
        "API_KEY = '${API_KEY}'",
        "secret = '<your secret here>'",
        'password = os.environ["PASSWORD"]',
        "url = 'https://example.org:8080/path'",
        "url = f'https://{user}:{password}@example.org'",
        "token_count = 12345678901234",
        "# ftp://foo:bar@ftp.example.org/",
        "dsn = 'postgres://admin:admin@localhost:5432/shop'",
        "See http://user:pass@Example.COM.",
        "amqp://guest:guest@queue.test, amqp://guest:guest@queue.invalid",
    ],
)
def test_what_only_looks_near_a_secret_is_left_alone(line, tmp_path):
    (tmp_path / "a.py").write_text(line, "utf-8")

    assert list(secrets_in(tmp_path, ["."], {**ISSUED, **WRITTEN})) == []


@pytest.mark.parametrize(
    "host",
    ["example.com.shop.de", "example.company", "myexample.com", "test.shop.de", "localhost.de"],
)
def test_a_host_that_only_looks_reserved_is_none(host, tmp_path):
    (tmp_path / "a.py").write_text("# ftp://admin:" + f"hunter2@{host}/", "utf-8")

    assert list(secrets_in(tmp_path, ["."], ISSUED)) == [
        "a.py:1: looks like a password in an address"
    ]


def test_files_that_are_not_text_are_searched_too(tmp_path):
    (tmp_path / "data.bin").write_bytes(b"\x00\xff\n" + PLANTED["GitHub token"].encode())

    assert list(secrets_in(tmp_path, ["data.bin"], ISSUED)) == [
        "data.bin:2: looks like a GitHub token"
    ]
