"""Too much of everything."""

import multiprocessing
import time

import pytest

import roman


@pytest.mark.requirement("FR-3")
def test_sleeps_a_minute():
    time.sleep(60)
    assert next(roman.numerals()) == "I"


@pytest.mark.requirement("FR-3")
def test_fills_the_disk(tmp_path):
    with (tmp_path / "numerals").open("w") as file:
        for _ in range(2000):  # 2 GB
            file.write("I" * 1_000_000)
    assert roman.to_roman(1) == "I"


@pytest.mark.requirement("FR-3")
def test_keeps_files_open(tmp_path):
    files = [(tmp_path / str(number)).open("w") for number in range(5000)]
    assert len(files) == 5000
    assert roman.to_roman(1) == "I"


@pytest.mark.requirement("FR-3")
def test_child_that_waits_for_ever():
    child = multiprocessing.get_context("fork").Process(target=time.sleep, args=(3600,))
    child.start()
    child.join()
    assert roman.to_roman(1) == "I"
