"""
What is sent to other processes, and networks in them.
"""

import copy
import multiprocessing
import pickle
import subprocess
import sys

import astropy.units as u
import numpy as np
import pytest
from astropy.time import Time
from helpers import frame_of, two_elements, write_fits
from planted import sequence
from test_tracker import SCENE

from sunpy_solarunet import Segmenter, Tracker, read_magnetograms

# Keras turns TensorFlow's variables into arrays in numpy 1's way.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy:DeprecationWarning")

COPIES = pytest.mark.parametrize("copied", [copy.deepcopy, lambda thing: pickle.loads(pickle.dumps(thing))])

#: Seconds after which a process is taken to hang.
PATIENCE = 240

#: What a script does that has used a network before it forks.
FORKING = """
import multiprocessing, sys
import numpy as np
from sunpy_solarunet import Segmenter
from sunpy_solarunet.errors import ModelError

field = np.zeros((16, 32))
field[4:9, 5:12] = 300
segmenter = Segmenter()

def use(_):
    return int((segmenter if {same} else Segmenter()).labels(field).max())

if {before}:
    assert use(0) == 1
with multiprocessing.get_context("fork").Pool(1) as pool:
    try:
        print(pool.map_async(use, [0]).get({patience} / 2))
    except ModelError as problem:
        print("refused:", problem)
"""


@pytest.fixture(scope="module")
def used():
    segmenter = Segmenter()
    segmenter.labels(two_elements())
    return segmenter


@COPIES
def test_a_segmenter_that_has_been_used_can_be_copied(used, copied):
    again = copied(used)
    assert again.meta == used.meta
    assert np.array_equal(again.labels(two_elements()), used.labels(two_elements()))


def test_a_copy_does_not_carry_the_network(used):
    assert len(pickle.dumps(used)) < 5000


def test_a_segmenter_that_has_been_used_works_in_a_spawned_process(used):
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        found = pool.apply_async(used.labels, (two_elements(),)).get(PATIENCE)
    assert np.array_equal(found, used.labels(two_elements()))


@pytest.mark.skipif("fork" not in multiprocessing.get_all_start_methods(), reason="this system does not fork")
@pytest.mark.parametrize("same", [True, False], ids=["the same segmenter", "a new segmenter"])
@pytest.mark.parametrize("before", [True, False], ids=["used before", "not used before"])
def test_in_a_forked_process_a_network_is_refused_where_one_has_run_before(before, same):
    script = FORKING.format(before=before, same=same, patience=PATIENCE)
    ended = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", script], check=True, capture_output=True, text=True, timeout=PATIENCE
    )
    if before:
        assert ended.stdout.startswith("refused: a network ran before this process was forked")
        assert 'get_context("spawn")' in ended.stdout
    else:
        assert ended.stdout == "[1]\n"


@COPIES
def test_a_catalog_can_be_copied(copied):
    catalog = Segmenter("threshold")(frame_of(two_elements()))
    catalog.radius
    again = copied(catalog)
    assert repr(again) == repr(catalog)
    for name in ("flux", "radius", "Tx"):
        assert np.array_equal(getattr(again, name), getattr(catalog, name))
    assert again[1].flux == catalog[1].flux


@COPIES
def test_a_tracker_goes_on_as_its_copy_does(copied):
    catalogs = sequence(*SCENE)
    tracker = Tracker()
    for catalog in catalogs[:2]:
        tracker.update(catalog)
    again = copied(tracker)
    for one in (tracker, again):
        for catalog in catalogs[2:]:
            one.update(catalog)
        one.finish()
    for name, table in tracker.tables().items():
        assert len(table) > 0
        assert table.pformat() == again.tables()[name].pformat()


@COPIES
def test_a_sequence_can_be_copied(tmp_path, copied):
    for minute in range(2):
        write_fits(tmp_path / f"frame_{minute}.fits", two_elements() + minute)
    frames = read_magnetograms(
        tmp_path,
        start=Time("2017-07-13T20:17:41"),
        cadence=1 * u.min,
        unit=u.G,
        scale=0.5 * u.arcsec,
        center=(0, 0) * u.arcsec,
    )
    again = copied(frames)
    assert np.all(again.times == frames.times)
    assert np.array_equal(again[1].data, frames[1].data)
