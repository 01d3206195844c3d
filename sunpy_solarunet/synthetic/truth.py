"""
The true tables of a simulated sequence, in the schemas of the tracker's.
"""

import astropy.units as u
import numpy as np

from sunpy_solarunet.synthetic.choreography import MIRROR
from sunpy_solarunet.tracking.columns import Store
from sunpy_solarunet.tracking.events import Explanation, Transition
from sunpy_solarunet.tracking.history import Told, event_rows, feature_members
from sunpy_solarunet.tracking.kinship import text_of
from sunpy_solarunet.tracking.motion import Motion
from sunpy_solarunet.tracking.rows import events_columns, features_columns, frames_columns
from sunpy_solarunet.tracking.tables import SCHEMAS, make_table

__all__ = ["imbalance", "number_tracks", "seen_happenings", "true_tables"]


def imbalance(kind, members, product):
    """
    Left side of equation 7, 8 or 9 of an event, as a death.

    Parameters
    ----------
    kind : `str`
        disappearance, merging or cancellation.
    members : `numpy.ndarray`
        Signed fluxes of the members on the side that shows the event.
    product : `float` or `None`
        Signed flux of the feature on the other side.

    Returns
    -------
    `float`
        Not-a-number for a disappearance.

    Examples
    --------
    >>> import numpy as np
    >>> from sunpy_solarunet.synthetic.truth import imbalance
    >>> imbalance("cancellation", np.array([4.0, -1.0, -2.0]), None)
    0.25
    """
    if kind == "disappearance":
        return float("nan")
    total = np.sum(members)
    if product is not None:
        return float(abs((total - product) / product))
    # Equation 8 is that of the member all others are opposite to; of a pair, of the larger one.
    return float(abs(total) / np.abs(members).max() if len(members) == 2 else abs(total / _lone(members)))


def _lone(members):
    positive = members > 0
    return members[positive if positive.sum() == 1 else ~positive][0]


def seen_happenings(happenings, shown):
    """
    The events all of whose members are features.

    Parameters
    ----------
    happenings : list of `~sunpy_solarunet.synthetic.choreography.Happening`
    shown : list of `numpy.ndarray` of `int`
        Numbers of the elements that are features, frame by frame.

    Returns
    -------
    list of `~sunpy_solarunet.synthetic.choreography.Happening`
        In the order of their frames, deaths before births.
    """
    seen = [
        happening
        for happening in happenings
        if np.isin(happening.parents, shown[happening.frame]).all()
        and np.isin(happening.children, shown[happening.frame + 1]).all()
    ]
    return sorted(seen, key=lambda happening: (happening.frame, not happening.is_death))


def number_tracks(shown):
    """
    Tracks: runs of frames in which an element is a feature.

    Parameters
    ----------
    shown : list of `numpy.ndarray` of `int`
        Numbers of the elements that are features, frame by frame.

    Returns
    -------
    list of `numpy.ndarray` of `int`
        Track of each feature, frame by frame; numbers run from 0 in the order of the first frames.

    Examples
    --------
    >>> import numpy as np
    >>> from sunpy_solarunet.synthetic.truth import number_tracks
    >>> number_tracks([np.array([4, 7]), np.array([7]), np.array([4, 7])])
    [array([0, 1]), array([1]), array([2, 1])]
    """
    tracks, open_tracks, number = [], {}, 0
    for elements in shown:
        now = {}
        for element in elements.tolist():
            now[element] = open_tracks.get(element, number)
            number += now[element] == number
        tracks.append(np.array(list(now.values()), int))
        open_tracks = now
    return tracks


def true_tables(catalogs, shown, happenings, meta):
    """
    The five tables of a sequence.

    Parameters
    ----------
    catalogs : iterable of `~sunpy_solarunet.FeatureCatalog`
        Taken one by one.
    shown : list of `numpy.ndarray` of `int`
        Number of the element that each feature is, frame by frame.
    happenings : list of `~sunpy_solarunet.synthetic.choreography.Happening`
        Those that are seen.
    meta : `dict`

    Returns
    -------
    `dict` of `~astropy.table.QTable`
        events, members, features, tracks and frames.
    """
    tracks = number_tracks(shown)
    stores = {name: Store(name) for name in ("events", "members", "features", "frames")}
    previous, number = None, 0
    for frame, catalog in enumerate(catalogs):
        features = features_columns(catalog, frame) | {"track_id": tracks[frame]}
        rows = {"features": features, "frames": frames_columns(catalog, frame)}
        if previous is not None:
            between = [happening for happening in happenings if happening.frame == frame - 1]
            transition = _transition(between, previous, catalog, shown[frame - 1], shown[frame])
            members = transition.members(
                feature_members(tracks[frame - 1], previous.label, frame - 1, "parent"),
                feature_members(tracks[frame], catalog.label, frame, "child"),
            )
            told = Told((frame - 1, frame), events_columns(transition, previous, catalog), members, set())
            rows |= event_rows([told], number)
            number += len(members)
        for name, columns in rows.items():
            stores[name].add(columns)
        previous = catalog
    tables = {name: store.table(meta=meta) for name, store in stores.items()}
    return tables | {"tracks": _tracks_table(tables, previous.grid, meta)}


def _transition(happenings, before, after, shown_before, shown_after):
    """What happened between two frames, as the tracker would say it."""
    successor = np.full(len(before), -1)
    _, first, second = np.intersect1d(shown_before, shown_after, return_indices=True)
    successor[first] = second
    sides = ((before, shown_before), (after, shown_after))
    explained = {True: [], False: []}
    for happening in happenings:
        numbers = (happening.parents, happening.children)
        own, other = (0, 1) if happening.is_death else (1, 0)
        members = _features(numbers[own], sides[own][1])
        product = _features(numbers[other], sides[other][1])
        kind = MIRROR[happening.kind]
        flux = sides[own][0].flux.value[members]
        left = sides[other][0].flux.value[product[0]] if product else None
        explanation = Explanation(kind, tuple(members), product[0] if product else None, imbalance(kind, flux, left))
        explained[happening.is_death].append(explanation)
    return Transition(successor, explained[True], explained[False], 0)


def _features(elements, shown):
    """Indices of the features that elements are."""
    return np.searchsorted(shown, elements).tolist() if len(elements) else []


def _tracks_table(tables, grid, meta):
    """The tracks, with the births, deaths and kin that the events tell of."""
    features, frames = tables["features"], tables["frames"]
    order = np.lexsort((features["frame"], features["track_id"]))
    ids, starts = np.unique(np.asarray(features["track_id"])[order], return_index=True)
    seconds = (frames["time"] - frames["time"][0]).to_value(u.s)
    ends, kin = _ends(tables), _kin(tables)
    measured = {name: np.asarray(features[name]) for name in ("frame", "x", "y", "flux", "polarity")}
    rows = []
    for track, chosen in zip(ids.tolist(), np.split(order, starts)[1:], strict=True):
        part = {name: values[chosen] for name, values in measured.items()}
        row = _life(track, part, seconds, grid, ends)
        row |= {name: text_of(others.get(track, ())) for name, others in kin.items()}
        rows.append([row[name] for name in SCHEMAS["tracks"]])
    columns = dict(zip(SCHEMAS["tracks"], zip(*rows, strict=True), strict=True)) if rows else {}
    return make_table("tracks", columns, meta)


def _life(track, part, seconds, grid, ends):
    """What the features of one track, in the order of their frames, tell of it."""
    first, last = int(part["frame"][0]), int(part["frame"][-1])
    birth, death = ends.get((track, "child", first), ""), ends.get((track, "parent", last), "")
    time = seconds[last] - seconds[first]
    motion = _motion(part, seconds, grid)
    velocity = motion.velocity
    return {
        "track_id": track,
        "polarity": part["polarity"][0],
        "first_frame": first,
        "last_frame": last,
        "lifetime": last - first + 1,
        "duration": seconds[last + 1] - seconds[first] if death else time,
        "birth": birth,
        "death": death,
        "birth_censored": not birth,
        "death_censored": not death,
        "max_flux": part["flux"][np.argmax(np.abs(part["flux"]))],
        "displacement": motion.displacement / 1000,
        "velocity": np.hypot(*velocity),
        "velocity_west": velocity[0],
        "velocity_north": velocity[1],
        "velocity_error": motion.velocity_error,
    }


def _motion(part, seconds, grid):
    """How a feature moves in the image: drift and the jumps of mergers are in it."""
    steps = np.diff([part["x"], part["y"]])
    ways = 1000 * np.einsum("nij,jn->ni", grid.axes(part["x"][1:], part["y"][1:]), steps)
    motion = Motion()
    for (west, north), time in zip(ways.tolist(), np.diff(seconds[part["frame"]]).tolist(), strict=True):
        motion.go_on(west, north, time)
    return motion


def _roles(tables):
    """For each event its kind and the tracks and frames of its parents and of its children."""
    kinds = tables["events"].iterrows("event_id", "kind")
    roles = {event: (kind, {"parent": [], "child": []}) for event, kind in kinds}
    for event, track, frame, role in tables["members"].iterrows("event_id", "track_id", "frame", "role"):
        roles[event][1][str(role)].append((int(track), int(frame)))
    return roles.values()


def _ends(tables):
    """Kind of event by the track, the role and the frame of a member that does not live through it."""
    ends = {}
    for kind, sides in _roles(tables):
        # Whoever is on both sides carries its track on.
        lives_on = {track for track, _ in sides["parent"]} & {track for track, _ in sides["child"]}
        for role, tracks in sides.items():
            ends |= {(track, role, frame): str(kind) for track, frame in tracks if track not in lives_on}
    return ends


def _kin(tables):
    """Tracks that each track came from, and that came from it, by merging and splitting."""
    parents, children = {}, {}
    for kind, sides in _roles(tables):
        if kind not in ("merging", "splitting"):
            continue
        for parent, _ in sides["parent"]:
            for child, _ in sides["child"]:
                if parent != child:
                    parents.setdefault(child, []).append(parent)
                    children.setdefault(parent, []).append(child)
    return {"parents": parents, "children": children}
