"""Queries that are one condition, as something that is counted beside other counts.

A query of its own reads a table once more; a condition on its rows, or on all of them, need not.
Does not belong here: whether the count is good (the expectation), how it is had (`plan`).
"""

import re

PLAIN_QUERY = re.compile(r"select 1 from \{batch\} (where|having) (.+)", re.DOTALL)
FILTER = re.compile(r"\bfilter \(where\b")
MORE_THAN_A_CONDITION = re.compile(
    r"\b(select|from|where|group|having|qualify|window|over|order|limit|offset|fetch"
    r"|union|intersect|except|using)\b|\{batch\}|--|/\*|;",
    re.IGNORECASE,
)
"""Where one of these is found, even within a text, the query stays what it is."""


def as_aggregate(query: str) -> str | None:
    """The number of rows that a query returns as an aggregate; nothing if it is no mere condition.

    By `case`, which as `where` does not look at the second part of a condition that fails in its
    first; `filter (where …)` computes both for every row.
    """
    plain = PLAIN_QUERY.fullmatch(query)
    if plain is None or MORE_THAN_A_CONDITION.search(FILTER.sub("", plain[2])):
        return None
    condition = plain[2].format()
    if plain[1] == "where":
        return f"count(case when {condition} then 1 end)"
    return f"case when {condition} then 1 else 0 end"
