"""Cases planted for the rules, each with what must come of it.

Belongs here: situations made on purpose, before the rest of the city is filled in round them, so
that every count of the city includes them. Does not belong here: natural people and faults of form.
"""

from pipelines.demo_city.planted.casebook import Casebook
from pipelines.demo_city.planted.others import plant_others
from pipelines.demo_city.planted.payment import plant_payment
from pipelines.demo_city.planted.review import plant_review
from pipelines.demo_city.planted.support import plant_support
from pipelines.demo_city.tables import Table
from pipelines.demo_city.world import World

__all__ = ["Casebook", "plant"]


def plant(world: World, departures: Table) -> Casebook:
    """Plant every case of a new city; returns what was planted."""
    casebook = Casebook(world, departures)
    plant_review(casebook)
    plant_support(casebook)
    plant_payment(casebook)
    plant_others(casebook)
    return casebook
