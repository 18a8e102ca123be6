"""The four native forms: SQLite database, GB18030 CSV, NDJSON pages, XLSX workbooks.

Belongs here: bytes on disk, the same ones every time. Does not belong here: what a row means.
"""

import io
import shutil
import sqlite3
import zipfile
from hashlib import sha256
from pathlib import Path
from string import ascii_uppercase

import polars as pl

from pipelines.contracts.sources import Contract
from pipelines.demo_city.press import Draft

PAGE_ROWS = 5000
WORKBOOK_ROWS = 20_000
"""Larger registers go out as several workbooks."""

_NAMESPACE = "http://schemas.openxmlformats.org"
_MAIN = f"{_NAMESPACE}/spreadsheetml/2006/main"
_RELATIONS = f"{_NAMESPACE}/officeDocument/2006/relationships"
_TYPES = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_SHEET = f'{_HEAD}<worksheet xmlns="{_MAIN}"><sheetData>{{}}</sheetData></worksheet>'
_WORKBOOK = (
    f'{_HEAD}<workbook xmlns="{_MAIN}" xmlns:r="{_RELATIONS}"><sheets>'
    '<sheet name="{}" sheetId="1" r:id="rId1"/></sheets></workbook>'
)
_PARTS = {
    "[Content_Types].xml": f'{_HEAD}<Types xmlns="{_NAMESPACE}/package/2006/content-types">'
    '<Default Extension="rels" '
    'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    f'<Override PartName="/xl/workbook.xml" ContentType="{_TYPES}.sheet.main+xml"/>'
    f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{_TYPES}.worksheet+xml"/>'
    "</Types>",
    "_rels/.rels": f'{_HEAD}<Relationships xmlns="{_NAMESPACE}/package/2006/relationships">'
    f'<Relationship Id="rId1" Type="{_RELATIONS}/officeDocument" Target="xl/workbook.xml"/>'
    "</Relationships>",
    "xl/_rels/workbook.xml.rels": f"{_HEAD}<Relationships "
    f'xmlns="{_NAMESPACE}/package/2006/relationships"><Relationship Id="rId1" '
    f'Type="{_RELATIONS}/worksheet" Target="worksheets/sheet1.xml"/></Relationships>',
}


def write_database(path: Path, tables: dict[str, pl.DataFrame]) -> None:
    """One SQLite file with a table per register, columns by their declared names."""
    connection = sqlite3.connect(path, isolation_level=None)
    try:
        connection.execute("pragma journal_mode = off")
        connection.execute("pragma synchronous = off")
        for name, frame in tables.items():
            columns = ", ".join(
                f'"{column}" {_affinity(kind)}' for column, kind in frame.schema.items()
            )
            connection.execute(f'create table "{name}" ({columns})')
            marks = ", ".join("?" * frame.width)
            connection.execute("begin")
            connection.executemany(
                f'insert into "{name}" values ({marks})', frame.iter_rows(buffer_size=20_000)
            )
            connection.execute("commit")
    finally:
        connection.close()


def _affinity(kind: pl.DataType) -> str:
    if kind == pl.String:
        return "text"
    return "integer" if kind.is_integer() else "numeric"


def write_csv(path: Path, frame: pl.DataFrame, contract: Contract) -> None:
    """Comma-separated values in GB18030 under the Chinese headers."""
    buffer = io.BytesIO()
    _in_chinese(frame, contract).write_csv(buffer, float_precision=2)
    path.write_bytes(buffer.getvalue().decode("utf-8").encode("gb18030"))


def write_pages(folder: Path, table: str, frame: pl.DataFrame) -> None:
    """Pages as the platform's interface returns them: one JSON record per line."""
    for number, start in enumerate(range(0, frame.height, PAGE_ROWS), start=1):
        frame.slice(start, PAGE_ROWS).write_ndjson(folder / f"{table}_page_{number:04d}.ndjson")


def write_workbook(path: Path, frame: pl.DataFrame, contract: Contract) -> None:
    """One workbook, everything as text, under the Chinese headers.

    The sheet is put together column by column: a library that writes cell by cell takes a
    minute of every simulated day of a full-size city.
    """
    sheet = _SHEET.format(_rows(_in_chinese(frame, contract)))
    parts = _PARTS | {
        "xl/workbook.xml": _WORKBOOK.format(contract.title.zh),
        "xl/worksheets/sheet1.xml": sheet,
    }
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name, content in parts.items():
            archive.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED, 1)


def _rows(frame: pl.DataFrame) -> str:
    """All rows of a sheet, the header first; an absent value has no cell."""
    head = {name: [name] for name in frame.columns}
    texts = pl.concat([
        pl.DataFrame(head, schema=dict.fromkeys(frame.columns, pl.String)),
        frame.select(pl.all().cast(pl.String)),
    ]).with_columns(
        pl.all().str.replace_all("&", "&amp;", literal=True)
        .str.replace_all("<", "&lt;", literal=True).str.replace_all(">", "&gt;", literal=True)
    )  # fmt: skip
    line = pl.int_range(1, pl.len() + 1).cast(pl.String)
    cells = [
        pl.when(pl.col(name).is_null())
        .then(pl.lit(""))
        .otherwise(
            pl.format(
                f'<c r="{letter}{{}}" t="inlineStr"><is><t>{{}}</t></is></c>', line, pl.col(name)
            )
        )
        for letter, name in zip(ascii_uppercase, texts.columns, strict=False)
    ]
    rows = texts.select(
        pl.concat_str(pl.format('<row r="{}">', line), *cells, pl.lit("</row>")).alias("row")
    )
    return "".join(rows["row"].to_list())


def _in_chinese(frame: pl.DataFrame, contract: Contract) -> pl.DataFrame:
    return frame.rename({name: contract.columns[name].zh for name in frame.columns})


class Workshop:
    """Writes registers as workbooks, the large ones in several.

    A workbook whose rows are those of the delivery before is copied: on days when the offices
    are closed a register stays as it was.
    """

    def __init__(self) -> None:
        self._known: dict[str, tuple[bytes, Path]] = {}

    def write(self, draft: Draft, frame: pl.DataFrame, contract: Contract) -> None:
        """Put a register into a delivery."""
        if frame.height <= WORKBOOK_ROWS:
            draft.write(write_workbook, f"{contract.table}.xlsx", frame, contract)
            return
        for number, start in enumerate(range(0, frame.height, WORKBOOK_ROWS), start=1):
            name = f"{contract.table}_{number:02d}.xlsx"
            part = frame.slice(start, WORKBOOK_ROWS)
            content = sha256(part.hash_rows(seed=1).to_numpy().tobytes()).digest()
            known, source = self._known.get(name, (b"", draft.final))
            self._known[name] = (content, draft.final / name)
            if known == content:
                shutil.copyfile(source, draft.folder / name)
            else:
                draft.write(write_workbook, name, part, contract)
