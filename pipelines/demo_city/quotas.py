"""How many of everything the full-size city has: the published rolls, and our own guesses beside.

Belongs here: counts and sums at scale 1. Does not belong here: how they are reached.
The published figures are those of the city's 2024 bulletin (end of April, or January to April).
"""

DIBAO_PERSONS = 82_300
TEKUN_PERSONS = 23_500
DIBAO_URBAN_SHARE, TEKUN_URBAN_SHARE = 0.12, 0.06
MARGINAL_HOUSEHOLDS = 2_812
MARGINAL_PERSONS = 6_500
MARGINAL_URBAN_SHARE = 0.12
KEY_CHILDREN = 4_085
LEFT_BEHIND_CHILDREN = 1_947
LIVING_RECIPIENTS = 32_000
NURSING_RECIPIENTS = 72_000
RELIEF_CASES = 902
VAGRANTS = 152

# Sums over the four months that end with the city's first month, in cents.
DIBAO_AND_TEKUN_PAID = 280_000_000_00
CHILDREN_PAID = 28_327_000_00
ALLOWANCES_PAID = 64_240_000_00
RELIEF_PAID = 1_959_000_00

# Assumed: nobody publishes these for the city.
CERTIFICATES = 130_000
WATCHED_HOUSEHOLDS = 9_000
PAYROLL = 120_000
CREMATIONS_A_YEAR = 45_000
MARRIAGES_A_YEAR = 45_000
FARM_HOUSEHOLDS = 30_000
ELDERS = 12_000
"""Old people outside assistance who draw the old-age allowance."""

SEVERE_SHARE_IN_DIBAO = 0.50
ENDED_SHARE = 0.16
"""Households that left in the last sixteen months, as a share of those still recognised."""

PUBLISHED_MONTHS = 4
