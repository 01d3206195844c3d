"""Colors that everyone can tell apart, on any ground."""

import itertools

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.colors import to_rgb
from planted import catalog
from skimage.color import deltaE_ciede2000, rgb2lab

from sunpy_solarunet import FeatureCatalog
from sunpy_solarunet.errors import SolarUnetError
from sunpy_solarunet.plotting import COLORS, draw_borders, plot_catalog
from sunpy_solarunet.plotting.palettes import DEATHS, PALETTES, SIGNS, colors_of, line_style
from sunpy_solarunet.tracking.tables import EVENT_KINDS

NAMES = {*SIGNS, *EVENT_KINDS}


def distance(one, other):
    """CIEDE2000 distance of two colors, given as red, green and blue from 0 to 1."""
    lab = rgb2lab(np.clip([[one, other]], 0, 1))[0]
    return float(deltaE_ciede2000(lab[0], lab[1]))


@pytest.mark.parametrize("palette", PALETTES)
def test_a_palette_has_a_color_for_each_sign_and_kind(palette):
    assert colors_of(palette).keys() == NAMES
    assert set(SIGNS) | set(DEATHS) < NAMES


def test_any_two_colors_can_be_told_apart_and_from_gray():
    seen = [to_rgb(color) for color in COLORS.values()] + [(0.5, 0.5, 0.5)]
    assert min(distance(*pair) for pair in itertools.combinations(seen, 2)) > 20


@pytest.mark.parametrize("lacking", ["protanomaly", "deuteranomaly", "tritanomaly"])
def test_any_two_colors_can_be_told_apart_without_one_kind_of_cones(lacking):
    cspace_convert = pytest.importorskip("colorspacious").cspace_convert
    sight = {"name": "sRGB1+CVD", "cvd_type": lacking, "severity": 100}
    seen = {name: cspace_convert(to_rgb(color), sight, "sRGB1") for name, color in COLORS.items()}
    seen["halo"] = (0, 0, 0)
    distances = {pair: distance(seen[pair[0]], seen[pair[1]]) for pair in itertools.combinations(seen, 2)}
    assert {pair: near for pair, near in distances.items() if near < 12} == {}


def test_deaths_are_dashed_and_births_solid():
    styles = {name: line_style([name])[0] for name in NAMES}
    assert {name for name, style in styles.items() if style != "solid"} == set(DEATHS)


@pytest.mark.parametrize("ground", [-900, 0, 900])
def test_a_border_lies_within_black_on_dark_gray_and_bright_ground(ground):
    scene = catalog([(12, 20, 12, 15, 300)])
    scene.map.data[:] = ground
    axes = plot_catalog(scene, legend=False, linewidth=3)
    axes.figure.canvas.draw()
    pixels = np.asarray(axes.figure.canvas.buffer_rgba())[::-1, :, :3] / 255
    column, row = axes.transData.transform((27, 11.65)).astype(int)
    across = pixels[row - 5 : row + 6, column]
    assert distance(across[5], to_rgb(COLORS["positive"])) < 2
    shade = (np.clip(ground, -300, 300) + 300) / 600
    assert across[[0, -1]] == pytest.approx(shade, abs=0.01)
    assert across[1:5].max(axis=1).min() <= 0.7 * shade
    assert across[6:10].max(axis=1).min() <= 0.7 * shade


def test_halos_lie_below_the_lines_and_have_no_gaps():
    scene = catalog([(5, 10, 4, 6, 300), (9, 10, 7, 2, -250)])
    borders = draw_borders(scene, axes=plt.subplot(projection=scene.map), linestyle="dashed")
    halo = borders._halo()
    assert len(halo.get_paths()) == len(borders.get_paths()) == 2
    assert [dashes for _, dashes in halo.get_linestyle()] == [None, None]
    assert set(halo.get_linewidth()) == {width + 1 for width in borders.get_linewidth()}
    assert halo.get_edgecolor()[:, :3].tolist() == [[0, 0, 0]] * 2


def test_the_halo_of_dark_lines_is_white():
    borders = draw_borders(catalog([(5, 10, 4, 6, 300)]), color="black")
    assert borders._halo().get_edgecolor().tolist() == [[1, 1, 1, 1]]


def test_an_empty_catalog_has_no_halos():
    empty = catalog([])
    borders = draw_borders(FeatureCatalog(empty.map, empty.labels))
    borders.figure.canvas.draw()


def test_the_colors_of_the_paper_can_be_had():
    scene = catalog([(5, 10, 4, 6, 300)])
    borders = draw_borders(scene, palette="paper")
    assert borders.get_edgecolor()[0] == pytest.approx([*to_rgb("#ffe100"), 1])
    (line,) = borders.axes.get_legend().get_lines()
    assert line.get_color() == "#ffe100"


def test_an_unknown_palette_is_refused():
    with pytest.raises(SolarUnetError, match=r"palette.*default.*paper"):
        draw_borders(catalog([]), palette="papers")
