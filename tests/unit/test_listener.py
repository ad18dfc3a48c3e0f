from http.server import BaseHTTPRequestHandler

import pytest

from spec_to_production.listener import Listener


@pytest.mark.parametrize(("error", "said"), [(BrokenPipeError(), ""), (KeyError("a"), "KeyError")])
def test_a_client_that_hangs_up_is_nothing_to_talk_about(capsys, error, said):
    server = Listener(("127.0.0.1", 0), BaseHTTPRequestHandler, bind_and_activate=False)
    with server:
        try:
            raise error
        except type(error):
            server.handle_error(None, ("127.0.0.1", 1))

    told = capsys.readouterr().err
    assert said in told
    assert bool(told) == bool(said)
