"""The pseudonym of one number, for people who hold the key (`wendu key`).

Numbers are normalised exactly as conform does. Does not belong here: revealing who stands
behind a key (`vault.lookup`).
"""

import polars as pl

from pipelines.ingest.identity import parse_citizen_numbers
from pipelines.ingest.values import parse_numbers_of_office
from pipelines.settings import Home, UsageError, today
from pipelines.vault import Vault

REGISTERS = {
    "civil_affairs": ("household", "households", "household_no"),
    "agriculture": ("relapse_watch_household", "monitored_households", "monitor_no"),
}


SPACES = {
    "person": "person", "beneficiary": "person", "household": "household",
    "relapse_watch_household": "relapse_watch_household",
}  # fmt: skip
"""Kinds of subject and the space of their pseudonyms; other kinds go by the office's number."""


def subject_keys(vault: Vault, kind: str, numbers: pl.Series) -> pl.Series:
    """How subjects of one kind are published: pseudonyms in hexadecimal, or the number itself."""
    if kind not in SPACES:
        return numbers
    return vault.pseudonyms(SPACES[kind], numbers).bin.encode("hex")


def person_key(vault: Vault, number: str) -> str:
    """Pseudonym of a citizen or disability-certificate number, as 32 hexadecimal characters.

    Raises:
        UsageError: the number does not stand the check of conform.
    """
    given = pl.Series([number], dtype=pl.String)
    value = parse_citizen_numbers(given, today())["value"][0]
    if value is None:
        raise UsageError(
            "this is no valid citizen or certificate number: check its length, birth date and "
            "check character"
        )
    return vault.pseudonyms("person", pl.Series([value]))[0].hex()


def household_key(home: Home, vault: Vault, number: str, register: str | None) -> str:
    """Pseudonym of a family or watched-household number, as 32 hexadecimal characters.

    Without a register the one whose sealed rows know the number is taken, civil affairs first.

    Raises:
        UsageError: the register is unknown, or no register knows the number.
    """
    if register is not None and register not in REGISTERS:
        raise UsageError(f"there is no register {register}: say {' or '.join(REGISTERS)}")
    value = parse_numbers_of_office(pl.Series([number], dtype=pl.String))["value"][0]
    for department, (space, table, column) in REGISTERS.items():
        if value is None or register not in (None, department):
            continue
        key = vault.pseudonyms(space, pl.Series([value]))[0].hex()
        if register == department:
            return key
        sealed = vault.identities(department, table)
        if column in sealed.columns and value in sealed[column]:
            return key
    raise UsageError(
        f"no register in {home.root} knows this household number; check it, or name the register"
    )
