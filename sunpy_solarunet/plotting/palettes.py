"""
The colors of borders and events.
"""

__all__ = ["COLORS"]

#: Colors of borders (section 3.3 and footnote 9): features that take part in no event, by their
#: sign, and members of events, by its kind.
COLORS = {
    "positive": "#ffe100",
    "negative": "#12c52b",
    "disappearance": "#b04dff",
    "merging": "#ff8c00",
    "cancellation": "#ff8ad2",
    "appearance": "#3a70ff",
    "splitting": "#00f0f0",
    "emergence": "#f00a1e",
}
