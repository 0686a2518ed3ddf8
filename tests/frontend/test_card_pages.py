"""The card of a request's customer: what comes with the request, what remotes add, and what nobody knows."""

from __future__ import annotations

from typing import Any

import pytest

from frontend.customer.app import create_app as create_customer
from frontend.opportunity.app import create_app as create_opportunity
from frontend.opportunity.customer_facts import flag_text, share_text, shown
from frontend.opportunity.views import AssetsShare, CustomerFacts, FlagGround
from frontend.sales.app import create_app as create_sales
from frontend.ui.build import build
from frontend.ui.i18n import use_locale
from tests.support.records import approval, colleague, customer, meeting, page, task
from tests.support.scripted_gateway import SETTINGS, browser, text

FACTS = CustomerFacts(
    id="c1",
    kind="INDIVIDUAL",
    relationship="CLIENT",
    age=77,
    risk_tolerance="STABLE",
    assets_band="M30_50",
    income_band="M5_10",
    objectives=["INCOME", "RETIREMENT"],
    experience={"BONDS": "Y3_5", "DERIVATIVES": "NONE"},
    horizon="Y1_3",
    fund_source="SURPLUS",
    investor_class="GENERAL",
    profile_reviewed_at="2026-01-20T01:00:00Z",
    assets_share=AssetsShare(low=60, high=100),
)
OLD = CustomerFacts(id="c1", kind="INDIVIDUAL", age=50, risk_tolerance="STABLE", assets_band="M30_50")
GROUND = FlagGround(number="RNG-2026-000007", amount=5_000_000, decided_at="2026-05-01T01:00:00Z")


def test_the_facts_name_the_age_rule_the_experience_with_this_product_and_the_share() -> None:
    use_locale("ja")
    found = shown(FACTS, "DERIVATIVES")
    facts = dict(found.facts)
    assert facts["年齢"] == "77歳（上長の事前承認が必要）"
    assert facts["投資経験：デリバティブ"] == "なし"
    assert facts["対資産割合"] == "約60〜100％（3,000万〜5,000万円に対して）"
    assert (facts["投資目的"], facts["運用原資"]) == ("利子・配当、老後", "余剰資金")
    others = dict(found.others)
    assert (others["債券"], others["株式"]) == ("3〜5年", "未回答")
    assert "デリバティブ" not in others


def test_what_nobody_told_is_unknown_and_not_unanswered() -> None:
    use_locale("en")
    facts = dict(shown(OLD, "BONDS").facts)
    unknown = {label for label, value in facts.items() if value == "Not known here"}
    assert unknown == {
        "Investor class",
        "Experience: Bonds",
        "Objectives",
        "Horizon",
        "Source of funds",
        "Yearly income",
    }
    told = dict(shown(FACTS.model_copy(update={"horizon": None, "experience": {}}), "BONDS").facts)
    assert (told["Horizon"], told["Experience: Bonds"]) == ("Not answered", "Not answered")


@pytest.mark.parametrize(
    ("low", "high", "ja", "en"),
    [
        (60, 100, "約60〜100％", "about 60–100 %"),
        (60, None, "60％以上", "60 % or more"),
        (0, 2, "2％以下", "at most 2 %"),
        (1200, 4000, "約1,200〜4,000％", "about 1,200–4,000 %"),
    ],
)
def test_a_band_that_is_open_says_so(low: int, high: int | None, ja: str, en: str) -> None:
    share = AssetsShare(low=low, high=high)
    use_locale("ja")
    assert share_text(share) == ja
    use_locale("en")
    assert share_text(share) == en


def test_a_flag_that_compares_says_with_what() -> None:
    use_locale("en")
    assert "¥5,000,000, RNG-2026-000007 of 1 May 2026" in flag_text("AMOUNT_RISE", GROUND)
    risk = flag_text("RISK_ABOVE_TOLERANCE", FlagGround(risk_class="AGGRESSIVE", risk_tolerance="STABLE"))
    assert risk.endswith("(product: Aggressive, customer: Stable)")
    assert "(" not in flag_text("AMOUNT_RISE", None), "without what it rests on, as in earlier entries"


async def test_the_panel_shows_the_facts_at_once_and_leaves_what_is_live_to_come_later() -> None:
    build()
    client, gateway = browser(create_opportunity(SETTINGS), "opportunity", "approver", locale="en")
    facts = FACTS.model_dump(by_alias=True) | {"name": "山田 太郎", "state": "ACTIVE", "profileComplete": True}
    members: dict[str, Any] = {
        "state": "PENDING",
        "customerId": "c1",
        "customerName": "山田 太郎",
        "flags": ["AMOUNT_RISE"],
        "flagGrounds": {"AMOUNT_RISE": GROUND.model_dump(by_alias=True)},
        "customerFacts": facts,
        "fields": {"product": "DERIVATIVES"},
    }
    gateway.on("GET", "/approvals/r1", approval(**members))
    for beside in ("history", "comments", "attachments"):
        more = {"scanned": False, "maxBytes": 1, "maxCount": 1} if beside == "attachments" else {}
        gateway.on("GET", f"/approvals/r1/{beside}", page() | more)
    html = text(await client.get("/approvals/r1/panel"))
    for fact in ("77 years", "Experience: Derivatives", "about 60–100 % of ¥30m–50m", "RNG-2026-000007"):
        assert fact in html
    slots = [f'<ringi-slot name="{name}"' for name in ("opportunity/earlier", "sales/card", "customer/card")]
    assert all(slot in html for slot in slots)
    assert html.count(" lazy></ringi-slot>") == len(slots)
    assert gateway.sent("GET", "/approvals") == [], "the panel waits for nothing but the request"


async def test_other_requests_leave_out_the_one_in_hand_and_drafts() -> None:
    build()
    client, gateway = browser(create_opportunity(SETTINGS), "opportunity", "approver", locale="en")
    decided = {"state": "REJECTED", "decidedAt": "2026-05-01T01:00:00Z", "decidedByName": "加藤 健一"}
    listed = [
        approval(id="r1", title="this one", state="PENDING"),
        approval(id="r2", title="another", number="RNG-2", amount=1_000, **decided),
        approval(id="r3", title="somebody's draft", state="DRAFT"),
    ]
    gateway.on("GET", "/approvals", page(*listed))
    html = text(await client.get("/approvals/-/earlier?customerId=c1&without=r1"))
    assert ("customerId", "c1") in gateway.sent("GET", "/approvals")[0].query
    assert all(part in html for part in ("another", "RNG-2", "¥1,000", "Rejected", "1 May 2026", "加藤 健一"))
    assert not any(part in html for part in ("this one", "draft", "There are more"))


async def test_the_record_of_the_customer_leads_to_it_and_who_may_not_read_it_learns_that() -> None:
    build()
    client, gateway = browser(create_customer(SETTINGS), "customer", "approver", locale="en")
    gateway.on("GET", "/auth/users", page(colleague(id="rep", name="佐藤 美咲")))
    gateway.on("GET", "/customers/c1", customer(occupation="医師", notes="長男同席を希望"))
    html = text(await client.get("/customers/-/card?customerId=c1"))
    assert all(part in html for part in ("医師", "長男同席を希望", "佐藤 美咲", 'href="/customers/c1"'))
    gateway.on("GET", "/customers/c1", {"code": "not_found"}, status=404)
    answer = await client.get("/customers/-/card?customerId=c1")
    assert (answer.status, "You may not open this customer." in text(answer)) == (200, True)
    assert "<a " not in text(answer)


async def test_what_was_explained_stands_with_the_held_meetings_and_open_tasks_below() -> None:
    build()
    client, gateway = browser(create_sales(SETTINGS), "sales", "approver", locale="en")
    held = meeting(state="HELD", agenda="元本割れのリスクを説明", outcome="理解を確認", nextStep="目論見書")
    gateway.on("GET", "/meetings/customer/c1", page(held))
    gateway.on("GET", "/tasks", page(task(title="確認書の回収", customerId="c1")))
    html = text(await client.get("/meetings/-/card?customerId=c1"))
    assert all(
        part in html for part in ("定例面談", "元本割れのリスクを説明", "理解を確認", "目論見書", "確認書の回収")
    )
    assert ("state", "HELD") in gateway.sent("GET", "/meetings/customer/c1")[0].query
    asked = gateway.sent("GET", "/tasks")[0].query
    assert [value for name, value in asked if name == "state"] == ["OPEN", "IN_PROGRESS"]
    gateway.on("GET", "/meetings/customer/c1", {"code": "not_found"}, status=404)
    refused = text(await client.get("/meetings/-/card?customerId=c1"))
    assert "You may not read what was done for this customer." in refused
    assert "Open tasks" not in refused
