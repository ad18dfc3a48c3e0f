import pytest


@pytest.fixture
def table():
    return "name|age:int\nAda|36\nBob|\n"
