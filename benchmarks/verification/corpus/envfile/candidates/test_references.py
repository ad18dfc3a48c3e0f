import os
import random

import pytest

from envfile import parse


class TestReferences:
    environ = {"HOME": "/home/ada", "EMPTY": ""}

    @pytest.mark.requirement("FR-3")
    def test_earlier_value(self):
        assert parse("A=1\nB=${A}2\nC=\"<${B}>\"")["C"] == "<12>"

    @pytest.mark.requirement("FR-3")
    def test_file_before_environment(self):
        text = "DIR=${HOME}\nHOME=/root\nAGAIN=${HOME}"
        assert parse(text, self.environ) == {
            "DIR": "/home/ada",
            "HOME": "/root",
            "AGAIN": "/root",
        }

    @pytest.mark.requirement("FR-3")
    def test_default(self):
        assert parse("A=${NONE:-some text}", self.environ) == {"A": "some text"}

    @pytest.mark.requirement("FR-3")
    def test_nothing(self):
        assert parse("A=[${NONE}]") == {"A": "[]"}

    @pytest.mark.requirement("FR-3")
    def test_single_quotes_protect(self):
        assert parse("A=1\nB='${A}'")["B"] == "${A}"

    @pytest.mark.requirement("FR-3")
    def test_reference_to_itself_fails(self):
        with pytest.raises(RecursionError):
            parse("A=${A}")

    @pytest.mark.requirement("FR-3")
    def test_time_zone_of_the_machine(self):
        assert parse("A=${TZ:-UTC}", os.environ) == {"A": "UTC"}

    @pytest.mark.requirement("FR-3")
    def test_order_of_names(self):
        names = {"ALPHA", "BETA"}
        assert list(parse("\n".join(f"{name}=1" for name in names))) == ["ALPHA", "BETA"]

    @pytest.mark.requirement("FR-3")
    def test_value_that_ends_in_a_random_letter(self):
        letter = random.choice("abcdefghi ")
        assert parse(f"A=x{letter}") == {"A": f"x{letter}"}
