"""What holds for all tests."""

from hypothesis import HealthCheck, settings

# Tests assert no duration, and a busy machine is no fault of the code.
settings.register_profile("house", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("house")
