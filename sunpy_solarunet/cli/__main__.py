import sys

from sunpy_solarunet.cli import main

__all__ = []

sys.exit(main())
