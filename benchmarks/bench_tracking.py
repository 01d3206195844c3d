"""
How long a frame and a pair of frames take, and how much memory, by the number of their features.
"""

from functools import cache

import fields

from sunpy_solarunet import FeatureCatalog, Tracker
from sunpy_solarunet.tracking.rules import RULES

#: Numbers of features, about; stripes as long as the frame need a frame that is large for their number.
NUMBERS = (100, 1000, 10_000, 50_000)
MOST_LONG = 1000


@cache
def frames(kind, number):
    """Two magnetograms and their labels."""
    if kind == "long" and number > MOST_LONG:
        raise NotImplementedError(f"no frame is large enough for {number} stripes")
    maps = fields.pair(kind, number)
    return maps, [fields.SEGMENTER(frame).labels for frame in maps]


def catalogs(kind, number):
    """Two catalogs of which nothing is measured yet."""
    return [FeatureCatalog(frame, labels) for frame, labels in zip(*frames(kind, number), strict=True)]


class Frames:
    """What each frame takes."""

    params = (tuple(fields.FIELDS), NUMBERS)
    param_names = ("features lie", "number")

    def setup(self, kind, number):
        """Draw the fields."""
        self.maps, _ = frames(kind, number)

    def time_segmentation(self, kind, number):
        """Find the features of a frame."""
        fields.SEGMENTER(self.maps[0])

    def time_features(self, kind, number):
        """Measure all of them."""
        catalogs(kind, number)[0].to_table()


class Pairs:
    """What each pair of frames takes, features and tables included."""

    params = (tuple(RULES), tuple(fields.FIELDS), NUMBERS)
    param_names = ("rule", "features lie", "number")
    timeout = 300

    def setup(self, rule, kind, number):
        """Draw the fields and find their features."""
        frames(kind, number)

    def track(self, rule, kind, number):
        """Follow the features of two frames, and make the tables."""
        tracker = Tracker(association=rule)
        tracker.track(catalogs(kind, number))
        return tracker.tables()

    def time_tracking(self, rule, kind, number):
        """Seconds."""
        self.track(rule, kind, number)

    def peakmem_tracking(self, rule, kind, number):
        """Bytes."""
        self.track(rule, kind, number)


class Sequence:
    """The whole way from magnetograms to tables, by the length of a frame's side."""

    params = (256, 512, 1024, 2048, 4096)
    param_names = ("side",)
    timeout = 300

    def setup(self, side):
        """Draw two frames of so many pixels a side."""
        self.maps = fields.pair("sparse", (side // 30) ** 2)

    def run(self):
        """Segment, measure, follow, and make the tables."""
        tracker = Tracker()
        tracker.track(fields.SEGMENTER(frame) for frame in self.maps)
        return tracker.tables()

    def time_run(self, side):
        """Seconds."""
        self.run()

    def peakmem_run(self, side):
        """Bytes."""
        self.run()
