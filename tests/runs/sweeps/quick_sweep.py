"""The sweep command with a report that costs little, for tests that sweep many times; run as a script."""

import sys
from functools import partial

from runs import sweep
from runs.sweeps import run as launch


def main(argv=None):
    """Run the command; nothing is patched before, since pytest imports this file when it looks for doctests."""
    launch.BEST_RUNS = 0
    if not isinstance(launch.summary_of, partial):
        launch.summary_of = partial(launch.summary_of, draws=20)
    return sweep.main(argv)


if __name__ == "__main__":
    sys.exit(main())
