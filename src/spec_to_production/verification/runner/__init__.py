"""What runs inside the sandbox: pytest in forks of a warm process, watched and recorded.

This package is copied into the sandbox and imported by the interpreter that has the component's
dependencies. It needs pytest and coverage there, and nothing else of this tool.
"""
