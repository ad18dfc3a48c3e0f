"""The container's entry: the action, or with arguments the command line.

Started with ``python -I``, so that nothing in the checkout can be imported.
"""

import os
import signal
import sys

INTERRUPTED = 128

# Before anything of the tool is loaded: without a handler SIGTERM does not reach a container's
# first process, and Ctrl-C would print where it came.
for each in (signal.SIGINT, signal.SIGTERM):
    signal.signal(each, lambda signum, _: sys.exit(INTERRUPTED + signum))

if len(sys.argv) > 1:
    from spec_to_production.cli import main as command_line

    command_line()
else:
    from spec_to_production.action import main as action

    code = action()
    sys.stdout.flush()
    if code > INTERRUPTED:
        # Threads may still be waiting for what was just ended; nothing is left to wait for.
        os._exit(code)
    sys.exit(code)
