"""How long to wait between attempts."""

from collections.abc import Iterator


def delays(first: float, longest: float) -> Iterator[float]:
    """Doubling delays, for ever, none above ``longest``."""
    if first < 0:
        raise ValueError(f"a delay is not negative: {first}")
    delay = min(first, longest)
    while True:
        yield delay
        delay = min(delay * 2, longest)
