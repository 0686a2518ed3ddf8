"""What an approver saw, and the dossier of a request, as pages."""

from __future__ import annotations

from typing import Any

import pytest

from frontend.opportunity.app import create_app
from frontend.ui.build import build
from services.opportunity.dossier import in_groups
from tests.support import fake_dossiers
from tests.support.fake_gateway import FakeGateway
from tests.support.records import approval, counts, history_entry, page, stage
from tests.support.scripted_gateway import SETTINGS, Browser, ScriptedGateway, browser, text

STAGE = stage(name="上長承認", approverIds=["a1"], approvers=[{"id": "a1", "name": "加藤 浩二"}])
REQUEST = approval(id="r1", number="RNG-2026-000007", title="手数料の特別適用", state="APPROVED", stages=[STAGE])
CUSTOMER = {
    "name": "山田 太郎", "kind": "INDIVIDUAL", "relationship": "CLIENT", "state": "ACTIVE", "assignedSalesId": "u1",
    "assignedSalesName": "佐藤 美咲", "birthDate": "1950-05-17", "riskTolerance": "STABLE", "assetsBand": "M10_30",
    "profileComplete": True, "profileReviewedAt": "2026-03-01T00:00:00Z",
}  # fmt: skip
FILE = {
    "id": "f1", "name": "見積書.pdf", "mediaType": "application/pdf", "size": 20_480, "sha256": "ab" * 32,
}  # fmt: skip
SEEN = {
    "title": "手数料の特別適用", "description": "理由", "kind": "FEE_DISCOUNT", "amount": 300_000, "currency": "JPY",
    "customerId": "c1", "flags": ["SENIOR_75"], "revision": 1, "stages": [STAGE], "customer": CUSTOMER,
    "attachments": [FILE], "opinions": [],
}  # fmt: skip
APPROVED = history_entry(
    id="h2", sequence=2, action="APPROVE", actorName="加藤 浩二", role="APPROVER", state="APPROVED"
)


def _open(entry: dict[str, Any], seen: Any, now: Any, *, locale: str = "ja") -> tuple[Browser, ScriptedGateway]:
    build()
    client, gateway = browser(create_app(SETTINGS), "opportunity", "auditor", locale=locale)
    gateway.on("GET", "/approvals/r1", REQUEST)
    gateway.on("GET", "/approvals/r1/history", page(entry))
    gateway.on("GET", "/approvals/r1/comments", page())
    gateway.on("GET", "/approvals/r1/history/h2", {"entry": entry, "seen": seen, "now": now})
    return client, gateway


async def test_the_history_says_in_which_role_where_and_to_the_second_and_leads_to_what_was_seen() -> None:
    stood_in = APPROVED | {"role": "PROXY", "onBehalfOfId": "a9", "onBehalfOfName": "清水 陽子", "revision": 2}
    client, _ = _open(stood_in, SEEN, SEEN)
    html = text(await client.get("/approvals/r1"))
    assert "加藤 浩二（清水 陽子の代理）" in html
    assert "代理として ・ 第1段階「上長承認」 ・ 第2版" in html
    assert ">2026-11-20 10:00:05 JST</time>" in html
    assert 'href="/approvals/r1/history/h2"' in html


async def test_the_history_says_of_a_decision_that_it_was_made_among_many() -> None:
    for process_id, said in ((None, False), ("p1", True)):
        client, _ = _open(APPROVED | {"processId": process_id}, SEEN, SEEN)
        html = text(await client.get("/approvals/r1"))
        assert ("版 ・ 一括決裁" in html) == said


async def test_an_entry_that_kept_nothing_leads_nowhere() -> None:
    client, _ = _open(APPROVED | {"action": "REMIND", "keepsEvidence": False}, None, SEEN)
    assert "/approvals/r1/history/h2" not in text(await client.get("/approvals/r1"))
    assert "閲覧内容の記録がありません" in text(await client.get("/approvals/r1/history/h2"))


async def test_what_was_seen_is_shown_and_what_has_changed_since_is_marked() -> None:
    now = SEEN | {"amount": 500_000, "customer": CUSTOMER | {"riskTolerance": "AGGRESSIVE"}, "attachments": []}
    client, _ = _open(APPROVED | {"comment": "妥当"}, SEEN, now)
    html = text(await client.get("/approvals/r1/history/h2"))
    assert "3項目が現在と異なります" in html
    marked = [part.partition("</p>")[0] for part in html.split('<p class="seen-now">')[1:]]
    assert ["¥500,000" in marked[0], "積極型" in marked[2]] == [True, True]
    assert len(marked) == 3
    for seen in (
        "¥300,000",
        "安定型",
        "1950/05/17",
        "1. 上長承認: 加藤 浩二",
        "75歳以上",
        "妥当",
        "RNG-2026-000007",
        "見積書.pdf",
        "ab" * 32,
    ):
        assert seen in html


async def test_what_others_were_asked_belongs_to_the_moment_and_is_not_compared() -> None:
    opinion = {"askedId": "u2", "askedName": "清水 陽子", "askerId": "a1", "askerName": "加藤 浩二", "blocks": True}
    opinion |= {"question": "前例は", "answer": "2件ございます"}
    client, _ = _open(APPROVED, SEEN | {"opinions": [opinion, opinion | {"answer": None}]}, SEEN)
    html = text(await client.get("/approvals/r1/history/h2"))
    assert "加藤 浩二さんからの照会：前例は\n回答：2件ございます" in html
    assert "回答：未回答" in html
    assert "その後の変更はありません" in html


async def test_nothing_changed_is_said_and_a_customer_who_is_gone_shows_what_is_left() -> None:
    client, _ = _open(APPROVED, SEEN, SEEN)
    assert "その後の変更はありません" in text(await client.get("/approvals/r1/history/h2"))
    client, _ = _open(APPROVED, SEEN, SEEN | {"customer": None}, locale="en")
    html = text(await client.get("/approvals/r1/history/h2"))
    assert "10 of these facts are different now" in html


async def test_an_erased_entry_says_that_it_was_erased() -> None:
    client, _ = _open(APPROVED | {"erased": True, "comment": None}, None, SEEN)
    html = text(await client.get("/approvals/r1/history/h2"))
    assert "閲覧時の内容は消去されています" in html
    assert "300,000" not in html


def _dossier(**changes: Any) -> dict[str, Any]:
    """Of the stand-in's approved request; ``changes`` are members of its entries of history."""
    gateway = FakeGateway()
    item = next(item for item in gateway.approvals.values() if item["state"] == "APPROVED")
    entries = [entry | changes for entry in gateway.history[item["id"]]]
    user, customer = next(iter(gateway.users.values())), gateway.customers[item["customerId"]]
    remark = {"id": item["id"], "authorId": user["id"], "body": "資料はこちらです", "createdAt": "2026-11-20T01:00:05Z"}
    return fake_dossiers.dossier_of(item, entries, [remark], customer, gateway.users, user)


async def test_a_dossier_shows_who_decided_what_was_seen_and_what_it_is_verified_by() -> None:
    client, gateway = _open(APPROVED, SEEN, SEEN)
    document = _dossier()
    gateway.on("GET", "/approvals/r1/dossier", document)
    html = text(await client.get("/approvals/r1/dossier"))
    assert in_groups(document["signature"]["fingerprint"]) in html
    assert in_groups(document["recordSha256"]) in html
    for told in (
        "加藤 健一",
        "番号1の時点と同じ内容を確認",
        "資料はこちらです",
        "¥5,000,000",
        "上長承認",
        "バランス型",
    ):
        assert told in html
    assert all(entry["hash"] in html for entry in document["record"]["history"])
    assert ">2026-11-20 10:00:05 JST</time>" in html


async def test_points_that_were_noted_with_an_approval_stand_in_the_dossier() -> None:
    client, gateway = _open(APPROVED, SEEN, SEEN)
    gateway.on("GET", "/approvals/r1/dossier", _dossier(acknowledgedFlags=["SENIOR_75"]))
    assert "確認した注意事項： 75歳以上" in text(await client.get("/approvals/r1/dossier"))


async def test_an_erased_entry_of_a_dossier_says_so() -> None:
    client, gateway = _open(APPROVED, SEEN, SEEN, locale="en")
    gateway.on("GET", "/approvals/r1/dossier", _dossier(erased=True))
    html = text(await client.get("/approvals/r1/dossier"))
    assert html.count("Comment and facts of this entry have been erased.") == 2
    assert "dossier-seen" not in html


async def test_the_file_is_passed_on_byte_for_byte_under_the_number_of_the_request() -> None:
    client, gateway = _open(APPROVED, SEEN, SEEN)
    headers = {"Content-Disposition": 'attachment; filename="RNG-2026-000007.json"', "Content-Type": "application/json"}
    gateway.on_file("/approvals/r1/dossier", b'{ "as": "it came" }', headers)
    answer = await client.get("/approvals/-/dossiers/r1.json")
    assert answer.body == b'{ "as": "it came" }'
    assert answer.headers["content-disposition"] == 'attachment; filename="RNG-2026-000007.json"'
    assert answer.headers["cache-control"] == "no-store"


async def test_the_keys_are_shown_to_compare_and_can_be_taken_along() -> None:
    client, gateway = _open(APPROVED, SEEN, SEEN)
    gateway.on("GET", "/approvals/evidence-keys", {"keys": []})
    assert "署名鍵はまだありません" in text(await client.get("/approvals/evidence-keys"))
    [key] = fake_dossiers.keys()["keys"]
    old = key | {"kid": "evidence-old", "status": "RETIRED", "retiredAt": "2026-11-20T01:00:05Z"}
    gateway.on("GET", "/approvals/evidence-keys", {"keys": [key, old]})
    html = text(await client.get("/approvals/evidence-keys"))
    assert in_groups(key["fingerprint"]) in html
    assert (html.count("使用中"), "2026-11-20 10:00:05 JST" in html) == (1, True)
    gateway.on_file("/approvals/evidence-keys", b'{"keys": []}', {})
    answer = await client.get("/approvals/-/evidence-keys.json")
    assert (answer.body, answer.headers["content-disposition"]) == (
        *(b'{"keys": []}', 'attachment; filename="evidence-keys.json"'),
    )


async def test_an_auditor_takes_a_sample_with_the_filters_of_the_list() -> None:
    client, gateway = _open(APPROVED, SEEN, SEEN)
    gateway.on("GET", "/approvals", page())
    gateway.on("GET", "/approvals/counts", counts())
    assert 'href="/approvals/dossiers?q=zz&amp;state=APPROVED"' in text(
        await client.get("/approvals?tab=all&q=zz&state=APPROVED")
    )
    form = text(await client.get("/approvals/dossiers?q=zz&state=APPROVED"))
    assert 'value="zz"' in form
    assert '<option value="APPROVED" selected>' in form
    gateway.on_file("/approvals/dossiers", b"PK", {"Content-Disposition": 'attachment; filename="dossiers.zip"'})
    answer = await client.get("/approvals/-/dossiers.zip?q=&state=APPROVED&from=2026-04-01&until=2026-04-30")
    assert (answer.body, answer.headers["content-type"]) == (b"PK", "application/zip")
    [asked] = gateway.sent("GET", "/approvals/dossiers")
    assert dict(asked.query) == {"state": "APPROVED", "decidedAfter": "2026-04-01", "decidedBefore": "2026-05-01"}


async def test_a_sample_that_is_refused_leads_back_to_the_form_which_says_why() -> None:
    client, gateway = _open(APPROVED, SEEN, SEEN)
    gateway.on("GET", "/approvals/dossiers", {"code": "sample_too_large"}, status=422)
    answer = await client.get("/approvals/-/dossiers.zip?state=PENDING&until=soon")
    assert (answer.status, answer.headers["location"]) == (
        *(303, "/approvals/dossiers?state=PENDING&until=soon&refused=sample_too_large"),
    )
    html = text(await client.get(answer.headers["location"]))
    assert "1ファイルの上限を超えています" in html
    assert "入力内容を読み取れません" in text(await client.get("/approvals/dossiers?refused=unprocessable"))


@pytest.mark.parametrize(("role", "offered"), [("auditor", True), ("admin", True), ("manager", False), ("rep", False)])
async def test_only_who_may_take_samples_is_offered_one(role: str, offered: bool) -> None:
    build()
    client, gateway = browser(create_app(SETTINGS), "opportunity", role)
    gateway.on("GET", "/approvals", page())
    gateway.on("GET", "/approvals/counts", counts())
    assert ("/approvals/dossiers" in text(await client.get("/approvals?tab=all"))) is offered
