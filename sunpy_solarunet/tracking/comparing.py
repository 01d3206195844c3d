"""
`compare`: two catalogs in, what happened between them out.
"""

from dataclasses import replace

import astropy.units as u
import numpy as np

from sunpy_solarunet.errors import SequenceError
from sunpy_solarunet.tracking.alignment import Pointing, align
from sunpy_solarunet.tracking.association import moving_distance
from sunpy_solarunet.tracking.events import Transition
from sunpy_solarunet.tracking.heirs import with_heirs
from sunpy_solarunet.tracking.parameters import Parameters
from sunpy_solarunet.tracking.rows import events_columns
from sunpy_solarunet.tracking.rules import RULES
from sunpy_solarunet.tracking.swamis import name_events

__all__ = ["compare", "time_between"]


def compare(before, after, *, parameters=None, **changes):
    """
    What happened between two frames: who lives on, the events, and how far everything moved.

    A pure function of its arguments: pairs of frames may be compared anywhere and in any order.

    Parameters
    ----------
    before, after : `~sunpy_solarunet.FeatureCatalog`
        Of frames of one shape, the later one second.
    parameters : `~sunpy_solarunet.tracking.parameters.Parameters`, optional
        By what rule.
    **changes
        Single parameters, by the names that `~sunpy_solarunet.Tracker` gives them.

    Returns
    -------
    `~sunpy_solarunet.tracking.events.Transition`

    Raises
    ------
    SequenceError
        If the second frame is not the later one, or the shapes differ.

    Examples
    --------
    >>> from sunpy_solarunet import Segmenter
    >>> from sunpy_solarunet.synthetic import six_events
    >>> from sunpy_solarunet.tracking import compare
    >>> maps, planted = six_events()
    >>> segmenter = Segmenter("threshold")
    >>> transition = compare(segmenter(maps[4]), segmenter(maps[5]), association="likelihood")
    >>> transition.events["kind"].tolist()
    ['merging', 'disappearance']
    """
    parameters = Parameters(**changes) if parameters is None else replace(parameters, **changes)
    cadence = time_between(before, after)
    side = after.grid.side if parameters.pixel_length is None else parameters.pixel_length
    reach = 2 * moving_distance(parameters.max_speed, cadence, side)
    pointing = Pointing(before, after)
    pointing.warn_of_doubt(reach)
    shift = pointing.shift + pointing.drift(reach) if parameters.drift else pointing.shift
    found = _by_rule(*align(before, after, shift), reach, parameters)
    longer = (side / after.grid.side).to_value(u.one)
    return replace(
        found,
        events=events_columns(found, before, after),
        seconds=cadence.to_value(u.s),
        shift=shift,
        axes=1000 * longer * after.grid.axes(after.x.value, after.y.value),
        radius=before.equivalent_radius * side.to_value(u.km),
    )


def time_between(before, after):
    """
    Time from one frame to the next.

    Parameters
    ----------
    before, after : `~sunpy_solarunet.FeatureCatalog`

    Returns
    -------
    `~astropy.units.Quantity`

    Raises
    ------
    SequenceError
        If the second frame is not the later one, or the shapes differ.
    """
    cadence = (after.time - before.time).to(u.s).round(9)
    if cadence <= 0 * u.s:
        relation = "the same time as" if cadence == 0 * u.s else "an earlier time than"
        raise SequenceError(
            f"the frame of {after.time.isot} has {relation} the one before it, {before.time.isot}: "
            "give frames in the order of their times (read_magnetograms sorts them)"
        )
    if after.labels.shape != before.labels.shape:
        raise SequenceError(
            f"the frame of {after.time.isot} has shape {after.labels.shape}, the one before it "
            f"{before.labels.shape}: cut all frames to one field of view"
        )
    return cadence


def _by_rule(before, after, reach, parameters):
    """What the rule says of two aligned catalogs, and who carries tracks on."""
    found = RULES[parameters.association].compare(
        before,
        after,
        reach,
        flux_tolerance=parameters.flux_tolerance,
        balance_tolerance=parameters.balance_tolerance,
        max_partners=parameters.max_partners,
    )
    if parameters.event_rules == "swamis":
        deaths, births = name_events(before, after, found.successor)
        left, entered = _hidden(found.successor, before, after)
        found = Transition(found.successor, deaths, births, 0, left, entered)
    if parameters.identity == "largest_flux":
        found = replace(found, successor=with_heirs(found, before, after, reach / 2))
    return found


def _hidden(successor, before, after):
    """Features of either frame that are not seen in the other, where data are missing."""
    found = np.zeros(len(after), bool)
    found[successor[successor >= 0]] = True
    return before.cut & (successor < 0), after.cut & ~found
