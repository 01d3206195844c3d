"""
Results in the forms of other projects: graphs of NetworkX, the Graph Exchange File Format, arrays of xarray.
"""

from sunpy_solarunet.exports.geff import write_geff
from sunpy_solarunet.exports.graphs import to_networkx
from sunpy_solarunet.exports.stacks import to_xarray

__all__ = ["to_networkx", "to_xarray", "write_geff"]
