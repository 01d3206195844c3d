"""
Items that are taken in a thread while the one before is in use.
"""

import threading

import pytest

from sunpy_solarunet.segmentation.prefetch import THREAD, prefetched


def readers():
    """Threads that still read."""
    return [thread for thread in threading.enumerate() if thread.name.startswith(THREAD)]


def test_the_order_is_kept():
    assert list(prefetched(iter(range(50)), ahead=3)) == list(range(50))


@pytest.mark.parametrize("items", [[], [None], (0, None, False)])
def test_any_items_are_handed_on(items):
    assert list(prefetched(items)) == list(items)


def test_the_next_item_is_made_while_the_present_one_is_in_use():
    is_made = [threading.Event() for _ in range(3)]

    def making():
        for number, event in enumerate(is_made):
            event.set()
            yield number

    items = prefetched(making(), ahead=2)
    assert next(items) == 0
    # Nothing more is asked for, yet both are made.
    assert is_made[1].wait(10)
    assert is_made[2].wait(10)
    items.close()


def test_no_more_is_made_than_asked_for():
    made = []
    items = prefetched((made.append(number) or number for number in range(100)), ahead=2)
    assert made == []
    for number in range(5):
        assert next(items) == number
        assert len(made) <= number + 3
    items.close()
    assert len(made) <= 4 + 3


def test_items_are_made_in_one_other_thread():
    threads = {thread.ident for thread in prefetched(threading.current_thread() for _ in range(20))}
    assert len(threads) == 1
    assert threads != {threading.get_ident()}


def test_an_exception_comes_in_place_of_its_item():
    def breaking():
        yield "first"
        yield "second"
        raise OSError("the third is damaged")

    items = prefetched(breaking(), ahead=5)
    assert [next(items), next(items)] == ["first", "second"]
    with pytest.raises(OSError, match="the third is damaged"):
        next(items)
    assert readers() == []


def test_the_thread_ends_with_the_items():
    items = prefetched(range(3))
    next(items)
    assert len(readers()) == 1
    assert list(items) == [1, 2]
    assert readers() == []


def test_closing_ends_the_thread_and_makes_nothing_more():
    made = []
    items = prefetched((made.append(number) for number in range(1000)), ahead=4)
    next(items)
    items.close()
    assert readers() == []
    assert len(made) <= 5


def test_an_error_of_the_consumer_ends_the_thread():
    def consume():
        for _ in prefetched(range(1000)):
            raise RuntimeError("the consumer gives up")

    with pytest.raises(RuntimeError, match="gives up") as caught:
        consume()
    del caught  # its traceback holds the generator
    assert readers() == []


def test_nothing_ahead_is_refused():
    with pytest.raises(ValueError, match="at least 1, got 0"):
        next(prefetched([1], ahead=0))


def test_a_forgotten_generator_may_be_closed_by_the_thread_that_reads():
    """The garbage collector runs in any thread."""
    forgotten, closed, faults = threading.Event(), threading.Event(), []

    def items():
        yield 0
        forgotten.wait(10)
        try:
            generator.close()
        except RuntimeError as problem:
            faults.append(problem)
        closed.set()
        yield 1

    generator = prefetched(items())
    assert next(generator) == 0
    forgotten.set()
    assert closed.wait(10)
    assert not faults
