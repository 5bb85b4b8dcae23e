"""When two engines agree: the same fills in the same bars, and the same equity at every close."""

import numpy as np

TOLERANCE = 1e-9


def same_trades(ours, theirs, names=("size", "price", "fee")):
    """Assert that two ledgers, ordered by bar and order, have the same bars, orders and kinds, and numbers within 1e-9."""
    for name in ("bar", "order", "kind"):
        count = min(len(ours), len(theirs))
        differs = np.flatnonzero(ours[name][:count] != theirs[name][:count])
        assert not len(differs), f"{name}: ours {ours[differs[0]]}, theirs {theirs[differs[0]]}"
    assert len(ours) == len(theirs)
    for name in names:
        np.testing.assert_allclose(ours[name], theirs[name], rtol=TOLERANCE, atol=0.0, err_msg=name)


def same_equity(ours, theirs):
    """Assert that two equities are within 1e-9 of each other at every close."""
    np.testing.assert_allclose(ours, theirs, rtol=TOLERANCE, atol=0.0)
