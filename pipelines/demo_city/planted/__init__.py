"""Cases planted for the rules, each with what must come of it.

Belongs here: situations made on purpose, before the rest of the city is filled in round them, so
that every count of the city includes them. Does not belong here: natural people and faults of form.
"""

from pipelines.demo_city.planted.allowances import plant_allowances
from pipelines.demo_city.planted.casebook import Casebook
from pipelines.demo_city.planted.distress import plant_distress
from pipelines.demo_city.planted.families import plant_families
from pipelines.demo_city.planted.offices import plant_offices
from pipelines.demo_city.planted.payment import plant_payment
from pipelines.demo_city.planted.process import plant_process
from pipelines.demo_city.planted.relatives import plant_relatives
from pipelines.demo_city.planted.review import plant_review
from pipelines.demo_city.planted.support import plant_support
from pipelines.demo_city.tables import Table
from pipelines.demo_city.world import World

__all__ = ["Casebook", "plant"]


def plant(world: World, departures: Table) -> Casebook:
    """Plant every case of a new city; returns what was planted."""
    casebook = Casebook(world, departures)
    for plant_some in (
        plant_review, plant_support, plant_payment, plant_families, plant_relatives,
        plant_distress, plant_allowances, plant_offices, plant_process,
    ):  # fmt: skip
        plant_some(casebook)
    return casebook
