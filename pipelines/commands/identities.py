"""Commands that need the vault's key: who is meant, and what becomes of identities and key."""

import json
from typing import Annotated, Any

import typer

from pipelines.commands.telling import JsonOption, printed, steps
from pipelines.settings import Home, Settings, now, user_name

key = typer.Typer(help="The pseudonym of a number (needs the key).", no_args_is_help=True)


def reveal(
    alert: Annotated[str, typer.Argument(help="Code of the alert, as on the list.")],
    purpose: Annotated[str, typer.Option(help="Why you need to know; kept in the audit book.")],
    as_json: JsonOption = False,
) -> None:
    """Show who one alert is about: needs the vault key, and writes an audit row first."""
    from pipelines.reporting.reveal import reveal as revealed

    found = revealed(
        Home(Settings().home), open_vault(), alert, purpose, now().isoformat(), user_name()
    )
    if as_json:
        answer = {"household": found.households.to_dicts(), "person": found.people.to_dicts()}
        print(json.dumps(answer, ensure_ascii=False))
        return
    for title, rows in (("household", found.households), ("person", found.people)):
        for name, value in rows.to_dicts()[0].items() if rows.height else ():
            if value is not None:
                printed.print(f"{title} {name}: {value}", markup=False)
    if found.households.is_empty() and found.people.is_empty():
        printed.print("The vault knows nobody behind this alert.")


@key.command("person")
def key_person(number: str) -> None:
    """The pseudonym of a citizen or disability-certificate number."""
    from pipelines.ingest.keys import person_key

    print(person_key(open_vault(), number))


@key.command("household")
def key_household(
    number: str,
    register: Annotated[
        str | None,
        typer.Option(help="civil_affairs or agriculture; else the one that knows the number."),
    ] = None,
) -> None:
    """The pseudonym of a family number (civil affairs) or watched-household number."""
    from pipelines.ingest.keys import household_key

    print(household_key(Home(Settings().home), open_vault(), number, register))


def forget(
    number: Annotated[str, typer.Argument(help="Citizen number of the person.")],
    purpose: Annotated[str, typer.Option(help="On what ground; kept in the audit book.")],
    lift: Annotated[
        bool, typer.Option("--lift", help="Let a forgotten number be stored again.")
    ] = False,
) -> None:
    """Take a person's identity out of vault, refused rows, raw deliveries and returned lists.

    The facts stay under their pseudonym. The number stays out of the vault, also when a department
    sends it again, until --lift; raw deliveries and refused rows from then on hold it as sent.
    """
    from pipelines.defs.forgetting import forget as forget_person
    from pipelines.defs.installation import Installation

    installation = Installation.from_settings()
    open_vault()
    try:
        done = forget_person(
            installation, number, purpose, now().isoformat(), user_name(), steps.begin, lift=lift
        )
    finally:
        installation.close()
    for sentence in done.sentences():
        printed.print(sentence, markup=False)


def rotate_key() -> None:
    """Make a new key and with it new pseudonyms everywhere; cut off, run it again to finish.

    Alerts keep their codes. The old key is destroyed at the end: what was copied under it, in
    backups above all, cannot be joined with what comes.
    """
    from pipelines.defs.installation import Installation
    from pipelines.defs.rotation import rotate

    installation = Installation.from_settings()
    try:
        done = rotate(installation, now().isoformat(), user_name(), steps.begin)
    finally:
        installation.close()
    for sentence in done.sentences():
        printed.print(sentence, markup=False)


def open_vault() -> Any:
    """The vault of the home; a home without one is told, and none is made."""
    from pipelines.vault import NoKeyYetError, Vault, holds_data, key_is_known

    settings = Settings()
    home = Home(settings.home)
    if not key_is_known(home, settings.key_file) and not holds_data(home):
        raise NoKeyYetError(home)
    return Vault.open(home, settings.key_file)
