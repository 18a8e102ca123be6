"""The corpus of broken deliveries: a good payroll, and every way in which it may arrive broken.

A `Breakage` says how the good delivery is broken and what must become of it: the whole delivery
fails with a sentence, or so many rows are accepted and the others refused for these reasons.
"""

import io
import json
import os
import sqlite3
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl
import xlsxwriter

from tests.unit.deliveries import number

TITLES = ["证件号码", "姓名", "单位名称", "月工资", "入编日期", "离编日期"]
FIELDS = ["id_no", "name", "employer", "monthly_wage", "since", "until"]
ROWS = 6

Table = list[list[str]]


def good() -> Table:
    """Six public employees."""
    return [[number(at), "张某", "某局", f"{5000 + at}.50", "2010-01-01", ""] for at in range(ROWS)]


@dataclass(frozen=True)
class Breakage:
    """One broken delivery; `refused` counts rows, `values` faults that cost a value only."""

    name: str
    make: Callable[[Path], None]
    accepted: int | None = ROWS
    refused: dict[str, int] = field(default_factory=dict)
    duplicates: int = 0
    values: int = 0

    @property
    def fails(self) -> bool:
        """Whether nothing of the delivery may be taken."""
        return self.accepted is None


def csv_bytes(rows: Table, titles: list[str] = TITLES, end: str = "\n") -> bytes:
    return (end.join([",".join(titles), *(",".join(row) for row in rows)]) + end).encode()


def file(name: str, content: bytes) -> Callable[[Path], None]:
    return lambda folder: (folder / name).write_bytes(content) and None


def csv(content: bytes) -> Callable[[Path], None]:
    return file("payroll.csv", content)


def with_cell(row: int, column: int, value: str) -> Table:
    rows = good()
    rows[row][column] = value
    return rows


def cell(column: str, value: str) -> bytes:
    """The good file with one value of its third row changed."""
    return csv_bytes(with_cell(2, FIELDS.index(column), value))


def workbook_bytes(write: Callable[[xlsxwriter.Workbook], None], **options: object) -> bytes:
    content = io.BytesIO()
    with xlsxwriter.Workbook(content, {"in_memory": True} | options) as book:
        write(book)
    return content.getvalue()


def sheet_of(
    rows: list[list[object]], above: tuple[str, ...] = (), titles: list[str] = TITLES
) -> Callable[[xlsxwriter.Workbook], None]:
    def write(book: xlsxwriter.Workbook) -> None:
        sheet = book.add_worksheet()
        for at, title in enumerate(above):
            sheet.write_string(at, 0, title)
        for at, row in enumerate([titles, *rows], start=len(above)):
            for column, value in enumerate(row):
                if isinstance(value, str):
                    sheet.write_string(at, column, value)
                else:
                    sheet.write(at, column, value)

    return write


def xlsx(write: Callable[[xlsxwriter.Workbook], None], **options: object) -> Callable[[Path], None]:
    return file("payroll.xlsx", workbook_bytes(write, **options))


def rows_of(table: Table) -> list[list[object]]:
    return [list(row) for row in table]


def ndjson(records: list[object], end: str = "\n") -> bytes:
    return (end.join(json.dumps(row, ensure_ascii=False) for row in records) + end).encode()


def records() -> list[dict[str, object]]:
    return [dict(zip(FIELDS, row, strict=True)) for row in good()]


def pages(content: bytes) -> Callable[[Path], None]:
    return file("payroll.ndjson", content)


def parquet(frame: pl.DataFrame) -> Callable[[Path], None]:
    return lambda folder: frame.write_parquet(folder / "payroll.parquet")


def frame() -> pl.DataFrame:
    return pl.DataFrame(good(), schema=FIELDS, orient="row")


def zip_bomb() -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        with archive.open("xl/worksheets/sheet1.xml", "w", force_zip64=True) as sheet:
            for _ in range(600):
                sheet.write(b"\0" * 1_000_000)
    return content.getvalue()


def merged_title(book: xlsxwriter.Workbook) -> None:
    sheet = book.add_worksheet()
    sheet.merge_range(0, 0, 0, 5, "2024年财政供养人员一览表")
    for at, row in enumerate([TITLES, *good()], start=1):
        sheet.write_row(at, 0, row)


def merged_employer(book: xlsxwriter.Workbook) -> None:
    sheet = book.add_worksheet()
    for at, row in enumerate([TITLES, *good()]):
        for column, value in enumerate(row):
            if column != 2 or at < 2:
                sheet.write_string(at, column, value)
    sheet.merge_range(1, 2, ROWS, 2, "某局")


def hidden_first_sheet(book: xlsxwriter.Workbook) -> None:
    book.add_worksheet("空")
    sheet_of(rows_of(good()))(book)
    book.worksheets()[1].activate()
    book.worksheets()[0].hide()


def formulas(book: xlsxwriter.Workbook) -> None:
    sheet = book.add_worksheet()
    for at, row in enumerate([TITLES, *good()]):
        for column, value in enumerate(row):
            sheet.write_string(at, column, value)
    sheet.write_formula(1, 3, "=2500*2", value=5000)


def dates_of(book: xlsxwriter.Workbook) -> None:
    form = book.add_format({"num_format": "yyyy-mm-dd"})
    sheet = book.add_worksheet()
    for at, row in enumerate([TITLES, *good()]):
        for column, value in enumerate(row):
            sheet.write_string(at, column, value)
    for at in range(1, ROWS + 1):
        sheet.write_number(at, 4, 40179, form)


def dead_link(folder: Path) -> None:
    (folder / "payroll.csv").symlink_to(folder / "gone.csv")


def pipe(folder: Path) -> None:
    os.mkfifo(folder / "payroll.csv")


def locked_database(folder: Path) -> None:
    (folder / "payroll.sqlite").write_bytes(b"SQLite format 3\0" + b"\0" * 100)


def in_encoding(name: str) -> bytes:
    return csv_bytes(good()).decode().encode(name)


HARD_VALUES: dict[str, tuple[str, str]] = {
    "a check character that is wrong": (
        "id_no",
        number(2)[:17] + ("1" if number(2)[17] != "1" else "2"),
    ),
    "a number one digit short": ("id_no", number(2)[:17]),
    "a number one digit long": ("id_no", number(2) + "0"),
    "a birth date that never was": ("id_no", "371599195002300025"),
    "a birth date to come": ("id_no", "37159920990101002X"),
    "a number of zeros": ("id_no", "0" * 18),
    "a number of ones": ("id_no", "1" * 18),
    "an empty number": ("id_no", ""),
    "a number in scientific notation": ("id_no", "3.71599E+17"),
    "a number in scientific notation, small letter": ("id_no", "3.71599e17"),
    "a word for a number": ("id_no", "不详"),
    "a name left out": ("name", ""),
    "an employer left out": ("employer", ""),
    "a wage left out": ("monthly_wage", ""),
    "a word for a wage": ("monthly_wage", "面议"),
    "a wage with three decimals": ("monthly_wage", "5000.555"),
    "a wage with two points": ("monthly_wage", "5.000.00"),
    "a negative wage": ("monthly_wage", "-5000"),
    "a wage in scientific notation": ("monthly_wage", "5e999"),
    "a wage that is not a number": ("monthly_wage", "NaN"),
    "an infinite wage": ("monthly_wage", "inf"),
    "a wage beyond all measure": ("monthly_wage", "9" * 40),
    "a date left out": ("since", ""),
    "a thirteenth month": ("since", "2024-13-01"),
    "a thirtieth of February": ("since", "2024-02-30"),
    "a word for a date": ("since", "去年"),
    "a date of another order": ("since", "31/12/2010"),
    "a date of year zero": ("since", "0000-00-00"),
}

GOOD_VALUES: dict[str, tuple[str, str]] = {
    "full-width digits in a number": ("id_no", "".join(chr(ord(c) + 0xFEE0) for c in number(2))),
    "blanks in a number": ("id_no", f" {number(2)[:6]} {number(2)[6:]} "),
    "an invisible sign in a number": ("id_no", "\ufeff" + number(2) + "\u200b"),
    "a number of fifteen digits": ("id_no", number(2)[:6] + number(2)[8:17]),
    "a name with a rare character": ("name", "𠮷㛃䶮"),
    "a name with a dot": ("name", "阿依古丽·买买提"),
    "a name that looks like a formula": ("name", "=cmd|' /C calc'!A0"),
    "a very long name": ("name", "张" * 3000),
    "a wage with thousands": ("monthly_wage", '"5,002.50"'),
    "a wage in full-width digits": ("monthly_wage", "５００２．５０"),
    "a date in Chinese": ("since", "2010年1月1日"),
    "a date with points": ("since", "2010.1.1"),
    "a date with slashes": ("since", "2010/1/1"),
    "a date without signs": ("since", "20100101"),
    "a serial date": ("since", "40179"),
    "a quoted line break": ("employer", '"某\n局"'),
    "a quoted comma": ("employer", '"某,局"'),
    "a doubled quote": ("employer", '"某""局"""'),
}

WRONG_OPTIONAL_VALUES = {
    "a wrong date of leaving": "2024-02-30",
    "a word for the date of leaving": "在职",
}


def values() -> list[Breakage]:
    """One value of one row is wrong, or only looks so."""
    broken = [
        Breakage(name, csv(cell(column, value)), ROWS - 1, {"": 1})
        for name, (column, value) in HARD_VALUES.items()
    ]
    broken += [Breakage(name, csv(cell(*told))) for name, told in GOOD_VALUES.items()]
    broken += [
        Breakage(name, csv(cell("until", value)), values=1)
        for name, value in WRONG_OPTIONAL_VALUES.items()
    ]
    return broken


def texts() -> list[Breakage]:
    """The text of a CSV file is broken."""
    whole = csv_bytes(good())
    lines = whole.split(b"\n")
    cut = b"\n".join([*lines[:3], b",".join(lines[3].split(b",")[:3]), *lines[4:]])
    longer = b"\n".join([*lines[:3], lines[3] + b",x,y", *lines[4:]])
    broken_text = b"\n".join([*lines[:3], lines[3].replace("张".encode(), b"\xff\xfe"), *lines[4:]])
    return [
        Breakage("GB18030", csv(in_encoding("gb18030"))),
        Breakage("GBK", csv(in_encoding("gbk"))),
        Breakage("UTF-8 with a signature", csv(in_encoding("utf-8-sig"))),
        Breakage("UTF-16", csv(in_encoding("utf-16")), None),
        Breakage("UTF-16 without a mark", csv(in_encoding("utf-16-le")), None),
        Breakage("UTF-32", csv(in_encoding("utf-32")), None),
        Breakage("two signatures", csv(b"\xef\xbb\xbf" * 2 + whole)),
        Breakage("lines of Windows", csv(csv_bytes(good(), end="\r\n"))),
        Breakage("lines of an old Mac", csv(csv_bytes(good(), end="\r"))),
        Breakage("no end of the last line", csv(whole.rstrip(b"\n"))),
        Breakage("blank lines between", csv(whole.replace(b"\n", b"\n\n"))),
        Breakage("lines of commas at the end", csv(whole + b",,,,,\n" * 3)),
        Breakage("a row cut short", csv(cut), ROWS - 1, {"ragged_row": 1}),
        Breakage("a row too long", csv(longer), ROWS - 1, {"ragged_row": 1}),
        Breakage("bytes that are no text", csv(broken_text), ROWS - 1, {"undecodable_text": 1}),
        Breakage("a NUL in a name", csv(cell("name", "张\0某"))),
        Breakage("a file of NULs", csv(b"\0" * 5000), None),
        Breakage("an empty file", csv(b""), None),
        Breakage("a link that leads nowhere", dead_link, None),
        Breakage("a pipe in place of a file", pipe, None),
        Breakage("a name that is no text", file(os.fsdecode(b"payroll\xb9.csv"), whole), None),
        Breakage("a file of blanks", csv(b" \n\n \n"), None),
        Breakage("only a signature", csv(b"\xef\xbb\xbf"), None),
        Breakage("only a header", csv(lines[0] + b"\n"), None),
        Breakage("no header", csv(b"\n".join(lines[1:])), None),
        Breakage("a header of other titles", csv(csv_bytes(good(), list("abcdef"))), None),
        Breakage("a header in field names", csv(csv_bytes(good(), FIELDS))),
        Breakage("a header with blanks", csv(csv_bytes(good(), [f" {t} " for t in TITLES]))),
        Breakage("a header twice", csv(lines[0] + b"\n" + whole), ROWS, {"": 1}),
        Breakage(
            "a title twice", csv(csv_bytes([[*r, "1"] for r in good()], [*TITLES, "姓名"])), None
        ),
        Breakage(
            "a required column left out", csv(csv_bytes([r[1:] for r in good()], TITLES[1:])), None
        ),
        Breakage(
            "an optional column left out", csv(csv_bytes([r[:5] for r in good()], TITLES[:5]))
        ),
        Breakage(
            "a column nobody knows", csv(csv_bytes([[*r, "x"] for r in good()], [*TITLES, "备注"]))
        ),
        Breakage(
            "columns in another order", csv(csv_bytes([r[::-1] for r in good()], TITLES[::-1]))
        ),
        Breakage(
            "values of two columns swapped",
            csv(csv_bytes([[r[1], r[0], *r[2:]] for r in good()])),
            None,
        ),
        Breakage(
            "a wage in ten thousands",
            csv(csv_bytes(good(), [t + "（万元）" if t == "月工资" else t for t in TITLES])),
        ),
        Breakage(
            "a footer with the total", csv(whole + "合计,,,30015.00,,\n".encode()), ROWS, {"": 1}
        ),
        Breakage(
            "a remark below", csv(whole + "注：数据截至三月底\n".encode()), ROWS, {"ragged_row": 1}
        ),
        Breakage("tabs for commas", csv(whole.replace(b",", b"\t")), None),
        Breakage("semicolons for commas", csv(whole.replace(b",", b";")), None),
        Breakage("a quote that never ends", csv(cell("employer", '"某局')), ROWS - 1, {"": 1}),
        Breakage(
            "a header of a hundred thousand columns",
            csv(",".join([*TITLES, *(f"c{at}" for at in range(100_000))]).encode() + b"\n"),
            None,
        ),
        Breakage("one line of ten megabytes", csv(lines[0] + b"\n" + b"x" * 10_000_000), None),
        Breakage("a row twice", csv(csv_bytes([*good(), good()[0]])), duplicates=1),
        Breakage(
            "a key with two wages",
            csv(csv_bytes([*good(), with_cell(0, 3, "1")[0]])),
            ROWS - 1,
            {"duplicate_key": 2},
        ),
        Breakage("rows in another order", csv(csv_bytes(good()[::-1]))),
        Breakage("a workbook named as CSV", csv(workbook_bytes(sheet_of(rows_of(good())))), None),
        Breakage(
            "a picture named as CSV", csv(b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 40), None
        ),
        Breakage(
            "a page of the web named as CSV",
            csv(b"<html><body>502 Bad Gateway</body></html>"),
            None,
        ),
    ]


def workbooks() -> list[Breakage]:
    """A workbook is broken, or made by hand."""
    rows = rows_of(good())
    whole = workbook_bytes(sheet_of(rows))
    as_numbers = [[row[0], row[1], row[2], 5000.5, row[4], row[5]] for row in rows]
    destroyed = [[float(str(row[0])[:17] + "0"), *row[1:]] for row in rows]
    return [
        Breakage("a plain workbook", xlsx(sheet_of(rows))),
        Breakage("a title above the header", xlsx(sheet_of(rows, above=("财政供养人员", "")))),
        Breakage("a merged title", xlsx(merged_title)),
        Breakage(
            "merged cells in the rows", xlsx(merged_employer), 1, {"missing_required": ROWS - 1}
        ),
        Breakage("a hidden empty sheet first", xlsx(hidden_first_sheet)),
        Breakage("a formula for a wage", xlsx(formulas)),
        Breakage("dates as dates", xlsx(dates_of)),
        Breakage("dates of 1904", xlsx(dates_of, date_1904=True)),
        Breakage("wages as numbers", xlsx(sheet_of(as_numbers))),
        Breakage("citizen numbers as numbers", xlsx(sheet_of(destroyed)), None),
        Breakage(
            "a footer of totals",
            xlsx(sheet_of([*rows, ["合计", "", "", "30015", "", ""]])),
            ROWS,
            {"": 1},
        ),
        Breakage("empty rows between", xlsx(sheet_of([rows[0], [""] * 6, *rows[1:]]))),
        Breakage(
            "a workbook without sheets of data",
            xlsx(lambda book: book.add_worksheet() and None),
            None,
        ),
        Breakage("a workbook cut in half", file("payroll.xlsx", whole[: len(whole) // 2]), None),
        Breakage("an empty workbook file", file("payroll.xlsx", b""), None),
        Breakage("text named as workbook", file("payroll.xlsx", csv_bytes(good())), None),
        Breakage("text named as old workbook", file("payroll.xls", csv_bytes(good())), None),
        Breakage(
            "a zip that is no workbook", file("payroll.xlsx", b"PK\x05\x06" + b"\0" * 18), None
        ),
        Breakage(
            "a zip bomb",
            lambda folder: (folder / "payroll.xlsx").write_bytes(zip_bomb()) and None,
            None,
        ),
        Breakage("a new workbook named as old", file("payroll.xls", whole), None),
    ]


def json_pages() -> list[Breakage]:
    """Pages of an interface are broken."""
    told = records()
    whole = ndjson(list(told))
    nested = [dict(told[0], employer={"name": "某局"}), *told[1:]]
    listed = [dict(told[0], employer=["某局"]), *told[1:]]
    numbers = [dict(row, monthly_wage=5000.5) for row in told]
    unknown = [dict(row, extra="x") for row in told]
    gone = [{name: value for name, value in row.items() if name != "employer"} for row in told]
    some_gone: list[object] = [gone[0], *told[1:]]
    return [
        Breakage("plain pages", pages(whole)),
        Breakage("wages as JSON numbers", pages(ndjson(list(numbers)))),
        Breakage(
            "a null for an optional value", pages(whole.replace(b'"until": ""', b'"until": null'))
        ),
        Breakage(
            "a null for a required value",
            pages(whole.replace('"张某"'.encode(), b"null", 1)),
            ROWS - 1,
            {"missing_required": 1},
        ),
        Breakage("a file cut off within a record", pages(whole[:-30]), None),
        Breakage("a torn record", pages(whole[:-30] + b"\n"), ROWS - 1, {"ragged_row": 1}),
        Breakage("a line that is no JSON", pages(b"oops\n" + whole), ROWS, {"ragged_row": 1}),
        Breakage("a list for a line", pages(b"[1, 2]\n" + whole), ROWS, {"ragged_row": 1}),
        *(
            Breakage(
                f"a number that is {told}",
                pages(whole + b'{"monthly_wage": %b}\n' % told.encode()),
                ROWS,
                {"ragged_row": 1},
            )
            for told in ("NaN", "-Infinity", "1e999")
        ),
        Breakage("a nested record", pages(ndjson(list(nested))), None),
        Breakage("a nested list", pages(ndjson(list(listed))), None),
        Breakage("one JSON list for all", pages(json.dumps(told).encode()), None),
        Breakage("a field nobody knows", pages(ndjson(list(unknown)))),
        Breakage("a required field left out everywhere", pages(ndjson(list(gone))), None),
        Breakage(
            "a required field left out once",
            pages(ndjson(some_gone)),
            ROWS - 1,
            {"missing_required": 1},
        ),
        Breakage("blank lines between records", pages(ndjson(list(told), end="\n\n"))),
        Breakage("an empty page file", pages(b""), None),
        Breakage("a page of blanks", pages(b"\n \n"), None),
        Breakage("empty records only", pages(b"{}\n{}\n"), None),
        Breakage(
            "bytes that are no text in a page",
            pages(whole + b'{"id_no": "\xff\xff"}\n'),
            ROWS,
            {"undecodable_text": 1},
        ),
        Breakage("a page in GB18030", pages(whole.decode().encode("gb18030"))),
        Breakage("a deep record", pages(b'{"id_no": ' * 5000 + b"1" + b"}" * 5000 + b"\n"), None),
        Breakage("an error page", pages(b'{"error": "internal", "code": 500}\n'), None),
    ]


def columns() -> list[Breakage]:
    """A Parquet file is broken."""
    plain = frame()
    wage = pl.col("monthly_wage").cast(pl.Float64)
    return [
        Breakage("a plain Parquet file", parquet(plain)),
        Breakage("wages as floating point", parquet(plain.with_columns(wage))),
        Breakage("wages as decimals", parquet(plain.with_columns(wage.cast(pl.Decimal(12, 4))))),
        Breakage(
            "dates as dates in Parquet", parquet(plain.with_columns(pl.col("since").str.to_date()))
        ),
        Breakage(
            "dates as moments",
            parquet(plain.with_columns(pl.col("since").str.to_datetime("%Y-%m-%d"))),
        ),
        Breakage(
            "names as categories", parquet(plain.with_columns(pl.col("name").cast(pl.Categorical)))
        ),
        Breakage("names as bytes", parquet(plain.with_columns(pl.col("name").cast(pl.Binary)))),
        Breakage(
            "lists in Parquet",
            parquet(plain.with_columns(pl.col("name").implode().over("id_no"))),
            None,
        ),
        Breakage("Parquet without rows", parquet(plain.clear()), None),
        Breakage("Parquet without a required column", parquet(plain.drop("employer")), None),
        Breakage(
            "a Parquet file cut off",
            lambda folder: (folder / "payroll.parquet").write_bytes(b"PAR1" + b"\0" * 50) and None,
            None,
        ),
        Breakage("an empty Parquet file", file("payroll.parquet", b""), None),
        Breakage(
            "nulls in Parquet",
            parquet(plain.with_columns(name=pl.lit(None, dtype=pl.String))),
            None,
        ),
    ]


def folders() -> list[Breakage]:
    """The folder holds too much, too little or the wrong things."""
    whole, rows = csv_bytes(good()), good()

    def two_parts(folder: Path) -> None:
        (folder / "payroll_1.csv").write_bytes(csv_bytes(rows[:3]))
        (folder / "payroll_2.csv").write_bytes(csv_bytes(rows[3:]))

    def the_same_twice(folder: Path) -> None:
        for name in ("payroll.csv", "payroll (1).csv"):
            (folder / name).write_bytes(whole)

    def one_part_broken(folder: Path) -> None:
        (folder / "payroll_1.csv").write_bytes(csv_bytes(rows[:3]))
        (folder / "payroll_2.csv").write_bytes(b"")

    def beside_rubbish(folder: Path) -> None:
        (folder / "payroll.csv").write_bytes(whole)
        (folder / "说明.docx").write_bytes(b"PK")
        (folder / ".DS_Store").write_bytes(b"x")
        (folder / "~$payroll.xlsx").write_bytes(b"x")
        (folder / "payroll.csv.part").write_bytes(b"x")
        (folder / "unpacked").mkdir()

    def a_folder_named_as_file(folder: Path) -> None:
        (folder / "payroll.csv").mkdir()

    def a_link_to_nowhere(folder: Path) -> None:
        (folder / "payroll.csv").symlink_to(folder / "nowhere.csv")

    def forms_mixed(folder: Path) -> None:
        (folder / "payroll_1.csv").write_bytes(csv_bytes(rows[:3]))
        (folder / "payroll_2.xlsx").write_bytes(workbook_bytes(sheet_of(rows_of(rows[3:]))))

    return [
        Breakage("two parts", two_parts),
        Breakage("the same file twice", the_same_twice, duplicates=ROWS),
        Breakage("one part broken", one_part_broken, None),
        Breakage("rubbish beside", beside_rubbish),
        Breakage("a folder named as the file", a_folder_named_as_file, None),
        Breakage("a link to nowhere", a_link_to_nowhere, None),
        Breakage("parts of two forms", forms_mixed),
        Breakage("an empty folder", lambda folder: None, None),
        Breakage("a file of no known table", file("工资表.csv", whole), None),
        Breakage("a name in capitals", file("PAYROLL.CSV", whole), None),
        Breakage("an ending in capitals", file("payroll.CSV", whole)),
        Breakage("a name with a date behind", file("payroll-2024年4月.csv", whole)),
        Breakage("a database in place of a file", locked_database, None),
    ]


def databases() -> list[Breakage]:
    """A SQLite database, read in place of files."""
    rows = good()

    def table(kinds: str, values: list[tuple[object, ...]]) -> Callable[[Path], None]:
        def make(folder: Path) -> None:
            connection = sqlite3.connect(folder / "finance.sqlite")
            connection.execute(f"create table payroll ({kinds})")
            marks = ", ".join("?" * len(FIELDS))
            connection.executemany(f"insert into payroll values ({marks})", values)
            connection.commit()
            connection.close()

        return make

    def with_value(column: str, value: object) -> list[tuple[object, ...]]:
        broken = [list(row) for row in rows]
        broken[2] = list(rows[2])
        broken[2][FIELDS.index(column)] = value  # type: ignore[call-overload]
        return [tuple(row) for row in broken]

    plain, texts_only = [tuple(row) for row in rows], ", ".join(FIELDS)
    return [
        Breakage("a plain database", table(texts_only, list(plain))),
        Breakage(
            "numbers as numbers in a database",
            table(texts_only, [(*row[:3], float(row[3]), *row[4:]) for row in rows]),
        ),
        Breakage(
            "a null in a database",
            table(texts_only, with_value("name", None)),
            ROWS - 1,
            {"missing_required": 1},
        ),
        Breakage(
            "bytes in a database",
            table(texts_only, with_value("name", b"\xff\xfe")),
            ROWS - 1,
            {"undecodable_text": 1},
        ),
        Breakage(
            "our own marks in a database", table(texts_only, with_value("employer", "某\x1f局\x1e"))
        ),
        Breakage(
            "a number kept as integer",
            table(texts_only, with_value("id_no", int(number(2)[:17] + "0"))),
            ROWS - 1,
            {"": 1},
        ),
        Breakage(
            "a number kept as floating point",
            table(texts_only, with_value("id_no", 3.71599195001010029e17)),
            ROWS - 1,
            {"id_lost_digits": 1},
        ),
        Breakage(
            "a database without the table",
            lambda folder: (
                sqlite3.connect(folder / "finance.sqlite").execute("create table x (a)") and None
            ),
            None,
        ),
        Breakage("an empty database file", file("finance.sqlite", b""), None),
        Breakage("text named as database", file("finance.sqlite", csv_bytes(rows)), None),
        Breakage(
            "a database cut off", file("finance.sqlite", b"SQLite format 3\0" + b"\1" * 200), None
        ),
        Breakage("a table without rows", table(texts_only, []), None),
    ]


FILES = [*values(), *texts(), *workbooks(), *json_pages(), *columns(), *folders()]
DATABASES = databases()
