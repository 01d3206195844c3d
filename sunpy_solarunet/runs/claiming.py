"""
A folder that one run writes to at a time: see `sunpy_solarunet.claiming`.
"""

from sunpy_solarunet.claiming import claimed, is_claimed

__all__ = ["claimed", "is_claimed"]
