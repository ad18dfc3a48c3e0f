"""Tests brought into a real repository, by way of GitHub's Git data API."""

import subprocess

import pytest

from spec_to_production.errors import GitHubError
from spec_to_production.github.delivery import Change, Target, commit, propose
from spec_to_production.results import GeneratedFile
from support.git_data import GitData

FILES = (GeneratedFile(path="tests/calculator/test_add.py", content="def test_add(): ...\n"),)
RUN = "https://github.com/octo/demo/actions/runs/1"
CHANGE = Change.by_run(FILES, "Add 1 test", RUN)
OWN = "spec-to-production/default/feature/x"


@pytest.fixture
def git(tmp_path, server):
    """Git in a bare repository with one commit on ``feature/x``."""
    subprocess.run(["git", "init", "-q", "--bare", tmp_path], check=True)
    server.git = GitData(tmp_path, f"{server.url}/repos/octo/demo/git", server.api.example)
    tree = server.git.git("mktree")
    add_commit(server.git, "feature/x", tree, "begin")
    return server.git


def add_commit(git, branch, tree, text, *parents):
    sha = git.git("commit-tree", tree, *parents, stdin=text)
    git.git("update-ref", f"refs/heads/{branch}", sha)
    return sha


def tip(git, branch):
    return git.git("rev-parse", f"refs/heads/{branch}")


def judged(git):
    return Target("octo/demo", "feature/x", tip(git, "feature/x"))


def branches(git):
    return git.git("for-each-ref", "--format=%(refname:lstrip=2)").split()


def propose_all(github, git, files=FILES, body="text", decided=None):
    change = Change.by_run(files, "Add 1 test", RUN, decided)
    return propose(github, judged(git), "default", change, body)


def someone_commits_to(git, branch):
    return add_commit(git, branch, f"{branch}^{{tree}}", "by hand", "-p", tip(git, branch))


def test_a_commit_holds_the_files_on_top_of_what_was_judged(github, git):
    target = judged(git)
    made = commit(github, target, CHANGE)

    assert git.git("show", "feature/x:tests/calculator/test_add.py") == "def test_add(): ..."
    assert git.git("rev-parse", "feature/x^") == target.sha
    assert made.url == f"https://github.com/octo/demo/commit/{tip(git, 'feature/x')}"


def test_a_commit_names_no_author_so_that_github_signs_it(github, git, server):
    bodies = []
    carry_out = git.carry_out
    git.carry_out = lambda method, path, body: bodies.append(body) or carry_out(method, path, body)
    commit(github, judged(git), CHANGE)

    assert [set(body) for body in bodies if body and "message" in body] == [
        {"message", "tree", "parents"}
    ]


def test_a_branch_that_moved_on_is_left_alone(github, git):
    target = judged(git)
    newer = someone_commits_to(git, "feature/x")
    made = commit(github, target, CHANGE)

    assert "has moved on" in made.told
    assert made.url is None
    assert tip(git, "feature/x") == newer


def test_a_branch_that_moves_in_the_last_moment_is_left_alone_too(github, git, server):
    target = judged(git)

    def a_push_arrives(method, path):
        if method == "PATCH":
            someone_commits_to(git, "feature/x")

    server.before = a_push_arrives
    with pytest.raises(GitHubError, match="not a fast forward"):
        commit(github, target, CHANGE)

    assert git.git("show", "-s", "--format=%s", "feature/x") == "by hand"


def test_a_commit_of_ours_is_not_followed_by_another(github, git):
    commit(github, judged(git), CHANGE)
    more = (GeneratedFile(path="tests/test_more.py", content="def test_more(): ...\n"),)

    assert "own" in commit(github, judged(git), Change.by_run(more, "Add 1 test", RUN)).told
    assert git.git("rev-list", "--count", "feature/x") == "2"


def test_what_is_there_already_is_not_committed(github, git):
    commit(github, judged(git), CHANGE)
    someone_commits_to(git, "feature/x")
    before = tip(git, "feature/x")

    assert "already" in commit(github, judged(git), CHANGE).told
    assert tip(git, "feature/x") == before


def test_a_token_that_may_not_write_gets_the_yaml_to_paste(github, git, server):
    server.writable = False

    with pytest.raises(GitHubError) as caught:
        commit(github, judged(git), CHANGE)

    assert "contents: write" in caught.value.hint


def test_a_pull_request_of_its_own_is_opened(github, git, server):
    made = propose_all(github, git)

    ((number, proposed),) = server.proposed.items()
    assert proposed == {"base": "feature/x", "head": OWN, "title": "Add 1 test", "body": "text"}
    assert made.url == f"https://github.com/octo/demo/pull/{number}"
    assert git.git("show", f"{OWN}:tests/calculator/test_add.py") == "def test_add(): ..."


def test_a_run_again_updates_the_pull_request(github, git, server):
    first = propose_all(github, git)
    someone_commits_to(git, "feature/x")
    second = propose_all(github, git, body="newer")

    assert first.url == second.url
    assert [said["body"] for said in server.proposed.values()] == ["newer"]
    assert git.git("rev-parse", f"{OWN}^") == tip(git, "feature/x")


def test_without_anything_left_the_pull_request_is_closed(github, git, server):
    propose_all(github, git)
    made = propose_all(github, git, files=())

    assert made.url is None
    assert server.pulls == {}
    assert branches(git) == ["feature/x"]


def test_after_a_merge_nothing_is_left(github, git, server):
    propose_all(github, git)
    git.git("update-ref", "refs/heads/feature/x", tip(git, OWN))
    propose_all(github, git)

    assert server.pulls == {}
    assert branches(git) == ["feature/x"]


def test_what_a_run_did_not_decide_on_stays_proposed(github, git, server):
    paths = ("tests/test_a.py", "tests/test_b.py", "tests/test_c.py")
    a, b, c = (GeneratedFile(path=path, content=f"# {path}\n") for path in paths)
    propose_all(github, git, files=(a, b, c))
    someone_commits_to(git, "feature/x")
    newer = a.model_copy(update={"content": "# newer\n"})
    propose_all(github, git, files=(newer,), decided={a.path, b.path})

    assert git.git("ls-tree", "-r", "--name-only", OWN).split() == [a.path, c.path]
    assert git.git("show", f"{OWN}:{a.path}") == "# newer"
    assert git.git("show", f"{OWN}:{c.path}") == f"# {c.path}"
    assert git.git("rev-parse", f"{OWN}^") == tip(git, "feature/x")


def test_nothing_to_propose_opens_nothing(github, git, server):
    assert "nothing is left" in propose_all(github, git, files=()).told
    assert server.proposed == {}


def test_what_someone_added_to_the_pull_request_is_not_overwritten(github, git, server):
    propose_all(github, git)
    theirs = someone_commits_to(git, OWN)
    made = propose_all(github, git, body="newer")

    assert "someone else" in made.told
    assert tip(git, OWN) == theirs
    assert [said["body"] for said in server.proposed.values()] == ["text"]


def test_an_older_run_does_not_propose(github, git, server):
    target = judged(git)
    someone_commits_to(git, "feature/x")

    assert "has moved on" in propose(github, target, "default", CHANGE, "text").told
    assert server.proposed == {}


def test_requests_are_few(github, git, server):
    propose_all(github, git)
    server.exchanges.clear()
    propose_all(github, git)

    assert len(server.exchanges) <= 9
