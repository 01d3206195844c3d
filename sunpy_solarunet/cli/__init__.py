"""
The ``solarunet`` command.
"""

from sunpy_solarunet.cli.command import main

__all__ = ["main"]
