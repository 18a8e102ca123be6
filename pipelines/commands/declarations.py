"""Commands about declarations: whether they agree, and the first lines of a new one."""

from typing import Annotated

import typer

from pipelines.commands.identities import open_vault
from pipelines.commands.telling import printed, say
from pipelines.settings import Home, Settings, UsageError, WenduError, versions


def check() -> None:
    """Check every declaration against every other, and key and audit book where there is data."""
    from pipelines.contracts.sources import load_contracts
    from pipelines.ingest.sealing import unsealed
    from pipelines.vault import AuditBook, RotationPlace, holds_data, key_is_known
    from pipelines.warehouse.declarations import disagreements

    settings = Settings()
    home = Home(settings.home)
    found = disagreements(settings.city, home)
    if key_is_known(home, settings.key_file) or holds_data(home):
        AuditBook(home, open_vault()).check()
    if RotationPlace(home).journal is not None:
        raise WenduError(
            f"A change of the key of {home.root} was cut off and the old key is still there; run "
            "`wendu rotate-key` again, which finishes it."
        )
    if lost := unsealed(home, load_contracts()):
        raise WenduError(
            f"The vault of {home.root} holds nothing of {len(lost)} deliveries of the lake, the "
            f"first of them {lost[0].department} of {lost[0].received_on}: put lake and vault back "
            "from the same backup, or their people stay without names."
        )
    for sentence in found:
        say(sentence)
    if found:
        raise UsageError(f"{len(found)} declarations disagree or are missing.")
    printed.print("All declarations agree.")


def new_table(
    name: Annotated[str, typer.Argument(metavar="DEPARTMENT/TABLE", help="As finance/payroll.")],
) -> None:
    """Make the declaration of a department table more; filled in, what follows from it."""
    from pipelines.warehouse.new_table import make_table

    department, _, table = name.partition("/")
    for sentence in make_table(department, table):
        printed.print(sentence, markup=False)


def new_city(
    code: Annotated[str, typer.Argument(help="Its division code, as 370100.")],
    name: Annotated[str, typer.Option(help="As it stands on lists, as 济南市.")] = "",
) -> None:
    """Make a city's folder with every number that is to be filled in; `wendu check` names them."""
    from pipelines.contracts.city import load_city
    from pipelines.warehouse.city_numbers import make_city, missing_numbers

    home = Home(Settings().home)
    folder = make_city(home, code, name or code)
    missing = len(missing_numbers(load_city(code, home)))
    printed.print(
        f"{folder} is made. {missing} things are to be filled in: `wendu --city {code} check` "
        "names each with its file and line."
    )


def version() -> None:
    """Versions of Wendu and of what shapes its results."""
    for name, number in versions().items():
        printed.print(f"{name} {number}")
