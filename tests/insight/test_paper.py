"""Files of boards, opened again by other people's readers: pages, fonts, words, numbers."""

from __future__ import annotations

import datetime as dt
import io
import re
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import openpyxl
import pypdfium2
import pytest
from django.utils import translation

from apps.insight import services
from apps.insight.payloads import Filters
from apps.insight.policies import periods
from apps.insight.selectors import boards as selectors
from apps.insight.services import exporting
from apps.insight.services.exporting import fonts
from tests.conftest import NOW
from tests.support import board as figures

MONTH = periods.period("month", today=NOW.date())


@pytest.fixture
def counted(cast: SimpleNamespace, travel: Any) -> SimpleNamespace:
    travel(NOW)
    figures.fill(cast)
    services.set_target(person=cast.boss, key="erp.orders_taken", period=MONTH, value=Decimal(400000), now=NOW)
    services.add_note(person=cast.boss, key="erp.orders_taken", period=MONTH, text="Delta slipped. 订单推迟，\U00020bb7田喆确认。", now=NOW)
    return cast


def taken(person: Any, form: str, language: str = "en", board: Any = None) -> bytes:
    with translation.override(language):
        return exporting.export(person=person, board=board or selectors.board(person, "company"), form=form, period=MONTH, filters=Filters(), as_shown=None,
                                now=NOW).content  # fmt: skip


def pages(content: bytes) -> list[str]:
    return [page.get_textpage().get_text_range() for page in pypdfium2.PdfDocument(content)]


WORDS = [
    ("en", "Company overview", "Orders taken", "¥344", "below target ¥400", "taken by Lin Wei (boss) on 2026-11-23 09:12", "Not for your role"),
    ("zh-hans", "公司总览", "接单额", "¥34.4", "未达目标 ¥40万", "林薇(boss)于 2026-11-23 09:12", "您的角色不可查看"),
]


@pytest.mark.req("E9")
def test_a_board_is_printed_with_its_font_and_its_reader_on_every_page(counted: SimpleNamespace) -> None:
    for words in WORDS:
        _printed(counted, *words)
    _no_row_is_cut(counted)
    # without rare characters nothing depends on the reader's own fonts
    content = taken(counted.boss, "pdf", "zh-hans", selectors.board(counted.boss, "operations"))
    assert b"STSong" not in content
    assert len(content) < 200_000


def _printed(counted: SimpleNamespace, language: str, *words: str) -> None:
    *wanted, refused = words
    content = taken(counted.boss, "pdf", language)
    found = pages(content)
    assert len(found) == 3
    for text in [*wanted, refused]:
        assert text in found[0], text
    mark = wanted[-1]
    assert [page.count(mark) for page in found] == [2, 2, 2]  # legible below, and pale across
    assert [page[-5:] for page in found] == ["1 / 3", "2 / 3", "3 / 3"]
    assert "erp.invoiced" not in "".join(found)
    assert "\u7530\u5586" in found[2]  # a given name younger than the old standard
    assert content.count(b"/FontFile2") >= 1
    assert content.count(b"/BaseFont /STSong-Light") <= 2  # the one character that the embedded font does not have


def _no_row_is_cut(counted: SimpleNamespace) -> None:
    """Each figure with its formula, which takes several lines, is on one page whole."""
    found = pages(taken(counted.boss, "pdf"))
    flat = [re.sub(r"\s+", " ", page) for page in found]
    with translation.override("en"):
        views = selectors.shown(counted.boss, selectors.board(counted.boss, "company").tiles, period=MONTH, filters=Filters(), now=NOW)
    readings = {one.key: one for view in views for one in view.readings if one.state in ("ok", "empty")}
    for one in readings.values():
        assert sum(f"{one.formula} (formula {one.version})" in page for page in flat) == 1, one.key


def test_text_is_fitted_into_its_room_and_rare_characters_find_a_font() -> None:
    assert fonts.fitted("Orders taken", 8, 500) == "Orders taken"
    cut = fonts.fitted("Orders taken by department", 8, 40)
    assert cut.endswith("…") and fonts.width(cut, 8) <= 40
    assert [(font == fonts.FONT, part) for font, part in fonts.runs("a\U00020bb7喆")] == [(True, "a"), (False, "\U00020bb7"), (True, "喆")]
    assert fonts.marked_up("<b>&") == "&lt;b&gt;&amp;"


@pytest.mark.req("E9")
def test_numbers_of_an_excel_file_are_numbers_of_their_unit_in_both_languages(counted: SimpleNamespace) -> None:
    book = openpyxl.load_workbook(io.BytesIO(taken(counted.boss, "xlsx")))
    assert book.sheetnames == ["Figures", "Months", "Parts", "Not counted", "Notes"]
    sheet = book["Figures"]
    assert (sheet["A1"].value, sheet["A2"].value) == ("Company overview", "Nov 2026 · as of 23 Nov 2026 09:12")
    assert sheet["A3"].value == "Yunhe Pump Works, taken by Lin Wei (boss) on 2026-11-23 09:12"
    rows = {row[0].value: row for row in sheet.iter_rows(min_row=5)}
    orders, punctual = rows["Orders taken"], rows["Deliveries on time"]
    assert (orders[3].value, orders[3].number_format, orders[5].value) == (343800, "#,##0.00", 400000)
    assert (punctual[3].value, punctual[3].number_format) == (1, "0.0%")
    assert (orders[9].value, orders[9].number_format) == (dt.datetime(2026, 11, 23, 9, 12), "yyyy-mm-dd hh:mm")
    assert orders[7].value == 4 and orders[7].data_type == "n"
    assert "Invoiced" not in rows  # not for her
    months = [row for row in book["Months"].iter_rows(min_row=5) if row[0].value == "Orders taken"]
    assert [(row[2].value, row[3].value) for row in months][-1] == (dt.datetime(2026, 11, 1), 343800)
    assert months[0][2].number_format == "yyyy-mm"
    assert book["Notes"]["B5"].value.startswith("Delta slipped.")
    assert all(cell.data_type != "f" for page in book for row in page.iter_rows() for cell in row)
    assert (sheet.freeze_panes, sheet.page_setup.orientation, sheet.print_title_rows) == ("B5", "landscape", "$4:$4")
    book = openpyxl.load_workbook(io.BytesIO(taken(counted.boss, "xlsx", "zh-hans")))
    assert book.sheetnames == ["指标", "各月", "各部分", "未计入", "备注"]
    assert book["指标"]["A1"].value == "公司总览"
