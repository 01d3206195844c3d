"""
The borders of features on map axes, those of members of events in the color of its kind.
"""

import numpy as np

from sunpy_solarunet.errors import SolarUnetError, name_choice
from sunpy_solarunet.plotting.borders import draw_rings
from sunpy_solarunet.plotting.palettes import COLORS
from sunpy_solarunet.tracking.exchange import lesser_members
from sunpy_solarunet.tracking.kinship import numbers_in
from sunpy_solarunet.tracking.tables import require_columns

__all__ = ["EVENT_COLUMNS", "at_time", "draw_events", "kinds_of_features", "marked_labels"]

#: Columns of a table of events that say which features it marks, and how.
EVENT_COLUMNS = ("time", "kind", "category", "parents", "children")

#: Members with less than this part of an event's flux are marked without the giant that the rest belongs to.
LOPSIDED = 0.1

#: Seconds that two equal times may differ by.
SAME_TIME = 1e-3


def draw_events(catalog, events, *, axes=None, inset=0.15, legend=True, palette="default", **kwargs):
    """
    Draw the borders of all features, those of members of this frame's events in the color of the kind.

    A death is marked in the earlier of its frames, on its parents, a birth in the later, on its
    children (footnote 9 of Jiang et al. 2020). Where all members but a giant have less than a tenth of the
    flux, the giant is not marked. Borders of deaths are dashed and those of births solid; that of a feature
    that takes part in events of several kinds has their colors in turn.

    Parameters
    ----------
    catalog : `~sunpy_solarunet.FeatureCatalog`
    events : `~astropy.table.QTable`
        As `~sunpy_solarunet.Tracker` returns it; events of other frames are passed over.
    axes : `~astropy.visualization.wcsaxes.WCSAxes`, optional
        As in `draw_borders`.
    inset : `float`
        How far, in pixels, borders are drawn into their feature.
    legend : `bool` or `dict`
        Explain the colors that occur; a `dict` holds arguments of `matplotlib.axes.Axes.legend`.
    palette : {"default", "paper"}
        As in `draw_borders`.
    **kwargs
        Passed to `~matplotlib.collections.LineCollection`.

    Returns
    -------
    `~matplotlib.collections.LineCollection`
        All borders; those of events come last, above the others.

    Raises
    ------
    TypeError
        If the axes have no world coordinates.
    SolarUnetError
        If an event's members are not in the catalog, or there is no such palette.

    Examples
    --------
    >>> import astropy.units as u
    >>> import matplotlib.pyplot as plt
    >>> import numpy as np
    >>> from sunpy_solarunet import Segmenter, Tracker, magnetogram
    >>> from sunpy_solarunet.plotting import draw_events
    >>> field = np.full((2, 20, 20), 5.0) * u.G
    >>> field[0, 4:8, 5:9] = 200 * u.G
    >>> field[:, 12:18, 2:6] = -200 * u.G
    >>> frames = [magnetogram(data, time=f"2017-07-13 20:0{minute}:00", scale=1 * u.arcsec, center=(0, 0) * u.arcsec)
    ...           for minute, data in enumerate(field)]
    >>> catalogs = [Segmenter(method="threshold")(frame) for frame in frames]
    >>> events = Tracker().track(catalogs)
    >>> ax = plt.subplot(projection=frames[0])
    >>> borders = draw_events(catalogs[0], events, axes=ax)
    >>> [text.get_text() for text in ax.get_legend().get_texts()]
    ['negative', 'disappearance']
    >>> plt.close()
    """
    kinds = kinds_of_features(catalog, events)
    return draw_rings(catalog, kinds, axes, inset=inset, legend=legend, palette=palette, **kwargs)


def kinds_of_features(catalog, events):
    """Kinds of the events that mark a feature of this catalog, by its label."""
    require_columns(events, EVENT_COLUMNS, "events")
    kinds = {}
    for event in events[at_time(events["time"], catalog)]:
        for label in marked_labels(event, catalog):
            several = kinds.setdefault(label, [])
            if event["kind"] not in several:
                several.append(name_choice(str(event["kind"]), COLORS, "kind of event"))
    return kinds


def at_time(times, catalog):
    return np.abs((times - catalog.time).to_value("s")) < SAME_TIME


def marked_labels(event, catalog):
    """
    Labels of the members that an event marks: of the parents of a death, of the children of a birth.

    Beside a giant only those that are exchanged: a border around the giant would hide what happens.
    """
    text = str(event["parents"] if event["category"] == "death" else event["children"])
    labels = numbers_in(text)
    if not np.isin(labels, catalog.label).all():
        message = f"event {event['event_id']} has members {text}, not all of them are among the catalog's"
        raise SolarUnetError(f"{message} {len(catalog)} features: they are of different runs or selections")
    if not labels:
        return []
    members, flux = np.searchsorted(catalog.label, labels).tolist(), catalog.flux.value
    lesser = lesser_members(members, flux)
    lopsided = np.abs(flux[lesser]).sum() < LOPSIDED * np.abs(flux[members]).sum()
    return catalog.label[lesser if lopsided else members].tolist()
