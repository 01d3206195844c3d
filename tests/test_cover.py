"""Covers at the least cost beside all covers there are, and how much work they are."""

import itertools
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csc_array

from sunpy_solarunet.errors import SolarUnetError
from sunpy_solarunet.tracking import cover as cover_module
from sunpy_solarunet.tracking import packing, relaxation
from sunpy_solarunet.tracking.cover import CheapestCover
from sunpy_solarunet.tracking.packing import Budget, pack


def all_covers(sets, number):
    """Every choice of sets that holds each element once."""

    def extended(chosen, left):
        if not left:
            yield chosen
            return
        element = min(left)
        for index, elements in enumerate(sets):
            if element in elements and left.issuperset(elements):
                yield from extended([*chosen, index], left - set(elements))

    return list(extended([], frozenset(range(number))))


@st.composite
def problems(draw, largest=6):
    """Costs and sets, each element once alone and others at random, no two costs alike."""
    number = draw(st.integers(1, largest))
    several = st.sets(st.integers(0, number - 1), min_size=1, max_size=4).map(lambda found: tuple(sorted(found)))
    sets = [(element,) for element in range(number)] + draw(st.lists(several, max_size=14))
    cost = np.random.default_rng(draw(st.integers(0, 10**6))).uniform(1, 6, len(sets))
    return cost, sets, number


def crowd(number, seed=0, per_element=6, reach=12):
    """Elements along a line, each alone and in sets with others nearby; it hangs together."""
    rng = np.random.default_rng(seed)
    sets = [(element,) for element in range(number)]
    for element in range(number):
        for _ in range(per_element):
            partners = element + rng.integers(1, reach, rng.integers(1, 4))
            sets.append(tuple(sorted({element, *(partners % number).tolist()})))
    sizes = np.array([len(elements) for elements in sets])
    return rng.uniform(0.5, 1.2, len(sets)) * np.where(sizes > 1, sizes**0.7, 1), sets, number


def is_cover(chosen, sets, number):
    held = sorted(itertools.chain.from_iterable(sets[index] for index in chosen))
    return held == list(range(number))


@settings(deadline=None, max_examples=150)
@given(problems())
def test_no_cover_costs_less(problem):
    cost, sets, number = problem
    found = CheapestCover(cost, sets, number)
    assert found.bounded == 0
    assert is_cover(found.chosen, sets, number)
    assert cost[found.chosen].sum() == pytest.approx(min(cost[chosen].sum() for chosen in all_covers(sets, number)))


@settings(deadline=None, max_examples=100)
@given(problems(largest=4))
def test_the_margin_is_what_the_cheapest_cover_without_a_set_costs_more(problem):
    cost, sets, number = problem
    found = CheapestCover(cost, sets, number)
    least = cost[found.chosen].sum()
    whole = tuple(range(number))
    if whole not in sets:  # with a set of all elements, all compete with all: nothing stays as it was
        sets, cost = [*sets, whole], np.append(cost, 1e3)
        found = CheapestCover(cost, sets, number)
    for index, margin in zip(found.chosen, found.margins(found.chosen), strict=True):
        without = [cost[chosen].sum() for chosen in all_covers(sets, number) if index not in chosen]
        assert margin == pytest.approx(min(without, default=np.inf) - least, abs=1e-6)


def test_a_set_without_a_rival_has_no_end_to_its_margin():
    assert CheapestCover([1.0, 2.0], [(0,), (1,)], 2).margins([0, 1]).tolist() == [np.inf, np.inf]


def test_an_element_may_be_kept_from_being_alone():
    # Without the set of element 1 alone: 4 with either neighbor in place of 1 + 1.
    found = CheapestCover([1.0, 1.0, 1.5, 4.0, 4.2], [(0,), (1,), (2,), (0, 1), (1, 2)], 3)
    assert found.chosen.tolist() == [0, 1, 2]
    assert found.margins([1]) == pytest.approx([4.2 + 1.0 - 3.5])


def test_an_element_without_a_set_of_its_own_is_named():
    with pytest.raises(SolarUnetError, match=r"no set holds element 1 alone"):
        CheapestCover([1.0, 3.0], [(0,), (0, 1)], 2)


def test_nothing_is_covered_by_nothing():
    found = CheapestCover([], [], 0)
    assert (len(found.chosen), len(found.margins([])), found.bounded) == (0, 0, 0)


@pytest.fixture
def programs(monkeypatch):
    """How many sets each linear, and each integer, program was given."""
    sizes = {"linear": [], "whole": []}
    for module, name, key in ((relaxation, "linprog", "linear"), (packing, "milp", "whole")):
        solve = getattr(module, name)

        def counted(saving, *arguments, solve=solve, key=key, **options):
            sizes[key].append(len(saving))
            return solve(saving, *arguments, **options)

        monkeypatch.setattr(module, name, counted)
    return sizes


def test_sets_without_rivals_need_no_program(programs):
    sets = [(0,), (1,), (2,), (3,), (4,), (0, 2), (1, 3, 4)]
    assert CheapestCover([1.0, 1.0, 1.0, 1.0, 1.0, 1.5, 5.0], sets, 5).chosen.tolist() == [1, 3, 4, 5]
    assert programs == {"linear": [], "whole": []}


def test_many_small_crowds_are_one_linear_program_and_none_by_integers(programs):
    sets, cost = [], []
    for first in range(0, 3000, 3):
        sets += [(first,), (first + 1,), (first + 2,), (first, first + 1), (first + 1, first + 2), (first, first + 2)]
        cost += [1.0, 1.0, 1.0, 1.5, 1.4, 1.3]  # by halves 2.1, whole 2.3
    found = CheapestCover(cost, sets, 3000)
    assert np.sum(np.array(cost)[found.chosen]) == pytest.approx(2300)
    assert (len(programs["linear"]), programs["whole"]) == (1, [])


def test_programs_stay_within_their_sizes(programs):
    cost, sets, number = crowd(900)
    found = CheapestCover(cost, sets, number)
    assert is_cover(found.chosen, sets, number)
    assert sum(packing.WHOLE[0] + packing.WHOLE[1] * size for size in programs["whole"]) <= packing.WORK
    assert max(programs["whole"], default=0) <= packing.MOST_WHOLE
    found.margins(found.chosen)
    assert max(programs["linear"]) <= packing.BATCH + len(sets)


def test_the_best_found_within_the_bounds_is_a_cover_and_the_bound_is_counted(monkeypatch):
    cost, sets, number = crowd(80, per_element=2)
    best = CheapestCover(cost, sets, number)
    assert best.bounded == 0
    monkeypatch.setattr(packing, "WORK", 0)
    found = CheapestCover(cost, sets, number)
    assert found.bounded > 0
    assert is_cover(found.chosen, sets, number)
    assert cost[best.chosen].sum() <= cost[found.chosen].sum() < 1.05 * cost[best.chosen].sum()


@pytest.mark.parametrize("silent", ["linear", "whole"])
def test_without_an_answer_from_a_program_there_is_a_cover_all_the_same(monkeypatch, silent):
    class Nothing:
        status, x = 1, None

    module, name = {"linear": (relaxation, "linprog"), "whole": (packing, "milp")}[silent]
    cost, sets, number = crowd(200, seed=2, per_element=3)
    best = cost[CheapestCover(cost, sets, number).chosen].sum()
    monkeypatch.setattr(module, name, lambda *arguments, **options: Nothing())
    monkeypatch.setattr(packing, "MOST_SEARCHED", 0)
    found = CheapestCover(cost, sets, number)
    assert is_cover(found.chosen, sets, number)
    assert best <= cost[found.chosen].sum() < 1.2 * best
    if silent == "linear":
        assert found.bounded > 0


def test_more_rivals_than_are_weighed_are_counted(monkeypatch):
    cost, sets, number = crowd(60, per_element=3)
    found = CheapestCover(cost, sets, number)
    exact = found.margins(found.chosen)
    monkeypatch.setattr(cover_module, "MOST_RIVALS", 2)
    few = CheapestCover(cost, sets, number)
    margins = few.margins(few.chosen)
    assert few.bounded > found.bounded
    assert (margins >= exact - 1e-6).all()


def test_prices_are_never_less_than_what_a_set_saves():
    rng = np.random.default_rng(3)
    members = csc_array((rng.random((30, 200)) < 0.08).astype(float))
    members = csc_array(members[:, np.diff(members.indptr) > 0])
    saving = rng.uniform(0.1, 3, members.shape[1])
    found = pack(members, saving, Budget())
    assert (members.T @ found.prices >= saving - 1e-6).all()
    assert found.prices.sum() >= saving[found.chosen].sum() - 1e-6


def test_solvers_print_nothing(capfd):
    cost, sets, number = crowd(400)
    found = CheapestCover(cost, sets, number)
    found.margins(found.chosen)
    sys.stdout.flush()
    assert capfd.readouterr() == ("", "")
