"""What a kind asks for: in the form, in tables, and side by side with what it was before."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from frontend.admin import words as audit_words
from frontend.opportunity import kinds
from frontend.opportunity.app import create_app
from frontend.opportunity.kinds import changes
from frontend.opportunity.kinds.definitions import Catalogue, KindField, Kinds
from frontend.opportunity.kinds.inputs import ValueRefused, typed, value_of
from frontend.ui import kind_words
from frontend.ui.build import build
from frontend.ui.gateway import GatewayProblem
from frontend.ui.i18n import use_locale
from tests.support.kind_fields import COMPLETE, definitions
from tests.support.records import approval, page
from tests.support.scripted_gateway import SETTINGS, Browser, ScriptedGateway, browser, text

FIELDS = COMPLETE["FEE_DISCOUNT"]
DRAFT = approval(id="r1", title="手数料の特別適用", fields=FIELDS, state="DRAFT", allowedActions=["SUBMIT"])
KEY = "0190a7f4-0000-7000-8000-000000000001"
TYPED = {
    "title": "手数料の特別適用", "kind": "FEE_DISCOUNT", "currency": "JPY", "idempotency_key": KEY,
    "FEE_DISCOUNT.product": "FUNDS", "FEE_DISCOUNT.feeRateBefore": "１．６５％", "FEE_DISCOUNT.feeRateAfter": "1.1 %",
    "FEE_DISCOUNT.validFrom": "2026-04-01", "FEE_DISCOUNT.validUntil": "2027-03-31",
    "FEE_DISCOUNT.discountReason": "ASSETS_HELD", "EXPENSE.payee": "会場運営株式会社",
}  # fmt: skip


def opened() -> tuple[Browser, ScriptedGateway]:
    build()
    client, gateway = browser(create_app(SETTINGS), "opportunity", "rep")
    gateway.on("GET", "/approvals/kinds", definitions())
    gateway.on("GET", "/approvals/r1", DRAFT, etag='"5"')
    gateway.on("GET", "/approvals/r1/history", page())
    gateway.on("GET", "/approvals/r1/comments", page())
    return client, gateway


def test_everything_that_kinds_ask_for_has_its_words_in_both_languages() -> None:
    for locale in ("ja", "en"):
        use_locale(locale)
        for item in definitions()["items"]:
            for field in item["fields"]:
                assert kind_words.label(field["name"]) != field["name"]
                for choice in field["choices"] or ():
                    assert kind_words.choice_text(field["name"], choice) != choice


def test_the_audit_log_names_what_a_kind_asks_for() -> None:
    use_locale("ja")
    assert audit_words.field_text("fields.feeRateAfter") == "申請手数料率"


def test_the_style_sheet_knows_every_kind_and_condition() -> None:
    style = (Path(kinds.__file__).parents[1] / "styles" / "kinds.css").read_text(encoding="utf-8")
    for item in definitions()["items"]:
        if item["fields"]:
            assert f':not([value="{item["kind"]}"])) [data-kind="{item["kind"]}"]' in style
        for field in item["fields"]:
            if field["onlyIf"]:
                value = field["onlyIf"]["value"]
                assert f':not(:has(option:checked[value="{value}"])) [data-only-if="{value}"]' in style


@pytest.mark.parametrize(
    ("kind", "typed_text", "meant"),
    [
        ("PERCENT", "１．６５％", "1.65"),
        ("PERCENT", "0.6325 %", "0.6325"),
        ("MONEY", "120万円", 1_200_000),
        ("COUNT", "４０", 40),
        ("DATE", "2026-04-01", "2026-04-01"),
        ("YES_NO", "no", False),
        ("TEXT", "会場運営", "会場運営"),
    ],
)
def test_values_are_meant_as_people_type_them(kind: str, typed_text: str, meant: Any) -> None:
    field = KindField(name="x", type=kind)
    assert value_of(field, typed_text, "JPY") == meant
    assert value_of(field, typed(field, meant, "JPY"), "JPY") == meant
    assert (value_of(field, "", "JPY"), typed(field, None, "JPY")) == (None, "")


@pytest.mark.parametrize(
    ("kind", "wrong"),
    [
        *(("PERCENT", text) for text in ("1,65", "1.23456", "-1", "1²", "五")),
        *(("MONEY", text) for text in ("12,00", "1.5", "x")),
        *(("COUNT", text) for text in ("1.5", "三", "-1", "9" * 19)),
        *(("DATE", text) for text in ("2026-02-30", "4/1", "x")),
    ],
)
def test_what_is_no_value_is_refused_with_a_word(kind: str, wrong: str) -> None:
    with pytest.raises(ValueRefused) as refused:
        value_of(KindField(name="x", type=kind), wrong, "JPY")
    assert str(refused.value)


async def test_the_form_has_inputs_for_each_kind_and_sends_those_of_the_chosen_one() -> None:
    client, gateway = opened()
    form = text(await client.get(f"/approvals/new?form={KEY}"))
    names = set(re.findall(r'name="([A-Z_]+\.\w+)"', form))
    assert names == {f"{item['kind']}.{field['name']}" for item in definitions()["items"] for field in item["fields"]}
    gateway.on("POST", "/approvals", DRAFT, status=201)
    assert (await client.post("/approvals/new", form=TYPED | {"action": "draft"})).status == 303
    [sent] = gateway.sent("POST", "/approvals")
    assert sent.body["fields"] == FIELDS
    again = TYPED | {"kind": "OTHER", "action": "draft"}
    await client.post("/approvals/new", form=again)
    assert gateway.sent("POST", "/approvals")[1].body["fields"] == {}


async def test_what_lacks_or_does_not_fit_is_told_beside_its_input_and_nothing_typed_is_lost() -> None:
    client, gateway = opened()
    answer = await client.post("/approvals/new", form=TYPED | {"FEE_DISCOUNT.feeRateAfter": "1,1", "action": "submit"})
    assert (answer.status, gateway.sent("POST", "/approvals")) == (422, [])
    assert "小数点以下 4 桁" in _beside("FEE_DISCOUNT-feeRateAfter", text(answer))
    errors = [{"pointer": "/fields/validUntil", "in": "body", "code": "field_missing", "message": "必要です"}]
    problem = {"code": "unprocessable", "title": "入力内容に誤りがあります", "errors": errors}
    gateway.on("POST", "/approvals", problem, status=422)
    answer = await client.post("/approvals/new", form=TYPED | {"action": "submit"})
    assert answer.status == 422
    shown = text(answer)
    assert "必要です" in _beside("FEE_DISCOUNT-validUntil", shown)
    assert 'value="会場運営株式会社"' in shown, "what was typed for another kind stays"


def _beside(input_id: str, shown: str) -> str:
    found = re.search(rf'id="opportunity-{input_id}-error">(.*?)</p>', shown, re.DOTALL)
    assert found is not None
    return found[1]


async def test_only_what_was_changed_is_sent_over_what_somebody_else_saved() -> None:
    client, gateway = opened()
    shown = text(await client.get("/approvals/r1/edit"))
    base = re.search(r'name="base" value="([^"]*)"', shown)
    assert base is not None
    mine = {"etag": '"5"', "base": base[1].replace("&#34;", '"').replace("&amp;", "&"), "action": "save"}
    mine |= TYPED | {"FEE_DISCOUNT.feeRateBefore": "1.65", "FEE_DISCOUNT.feeRateAfter": "0.9"}
    theirs = DRAFT | {"fields": FIELDS | {"validUntil": "2026-12-31"}, "version": 6}
    gateway.on("GET", "/approvals/r1", theirs, etag='"6"')
    gateway.on("PUT", "/approvals/r1", {"code": "precondition_failed"}, status=412)
    gateway.accept_only("PUT", "/approvals/r1", '"6"', theirs)
    assert (await client.post("/approvals/r1/edit", form=mine)).status == 303
    assert gateway.sent("PUT", "/approvals/r1")[-1].body["fields"] == FIELDS | {
        "feeRateAfter": "0.9",
        "validUntil": "2026-12-31",
    }
    gateway.on("GET", "/approvals/r1", DRAFT | {"fields": FIELDS | {"feeRateAfter": "0.8"}}, etag='"7"')
    del gateway.accepted["PUT", "/approvals/r1", '"6"']
    answer = await client.post("/approvals/r1/edit", form=mine)
    rows = text(answer).partition("相違点")[2].partition("</table>")[0]
    assert (answer.status, "申請手数料率" in rows, "0.9%" in rows, "0.8%" in rows) == (412, True, True, True)
    gateway.on("GET", "/approvals/r1", DRAFT | {"kind": "OTHER", "fields": {}}, etag='"8"')
    answer = await client.post("/approvals/r1/edit", form=mine)
    rows = text(answer).partition("相違点")[2].partition("</table>")[0]
    assert (answer.status, "特別手数料率" in rows) == (412, True), "their kind would drop what was changed here"


async def test_a_copy_and_a_request_that_asks_again_begin_with_the_same_fields() -> None:
    client, _ = opened()
    for query in ("copyOf", "previousId"):
        form = text(await client.get(f"/approvals/new?{query}=r1&form={KEY}"))
        before = re.search(r'name="FEE_DISCOUNT.feeRateBefore"[^>]*value="([^"]*)"', form)
        assert before is not None
        assert before[1] == "1.65"
        assert '<option value="ASSETS_HELD" selected>' in form


async def test_tables_show_what_belongs_together_in_one_line() -> None:
    client, _ = opened()
    shown = text(await client.get("/approvals/r1"))
    table = shown.partition('class="kind-table"')[2].partition("</table>")[0]
    for expected in ("投資信託", "1.65% → 1.1%", "2026/04/01 – 2027/03/31", "預り資産の残高"):
        assert expected in table


async def test_a_refused_submission_on_the_page_names_what_lacks() -> None:
    client, gateway = opened()
    errors = [
        {"pointer": f"/fields/{name}", "in": "body", "code": "field_missing", "message": "申請するには入力が必要です"}
        for name in ("validUntil", "discountReason")
    ]
    gateway.on(
        "PATCH", "/approvals/r1/submit", {"code": "unprocessable", "title": "誤り", "errors": errors}, status=422
    )
    shown = text(await client.post("/approvals/r1", form={"action": "submit", "idempotency_key": KEY}))
    assert "適用終了日: 申請するには入力が必要です; 優遇の根拠: 申請するには入力が必要です" in shown


async def test_definitions_are_read_now_and_then_and_outlive_an_outage() -> None:
    client, gateway = opened()
    for _ in range(2):
        await client.get("/approvals/r1/edit")
    assert len(gateway.sent("GET", "/approvals/kinds")) == 1

    class Away:
        async def get(self, _path: str) -> Any:
            raise GatewayProblem(503, {})

    catalogue, away = Catalogue(), Away()
    with pytest.raises(GatewayProblem):
        await catalogue.read(away)  # type: ignore[arg-type]
    catalogue.kinds = Kinds()
    assert await catalogue.read(away) is catalogue.kinds  # type: ignore[arg-type]


async def test_a_page_without_definitions_shows_the_values_and_the_form_is_not_offered() -> None:
    client, gateway = opened()
    del gateway.answers["GET", "/approvals/kinds"]
    assert "1.65" in text(await client.get("/approvals/r1"))
    assert (await client.get("/approvals/r1/edit")).status == 404


SINCE = {"entryId": "h1", "revision": 1, "at": "2026-11-20T01:00:05Z", "action": "APPROVE", "actorName": "高橋 直樹"}
FILE = {"id": "f1", "name": "比較表.pdf", "mediaType": "application/pdf", "size": 1, "sha256": "0" * 64}
CONTENT: dict[str, Any] = {
    "before": {"kind": "FEE_DISCOUNT", "currency": "JPY"},
    "after": {"kind": "FEE_DISCOUNT", "currency": "JPY"},
    "changes": [
        {"pointer": "/amount", "before": 2_500_000, "after": None},
        {"pointer": "/fields/feeRateAfter", "before": "1.1", "after": "0.9"},
        {"pointer": "/customer/riskTolerance", "before": None, "after": "AGGRESSIVE"},
        {"pointer": "/customer/laterFact", "before": "A", "after": "B"},
    ],
    "description": [
        {"edit": "SAME", "text": "前" * 200},
        {"edit": "REMOVED", "text": "旧"},
        {"edit": "ADDED", "text": "<新>"},
        {"edit": "SAME", "text": "間" * 200},
        {"edit": "ADDED", "text": "追"},
    ],
    "attachments": {"added": [FILE], "removed": []},
    "changed": True,
}


async def changed_page(**told: Any) -> str:
    client, gateway = opened()
    gateway.on("GET", "/approvals/r1", DRAFT | {"state": "PENDING", "revision": 2, "allowedActions": []})
    answer = {"revision": 2, "revisions": [1, 2], "since": SINCE | {"own": True}, "content": CONTENT} | told
    gateway.on("GET", "/approvals/r1/changes", answer)
    return text(await client.get("/approvals/r1")).partition('class="changes"')[2].partition("</section>")[0]


async def test_old_and_new_stand_side_by_side() -> None:
    shown = await changed_page()
    assert "あなたが第1版を決裁した後の変更点（11/20 10:00）" in shown
    for old, new in (("¥2,500,000", "—"), ("1.1%", "0.9%"), ("—", "積極型"), ("A", "B")):
        assert f"<td><del>{old}</del></td><td><ins>{new}</ins></td>" in shown
    assert f"…{'前' * 60}<del>旧</del><ins>&lt;新&gt;</ins>{'間' * 60}…{'間' * 60}<ins>追</ins>" in shown
    assert "<ins>比較表.pdf</ins>" in shown
    assert 'href="/approvals/r1?since=1"' in shown


async def test_nothing_changed_erased_and_unknown_are_told_apart() -> None:
    same = CONTENT | {"changes": [], "description": [], "attachments": {"added": [], "removed": []}, "changed": False}
    assert "内容に変更はありません" in await changed_page(content=same)
    assert "消去されている" in await changed_page(content=None)
    assert await changed_page(since=None, content=None) == ""
    use_locale("ja")
    unknown = changes.shown(changes.Changes(is_known=False), Kinds())
    assert unknown is not None
    assert (unknown.is_known, unknown.rows) == (False, [])
