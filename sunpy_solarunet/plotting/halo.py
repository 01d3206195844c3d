"""
Lines that are seen on dark, gray and bright ground.
"""

import numpy as np
from matplotlib.collections import LineCollection, PathCollection

__all__ = ["HaloedLines"]

#: How much wider the halo is than the line, in points.
WIDER = 1.0

BLACK, WHITE = (0, 0, 0, 1), (1, 1, 1, 1)

#: Luma of a color, and below which the halo is white.
LUMA = (0.2126, 0.7152, 0.0722)
DARK = 0.2


class HaloedLines(LineCollection):
    """
    Lines with a black halo, dark ones with a white one.

    All halos lie below all lines, so that lines that run side by side do not cover each other, and have no gaps
    where the line is dashed.
    """

    def draw(self, renderer):
        """
        Draw the halos, then the lines.

        Parameters
        ----------
        renderer : `~matplotlib.backend_bases.RendererBase`
        """
        if self.get_visible() and self.get_paths():
            self._halo().draw(renderer)
        super().draw(renderer)

    def _halo(self):
        halo = PathCollection(self.get_paths())
        halo.update_from(self)
        halo.set_figure(self.figure)
        halo.axes = self.axes
        bright = self.get_edgecolor()[:, :3] @ LUMA >= DARK
        color = np.where(bright[:, np.newaxis], BLACK, WHITE)
        halo.set(facecolor="none", edgecolor=color, linestyle="solid", linewidth=np.add(self.get_linewidth(), WIDER))
        return halo
