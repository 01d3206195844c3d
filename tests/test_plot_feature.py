"""
One feature and its surroundings as a picture.
"""

import itertools

import astropy.units as u
import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.colors import to_hex
from planted import catalog, sequence
from sunpy.map import Map

from sunpy_solarunet import FeatureCatalog, Tracker
from sunpy_solarunet.plotting import COLORS, plot_feature

#: A positive feature in the middle, a negative one near it, another far away, one in the south-west corner.
SCENE = [(12, 30, 4, 6, 300), (18, 36, 3, 2, -250), (30, 3, 3, 9, -400), (0, 56, 2, 4, 500)]


def limits(axes):
    return [*axes.get_xlim(), *axes.get_ylim()]


def test_the_surroundings_of_a_feature_are_shown():
    scene = catalog(SCENE)
    axes = scene[0].plot(margin=5 * u.pix)
    # Columns 30 to 35, rows 12 to 15.
    assert limits(axes) == pytest.approx([30 - 5.5, 35 + 5.5, 12 - 5.5, 15 + 5.5])
    assert len(axes.images) == 1
    assert axes.get_legend() is None


def test_its_own_border_is_strong_and_those_of_others_are_thin():
    thin, strong = catalog(SCENE)[1].plot().collections
    assert len(thin.get_segments()) == 4
    (ring,) = strong.get_segments()
    assert np.allclose(ring.mean(axis=0), [36.5, 19], atol=0.5)
    assert to_hex(strong.get_edgecolor()[0]) == COLORS["negative"]
    assert strong.get_linewidth()[0] > 2 * thin.get_linewidth()[0]


def test_the_view_ends_with_the_frame():
    axes = catalog(SCENE)[3].plot(margin=6 * u.pix)
    assert limits(axes) == pytest.approx([49.5, 59.5, -0.5, 7.5])


def test_it_goes_into_axes_that_are_given_in_the_colors_that_are_wanted():
    scene = catalog(SCENE)
    figure = plt.figure()
    figure.add_subplot(121)
    axes = figure.add_subplot(122, projection=scene.map)
    assert scene[0].plot(axes, color="red", lw=3, vmax=50 * u.G, legend=True) is axes
    own = axes.collections[1]
    assert to_hex(own.get_edgecolor()[0]) == "#ff0000"
    assert own.get_linewidth() == [3]
    assert axes.images[0].get_clim() == (-50, 50)
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["positive", "negative"]


def test_on_a_map_turned_by_180_degrees_north_is_up():
    scene = catalog(SCENE)
    header = dict(scene.map.meta) | {"pc1_1": -1.0, "pc2_2": -1.0, "pc1_2": 0.0, "pc2_1": 0.0}
    turned = FeatureCatalog(Map(scene.map.data, header), scene.labels)
    axes = turned[0].plot(margin=5 * u.pix)
    assert limits(axes) == pytest.approx([35 + 5.5, 30 - 5.5, 15 + 5.5, 12 - 5.5])


def test_on_another_map_it_is_shown_where_it_is_on_the_sun():
    scene = catalog(SCENE)
    other = scene.map.submap([20, 8] * u.pix, top_right=[59, 39] * u.pix)
    axes = scene[0].plot(plt.subplot(projection=other), margin=3 * u.pix)
    assert limits(axes) == pytest.approx([30 - 20 - 3.5, 35 - 20 + 3.5, 12 - 8 - 3.5, 15 - 8 + 3.5], abs=1e-3)


def test_events_can_be_marked():
    catalogs = sequence(SCENE, SCENE[1:])
    events = Tracker().track(catalogs)
    axes = plot_feature(catalogs[0][0], events)
    assert to_hex(axes.collections[1].get_edgecolor()[0]) == COLORS["disappearance"]


def test_a_feature_of_a_selection_is_shown_alone():
    thin, _ = catalog(SCENE)[[1]][0].plot().collections
    assert len(thin.get_segments()) == 1


@pytest.mark.parametrize(("margin", "error"), [(3, TypeError), (3 * u.arcsec, u.UnitConversionError)])
def test_the_margin_is_in_pixels(margin, error):
    with pytest.raises(error, match="margin"):
        catalog(SCENE)[0].plot(margin=margin)


def test_a_catalog_shows_all_its_features_and_their_events():
    catalogs = sequence(SCENE, SCENE[1:])
    axes = catalogs[0].plot(Tracker().track(catalogs), vmax=60 * u.G)
    assert axes.images[0].get_clim() == (-60, 60)
    assert len(axes.collections[0].get_segments()) == 4
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["positive", "negative", "disappearance"]


def test_a_new_figure_fits_the_frame_and_has_room_for_what_is_asked_for():
    scene = catalog(SCENE)
    axes = scene.plot()
    size = axes.figure.get_size_inches()
    # 6 inches wide, of 40 rows and 60 columns.
    assert axes.get_position().width * size[0] == pytest.approx(6)
    assert axes.get_position().height * size[1] == pytest.approx(4)
    plt.close()
    assert scene.plot(colorbar=True).figure.get_size_inches()[0] == pytest.approx(size[0] + 0.9)


def test_the_scale_stands_beside_the_field_wherever_that_is():
    axes = catalog(SCENE).plot(colorbar=True)
    axes.set_position((0.2, 0.1, 0.3, 0.8))
    axes.figure.canvas.draw()
    field, scale = axes.get_position(), axes.figure.axes[1].get_position()
    assert scale.x0 == pytest.approx(field.x1 + 0.02 * field.width)
    # Its ends are arrows.
    assert field.y0 < scale.y0 < scale.y1 < field.y1


def test_the_time_and_the_legend_cover_nothing():
    axes = catalog(SCENE).plot()
    axes.figure.canvas.draw()
    boxes = [axes.bbox, axes.texts[0].get_window_extent(), axes.get_legend().get_window_extent()]
    assert all(low.y1 <= high.y0 for low, high in itertools.pairwise(boxes))
    assert boxes[-1].y1 < axes.figure.bbox.y1
