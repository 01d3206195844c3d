"""Small packings beside all packings there are, and large ones that only become better."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csc_array

from sunpy_solarunet.tracking.improving import improved
from sunpy_solarunet.tracking.losses import least_losses, worth_of_held
from sunpy_solarunet.tracking.relaxation import shared_prices


def random_problem(seed, elements=6, sets=9):
    """Elements by sets, excesses and prices."""
    rng = np.random.default_rng(seed)
    members = rng.random((elements, sets)) < 0.35
    members[rng.integers(0, elements, sets), np.arange(sets)] = True
    return members, rng.uniform(0, 2, sets), rng.uniform(0, 3, elements)


def all_losses(members, excess, prices):
    """What each packing loses, by its sets; elements that no set holds do not count."""
    held = members.any(axis=1)
    for chosen in itertools.product([False, True], repeat=members.shape[1]):
        taken = members[:, chosen].sum(axis=1)
        if (taken <= 1).all():
            yield chosen, excess[list(chosen)].sum() + prices[held & (taken == 0)].sum()


@settings(deadline=None, max_examples=25)
@given(st.lists(st.integers(0, 10**6), min_size=1, max_size=3))
def test_no_packing_of_any_problem_loses_less(seeds):
    problems = [random_problem(seed) for seed in seeds]
    owner = np.repeat(np.arange(len(problems)), 9)
    members = csc_array(np.hstack([members for members, _, _ in problems]).astype(float))
    excess = np.concatenate([excess for _, excess, _ in problems])
    prices = np.stack([prices for _, _, prices in problems])
    limit = np.full(len(problems), 1e3)
    losses, chosen, is_least = least_losses(
        owner, members, excess, lambda problem, element: prices[problem, element], limit, 1000
    )
    assert is_least.all()
    for number, problem in enumerate(problems):
        expected = dict(all_losses(*problem))
        assert losses[number] == pytest.approx(min(expected.values()))
        assert expected[tuple(chosen[owner == number].tolist())] == pytest.approx(losses[number])


def test_what_cannot_be_undercut_is_left_at_its_limit():
    members = csc_array(np.array([[1.0], [1.0]]))
    losses, chosen, is_least = least_losses(
        np.array([0]), members, np.array([2.0]), lambda *_: np.ones(2), np.array([1.5]), 9
    )
    assert (losses.tolist(), chosen.tolist(), is_least.tolist()) == ([1.5], [False], [True])


def test_of_too_many_ways_it_is_not_certain_that_the_best_was_tried():
    # Pairs along a ring of twelve elements, all of one excess.
    ring = np.zeros((12, 12))
    ring[np.arange(12), np.arange(12)] = ring[(np.arange(12) + 1) % 12, np.arange(12)] = 1
    arguments = np.zeros(12, int), csc_array(ring), np.full(12, 0.5), lambda *_: np.ones(12), np.array([50.0])
    assert least_losses(*arguments, 500)[2].all()
    losses, chosen, is_least = least_losses(*arguments, 1)
    assert not is_least.any()
    assert losses[0] == pytest.approx(0.5 * chosen.sum() + (12 - 2 * chosen.sum()))


def test_prices_count_once_for_each_problem_that_holds_an_element():
    members = csc_array(np.array([[1.0, 1.0, 1.0], [1.0, 0.0, 0.0]]))
    worth, held = worth_of_held(np.array([0, 0, 1]), members, np.array([2.0, 5.0]), 3)
    assert worth.tolist() == [7, 2, 0]
    assert held.tolist() == [0, 1, 2]


@settings(deadline=None, max_examples=20)
@given(st.integers(0, 10**6))
def test_a_packing_only_becomes_better(seed):
    rng = np.random.default_rng(seed)
    start = rng.integers(0, 60, 200)
    members = np.zeros((63, 200))
    for step in range(3):
        members[start + step, np.arange(200)] = rng.random(200) < 0.8
    members[start, np.arange(200)] = 1
    members, saving = csc_array(members), rng.uniform(0.5, 3, 200)
    found, taken = np.zeros(200, bool), np.zeros(63)
    for column in range(200):
        if taken @ members[:, [column]] == 0:
            taken, found[column] = taken + members[:, [column]].toarray()[:, 0], True
    better = improved(members, saving, shared_prices(members, saving), found)
    assert members[:, better].sum(axis=1).max() <= 1
    assert saving[better].sum() >= saving[found].sum()
