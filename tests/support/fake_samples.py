"""Audit samples as the stand-in for the gateway keeps them: really drawn and really signed, so that they verify."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from typing import Any

from starlette.responses import Response

from services.opportunity import chain, dossier, drawing
from services.opportunity.schemas.sample_sheet import SHEET_SCHEMA, SHEET_VERSION
from tests.support import fake_records as records
from tests.support.fake_answers import Ask, Json, problem
from tests.support.fake_dossiers import SIGNER

DECIDED = ("APPROVED", "REJECTED", "RECALLED", "CANCELLED")
CONDITIONS: Json = {"kinds": [], "states": [], "flags": [], "currency": None, "minAmount": None, "maxAmount": None}


class SampleAnswers:
    """A part of FakeGateway. `draw` is what a test does, the handlers what the API does."""

    approvals: dict[str, Json]
    history: dict[str, list[Json]]
    users: dict[str, Json]
    samples: dict[str, Json]
    _document: Callable[[Json, Json], Json]

    def reset_samples(self) -> None:
        self.samples = {}

    def add_decided(self, how_many: int) -> None:
        """Approved requests beside the two decided ones that are there."""
        usual = next(item for item in self.approvals.values() if item["state"] == "APPROVED")
        for number in range(300, 300 + how_many):
            own = {"id": records.uuid_of(f"approval {number}"), "number": f"RNG-2026-{number:06}"}
            item = usual | own | {"title": f"手数料の減額 {number}"}
            self.approvals[item["id"]], self.history[item["id"]] = item, records.history(item, self.users)

    def draw(self, by: str = "auditor", **body: Any) -> Json:
        """A sample by the beginning of somebody's address."""
        period = {"decidedFrom": "2020-01-01", "decidedTo": "2100-01-01"}
        whole = {"title": "抜取監査", "count": 3, "seed": "2026-Q4", "population": period} | body
        return self._drawn(records.by_email(self.users, by), whole)

    def assess(self, sample: Json, position: int, assessment: str, note: str = "", by: str = "auditor") -> None:
        self._say_of_sample(sample, sample["items"][position - 1], assessment, note, records.by_email(self.users, by))

    def sample_routes(self) -> list[tuple[str, str, Callable[..., Any]]]:
        one = "/audit-samples/{id}"
        return [
            ("GET", "/audit-samples", self._list_samples),
            ("POST", "/audit-samples", self._draw_sample),
            ("GET", one, lambda ask: self._shown_sample(self._sample_of(ask))),
            ("GET", f"{one}/items", self._list_items),
            ("GET", f"{one}/items/{{position}}", lambda ask: self._shown_sample_item(self._item(ask), whole=True)),
            ("PUT", f"{one}/items/{{position}}", self._assess),
            ("POST", f"{one}/close", self._close),
            ("GET", f"{one}/sheet", self._sheet),
            ("GET", f"{one}/export", self._export),
        ]

    def _draw_sample(self, ask: Ask) -> Json:
        return self._shown_sample(self._drawn(ask.user, ask.body))

    def _sample_of(self, ask: Ask) -> Json:
        return self.samples[ask.request.path_params["id"]]

    def _item(self, ask: Ask) -> Json:
        found: Json = self._sample_of(ask)["items"][int(ask.request.path_params["position"]) - 1]
        return found

    def _drawn(self, by: Json, body: Json) -> Json:
        wanted = body["population"].get("states") or DECIDED
        numbers = {item["number"]: item["id"] for item in self.approvals.values() if item["state"] in wanted}
        seed = body.get("seed") or drawing.new_seed()
        drawn = drawing.draw(seed, numbers, body["count"])
        sample = {
            "id": records.uuid_of(f"sample {len(self.samples)}"),
            "title": body["title"],
            "population": CONDITIONS | body["population"],
            "seed": seed,
            "seedGiven": bool(body.get("seed")),
            "count": body["count"],
            "numbers": sorted(numbers),
            "previousId": body.get("previousId"),
            "drawnAt": records.iso(),
            "drawnBy": by,
            "version": 1,
            "closing": None,
            "items": [
                {"position": place, "approvalId": numbers[number], "number": number, "said": []}
                for place, number in enumerate(drawn, start=1)
            ],
        }
        self.samples[sample["id"]] = sample
        return sample

    def _shown_sample(self, sample: Json) -> Json:
        said = [self._shown_sample_item(item)["assessment"] for item in sample["items"]]
        names = {"open": "OPEN", "noFinding": "NO_FINDING", "finding": "FINDING", "notApplicable": "NOT_APPLICABLE"}
        closing, previous = sample["closing"], self.samples.get(sample["previousId"] or "")
        listed = drawing.listing(sample["numbers"])
        same = ("id", "title", "population", "seed", "seedGiven", "count", "previousId", "drawnAt", "version")
        return {name: sample[name] for name in same} | {
            "state": "OPEN" if closing is None else "CLOSED",
            "progress": {"total": len(said)} | {name: said.count(value) for name, value in names.items()},
            "drawnById": sample["drawnBy"]["id"],
            "drawnByName": sample["drawnBy"]["name"],
            "populationSize": len(sample["numbers"]),
            "populationSha256": drawing.digest(listed),
            "algorithm": drawing.ALGORITHM,
            "previousTitle": previous and previous["title"],
            "closedAt": closing and closing["at"],
            "closedById": closing and closing["byId"],
            "closedByName": closing and self.users_by_id()[closing["byId"]]["name"],
            "result": closing and closing["result"],
        }

    def users_by_id(self) -> dict[str, Json]:
        return {user["id"]: user for user in self.users.values()}

    def _shown_sample_item(self, item: Json, *, whole: bool = False) -> Json:
        approval = self.approvals[item["approvalId"]]
        names = self.users_by_id()
        history = [
            {"version": one["version"], "assessment": one["assessment"], "note": one["note"], "assessedAt": one["at"]}
            | {"assessedById": one["byId"], "assessedByName": names[one["byId"]]["name"]}
            for one in item["said"]
        ]
        nobody = dict.fromkeys(("assessedAt", "assessedById", "assessedByName"))
        last = history[-1] if history else nobody | {"version": 0, "assessment": "OPEN", "note": ""}
        shown = {name: approval[name] for name in ("number", "title", "kind", "state", "amount", "currency")}
        shown |= {"position": item["position"], "approvalId": item["approvalId"], "decidedAt": records.iso(-48)} | last
        return shown | {"history": history} if whole else shown

    def _list_samples(self, _ask: Ask) -> Json:
        return {"items": [self._shown_sample(one) for one in reversed(self.samples.values())], "nextCursor": None}

    def _list_items(self, ask: Ask) -> Json:
        return {"items": [self._shown_sample_item(item) for item in self._sample_of(ask)["items"]], "nextCursor": None}

    def _assess(self, ask: Ask) -> Any:
        sample, item = self._sample_of(ask), self._item(ask)
        version = len(item["said"])
        if sample["closing"] is not None:
            return problem(409, "sample_closed", "この監査サンプルは完了しています")
        if ask.request.headers.get("if-match") != f'"{version}"':
            last = item["said"][-1]
            told = {"currentVersion": version, "changedBy": last["byId"], "changedAt": last["at"]}
            return problem(412, "precondition_failed", "ほかの人が先に変更しました", **told)
        self._say_of_sample(sample, item, ask.body["assessment"], ask.body["note"], ask.user)
        return self._shown_sample_item(item, whole=True)

    def _say_of_sample(self, sample: Json, item: Json, assessment: str, note: str, by: Json) -> None:
        said = {"version": len(item["said"]) + 1, "assessment": assessment, "note": note}
        item["said"].append(said | {"at": records.iso(), "byId": by["id"]})
        sample["version"] += 1

    def _close(self, ask: Ask) -> Any:
        sample = self._sample_of(ask)
        if ask.request.headers.get("if-match") != f'"{sample["version"]}"':
            return problem(412, "precondition_failed", "ほかの人が先に変更しました", currentVersion=sample["version"])
        sample["closing"] = {"at": records.iso(), "byId": ask.user["id"], "result": ask.body["result"]}
        return self._shown_sample(sample)

    def _signed(self, sample: Json, user: Json, dossiers: list[Json]) -> bytes:
        shown = self._shown_sample(sample)
        facts = ("population", "populationSize", "populationSha256", "algorithm", "seed", "seedGiven", "count")
        involved = {shown["drawnById"], *(one["byId"] for item in sample["items"] for one in item["said"])}
        involved |= {shown["closedById"]} - {None}
        record = {name: shown[name] for name in ("id", "title", "previousId", "state")} | {
            "drawing": {name: shown[name] for name in facts} | {"at": shown["drawnAt"], "byId": shown["drawnById"]},
            "items": [
                {name: item[name] for name in ("position", "approvalId", "number")} | {"assessments": item["said"]}
                for item in sample["items"]
            ],
            "closing": sample["closing"],
            "people": {who: self.users_by_id()[who]["name"] for who in sorted(involved)},
        }
        made = {"at": records.iso(), "forId": user["id"], "forName": user["name"], "dossiers": dossiers}
        return chain.canonical(dossier.sign(record, made, SIGNER, schema=SHEET_SCHEMA, version=SHEET_VERSION))

    def _sheet(self, ask: Ask) -> Response:
        return Response(self._signed(self._sample_of(ask), ask.user, []), media_type="application/json")

    def _export(self, ask: Ask) -> Response:
        sample, buffer, dossiers = self._sample_of(ask), io.BytesIO(), []
        with zipfile.ZipFile(buffer, "w") as archive:
            for item in sample["items"]:
                document = self._document(self.approvals[item["approvalId"]], ask.user)
                file = f"dossiers/{item['number']}.json"
                dossiers.append({"number": item["number"], "file": file, "recordSha256": document["recordSha256"]})
                archive.writestr(file, chain.canonical(document))
            archive.writestr("sample.json", self._signed(sample, ask.user, dossiers))
            archive.writestr("population.txt", drawing.listing(sample["numbers"]))
        headers = {"Content-Disposition": f'attachment; filename="audit-sample-{sample["id"]}.zip"'}
        return Response(buffer.getvalue(), media_type="application/zip", headers=headers)
