"""Commands about the lists: where they lie, how they go out and come back, what is to be mended."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from pipelines.commands.telling import JsonOption, as_day, printed
from pipelines.settings import Home, MailSettings, Settings, UsageError


def lists(
    date_: Annotated[str, typer.Option("--date", metavar="YYYY-MM-DD")],
    encrypted: Annotated[
        Path | None,
        typer.Option(
            help="New folder that gets copies, each with its township's password "
            "(WENDU_LIST_PASSWORDS_FILE)."
        ),
    ] = None,
) -> None:
    """Tell where the township workbooks of a published day lie, or make encrypted copies."""
    from pipelines.outreach.digest import published_lists

    settings = Settings()
    home, on_date = Home(settings.home), as_day(date_)
    if not home.day(on_date).exists():
        raise UsageError(f"{on_date} is not published; run `wendu run --date {on_date}` first.")
    workbooks = published_lists(home.day(on_date), on_date)
    if encrypted is not None:
        from pipelines.outreach.encryption import encrypt_lists, read_passwords

        if settings.list_passwords_file is None:
            raise UsageError(
                "Set WENDU_LIST_PASSWORDS_FILE to the file with a password for each township."
            )
        workbooks = encrypt_lists(
            workbooks, read_passwords(settings.list_passwords_file), encrypted
        )
    for workbook in workbooks:
        printed.print(str(workbook))


def send(
    date_: Annotated[str, typer.Option("--date", metavar="YYYY-MM-DD")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Tell what would go.")] = False,
    resend: Annotated[
        bool, typer.Option("--resend", help="Also what is uncertain, was refused or came back.")
    ] = False,
) -> None:
    """Mail a published day's lists to their offices, each once; put off ones go with the next."""
    from pipelines.defs.sending import send_day

    def tell(sentence: str) -> None:
        printed.print(sentence, markup=False)

    is_done = send_day(
        Settings(), MailSettings(), as_day(date_), tell, dry_run=dry_run, resend=resend
    )
    raise typer.Exit(0 if is_done else 2)


def corrections(
    date_: Annotated[str, typer.Option("--date", metavar="YYYY-MM-DD")], as_json: JsonOption = False
) -> None:
    """Tell what each department is asked to mend on a day, and where its workbook lies."""
    from pipelines.defs.corrections import correction_sentences, counts_of_day

    home, on_date = Home(Settings().home), as_day(date_)
    if as_json:
        print(json.dumps(counts_of_day(home, on_date), ensure_ascii=False))
        return
    for sentence in correction_sentences(home, on_date) or ["Nothing is to be corrected."]:
        printed.print(sentence)


def replies(
    files: Annotated[
        list[Path] | None, typer.Argument(help="Returned lists; none: <home>/replies/inbox/.")
    ] = None,
    received_on: Annotated[
        str | None, typer.Option(metavar="YYYY-MM-DD", help="When they were received; else today.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Read back lists that townships filled in: good lines are taken, the others returned.

    Exit code 0: every line was taken; 2: lines were returned, or a file was not taken at all.
    """
    from pipelines.contracts.replies import dispute_sentences, disputes
    from pipelines.defs.installation import Installation
    from pipelines.defs.replies import take_replies

    installation = Installation.from_settings()
    try:
        read_on = as_day(received_on) if received_on else None
        taken = take_replies(installation, files or [], read_on)
    finally:
        installation.close()
    disputed = disputes(installation.home)
    if as_json:
        answer = {
            "files": [asdict(file) for file in taken],
            "disputed": disputed.drop("received_on").to_dicts(),
        }
        print(json.dumps(answer, ensure_ascii=False, default=str, indent=1))
    else:
        for file in taken:
            printed.print(file.sentence(), markup=False)
        if not taken:
            printed.print(f"Nothing waits in {installation.home.replies / 'inbox'}.")
        for sentence in dispute_sentences(disputed):
            printed.print(sentence, markup=False)
    is_whole = all(file.verdict in ("taken", "known") and not file.refused for file in taken)
    raise typer.Exit(0 if is_whole else 2)
