"""The synthetic city: four departments' deliveries and the truth behind them.

Belongs here: everything the demo city invents. It knows the contracts and where things are, and
nothing else of the pipeline, which in turn never imports it. See `making.make_city`.
"""

from pipelines.demo_city.making import make_city
from pipelines.demo_city.payments import PROGRAM_NAMES

__all__ = ["PROGRAM_NAMES", "make_city"]
