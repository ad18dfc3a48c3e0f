"""Where the mark of a disputed test is put."""

import ast

from spec_to_production.verification.expected_failures import _with_marks
from support.results import disputed


def test_a_mark_stands_before_its_test_though_a_text_holds_what_ends_no_line():
    source = 'PAGE = """\x0cone\u2028two"""\n\n\ndef test_zero():\n    assert PAGE\n'

    marked = _with_marks(source, {"test_zero": disputed("test_zero", "FR-1").dispute})

    tree = ast.parse(marked)
    assert "one\u2028two" in marked
    assert [ast.unparse(mark)[:24] for mark in tree.body[-1].decorator_list] == [
        "pytest.mark.xfail(strict"
    ]
