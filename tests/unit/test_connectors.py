"""What comes in by files and databases, and what a broken one says."""

import re
import sqlite3
import zipfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest
import xlsxwriter
import xlwt

from pipelines.connectors import ConnectorError, database
from pipelines.connectors.database import SqliteTable
from pipelines.connectors.raw import RawRows
from pipelines.connectors.text_files import read_csv, read_ndjson
from pipelines.connectors.workbooks import read_parquet, read_workbook
from pipelines.contracts.sources import load_contracts
from tests.unit.deliveries import FIRST, Office, number, payroll_row

PAYROLL = load_contracts()["finance", "payroll"]
HEADER = "证件号码,姓名,单位名称,月工资,入编日期,离编日期"
LINE = f"{number(1)},张某,某局,5000,2010-01-01,"


def csv(tmp_path: Path, content: bytes) -> list[RawRows]:
    path = tmp_path / "payroll.csv"
    path.write_bytes(content)
    return list(read_csv(path, PAYROLL, {}))


def names(parts: list[RawRows]) -> list[str]:
    return [name for part in parts for name in part.rows["name"]]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_a_csv_file_is_read_in_every_encoding(tmp_path: Path, encoding: str, line_end: str) -> None:
    content = line_end.join([HEADER, LINE, ""]).encode(encoding)
    assert names(csv(tmp_path, content)) == ["张某"]


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
@pytest.mark.parametrize(
    ("reader", "text"),
    [(read_csv, f"{HEADER}\n{LINE}\n"), (read_ndjson, '{"id_no": "1", "name": "张某"}\n')],
)
def test_a_text_file_in_utf_16_is_refused_with_what_to_do(
    tmp_path: Path,
    reader: Callable[..., Iterator[RawRows]],
    text: str,
    encoding: str,
) -> None:
    path = tmp_path / "payroll"
    path.write_bytes(f"\ufeff{text}".encode(encoding))
    with pytest.raises(ConnectorError, match="is in UTF-16; save it as UTF-8 or GB18030"):
        list(reader(path, PAYROLL, {}))


def test_a_header_is_found_by_field_name_in_any_order_and_width(tmp_path: Path) -> None:
    header = 'ＮＡＭＥ,since,"月\n工资",employer, id_no ,离编日期'
    parts = csv(tmp_path, f"{header}\n张某,2010-01-01,1,局,x,\n".encode())
    assert parts[0].rows.select("name", "monthly_wage", "id_no").row(0) == ("张某", "1", "x")


def test_unknown_columns_are_reported(tmp_path: Path) -> None:
    assert csv(tmp_path, f"{HEADER},备注\n{LINE},x\n".encode())[0].unknown_columns == ("备注",)


def test_a_missing_required_column_is_named_with_file_and_table(tmp_path: Path) -> None:
    with pytest.raises(ConnectorError, match=r"payroll\.csv.*payroll.*姓名 \(name\)"):
        csv(tmp_path, HEADER.replace("姓名", "甲").encode())


def test_ten_thousands_in_the_header_are_a_factor(tmp_path: Path) -> None:
    content = f"{HEADER.replace('月工资', '月工资（万元）')}\n{LINE}\n".encode()
    assert csv(tmp_path, content)[0].factors == {"monthly_wage": 10_000}


@pytest.mark.parametrize("unit", ["（万元）", "[单位：万元]", "/万元", "万元"])
def test_ten_thousands_in_a_citys_own_title_are_a_factor(tmp_path: Path, unit: str) -> None:
    path, title = tmp_path / "payroll.csv", f"应发数{unit}"
    path.write_text(f"{HEADER.replace('月工资', title)}\n{LINE}\n", encoding="utf-8")
    (told,) = read_csv(path, PAYROLL, {"monthly_wage": title})
    assert told.factors == {"monthly_wage": 10_000}


def test_lines_with_too_few_or_too_many_fields_are_set_aside_with_their_number(
    tmp_path: Path,
) -> None:
    parts = csv(tmp_path, f"{HEADER}\n{LINE}\n短,行\n{LINE},,\n{LINE}\n".encode())
    assert parts[0].unreadable.select("_line", "reason").rows() == [
        (3, "ragged_row"), (4, "ragged_row"),
    ]  # fmt: skip


@pytest.mark.parametrize("cut", [20, 30, len(LINE.encode()) - 3])
def test_a_file_that_ends_inside_a_record_is_not_taken_for_whole(tmp_path: Path, cut: int) -> None:
    with pytest.raises(ConnectorError, match=r"payroll\.csv: the file ends inside a record"):
        csv(tmp_path, f"{HEADER}\n{LINE}\n".encode() + LINE.encode()[:cut])


@pytest.mark.parametrize("end", [LINE, "合计 1 人", ",,,5000", f"{LINE}\n合计,5000"])
def test_a_last_line_without_an_end_may_be_whole_or_a_foot(tmp_path: Path, end: str) -> None:
    assert names(csv(tmp_path, f"{HEADER}\n{LINE}\n{end}".encode()))[0] == "张某"


def test_what_is_no_csv_at_all_is_told_in_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(ConnectorError, match=r"payroll\.csv: the file is no CSV"):
        csv(tmp_path, b"A" * 200_000)


def test_rows_after_a_broken_line_keep_their_line_number(tmp_path: Path) -> None:
    parts = csv(tmp_path, f"{HEADER}\n{LINE}\n短,行\n\n{LINE}\n".encode())
    assert parts[0].rows["_line"].to_list() == [2, 5]


def test_a_line_that_cannot_be_decoded_is_set_aside_alone(tmp_path: Path) -> None:
    good = f"{HEADER}\n{LINE}\n".encode("gb18030")
    parts = csv(tmp_path, good + b"\x81\xff,,,,,\n" + f"{LINE}\n".encode("gb18030"))
    assert (names(parts), parts[0].unreadable["reason"].to_list()) == (
        ["张某", "张某"], ["undecodable_text"],
    )  # fmt: skip


def test_quoted_values_may_hold_commas_and_line_breaks(tmp_path: Path) -> None:
    row = f'{number(1)},张某,"某局,\n一科","5,000.00",2010-01-01,'
    parts = csv(tmp_path, f"{HEADER}\n{row}\n{LINE}\n".encode())
    assert parts[0].rows.select("employer", "_line").rows() == [("某局,\n一科", 2), ("某局", 4)]


def test_a_lone_quote_costs_its_line_only(tmp_path: Path) -> None:
    parts = csv(tmp_path, f'{HEADER}\n{LINE}\n"{LINE}\n{LINE}\n{LINE}\n'.encode())
    assert (len(names(parts)), parts[0].unreadable["_line"].to_list()) == (3, [3])


@pytest.mark.parametrize("reader", [read_csv, read_ndjson, read_workbook, read_parquet])
def test_an_empty_file_fails_with_its_name(tmp_path: Path, reader: object) -> None:
    path = tmp_path / "payroll.any"
    path.write_bytes(b"")
    with pytest.raises(ConnectorError, match=r"payroll\.any"):
        list(reader(path, PAYROLL, {}))  # type: ignore[operator]


def workbook(tmp_path: Path, identity: object) -> RawRows:
    path = tmp_path / "payroll.xlsx"
    with xlsxwriter.Workbook(path) as book:
        book.add_worksheet("空")
        sheet = book.add_worksheet("名册")
        sheet.write_row(0, 0, HEADER.split(","))
        sheet.write_row(1, 0, [identity, "张某", "某局", 5000, "2010-01-01", ""])
    return next(read_workbook(path, PAYROLL, {}))


def test_the_first_sheet_with_data_is_read_as_text(tmp_path: Path) -> None:
    rows = workbook(tmp_path, number(1)).rows
    assert rows.select("id_no", "monthly_wage", "_line").row(0) == (number(1), "5000", 2)


def test_a_number_cell_has_lost_digits_though_it_looks_whole(tmp_path: Path) -> None:
    assert "E+17" in workbook(tmp_path, 371599195001011234).rows["id_no"][0]


def test_a_truncated_workbook_fails_in_one_sentence(tmp_path: Path) -> None:
    workbook(tmp_path, number(1))
    path = tmp_path / "payroll.xlsx"
    path.write_bytes(path.read_bytes()[:800])
    with pytest.raises(ConnectorError, match="truncated, encrypted"):
        list(read_workbook(path, PAYROLL, {}))


ROW = ["张某", "某局", "5000", "2010-01-01", ""]


def old_workbook(tmp_path: Path, identities: list[object]) -> pl.Series:
    """The numbers of an old workbook (.xls), as read."""
    path = tmp_path / "payroll.xls"
    book = xlwt.Workbook()
    sheet = book.add_sheet("名册")
    for row, cells in enumerate([HEADER.split(","), *([told, *ROW] for told in identities)]):
        for column, cell in enumerate(cells):
            sheet.write(row, column, cell)
    book.save(str(path))
    return next(read_workbook(path, PAYROLL, {})).rows["id_no"]


def test_a_right_number_in_a_text_cell_of_an_old_workbook_stays(tmp_path: Path) -> None:
    identities = [number(sequence) for sequence in range(400)]
    exact = [told for told in identities if told.isdigit() and int(float(told)) == int(told)]
    assert exact  # numbers that a number cell would hold as they are
    assert old_workbook(tmp_path, list(identities)).to_list() == identities


def test_a_number_cell_of_an_old_workbook_has_lost_digits(tmp_path: Path) -> None:
    told = old_workbook(tmp_path, [number(1), float(number(2)[:17] + "0")])
    assert told[0] == number(1)
    assert told[1].endswith("E+17")


def parts_of(path: Path, change: Callable[[str, str], tuple[str, str]]) -> None:
    """Write a workbook anew with its parts renamed or rewritten."""
    with zipfile.ZipFile(path) as book:
        parts = [(name, book.read(name).decode()) for name in book.namelist()]
    with zipfile.ZipFile(path, "w") as book:
        for name, content in parts:
            book.writestr(*change(name, content))


@pytest.mark.parametrize(
    "change",
    [
        lambda name, xml: (name, re.sub(r'<c r="(A2)"', r'<c  r="\1"', xml)),
        lambda name, xml: (name, re.sub(r'<c r="(A2)" t="s"', r'<c t="s" r="\1"', xml)),
        lambda name, xml: (name, re.sub(r'(<c r="A2"[^>]*>)<v>', "\\1\n<v>", xml)),
        lambda name, xml: (name.replace("sheet2", "liste"), xml.replace("sheet2", "liste")),
    ],
    ids=["blanks", "order of attributes", "line break", "name of the part"],
)
@pytest.mark.parametrize("is_text", [True, False])
def test_the_kind_of_a_cell_is_known_however_its_xml_is_written(
    tmp_path: Path, change: Callable[[str, str], tuple[str, str]], is_text: bool
) -> None:
    workbook(tmp_path, number(1) if is_text else 371599195001011234)
    path = tmp_path / "payroll.xlsx"
    parts_of(path, change)
    (told,) = next(read_workbook(path, PAYROLL, {})).rows["id_no"]
    assert told == number(1) if is_text else told.endswith("E+17")


def test_a_formula_is_a_number_cell(tmp_path: Path) -> None:
    path = tmp_path / "payroll.xlsx"
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, HEADER.split(","))
        sheet.write_row(1, 1, ROW)
        sheet.write_formula(1, 0, "=A9", None, 371599195001011234)
    assert next(read_workbook(path, PAYROLL, {})).rows["id_no"][0].endswith("E+17")


def test_number_cells_destroy_numbers_of_payments_and_accounts_as_well(tmp_path: Path) -> None:
    contract = load_contracts()["finance", "payments"]
    path = tmp_path / "payments.xlsx"
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, [column.zh for column in contract.columns.values()])
        sheet.write_row(
            1, 0, [11012024050000000, "B1", "1101", number(1), "张某", 6228001234567890]
        )
    (told,) = next(read_workbook(path, contract, {})).rows.to_dicts()
    assert (told["payment_no"], told["account_no"]) == ("1.10120E+17", "6.22800E+17")


def test_an_error_in_a_cell_is_handed_over_as_it_shows(tmp_path: Path) -> None:
    path = tmp_path / "payroll.xlsx"
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, HEADER.split(","))
        for row in (1, 2):
            sheet.write_row(row, 0, [number(row), *ROW])
        sheet.write_formula(1, 5, "=NA()", None, "#N/A")
    rows = next(read_workbook(path, PAYROLL, {})).rows
    assert rows["until"].to_list() == ["#N/A", None]


def sheets(tmp_path: Path, **rows: list[list[object]]) -> RawRows:
    """A workbook with sheets by name; one whose name begins with 藏 is hidden."""
    path = tmp_path / "payroll.xlsx"
    with xlsxwriter.Workbook(path) as book:
        for name, cells in rows.items():
            sheet = book.add_worksheet(name)
            for row, told in enumerate(cells):
                sheet.write_row(row, 0, told)
            if name.startswith("藏"):
                sheet.hide()
        book.worksheets_objs[-1].activate()
    return next(read_workbook(path, PAYROLL, {}))


def test_notes_and_hidden_sheets_before_the_table_are_passed_over(tmp_path: Path) -> None:
    head = HEADER.split(",")
    told = sheets(
        tmp_path, 说明=[["填表说明"], ["姓名"]], 藏=[head, [number(9), *ROW]],
        名册=[head, [number(1), *ROW]],
    )  # fmt: skip
    assert told.rows["id_no"].to_list() == [number(1)]


def test_a_table_on_two_sheets_is_not_taken_by_half(tmp_path: Path) -> None:
    head = HEADER.split(",")
    with pytest.raises(
        ConnectorError, match="stands on the sheets 一月, 二月; put all rows on one"
    ):
        sheets(tmp_path, 一月=[head, [number(1), *ROW]], 二月=[head, [number(2), *ROW]])


def test_a_template_without_rows_does_not_hide_the_table(tmp_path: Path) -> None:
    head = HEADER.split(",")
    told = sheets(tmp_path, 模板=[head], 名册=[head[:5], [number(1), *ROW[:4]]])
    assert told.rows["id_no"].to_list() == [number(1)]


def test_a_table_with_a_unit_in_its_header_is_told_on_every_sheet(tmp_path: Path) -> None:
    head = HEADER.replace("月工资", "月工资（万元）").split(",")[:5]
    with pytest.raises(ConnectorError, match="stands on the sheets 一月, 二月"):
        sheets(tmp_path, 一月=[head, [number(1), *ROW]], 二月=[head, [number(2), *ROW]])


def test_a_sheet_that_lacks_a_required_column_does_not_hold_the_table(tmp_path: Path) -> None:
    head = HEADER.split(",")
    told = sheets(
        tmp_path, 摘要=[[*head[:4], head[5]], [number(9), *ROW[:4]]],
        名册=[head[:5], [number(1), *ROW[:4]]],
    )  # fmt: skip
    assert told.rows["id_no"].to_list() == [number(1)]


@pytest.mark.parametrize("above", [2, 15])
def test_a_table_that_stands_apart_is_read_by_its_own_cells_and_lines(
    tmp_path: Path, above: int
) -> None:
    path = tmp_path / "payroll.xlsx"
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet()
        sheet.write_row(above, 1, HEADER.split(","))
        sheet.write_row(above + 1, 1, [371599195001011234, *ROW])
        sheet.write_row(above + 2, 1, [number(1), *ROW])
        sheet.write_formula(above + 2, 6, "=NA()", None, "#N/A")
    rows = next(read_workbook(path, PAYROLL, {})).rows
    assert rows.select("_line", "id_no", "until").rows() == [
        (above + 2, "3.71599E+17", None), (above + 3, number(1), "#N/A"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "change",
    [
        lambda name, xml: (name, re.sub(r'<c r="(F2)" t="e"', r'<c t="e" r="\1"', xml)),
        lambda name, xml: (name, xml.replace('t="e"', "t='e'")),
        lambda name, xml: (name, re.sub(r'(<c r="F2"[^>]*>)', "\\1\n", xml)),
        lambda name, xml: (name, re.sub(r'(<(?:c|row)) r="\w+"', r"\1", xml)),
        lambda name, xml: (
            name,
            re.sub(r"<(/?)(c|v|f|row|sheetData|worksheet)\b", r"<\1x:\2", xml).replace(
                "xmlns=", "xmlns:x="
            )
            if name == "xl/worksheets/sheet1.xml"
            else xml,
        ),
    ],
    ids=["order of attributes", "quotes", "line break", "no places", "prefixes"],
)
def test_an_error_is_told_however_its_xml_is_written(
    tmp_path: Path, change: Callable[[str, str], tuple[str, str]]
) -> None:
    path = tmp_path / "payroll.xlsx"
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, HEADER.split(","))
        sheet.write_row(1, 0, [number(1), *ROW])
        sheet.write_formula(1, 5, "=B9", None, "#REF!")
    parts_of(path, change)
    assert next(read_workbook(path, PAYROLL, {})).rows["until"].to_list() == ["#REF!"]


@pytest.mark.parametrize(
    ("code", "shows"),
    [
        (0x00, "#NULL!"), (0x07, "#DIV/0!"), (0x0F, "#VALUE!"), (0x17, "#REF!"), (0x1D, "#NAME?"),
        (0x24, "#NUM!"), (0x2A, "#N/A"),
    ],
)  # fmt: skip
def test_an_error_in_an_old_workbook_is_handed_over(tmp_path: Path, code: int, shows: str) -> None:
    path = tmp_path / "payroll.xls"
    book = xlwt.Workbook()
    sheet = book.add_sheet("名册")
    for column, title in enumerate(HEADER.split(",")):
        sheet.write(0, column, title)
    for column, cell in enumerate([number(1), *ROW[:-1]]):
        sheet.write(1, column, cell)
    sheet.row(1).set_cell_error(5, code)
    book.save(str(path))
    assert next(read_workbook(path, PAYROLL, {})).rows["until"].to_list() == [shows]


@pytest.mark.parametrize("counts_from_1904", [True, False])
def test_bare_numbers_of_days_are_counted_as_their_workbook_counts(
    tmp_path: Path, counts_from_1904: bool
) -> None:
    path = tmp_path / "payroll.xlsx"
    with xlsxwriter.Workbook(path, {"date_1904": counts_from_1904}) as book:
        sheet = book.add_worksheet()
        as_date = book.add_format({"num_format": "yyyy-mm-dd"})
        sheet.write_row(0, 0, HEADER.split(","))
        sheet.write_row(1, 0, [number(1), *ROW[:3], 38717 if counts_from_1904 else 40179])
        sheet.write_row(2, 0, [number(2), *ROW[:3]])
        sheet.write_datetime(2, 4, datetime(2010, 1, 1), as_date)
        sheet.write_row(3, 0, [number(3), *ROW[:3], "2010"])
    since = next(read_workbook(path, PAYROLL, {})).rows["since"]
    assert since.to_list() == ["40179", "2010-01-01 00:00:00", "2010"]


class PanicException(BaseException):
    """As a library's own panic is called."""


@pytest.mark.parametrize("library", ["fastexcel.read_excel", "CalamineWorkbook"])
@pytest.mark.parametrize(
    ("fault", "told"),
    [(PanicException("index"), ConnectorError), (KeyboardInterrupt(), KeyboardInterrupt)],
)
def test_a_workbook_that_a_library_panics_over_cannot_be_opened(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    library: str,
    fault: BaseException,
    told: type[BaseException],
) -> None:
    class Broken:
        def __init__(self, path: Path) -> None:
            raise fault

        from_path = classmethod(lambda cls, path: cls(path))

    monkeypatch.setattr(f"pipelines.connectors.workbooks.{library}", Broken)
    with pytest.raises(told, match="cannot be opened" if told is ConnectorError else None):
        workbook(tmp_path, 371599195001011234)


def test_a_moment_with_a_zone_is_told_by_the_clocks_of_the_city(tmp_path: Path) -> None:
    path = tmp_path / "payroll.parquet"
    moment = datetime(2010, 1, 1, 1, tzinfo=UTC)
    pl.DataFrame({
        "id_no": ["1"], "name": ["张某"], "employer": ["局"], "monthly_wage": [5000],
        "since": [moment],
    }).write_parquet(path)  # fmt: skip
    assert next(read_parquet(path, PAYROLL, {})).rows["since"].to_list() == ["2010-01-01 09:00:00"]


def ndjson(tmp_path: Path, *lines: str) -> RawRows:
    path = tmp_path / "payroll_page_0001.ndjson"
    path.write_text("\n".join(lines), encoding="utf-8")
    return next(read_ndjson(path, PAYROLL, {}))


RECORD = '{"id_no":"1","name":"张某","employer":"局","monthly_wage":5000.10,"since":20100101}'


def test_json_numbers_are_read_as_they_are_written(tmp_path: Path) -> None:
    rows = ndjson(tmp_path, RECORD).rows
    assert rows.select("monthly_wage", "since").row(0) == ("5000.10", "20100101")


def test_one_field_may_be_true_in_one_record_and_a_number_in_another(tmp_path: Path) -> None:
    kinds = [RECORD.replace('"局"', kind) for kind in ("true", "1", "false", "0.5")]
    assert ndjson(tmp_path, *kinds).rows["employer"].to_list() == ["true", "1", "false", "0.5"]


def test_a_line_that_is_no_record_is_set_aside(tmp_path: Path) -> None:
    raw = ndjson(tmp_path, RECORD, '{"id_no": broken', RECORD)
    assert (raw.rows["_line"].to_list(), raw.unreadable["_line"].to_list()) == ([1, 3], [2])


def test_a_text_in_brackets_is_a_text(tmp_path: Path) -> None:
    rows = ndjson(tmp_path, RECORD.replace('"局"', '"[某局]"'), RECORD).rows
    assert rows["employer"].to_list() == ["[某局]", "局"]


def test_nested_values_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConnectorError, match="list or a record"):
        ndjson(tmp_path, RECORD.replace('"局"', '["局"]'))


def test_parquet_values_become_text(tmp_path: Path) -> None:
    path = tmp_path / "payroll.parquet"
    pl.DataFrame({
        "id_no": ["1"], "name": ["张某"], "employer": ["局"], "monthly_wage": [5000],
        "since": [FIRST],
    }).write_parquet(path)  # fmt: skip
    rows = next(read_parquet(path, PAYROLL, {})).rows
    assert rows.select("monthly_wage", "since").row(0) == ("5000", "2024-04-01")


def test_a_locked_database_is_told_in_one_sentence(office: Office) -> None:
    path = office.database(FIRST, "vagrants", [{"case_no": "1", "station": "s", "received_on": ""}])
    holder = sqlite3.connect(path, isolation_level=None)
    holder.execute("begin exclusive")
    (receipt,) = office.receive("civil_affairs")
    holder.close()
    assert "locked" in receipt.message


def test_an_absent_database_is_told_in_one_sentence(office: Office) -> None:
    office.home.delivery("civil_affairs", FIRST).mkdir(parents=True)
    (receipt,) = office.receive("civil_affairs")
    assert (receipt.verdict, "no such database" in receipt.message) == ("failed", True)


def test_a_text_in_a_database_that_is_no_utf8_costs_its_row_only(office: Office) -> None:
    path = office.database(
        FIRST, "vagrants", [{"case_no": "1", "station": "s", "received_on": "2024-03-01"}]
    )
    with sqlite3.connect(path) as connection:
        connection.execute("insert into vagrants values ('2', cast(x'ff41' as text), '2024-03-01')")
    connection.close()
    (receipt,) = office.receive("civil_affairs")
    assert receipt.tables["vagrants"].reasons == {"undecodable_text": 1}


def test_rows_of_a_database_come_in_batches_in_their_order_marks_of_ours_or_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "finance.sqlite"
    names = ["甲", None, "", "乙\x1f丙", "丁\x00戊", "己\x1e", "庚"]
    with sqlite3.connect(path) as connection:
        connection.execute("create table payroll (id_no, name, employer, monthly_wage, since)")
        rows = [(str(at), name, "局", 4000.5, "2024-01-01") for at, name in enumerate(names)]
        connection.executemany("insert into payroll values (?, ?, ?, ?, ?)", rows)
    connection.close()
    monkeypatch.setattr(database, "ROWS_AT_ONCE", 3)
    read = [batch.rows for batch in SqliteTable(path, PAYROLL, "payroll", {}).read()]
    assert [batch.height for batch in read] == [3, 3, 1]
    assert pl.concat(read)["id_no"].to_list() == ["0", "1", "2", "3", "4", "5", "6"]
    assert pl.concat(read)["name"].to_list()[3:] == ["乙 丙", "丁\x00戊", "己 ", "庚"]


def test_a_column_of_a_database_whose_name_is_no_utf8_is_told_in_one_sentence(
    tmp_path: Path,
) -> None:
    path = tmp_path / "finance.sqlite"
    with sqlite3.connect(path) as connection:
        connection.execute("create table payroll (aaaa, 姓名)")
    path.write_bytes(path.read_bytes().replace(b"aaaa", "证件".encode("gbk")))
    with pytest.raises(ConnectorError, match="cannot be read as SQLite"):
        list(SqliteTable(path, PAYROLL, "payroll", {}).read())


def test_the_longest_table_name_wins(office: Office) -> None:
    titles = "monitor_no,kind,area_code,identified_on,risk_removed"
    office.file(
        "agriculture", FIRST, "monitored_households_1.csv",
        f"{titles}\n1,1,371502001001,2024-01-01,1\n".encode(),
    )  # fmt: skip
    (receipt,) = office.receive("agriculture")
    assert list(receipt.tables) == ["monitored_households"]


def test_files_of_no_known_table_are_reported(office: Office) -> None:
    office.payroll(FIRST, payroll_row(1))
    office.file("finance", FIRST, "说明.txt", b"x")
    (receipt,) = office.receive()
    assert "说明.txt" in receipt.message


def test_an_interface_without_pages_is_told_in_one_sentence(office: Office) -> None:
    office.home.delivery("agriculture", FIRST).mkdir(parents=True)
    (receipt,) = office.receive("agriculture")
    assert (receipt.form, "no pages" in receipt.message) == ("api", True)


def test_a_number_in_the_name_of_a_file_is_told_nowhere(office: Office) -> None:
    office.payroll(FIRST, payroll_row(1), name=f"payroll_{number(1)}.csv")
    office.payroll(FIRST, payroll_row(2), name=f"payroll_{number(2)}.csv")
    (receipt,) = office.receive()
    assert [file.name for file in receipt.tables["payroll"].files] == [
        "payroll_….csv", "payroll_….csv (2)",
    ]  # fmt: skip


def test_a_broken_file_with_a_number_in_its_name_is_told_without_it(office: Office) -> None:
    office.file("finance", FIRST, f"payroll_{number(1)}.xlsx", b"broken")
    (receipt,) = office.receive()
    assert receipt.verdict == "failed"
    assert "payroll_….xlsx" in receipt.message


HOSTILE = 'members"; drop table kept; --'


def test_hostile_names_of_tables_and_columns_are_only_names(tmp_path: Path) -> None:
    path = tmp_path / "civil_affairs.sqlite"
    with sqlite3.connect(path) as connection:
        doubled = HOSTILE.replace('"', '""')
        connection.execute("create table kept (one)")
        connection.execute(f'create table "{doubled}" ("{doubled}" text, name text)')
        connection.execute(f'insert into "{doubled}" values (?, ?)', (number(1), "张某"))
    connection.close()
    renamed = {"id_no": HOSTILE}
    contract = load_contracts()["finance", "payroll"].model_copy(
        update={"columns": {
            name: column for name, column in PAYROLL.columns.items() if name in ("id_no", "name")
        }}
    )  # fmt: skip
    (part,) = SqliteTable(path, contract, HOSTILE, renamed).read()
    assert part.rows.select("id_no", "name").rows() == [(number(1), "张某")]
    with sqlite3.connect(path) as connection:
        assert connection.execute("select count(*) from kept").fetchone() == (0,)
    connection.close()
