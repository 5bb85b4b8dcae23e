"""Over which times a feed was heard, against an oracle that looks at single instants."""

import random

import pytest

from datafeeds.catalog.coverage import union
from datafeeds.live.heard import HeardIntervals

LONGEST = 10_000


def oracle(connections, instant):
    """Whether an instant is proved: between frames of one connection, its second ended by a frame, none of it unreadable."""
    second = instant - instant % 1000
    for begin, frames in connections:
        if any(bad and at - at % 1000 == second for at, bad in frames):
            continue
        runs, run = [], [begin]
        for at, _ in frames:
            if at - run[-1] > LONGEST:
                runs.append(run)
                run = []
            run.append(at)
        if any(run[0] <= instant and second + 1000 <= run[-1] for run in [*runs, run]):
            return True
    return False


@pytest.mark.parametrize("seed", range(40))
def test_claims_are_those_of_the_oracle(seed):
    rng = random.Random(seed)
    claims, taken, connections, now = HeardIntervals(LONGEST), [], [], 1_700_000_000_000 + rng.randrange(1000)
    for _ in range(rng.randint(1, 4)):
        now += rng.randrange(100, 5000)
        claims.begin(now)
        frames = []
        connections.append((now, frames))
        for _ in range(rng.randrange(12)):
            now += rng.choice([0, 1, rng.randrange(2000), rng.randrange(5000), 30_000 if rng.random() < 0.2 else 300])
            bad = rng.random() < 0.15
            frames.append((now, bad))
            (claims.missed if bad else claims.heard)(now)
            if rng.random() < 0.3:
                taken += claims.take()
        claims.end()
        claims.heard(now + 3000)  # a frame of a connection that is gone proves nothing
    taken += claims.take()
    assert union(taken) == sorted(taken) or len(union(taken)) < len(taken)
    assert sum(end - start for start, end in taken) == sum(end - start for start, end in union(taken))  # none twice
    points = {at + step for pair in taken for at in pair for step in (-1, 0)}
    points |= {
        at + step for begin, frames in connections for at in (begin, *(f for f, _ in frames)) for step in (-1, 0, 1)
    }
    points |= {rng.randrange(1_700_000_000_000, now + 5000) for _ in range(300)}
    for instant in points:
        assert any(start <= instant < end for start, end in taken) == oracle(connections, instant), instant


def test_a_second_is_never_claimed_before_it_is_over():
    claims = HeardIntervals(LONGEST)
    claims.begin(1500)
    claims.heard(3999)
    assert claims.take() == [(1500, 3000)]
    claims.missed(3999)
    claims.heard(5200)
    assert claims.take() == [(4000, 5000)]


def test_a_silence_that_is_too_long_is_not_claimed():
    claims = HeardIntervals(LONGEST)
    claims.begin(0)
    claims.heard(2000)
    claims.heard(2000 + LONGEST + 1)
    claims.heard(15_000)
    assert claims.take() == [(0, 2000), (2000 + LONGEST + 1, 15_000)]
