"""For which places the policy rows of an area hold: the row of the most specific area does.

The warehouse says the same in SQL (`macros/in_force.sql`). Does not belong here: reading rows.
"""

EVERYWHERE = "000000"
COUNTY_DIGITS, CITY_DIGITS, PROVINCE_DIGITS, CODE_DIGITS = 6, 4, 2, 6


def areas_of(place: str) -> list[str]:
    """The areas whose rows may hold for a township, county or city, the most specific first.

    For a place that is not known by a code, only the rows that hold everywhere.
    """
    if not place.isdigit():
        return [EVERYWHERE]
    wider = (
        place[:digits].ljust(CODE_DIGITS, "0")
        for digits in (COUNTY_DIGITS, CITY_DIGITS, PROVINCE_DIGITS)
    )
    return list(dict.fromkeys([place, *wider, EVERYWHERE]))


def areas_in(city_code: str, county: str) -> list[str]:
    """As `areas_of` a county; one that is none of the city's takes the rows of the city."""
    is_of_the_city = county.isdigit() and county[:CITY_DIGITS] == city_code[:CITY_DIGITS]
    return areas_of(county if is_of_the_city else city_code)
