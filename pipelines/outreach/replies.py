"""Returned lists: taken line by line, kept, and what cannot be taken sent back with its reason.

Below `<home>/replies/`: `inbox/` what came in and waits, `received/` every file read, as it was
but for its password (it holds remarks and names of visitors: readable by the owner alone),
`accepted/` answers without either, `returned/` workbooks with the lines to be mended, under the
password they came with, `receipts/` one record per file, which is written last: a file with a
receipt is never read again. Does not belong here: judging a line (`reply_lines`), which list a file
answers (`reply_batch`), what an outcome does (dbt).
"""

import hashlib
import io
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any, Literal

import polars as pl
import xlsxwriter

from pipelines.connectors.office_files import OfficeFile, read_office_file
from pipelines.connectors.raw import ConnectorError
from pipelines.contracts.replies import accepted_replies, published_batches
from pipelines.outreach.encryption import encrypted, opened
from pipelines.outreach.layout import LINE, RESULTS
from pipelines.outreach.reply_batch import batch_of, is_superseded, shown_on
from pipelines.outreach.reply_lines import Judged, answered_lines, header_of, judge
from pipelines.outreach.workbook import write_marks
from pipelines.settings import DBT_PROJECT, POLICY, Home, put_in_place

REASON = "退回原因"
WIDTHS = {column.header: column.width for column in LINE} | {REASON: 30}
RESULT_HEADERS = [column.header for column in RESULTS]
RETURNED_TITLE = "以下各行未能登记。请按“退回原因”更正后报回；已登记的行无需重报。"
NOT_REPLIES = (".", "~$")
"""How files begin that office programs leave beside an open one."""
NO_PASSWORDS: Mapping[str, str] = {}
LONGEST_STEM_BYTES = 200
"""Of a file's own name in what is returned of it: with what is added no more than a disk takes."""


@dataclass(frozen=True)
class Taken:
    """What became of one file; `told` says in one sentence why nothing was taken of it."""

    file: str
    verdict: Literal["taken", "known", "waits", "refused"]
    batch_id: str = ""
    received_on: str = ""
    accepted: int = 0
    known: int = 0
    refused: int = 0
    returned: str = ""
    told: str = ""

    def sentence(self) -> str:
        """For the operator."""
        if self.verdict in ("refused", "waits"):
            return self.told
        if self.verdict == "known":
            return f"{self.file}: read before, on {self.received_on}; nothing changes."
        known = f", {self.known} known already" if self.known else ""
        returned = f"; {self.refused} lines returned: {self.returned}" if self.refused else ""
        counts_from = f", counted from {self.received_on} on" if self.accepted else ""
        return (
            f"{self.file}, list {self.batch_id}: {self.accepted} answers taken{known}{counts_from}"
            f"{returned}."
        )


def take_inbox(
    home: Home,
    read_on: date,
    received_on: date,
    *,
    until: date | None = None,
    passwords: Mapping[str, str] = NO_PASSWORDS,
) -> list[Taken]:
    """Take every file that waits in the inbox; what was read leaves it, what cannot be, stays.

    Args:
        home: the home.
        read_on: the day on which they are read.
        received_on: the first day that is judged with what is accepted.
        until: leave files waiting that tell of a visit after this day.
        passwords: of encrypted lists, by office.
    """
    taken = []
    for path in sorted((home.replies / "inbox").glob("*")):
        if path.is_file() and not path.name.startswith(NOT_REPLIES):
            taken.append(take(home, path, read_on, received_on, until=until, passwords=passwords))
            if taken[-1].verdict in ("taken", "known"):
                path.unlink()
    return taken


def take(
    home: Home,
    path: Path,
    read_on: date,
    received_on: date,
    *,
    until: date | None = None,
    passwords: Mapping[str, str] = NO_PASSWORDS,
) -> Taken:
    """Take one returned file: its good lines are accepted, the others returned.

    Reading a file again changes nothing, nor does reading the same lines in another file. Whatever
    people made of a file, reading it ends in a verdict: no file may stop the others, or a day.
    """
    try:
        with opened(path, passwords) as found:
            file, content = read_office_file(found.path), found.path.read_bytes()
        sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
        if earlier := receipt_of(home, sha256):
            return Taken(path.name, "known", earlier["batch_id"], earlier["received_on"])
        lines = answered_lines(file)
        batch = batch_of(home, file, lines)
        newest = lines["visited_on"].max()
        if until and isinstance(newest, date) and newest > until:
            told = f"{path.name}: it tells of visits after {until}; it waits in the inbox."
            return Taken(path.name, "waits", told=told)
        judged = judge(
            lines, batch, _on_any_list(home, lines, batch), outcomes(), accepted_replies(home),
            read_on, received_on, is_superseded=is_superseded(file, batch),
        )  # fmt: skip
    except ConnectorError as fault:
        told = str(fault) if str(fault).startswith(path.name) else f"{path.name}: {fault}"
        return Taken(path.name, "refused", told=f"{told}.")
    except Exception as fault:
        told = (
            f"{path.name}: it cannot be read ({type(fault).__name__}), nothing of it was taken; "
            "save the list anew as it was sent out, filled in, and send that."
        )
        return Taken(path.name, "refused", told=told)
    return _keep(
        home, path, content, sha256, file, str(batch["batch_id"][0]), judged, received_on,
        found.password,
    )  # fmt: skip


def outcomes() -> pl.DataFrame:
    """The outcomes a visit may have, as the analysts wrote them down: `outcome`, `name_zh`."""
    seed = DBT_PROJECT / POLICY / "outcomes.csv"
    return pl.read_csv(seed, infer_schema=False).select("outcome", "name_zh")


def receipt_of(home: Home, sha256: str) -> dict[str, Any] | None:
    """The record of a file that was read, by its hash."""
    place = _receipts(home) / f"{sha256}.json"
    return json.loads(place.read_text(encoding="utf-8")) if place.exists() else None


def receipts(home: Home) -> list[dict[str, Any]]:
    """The records of all files read, oldest first."""
    told = [json.loads(place.read_text("utf-8")) for place in _receipts(home).glob("*.json")]
    return sorted(told, key=lambda receipt: (receipt["received_on"], receipt["sha256"]))


def _receipts(home: Home) -> Path:
    return home.replies / "receipts"


def _on_any_list(home: Home, lines: pl.DataFrame, batch: pl.DataFrame) -> pl.Series:
    """Numbers of the lines that stood on a list; others are looked up only where one is strange."""
    numbers = lines["line_id"].drop_nulls().unique()
    if numbers.is_in(batch["line_id"].implode()).all():
        return numbers
    return published_batches(home)["line_id"].unique()


def _keep(
    home: Home,
    path: Path,
    content: bytes,
    sha256: str,
    file: OfficeFile,
    batch_id: str,
    judged: Judged,
    received_on: date,
    password: str | None,
) -> Taken:
    name = f"{batch_id}-{sha256[:12]}"
    _write(home.replies / "received" / f"{name}{path.suffix.lower()}", content)
    returned = ""
    if judged.refused.height:
        place = home.replies / "returned" / _returned_name(home, path, sha256)
        returned_lines = returned_workbook(file, batch_id, judged.refused, received_on)
        _write(place, encrypted(returned_lines, password) if password else returned_lines)
        returned = str(place)
    place = home.replies / "accepted" / f"{name}.parquet"
    if place.exists():
        # Cut off before the receipt: a day may have been judged with these answers since.
        accepted = pl.read_parquet(place)
        received_on = next(iter(accepted["received_on"]), received_on)
    else:
        accepted, written = judged.accepted, io.BytesIO()
        accepted.write_parquet(written)
        _write(place, written.getvalue())
    known = judged.known + judged.accepted.height - accepted.height
    taken = Taken(
        path.name, "taken", batch_id, received_on.isoformat(), accepted.height, known,
        judged.refused.height, returned,
    )  # fmt: skip
    receipt = json.dumps(asdict(taken) | {"sha256": sha256}, ensure_ascii=False, indent=1)
    _write(_receipts(home) / f"{sha256}.json", receipt.encode())
    return taken


def _returned_name(home: Home, path: Path, sha256: str) -> str:
    stem = path.stem.encode()[:LONGEST_STEM_BYTES].decode(errors="ignore")
    name = f"{stem}_退回.xlsx"
    is_of_another = any(Path(receipt["returned"]).name == name for receipt in receipts(home))
    return f"{stem}-{sha256[:6]}_退回.xlsx" if is_of_another else name


def _write(place: Path, content: bytes) -> None:
    """Write whole or not at all, readable by the owner alone."""
    place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    unfinished = place.with_name(f".{place.name}.unfinished")
    unfinished.unlink(missing_ok=True)
    unfinished.touch(mode=0o600)
    unfinished.write_bytes(content)
    put_in_place(unfinished, place)


def returned_workbook(
    file: OfficeFile, batch_id: str, refused: pl.DataFrame, on_date: date
) -> bytes:
    """The refused lines as they were sent, each with its reason; to be mended and sent again.

    Args:
        file: the file as read.
        batch_id: the list it answers; the workbook carries its mark.
        refused: `sheet`, `row`, `reason_zh`.
        on_date: becomes the file's creation date, so that bytes repeat.
    """
    content, choices = io.BytesIO(), outcomes()["name_zh"].to_list()
    with xlsxwriter.Workbook(
        content, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    ) as book:
        book.set_properties({"created": datetime.combine(on_date, datetime.min.time())})
        write_marks(book, batch_id, shown_on(file))
        bold = book.add_format({"bold": True})
        head = book.add_format({"bold": True, "bg_color": "#D9E2F3", "border": 1})
        body = book.add_format({"text_wrap": True, "valign": "top", "border": 1})
        why = book.add_format(
            {"text_wrap": True, "valign": "top", "border": 1, "bg_color": "#F8CBAD"}
        )
        for at in refused["sheet"].unique(maintain_order=True):
            sheet = file.sheets[at]
            header = header_of(sheet)
            if header is None:
                continue
            page = book.add_worksheet()
            lines = refused.filter(pl.col("sheet") == at)
            # A date cell is read with its hour; people write none.
            cells = sheet.cells[lines["row"]].with_columns(pl.all().str.replace(" 00:00:00$", ""))
            # A list that is returned again bears the reasons of before.
            row = sheet.cells.row(header[0])
            sent = [
                (title, column)
                for title, column in zip(row, cells.get_columns(), strict=True)
                if title != REASON
            ]
            titles, columns = map(list, zip(*sent, (REASON, lines["reason_zh"]), strict=True))
            page.write_string(0, 0, RETURNED_TITLE, bold)
            for position, (title, column) in enumerate(zip(titles, columns, strict=True)):
                is_why = position == len(columns) - 1
                page.set_column(position, position, WIDTHS.get(title or "", 10) * 1.2)
                page.write_string(1, position, title or "", head)
                if title in RESULT_HEADERS:
                    page.data_validation(
                        2, position, 1 + lines.height, position,
                        {"validate": "list", "source": choices, "error_type": "warning"},
                    )  # fmt: skip
                page.write_column(2, position, column.to_list(), why if is_why else body)
            page.freeze_panes(2, 1)
            page.set_landscape()
            page.fit_to_pages(1, 0)
            page.set_footer(f"&L{batch_id}&R第 &P 页 共 &N 页")
    return content.getvalue()
