import threading

import pytest
from github import Auth, Github

from spec_to_production.errors import GitHubError
from spec_to_production.github.comment import LIMIT, Marker, find_pull_request, post
from spec_to_production.github.connection import connect
from spec_to_production.github.event import Event
from support.github_server import Failure

REPOSITORY = "octo/demo"


def body(run=1, text="text", comment_id="default"):
    return f"{Marker(comment_id, run, 1)}\n{text}"


def requests_of(server):
    return [(exchange.method, exchange.status) for exchange in server.exchanges]


def test_the_first_run_posts_and_the_next_edits(server, github):
    first = post(github, REPOSITORY, 5, body(run=1))
    second = post(github, REPOSITORY, 5, body(run=2))

    assert first == second == server.comments[5][0]["html_url"]
    assert server.bodies(5) == [body(run=2)]


def test_posting_the_same_again_writes_nothing(server, github):
    post(github, REPOSITORY, 5, body())
    server.exchanges.clear()
    post(github, REPOSITORY, 5, body())

    assert requests_of(server) == [("POST", 200), ("GET", 200)]  # who am I, what is there


def test_a_usual_run_takes_few_requests(server, github):
    post(github, REPOSITORY, 5, body())

    assert len(server.exchanges) == 4


def test_ours_is_found_on_a_later_page(server, github):
    for _ in range(230):
        server.add_comment(5, "chatter", author="someone")
    server.add_comment(5, body(run=1))
    for _ in range(30):
        server.add_comment(5, "more chatter", author="someone")
    post(github, REPOSITORY, 5, body(run=2))

    assert server.bodies(5)[230] == body(run=2)
    assert len(server.bodies(5)) == 261


def test_what_others_wrote_is_left_alone(server, github):
    server.add_comment(5, body(run=99, text="a forgery"), author="someone")
    post(github, REPOSITORY, 5, body(run=1))

    assert server.bodies(5) == [body(run=99, text="a forgery"), body(run=1)]


def test_an_older_run_does_not_overwrite_a_newer_one(server, github):
    server.add_comment(5, body(run=9))
    post(github, REPOSITORY, 5, body(run=2, text="old news"))

    assert server.bodies(5) == [body(run=9)]


def test_comment_ids_stand_side_by_side(server, github):
    post(github, REPOSITORY, 5, body(comment_id="api"))
    post(github, REPOSITORY, 5, body(comment_id="web"))

    assert server.bodies(5) == [body(comment_id="api"), body(comment_id="web")]


def test_duplicates_of_ours_are_removed(server, github):
    for run in (1, 2, 3):
        server.add_comment(5, body(run=run))
    post(github, REPOSITORY, 5, body(run=4))

    assert server.bodies(5) == [body(run=4)]


@pytest.mark.parametrize("repeat", range(5))
def test_two_runs_at_once_leave_one_comment_the_newer_one(server, repeat):
    together = threading.Barrier(2, timeout=20)
    both_listed = set()

    def wait_after_listing(method, path):
        # Both have seen that there is none before either creates one.
        if method == "POST" and path.endswith("/comments"):
            both_listed.add(threading.get_ident())
            together.wait()

    server.before = wait_after_listing
    errors = []

    def run(number):
        client = Github(
            auth=Auth.Token("token"),
            base_url=server.url,
            retry=None,
            lazy=True,
            seconds_between_requests=0,
            seconds_between_writes=0,
        )
        try:
            post(client, REPOSITORY, 5, body(run=number))
        except GitHubError as error:
            errors.append(error)
        finally:
            client.close()

    threads = [threading.Thread(target=run, args=(number,)) for number in (1, 2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert errors == []
    assert server.bodies(5) == [body(run=2)]


def test_a_comment_that_was_removed_in_between_is_no_error(server, github):
    server.add_comment(5, body(run=1))
    server.add_comment(5, body(run=2))

    def another_run_removes_it(method, path):
        if method == "DELETE":
            server.comments[5].pop(0)

    server.before = another_run_removes_it
    post(github, REPOSITORY, 5, body(run=3))

    assert server.bodies(5) == [body(run=3)]


def test_a_token_that_may_only_read_gets_the_yaml_to_paste(server, github):
    server.writable = False

    with pytest.raises(GitHubError, match="Resource not accessible") as caught:
        post(github, REPOSITORY, 5, body())

    assert "pull-requests: write" in caught.value.hint
    assert server.bodies(5) == []


def test_a_body_at_the_limit_is_taken(server, github):
    text = body()
    post(github, REPOSITORY, 5, text + "x" * (LIMIT - len(text)))

    assert len(server.bodies(5)[0]) == LIMIT


def test_a_lost_answer_leaves_no_second_comment(server):
    lost = Failure("POST", "/issues/5/comments", 502)
    server.failures.append(lost)

    def the_write_had_arrived(method, path):
        if method == "POST" and path.endswith("/comments") and lost.times:
            server.add_comment(5, body())

    server.before = the_write_had_arrived
    client = connect("token", server.url)
    post(client, REPOSITORY, 5, body())
    client.close()

    assert server.bodies(5) == [body()]


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        ({"name": "pull_request", "pull_request": 7}, 7),
        ({"name": "push", "branch": "feature"}, 5),
        ({"name": "workflow_dispatch", "branch": "feature"}, 5),
        ({"name": "push", "branch": "main"}, None),
        ({"name": "schedule"}, None),
    ],
)
def test_the_pull_request_is_the_events_or_its_branchs(server, github, event, expected):
    server.pulls = {4: "octo:other", 5: "octo:feature", 6: "someone:feature"}
    event = Event(
        repository=REPOSITORY,
        sha="a" * 40,
        run_id=1,
        run_attempt=1,
        job="tests",
        server_url="https://github.com",
        api_url=server.url,
        **event,
    )

    assert find_pull_request(github, event) == expected
