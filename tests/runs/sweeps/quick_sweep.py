"""The sweep command with a report that costs little, for tests that sweep many times; run as a script."""

import sys
from functools import partial

from runs.sweep import main
from runs.sweeps import run as launch

if __name__ == "__main__":  # pytest imports this file too, when it looks for doctests: that must change nothing
    launch.BEST_RUNS = 0
    launch.summary_of = partial(launch.summary_of, draws=20)
    sys.exit(main())
