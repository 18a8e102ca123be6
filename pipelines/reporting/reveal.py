"""Who stands behind one alert, for somebody who may know and says why.

The audit row is durable before anything is unsealed. Does not belong here: the book itself
(`vault.audit`), how the answer is printed (the command line).
"""

from dataclasses import dataclass

import polars as pl

from pipelines.contracts.alert_code import normalised
from pipelines.reporting.published import open_published
from pipelines.settings import Home, UsageError
from pipelines.vault import AuditBook, Vault, tells_why


@dataclass(frozen=True)
class Revealed:
    """The newest known identities: `household_no`, head, address, phone; `id_no`, `name`."""

    households: pl.DataFrame
    people: pl.DataFrame


def reveal(home: Home, vault: Vault, alert_id: str, purpose: str, at: str, who: str) -> Revealed:
    """Write the audit row, then look up household and person of a published alert.

    Args:
        home: whose published alerts are meant.
        vault: opened with the key.
        alert_id: the alert's code, as on the list.
        purpose: why, in the asker's words.
        at: the moment, with its time zone.
        who: who asks.

    Raises:
        UsageError: no purpose worth the name, or no such alert; nothing was looked up.
        AuditError: the audit book was changed; nothing was looked up.
    """
    if not tells_why(purpose):
        raise UsageError("Say with --purpose what you need to know it for, in a few words.")
    with open_published(home) as published:
        found = published.execute(
            "select alert_id, household_key, person_key from fct_alerts where alert_id = ?",
            [normalised(alert_id)],
        ).fetchall()
    if not found:
        raise UsageError(
            f"There is no alert {alert_id!r} among the published ones; check its code."
        )
    code, household_key, person_key = found[0]
    AuditBook(home, vault).write(at, who, "reveal", code, purpose.strip())
    return Revealed(
        vault.households(_keys(household_key)).drop("household_key", "head_key"),
        vault.people(_keys(person_key)).drop("person_key"),
    )


def _keys(published: str | None) -> pl.Series:
    return pl.Series([bytes.fromhex(published)] if published else [], dtype=pl.Binary)
