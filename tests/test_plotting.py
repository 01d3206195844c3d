import gc
import subprocess
import sys
import weakref

import astropy.units as u
import matplotlib.pyplot as plt
import numpy as np
import pytest
from astropy.coordinates import SkyCoord
from astropy.time import Time
from matplotlib import animation
from matplotlib.collections import LineCollection
from matplotlib.colors import to_hex, to_rgb
from PIL import Image
from planted import SCALE, START, catalog, sequence
from sunpy.map import Map, make_fitswcs_header

from sunpy_solarunet import FeatureCatalog, Segmenter, magnetogram
from sunpy_solarunet.errors import SequenceError, SolarUnetError, SolarUnetWarning
from sunpy_solarunet.plotting import (
    COLORS,
    draw_borders,
    draw_distributions,
    draw_events,
    movie,
    plot_catalog,
    plot_event,
)
from sunpy_solarunet.tracking.tables import make_table

#: An L of two rectangles of opposite sign that touch, and a negative one apart.
SCENE = [(5, 10, 4, 6, 300), (9, 10, 7, 2, -250), (28, 41, 3, 9, -400)]
MEMBERS = {"death": "parents", "birth": "children"}
CATEGORIES = {"disappearance": "death", "merging": "death", "cancellation": "death"}
CATEGORIES |= {"appearance": "birth", "splitting": "birth", "emergence": "birth"}


def table(*rows):
    """Events (kind, catalog that shows it, labels, place in arcsec and degrees, labels in the other frame)."""
    columns = {name: [0] * len(rows) for name in make_table("events", {}).colnames} if rows else {}
    for number, (kind, shown, labels, *more) in enumerate(rows):
        place = more[0] if more else (30, -50)
        category = CATEGORIES[kind]
        values = {"kind": kind, "category": category, "balance": "", "time": shown.time, "event_id": number}
        values |= dict(zip(("Tx", "Ty", "lon", "lat"), place, strict=False)) | {"parents": "", "children": ""}
        values[MEMBERS[category]] = labels
        if len(more) > 1:
            values["children" if category == "death" else "parents"] = more[1]
        for name, value in values.items():
            columns[name][number] = value
    if rows:
        columns["time"] = Time(columns["time"])
    return make_table("events", columns)


def colors(borders):
    """Color of each ring."""
    return [to_hex(color) for color in borders.get_edgecolor()]


def color_at(borders, row, column):
    """Color of the ring whose middle is at a place."""
    for ring, color in zip(borders.get_segments(), colors(borders), strict=True):
        if np.allclose((ring.min(axis=0) + ring.max(axis=0)) / 2, (column, row), atol=0.4):
            return color
    return None


#: Row and column of the middles of the three features.
MIDDLES = [(6.5, 12.5), (12, 10.5), (29, 45)]


def test_importing_the_package_and_plotting_needs_neither_tensorflow_nor_a_display():
    code = (
        "import sys; import sunpy_solarunet; assert 'sunpy_solarunet.plotting' not in sys.modules;"
        "import sunpy_solarunet.plotting; assert 'tensorflow' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_positive_is_yellow_and_negative_green():
    scene = catalog(SCENE)
    borders = draw_borders(scene, axes=plt.subplot(projection=scene.map))
    assert [color_at(borders, *middle) for middle in MIDDLES] == [
        COLORS["positive"],
        COLORS["negative"],
        COLORS["negative"],
    ]


def test_all_borders_are_one_collection_on_the_axes():
    scene = catalog(SCENE)
    axes = plt.subplot(projection=scene.map)
    borders = draw_borders(scene, axes=axes)
    assert axes.collections[:] == [borders]
    assert isinstance(borders, LineCollection)
    assert borders.axes is axes
    assert len(borders.get_segments()) == 3


def test_borders_follow_the_pixels_edges():
    scene = catalog(SCENE)
    borders = draw_borders(scene, axes=plt.subplot(projection=scene.map), inset=0)
    ring = borders.get_segments()[2]
    assert ring.min(axis=0) == pytest.approx([40.5, 27.5], abs=1e-6)
    assert ring.max(axis=0) == pytest.approx([49.5, 30.5], abs=1e-6)
    assert borders.get_transform() == borders.axes.transData


def test_the_border_of_a_hole_is_drawn():
    scene = catalog(SCENE)
    labels = scene.labels.copy()
    labels[7, 12] = 0
    borders = draw_borders(FeatureCatalog(scene.map, labels), axes=plt.subplot(projection=scene.map))
    assert color_at(borders, 7, 12) == COLORS["positive"]


def test_borders_of_opposite_features_that_touch_are_apart():
    scene = catalog(SCENE)
    borders = draw_borders(scene, axes=plt.subplot(projection=scene.map), inset=0.2)
    upper, lower = borders.get_segments()[1], borders.get_segments()[0]
    assert upper[:, 1].min() - lower[:, 1].max() == pytest.approx(0.4, abs=1e-6)


def other_map(angle):
    """A scene, and a map with another scale, rotated and shifted, of the same center of projection."""
    scene = catalog(SCENE)
    header = make_fitswcs_header(
        np.zeros((90, 70)),
        SkyCoord(30 * u.arcsec, -50 * u.arcsec, frame=scene.map.coordinate_frame),
        reference_pixel=[20, 61] * u.pix,
        scale=[0.2, 0.2] * u.arcsec / u.pix,
        rotation_angle=angle,
        unit=u.G,
    )
    return scene, Map(np.zeros((90, 70)), header)


@pytest.mark.parametrize("angle", [0, 37, 180] * u.deg)
def test_borders_land_in_the_right_place_of_another_map(angle):
    scene, other = other_map(angle)
    borders = draw_borders(scene, axes=plt.subplot(projection=other), inset=0)
    drawn = np.concatenate(borders.get_segments())
    offset = (np.concatenate(scene.borders()[0]) - [29.5, 19.5]) * SCALE.value / 0.2
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    np.testing.assert_allclose(drawn, offset @ turn.T + [20, 61], atol=1e-5)


def test_borders_on_another_map_leave_its_field_of_view_as_it_is():
    scene, other = other_map(180 * u.deg)
    part = other.submap([15, 55] * u.pix, top_right=[25, 70] * u.pix)
    axes = plt.subplot(projection=part)
    part.plot(axes=axes, norm=plt.Normalize(-1, 1))
    draw_borders(scene, axes=axes)
    assert axes.get_xlim() == (-0.5, 10.5)
    assert axes.get_ylim() == (-0.5, 15.5)


def test_borders_behind_the_limb_are_left_out():
    field, labels = np.zeros((36, 72)), np.zeros((36, 72), int)
    for label, column in enumerate((30, 66), start=1):
        field[20:23, column : column + 4], labels[20:23, column : column + 4] = 100, label
    header = make_fitswcs_header(
        field,
        SkyCoord(0 * u.deg, 0 * u.deg, frame="heliographic_stonyhurst", obstime=START, observer="earth"),
        scale=[5, 5] * u.deg / u.pix,
        projection_code="CAR",
        unit=u.G,
    )
    scene = FeatureCatalog(Map(field, header), labels)
    sky = catalog(SCENE).map
    front, back = draw_borders(scene, axes=plt.subplot(projection=sky), inset=0).get_segments()
    assert np.isnan(back).all()
    np.testing.assert_allclose(front, seen_from_earth(scene.borders()[0][0], sky), atol=2)


def seen_from_earth(pixels, sky):
    """Pixels of a map of the sky that show those of the map of the whole surface."""
    lon, lat = np.deg2rad(5 * (pixels - [35.5, 17.5])).T
    tilt, distance = sky.observer_coordinate.lat.rad, sky.observer_coordinate.radius.to_value(u.Mm) / 695.7
    west = np.cos(lat) * np.sin(lon)
    north = np.sin(lat) * np.cos(tilt) - np.cos(lat) * np.cos(lon) * np.sin(tilt)
    toward = np.sin(lat) * np.sin(tilt) + np.cos(lat) * np.cos(lon) * np.cos(tilt)
    angles = np.rad2deg(np.stack([west, north], axis=-1) / (distance - toward)[:, np.newaxis]) * 3600
    return (angles - [30, -50]) / SCALE.value + [29.5, 19.5]


@pytest.mark.parametrize(
    "draw", [draw_borders, lambda scene, axes: draw_events(scene, table(), axes=axes), plot_catalog]
)
def test_axes_without_world_coordinates_are_refused(draw):
    with pytest.raises(TypeError, match=r"projection=catalog\.map"):
        draw(catalog(SCENE), axes=plt.subplot())


def test_without_axes_new_ones_are_made_and_then_used_again():
    scene = catalog(SCENE)
    first = draw_borders(scene)
    assert first.axes.wcs.wcs.compare(scene.map.wcs.wcs)
    assert draw_borders(scene).axes is first.axes


def test_current_axes_without_world_coordinates_are_refused():
    plt.plot([1, 2])
    with pytest.raises(TypeError, match=r"projection=catalog\.map"):
        draw_borders(catalog(SCENE))


def test_borders_alone_are_in_view():
    borders = draw_borders(catalog(SCENE))
    left, right = borders.axes.get_xlim()
    assert 7 < left < 9.7
    assert 49.3 < right < 52


@pytest.mark.parametrize("keyword", ["linewidth", "linewidths", "lw"])
def test_keywords_pass_to_the_collection(keyword):
    scene = catalog(SCENE)
    borders = draw_borders(scene, colors="white", alpha=0.5, **{keyword: 3})
    assert set(borders.get_linewidth()) == {3}
    assert borders.get_alpha() == 0.5
    assert set(colors(borders)) == {"#ffffff"}


def test_an_empty_catalog_can_be_drawn_everywhere(tmp_path):
    empty = catalog([])
    axes = plt.subplot(projection=empty.map)
    assert draw_borders(empty, axes=axes).get_segments() == []
    assert draw_events(empty, table(), axes=axes).get_segments() == []
    assert axes.get_legend() is None
    plot_catalog(empty, table()).figure.canvas.draw()
    assert movie([empty], table(), tmp_path / "empty.gif").stat().st_size > 0


@pytest.mark.parametrize("kind", CATEGORIES)
def test_members_have_the_color_of_the_kind(kind):
    scene = catalog(SCENE)
    borders = draw_events(scene, table((kind, scene, "1 3", (30, -50), "2")))
    assert [color_at(borders, *middle) for middle in MIDDLES] == [COLORS[kind], COLORS["negative"], COLORS[kind]]


def test_events_of_other_frames_are_passed_over():
    before, after = sequence(SCENE, SCENE)
    events = table(("merging", before, "1"), ("emergence", after, "3"))
    assert color_at(draw_events(before, events), *MIDDLES[0]) == COLORS["merging"]
    assert color_at(draw_events(before, events), *MIDDLES[2]) == COLORS["negative"]
    assert color_at(draw_events(after, events), *MIDDLES[0]) == COLORS["positive"]
    assert color_at(draw_events(after, events), *MIDDLES[2]) == COLORS["emergence"]


def test_times_that_differ_by_rounding_are_equal():
    scene = catalog(SCENE)
    events = table(("splitting", scene, "2"))
    events["time"] = events["time"] + 0.4 * u.ms
    assert COLORS["splitting"] in colors(draw_events(scene, events))
    events["time"] = events["time"] + 2 * u.ms
    assert COLORS["splitting"] not in colors(draw_events(scene, events))


def test_a_member_of_two_kinds_has_both_colors_in_turn():
    scene = catalog(SCENE)
    borders = draw_events(scene, table(("splitting", scene, "3"), ("merging", scene, "3"), ("merging", scene, "3")))
    assert colors(borders)[2:] == [COLORS["splitting"], COLORS["merging"]]
    (_, solid), *_, (offset, (on, off)) = borders.get_linestyle()
    assert solid is None
    assert offset == on == off > 0


def test_borders_of_events_lie_above_the_others():
    scene = catalog(SCENE)
    borders = draw_events(scene, table(("cancellation", scene, "1 2")))
    assert colors(borders) == [COLORS["negative"], COLORS["cancellation"], COLORS["cancellation"]]


def test_events_of_another_run_are_refused():
    scene = catalog(SCENE)
    with pytest.raises(SolarUnetError, match=r"3 features: they are of different runs"):
        draw_events(scene, table(("merging", scene, "1 4")))


def legend_of(axes):
    return [
        (text.get_text(), to_hex(line.get_color()))
        for text, line in zip(axes.get_legend().get_texts(), axes.get_legend().get_lines(), strict=True)
    ]


def test_the_legend_names_what_occurs():
    scene = catalog(SCENE)
    borders = draw_events(scene, table(("emergence", scene, "1 2"), ("merging", scene, "")))
    expected = [(name, COLORS[name]) for name in ("negative", "emergence")]
    assert legend_of(borders.axes) == expected


def test_the_legend_can_be_moved_and_left_out():
    scene = catalog(SCENE)
    assert draw_borders(scene, legend=False).axes.get_legend() is None
    assert draw_borders(scene, legend={"title": "signs"}).axes.get_legend().get_title().get_text() == "signs"


def test_a_catalog_is_shown_in_gray_with_its_time():
    scene = catalog(SCENE)
    axes = plot_catalog(scene, table(("merging", scene, "1")), vmax=0.02 * u.T, colorbar=True)
    image = axes.images[0]
    assert image.get_clim() == pytest.approx((-200, 200))
    assert image.get_cmap().name == "gray"
    np.testing.assert_array_equal(image.get_array(), scene.map.data)
    assert [text.get_text() for text in axes.texts] == ["2017-07-13 20:17:41 UT"]
    assert axes.figure.axes[1].get_ylabel() == r"magnetic field ($\mathrm{G}$)"
    assert COLORS["merging"] in colors(axes.collections[0])
    assert axes.coords[0].get_axislabel() == "E-W (arcsec)"
    assert axes.coords[1].get_axislabel() == "S-N (arcsec)"


def test_the_scale_is_in_the_unit_of_the_map():
    field = np.full((20, 30), 0.001)
    field[4:8, 5:9] = 0.05
    frame = magnetogram(field * u.T, time=START, scale=SCALE, center=(0, 0) * u.arcsec)
    scene = Segmenter(method="threshold")(frame)
    assert plot_catalog(scene).images[0].get_clim() == pytest.approx((-0.03, 0.03))


def test_the_scale_of_a_weak_field_is_its_percentile():
    field = np.linspace(-40, 20, 1200).reshape(30, 40)
    frame = magnetogram(field * u.G, time=START, scale=SCALE, center=(0, 0) * u.arcsec)
    scene = FeatureCatalog(frame, np.zeros(field.shape, int))
    limit = np.percentile(np.abs(field), 99.5)
    assert plot_catalog(scene).images[0].get_clim() == pytest.approx((-limit, limit))


def test_a_field_of_zeros_has_a_scale():
    field = np.zeros((4, 4)) * u.G
    frame = magnetogram(field, time=START, scale=SCALE, center=(0, 0) * u.arcsec)
    assert plot_catalog(FeatureCatalog(frame, np.zeros((4, 4), int))).images[0].get_clim() == (-300, 300)


def test_vmax_needs_a_unit():
    with pytest.raises(TypeError, match=r"vmax needs a unit"):
        plot_catalog(catalog(SCENE), vmax=300)


def turned(scene):
    """The same scene on a map whose rows run south and whose columns run east, as SDO/HMI's."""
    rows, columns = scene.labels.shape
    header = scene.map.meta.copy()
    header["crpix1"], header["crpix2"] = columns + 1 - header["crpix1"], rows + 1 - header["crpix2"]
    for key in ("pc1_1", "pc1_2", "pc2_1", "pc2_2"):
        header[key] = -header[key]
    return FeatureCatalog(Map(scene.map.data[::-1, ::-1].copy(), header), scene.labels[::-1, ::-1].copy())


def test_north_is_up_and_west_right_on_a_map_turned_by_180_degrees():
    scene = catalog(SCENE)
    axes = plot_catalog(scene, axes=plt.subplot(1, 2, 1, projection=scene.map))
    upside_down = turned(scene)
    other = plot_catalog(upside_down, axes=plt.subplot(1, 2, 2, projection=upside_down.map))
    place = scene[2].coordinate
    screen = [
        ax.transAxes.inverted().transform(ax.transData.transform(ax.wcs.world_to_pixel(place))) for ax in (axes, other)
    ]
    np.testing.assert_allclose(screen[0], [45.5 / 60, 29.5 / 40], atol=1e-6)
    np.testing.assert_allclose(screen[1], screen[0], atol=1e-6)


def pair(kind="merging", rectangles=SCENE, labels="1", other="2", place=None, change=lambda scene: scene):
    """Two frames of a scene and an event of it at the center of its first member."""
    before, after = (change(scene) for scene in sequence(rectangles, rectangles))
    shown = before if CATEGORIES[kind] == "death" else after
    member = shown[int(labels.split()[0]) - 1]
    place = place or (member.Tx.value, member.Ty.value)
    return table((kind, shown, labels, place, other))[0], before, after


def field_of_view(axes):
    """World coordinates of the left, right, lower and upper edge, in arcsec."""
    x, y = np.sort(axes.get_xlim()), np.sort(axes.get_ylim())
    world = axes.wcs.pixel_to_world([x[0], x[1]], [y[0], y[1]])
    return np.array([*np.sort(world.Tx.to_value(u.arcsec)), *np.sort(world.Ty.to_value(u.arcsec))])


@pytest.mark.parametrize("change", [lambda scene: scene, turned])
def test_the_panels_of_an_event_show_its_surroundings_in_arcsec(change):
    event, before, after = pair(labels="3", change=change)
    figure = plot_event(event, before, after, width=1.2 * u.arcsec)
    middle = np.array([event["Tx"].value, event["Ty"].value])
    for axes in figure.axes:
        expected = [middle[0] - 0.6, middle[0] + 0.6, middle[1] - 0.6, middle[1] + 0.6]
        np.testing.assert_allclose(field_of_view(axes), expected, atol=1e-4)
        west_is_right, north_is_up = np.diff(axes.get_xlim()) > 0, np.diff(axes.get_ylim()) > 0
        assert west_is_right == north_is_up == (change is not turned)


def test_the_field_of_view_is_a_square_of_oblong_pixels():
    catalogs = []
    for minute in range(2):
        field = np.full((40, 60), 1.0)
        field[20:24, 30:36] = 300
        time = START + minute * u.min
        frame = magnetogram(field * u.G, time=time, scale=[0.1, 0.3] * u.arcsec, center=(30, -50) * u.arcsec)
        catalogs.append(FeatureCatalog(frame, (field > 100).astype(int)))
    place = (catalogs[0].Tx[0].value, catalogs[0].Ty[0].value)
    figure = plot_event(table(("disappearance", catalogs[0], "1", place))[0], *catalogs, width=3 * u.arcsec)
    left, right, lower, upper = field_of_view(figure.axes[0])
    assert (right - left, upper - lower) == pytest.approx((3, 3), rel=1e-3)


def test_the_panels_of_an_event_have_letters_and_times():
    figure = plot_event(*pair())
    texts = [[text.get_text() for text in axes.texts if text.get_text()] for axes in figure.axes]
    assert texts == [["(A)", "20:17:41 UT"], ["(B)", "20:18:41 UT"]]
    assert figure.axes[0].coords[0].get_axislabel() == "E-W (arcsec)"


def test_nothing_of_one_panel_of_an_event_lies_on_the_other():
    figure = plot_event(*pair())
    figure.canvas.draw()
    left, right = (axes.get_tightbbox(figure.canvas.get_renderer()) for axes in figure.axes)
    assert left.x1 < right.x0


@pytest.mark.parametrize(("kind", "panel"), [("cancellation", 0), ("splitting", 1)])
def test_members_are_marked_in_the_frame_that_shows_the_event(kind, panel):
    figure = plot_event(*pair(kind, labels="1 2", other="3"))
    marked = [color_at(axes.collections[0], *MIDDLES[0]) for axes in figure.axes]
    assert marked[panel] == COLORS[kind]
    assert marked[1 - panel] == COLORS["positive"]
    assert color_at(figure.axes[panel].collections[0], *MIDDLES[2]) == COLORS["negative"]


@pytest.mark.parametrize(("kind", "other", "arrows"), [("disappearance", "", [1, 0]), ("emergence", "2", [1, 1])])
def test_arrows_point_at_the_place_where_there_are_members(kind, other, arrows):
    event, before, after = pair(kind, labels="3", other=other)
    figure = plot_event(event, before, after)
    found = [[text for text in axes.texts if hasattr(text, "arrow_patch")] for axes in figure.axes]
    assert [len(texts) for texts in found] == arrows
    assert found[0][0].xy == pytest.approx((45, 29), abs=1e-4)
    assert to_hex(found[0][0].arrow_patch.get_edgecolor()) == "#ff0000"


def test_both_panels_have_the_scale_of_the_first():
    event, before, after = pair()
    weaker = FeatureCatalog(Map(after.map.data / 10, after.map.meta), after.labels)
    figure = plot_event(event, before, weaker)
    assert [axes.images[0].get_clim() for axes in figure.axes] == [pytest.approx((-300, 300))] * 2


def test_the_field_of_view_of_an_event_at_the_edge_is_moved_into_the_frame():
    event, before, after = pair(rectangles=[(0, 57, 2, 3, 300)], other="1")
    axes = plot_event(event, before, after, width=1 * u.arcsec).axes[0]
    assert axes.get_xlim() == pytest.approx((49.5, 59.5))
    assert axes.get_ylim() == pytest.approx((-0.5, 9.5))


@pytest.mark.parametrize("corner", [(0, 0), (0, 57), (38, 0), (38, 57)])
def test_the_arrow_at_an_event_at_the_edge_lies_within_the_panel(corner):
    event, before, after = pair(rectangles=[(*corner, 2, 3, 300)], other="1")
    figure = plot_event(event, before, after, width=3 * u.arcsec)
    figure.canvas.draw()
    axes = figure.axes[0]
    (arrow,) = [text.arrow_patch for text in axes.texts if hasattr(text, "arrow_patch")]
    drawn = axes.transAxes.inverted().transform_bbox(arrow.get_window_extent())
    assert min(drawn.p0) > 0
    assert max(drawn.p1) < 1


def test_a_field_of_view_larger_than_the_frame_is_all_of_it():
    axes = plot_event(*pair(), width=1 * u.deg).axes[1]
    assert axes.get_xlim() == pytest.approx((-0.5, 59.5))
    assert axes.get_ylim() == pytest.approx((-0.5, 39.5))


@pytest.mark.parametrize(
    ("scale", "rectangle", "pixels"),
    [(0.05, (100, 100, 4, 4, 300), 150), (2, (100, 100, 4, 4, 300), 40), (2, (60, 100, 81, 4, 300), 88)],
)
def test_by_default_an_event_is_seen_at_7_5_arcsec_or_more(scale, rectangle, pixels):
    row, column, height, width, gauss = rectangle
    catalogs = []
    for minute in range(2):
        field = np.full((200, 220), 1.0)
        field[row : row + height, column : column + width] = gauss
        frame = magnetogram(field * u.G, time=START + minute * u.min, scale=scale * u.arcsec, center=(0, 0) * u.arcsec)
        catalogs.append(FeatureCatalog(frame, (field > 100).astype(int)))
    place = (catalogs[0].Tx[0].value, catalogs[0].Ty[0].value)
    axes = plot_event(table(("disappearance", catalogs[0], "1", place))[0], *catalogs).axes[0]
    assert np.ptp(axes.get_xlim()) == pytest.approx(pixels, rel=1e-3)


def test_an_event_goes_into_a_figure_that_is_given():
    figure = plt.figure()
    left, right = figure.subfigures(1, 2)
    assert plot_event(*pair(), figure=right) is right
    assert len(right.axes) == 2
    assert left.axes == []


def test_the_same_catalog_before_and_after_is_marked_once():
    event, _, after = pair("appearance", labels="1", other="")
    figure = plot_event(event, after, after)
    assert [COLORS["appearance"] in colors(axes.collections[0]) for axes in figure.axes] == [False, True]


def test_an_event_of_other_frames_is_refused():
    event, before, after = pair("merging")
    with pytest.raises(SolarUnetError, match=r"the earlier frame of 2017-07-13 20:18:41"):
        plot_event(event, after, before)


def test_width_needs_a_unit():
    with pytest.raises(TypeError, match=r"width needs a unit"):
        plot_event(*pair(), width=7.5)


def test_an_event_on_a_heliographic_map_in_degrees():
    field, labels = np.full((80, 120), 1.0), np.zeros((80, 120), int)
    field[50:54, 90:96], labels[50:54, 90:96] = 400, 1
    catalogs = []
    for minute in range(2):
        time = START + minute * u.min
        center = SkyCoord(200 * u.deg, 10 * u.deg, frame="heliographic_carrington", obstime=time, observer="earth")
        header = make_fitswcs_header(field, center, scale=[0.03, 0.03] * u.deg / u.pix, projection_code="CEA", unit=u.G)
        catalogs.append(FeatureCatalog(Map(field, header), labels))
    feature = catalogs[1][0]
    event = table(("appearance", catalogs[1], "1", (0, 0, feature.lon.value, feature.lat.value)))[0]
    figure = plot_event(event, *catalogs, width=10 * u.arcsec)
    (left, right), (lower, upper) = figure.axes[1].get_xlim(), figure.axes[1].get_ylim()
    assert (left + right) / 2 == pytest.approx(92.5, abs=0.01)
    assert (lower + upper) / 2 == pytest.approx(51.5, abs=0.01)
    distance = catalogs[1].map.observer_coordinate.radius / catalogs[1].map.rsun_meters
    expected = (10 * u.arcsec).to_value(u.rad) * distance.to_value(u.one) / np.deg2rad(0.03)
    assert right - left == pytest.approx(expected, rel=0.01)
    assert figure.axes[0].get_xlim() == pytest.approx((left, right), abs=1e-6)
    assert figure.axes[1].coords[0].get_axislabel() == "Carrington Longitude (deg)"


@pytest.fixture
def _no_ffmpeg(monkeypatch):
    monkeypatch.setattr(animation.writers, "is_available", lambda name: name != "ffmpeg")


def test_a_gif_has_all_frames_at_one_size(tmp_path):
    frames = sequence(SCENE, SCENE[:2], SCENE)
    events = table(("disappearance", frames[0], "3"), ("appearance", frames[2], "3"))
    path = movie(iter(frames), events, tmp_path / "sequence.gif", frames_per_second=5, dpi=40)
    assert path == tmp_path / "sequence.gif"
    with Image.open(path) as film:
        assert film.n_frames == 3
        assert film.size[0] == 320
        assert film.info["duration"] == 200
        shown = []
        for number in range(3):
            film.seek(number)
            shown.append(np.asarray(film.convert("RGB")).astype(int))
    assert not np.array_equal(shown[0], shown[1])


@pytest.mark.parametrize("kind", ["disappearance", "cancellation"])
def test_a_gif_shows_borders_in_their_colors(tmp_path, kind):
    scene = catalog(SCENE)
    path = movie([scene], table((kind, scene, "3")), tmp_path / "one.gif")
    with Image.open(path) as film:
        pixels = np.asarray(film.convert("RGB")).reshape(-1, 3)
    for name in (kind, "positive"):
        color = (255 * np.array(to_rgb(COLORS[name]))).round()
        assert (np.abs(pixels - color).max(axis=1) <= 1).sum() > 60
    assert (pixels == 255).all(axis=1).mean() > 0.1


def test_a_movie_has_one_scale_and_legend(tmp_path, monkeypatch):
    frames = sequence(SCENE, SCENE[:1])
    shown = []
    monkeypatch.setattr(
        "sunpy_solarunet.plotting.movies._image",
        lambda figure, _: (
            shown.append(
                (figure.axes[0].images[0].get_clim(), legend_of(figure.axes[0]), figure.axes[0].get_position().bounds)
            )
            or Image.new("P", (4, 4))
        ),
    )
    movie(frames, table(("merging", frames[1], "1")), tmp_path / "a.gif", vmax=77 * u.G)
    assert len(shown) == 2
    assert shown[0] == shown[1]
    assert shown[0][0] == pytest.approx((-77, 77))
    assert shown[0][1] == [(name, COLORS[name]) for name in ("positive", "negative", "merging")]


def test_a_movie_holds_one_catalog_at_a_time(tmp_path):
    made = []

    def frames():
        for minute in range(3):
            gc.collect()
            assert not any(reference() for reference in made)
            scene = catalog(SCENE, minute=minute)
            made.append(weakref.ref(scene))
            yield scene
            del scene

    movie(frames(), None, tmp_path / "a.gif", dpi=20)
    assert len(made) == 3


@pytest.mark.usefixtures("_no_ffmpeg")
def test_without_ffmpeg_a_gif_is_written_in_place_of_mp4(tmp_path):
    with pytest.warns(SolarUnetWarning, match=r"a\.mp4 needs ffmpeg.*a\.gif is written"):
        path = movie([catalog(SCENE)], None, tmp_path / "a.mp4", dpi=20)
    assert path == tmp_path / "a.gif"
    assert [file.name for file in tmp_path.iterdir()] == ["a.gif"]


@pytest.mark.usefixtures("_no_ffmpeg")
def test_without_ffmpeg_and_suffix_a_gif_is_written(tmp_path):
    assert movie([catalog(SCENE)], None, tmp_path / "a", dpi=20) == tmp_path / "a.gif"


@pytest.mark.skipif(not animation.writers.is_available("ffmpeg"), reason="ffmpeg is not installed")
def test_with_ffmpeg_an_mp4_is_written(tmp_path):
    path = movie(sequence(SCENE, SCENE), None, tmp_path / "a", dpi=41)
    assert path == tmp_path / "a.mp4"
    assert path.read_bytes()[4:8] == b"ftyp"


def test_with_ffmpeg_its_writer_gets_all_frames(tmp_path, monkeypatch):
    grabbed = []

    class Writer:
        def __init__(self, fps):
            self.fps = fps

        def saving(self, figure, path, dpi):
            grabbed.append((path, self.fps, dpi))
            return plt.rc_context()

        def grab_frame(self):
            grabbed.append("frame")

    monkeypatch.setattr(animation.writers, "is_available", lambda name: True)
    monkeypatch.setattr(type(animation.writers), "__getitem__", lambda self, name: Writer)
    path = movie(sequence(SCENE, SCENE), None, tmp_path / "a", dpi=50, frames_per_second=7)
    assert path == tmp_path / "a.mp4"
    assert grabbed == [(path, 7, 50), "frame", "frame"]


def test_a_movie_of_nothing_is_refused(tmp_path):
    with pytest.raises(SequenceError, match=r"no frames"):
        movie(iter([]), table(), tmp_path / "a.gif")
    assert list(tmp_path.iterdir()) == []


def test_an_unknown_suffix_is_refused(tmp_path):
    with pytest.raises(SolarUnetError, match=r"\.mp4, \.gif"):
        movie([catalog(SCENE)], None, tmp_path / "a.avi")


@pytest.mark.parametrize("wrong", [{"frames_per_second": 0}, {"dpi": -1}])
def test_rates_must_be_positive(tmp_path, wrong):
    with pytest.raises(SolarUnetError, match=r"must be positive"):
        movie([catalog(SCENE)], None, tmp_path / "a.gif", **wrong)


def test_no_figure_is_left_open_by_a_movie(tmp_path):
    movie([catalog(SCENE)], None, tmp_path / "a.gif", dpi=20)
    assert plt.get_fignums() == []


def test_real_frames_keep_the_borders_around_their_field(hmi_frames):
    scene = Segmenter(method="threshold", threshold=20 * u.G, min_pixels=4)(hmi_frames[0])
    axes = plt.subplot(projection=hmi_frames[1])
    borders = draw_borders(scene, axes=axes)
    drawn = np.concatenate(borders.get_segments())
    pixels = np.concatenate(scene.borders(inset=0.15)[0])
    np.testing.assert_allclose(drawn, pixels, atol=1)


def test_each_feature_is_counted_in_the_bin_of_its_size():
    figure, axes = plt.subplots()
    steps = draw_distributions({"a": [1, 3, 70, 1000] * u.Mm**2, "b": [20, 50] * u.Mm**2}, bins=3, axes=axes)
    for step, counts in zip(steps, ([2, 1, 1], [0, 2, 0]), strict=True):
        assert step.get_data().values.tolist() == counts
        assert step.get_data().edges == pytest.approx([1, 10, 100, 1000])
    assert (axes.get_xscale(), axes.get_yscale()) == ("log", "log")
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["a", "b"]
    assert steps[0].get_edgecolor() != steps[1].get_edgecolor()
    assert steps[0].get_linestyle() != steps[1].get_linestyle()
    assert figure.axes == [axes]


def test_all_samples_of_distributions_are_in_one_unit_that_the_axis_names():
    areas, fluxes = plt.figure().subplots(1, 2)
    steps = draw_distributions({"a": [1, 9] * u.Mm**2, "b": [4e6] * u.km**2}, bins=2, axes=areas, legend=False)
    assert steps[1].get_data().values.tolist() == [0, 1]
    assert areas.get_xlabel().startswith("area")
    assert areas.get_legend() is None
    draw_distributions({"a": [1e17, 3e18] * u.Mx}, axes=fluxes, legend={"title": "AR 12665"}, linewidth=3, color="red")
    assert fluxes.get_xlabel() == r"unsigned flux ($\mathrm{Mx}$)"
    assert fluxes.get_legend().get_title().get_text() == "AR 12665"
    assert (fluxes.patches[0].get_linewidth(), to_hex(fluxes.patches[0].get_edgecolor())) == (3, "#ff0000")


@pytest.mark.parametrize("values", [[], [5.0, 5.0]])
def test_distributions_without_a_range_are_drawn(values):
    (step,) = draw_distributions({"a": values * u.Mm**2}, bins=4)
    assert step.get_data().values.tolist() == [len(values), 0, 0, 0]
    plt.gcf().canvas.draw()


def test_what_is_no_distribution_is_refused():
    with pytest.raises(SolarUnetError, match=r"no samples"):
        draw_distributions({})
    with pytest.raises(TypeError, match=r"network needs a unit"):
        draw_distributions({"network": [1, 2]})
    assert plt.get_fignums() == []
