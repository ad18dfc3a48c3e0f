"""Which servers are reached without a proxy, and proxies that want a password."""

from __future__ import annotations

import re
from collections.abc import Mapping

_LOGIN = re.compile(r"(?is)^([a-z][a-z0-9+.-]*://)?.*@")


def around_loopback(env: Mapping[str, str]) -> dict[str, str]:
    """``NO_PROXY``, in either case, with this machine added: no proxy could reach it."""
    known = env.get("no_proxy") or env.get("NO_PROXY")
    return dict.fromkeys(("NO_PROXY", "no_proxy"), ",".join(filter(None, (known, "127.0.0.1"))))


def without_login(proxy: str) -> str:
    """A proxy's address, with or without ``http://``, but without the user and the password."""
    return _LOGIN.sub(r"\1", proxy)
