"""Benjamini & Hochberg's own example."""

import numpy as np

from runs.statistics.multiplicity import adjusted_p_values

# Benjamini & Hochberg 1995, section 3: fifteen hypotheses about rt-PA; at a rate of .05 the first four are discoveries,
# where Bonferroni finds three.
P = [
    0.0001,
    0.0004,
    0.0019,
    0.0095,
    0.0201,
    0.0278,
    0.0298,
    0.0344,
    0.0459,
    0.3240,
    0.4262,
    0.5719,
    0.6528,
    0.7590,
    1.0,
]


def test_the_papers_example():
    assert (adjusted_p_values(np.array(P)) <= 0.05).sum() == 4


def test_the_order_does_not_matter_and_what_was_not_tested_does_not_count():
    order = np.random.default_rng(0).permutation(len(P))
    shuffled = np.insert(np.array(P)[order], 3, np.nan)
    adjusted = np.delete(adjusted_p_values(shuffled), 3)
    assert np.array_equal(adjusted, adjusted_p_values(np.array(P))[order])
    assert np.isnan(adjusted_p_values(np.array([np.nan]))).all()
