"""The synthetic city: four departments' deliveries and the truth behind them.

Belongs here: everything the demo city invents. It knows the contracts and where things are, and
nothing else of the pipeline, which in turn never imports it. See `making.make_city`.

The published figures are those of a city whose first day is 2024-04-30. With another first day
(from 2023-07 on) the same city stands on that day: the same rolls, the same four months of money,
its rates those of the day; cases are planted round the first day, and a rule that is not yet in
force is expected from its first day on. One department's delivery is missing on one day of the
second week and comes with the next.

`truth/planted` names for each case the rule, the subject, the days and the reason: `match` and
`no_match` were planted; `natural_match` is what the city's own course brings under a rule.
"""

from pipelines.demo_city.making import check_city, make_city
from pipelines.demo_city.payments import PAID_NAMES

__all__ = ["PAID_NAMES", "check_city", "make_city"]
