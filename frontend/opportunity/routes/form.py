"""The form of a route: what stands in it, its stages, and what of it is sent. Times are the office's."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from typing import Any, ClassVar, Self

from starlette.datastructures import FormData

from frontend.opportunity.routes import words as route_words
from frontend.opportunity.routes.views import RouteContent, RouteStage
from frontend.opportunity.words import kind_text
from frontend.ui.amounts import AmountRefused, parse_amount
from frontend.ui.drafts import Draft
from frontend.ui.formats import YEN, Amount, figures, whole
from frontend.ui.gateway import GatewayProblem, Json
from frontend.ui.i18n import gettext
from frontend.ui.people import People
from frontend.ui.profile_words import risks
from frontend.ui.time_zone import day_and_clock, office_time

MAX_STAGES = 10
START_OF_DAY = "00:00"
_ONE = ("name", "mode", "quorum", "hours", "escalate", "escalateBy", "stepIn", "viewWhen")
_SEVERAL = ("approvers", "resolvers", "business", "viewers", "reviewers")
_AT_STAGE = re.compile(r"(?:/draft/route)?/stages/(\d+)(?:/(\w+))?.*")
_STAGE_PLACES = {
    "approverIds": "approvers",
    "deadlineHours": "hours",
    "escalateTo": "escalate",
    "escalateToResolver": "escalateBy",
    "viewerIds": "viewers",
    "reviewerIds": "reviewers",
}
_ADDERS = {"add": "approvers", "addViewer": "viewers", "addReviewer": "reviewers", "addHead": "resolvers"}
"""By the input that adds somebody, the list that they join."""
_STEP = re.compile(r"(remove|up|down|person)-(\d+)")
_WHOLE = re.compile(r"-?\d{1,6}")


def at(position: int, name: str) -> str:
    """The input of a stage."""
    return f"s{position}_{name}"


_STAGE_INPUTS = tuple(at(position, name) for position in range(MAX_STAGES) for name in (*_ONE, *_SEVERAL))


@dataclass(slots=True)
class RouteDraft(Draft):
    """A route's next version, or a planned one. `stageCount` stages stand in the form; what lies beyond is none."""

    PARTS: ClassVar = {
        "name": ("name",),
        "kind": ("kind",),
        "amounts": ("minAmount", "maxAmount", "currency"),
        "minAge": ("minAge",),
        "riskTolerances": ("riskTolerances",),
        "priority": ("priority",),
        "active": ("active",),
        "stages": ("stageCount", *_STAGE_INPUTS),
        "valid": ("validDay", "validClock"),
        "note": ("note",),
    }
    TEXTS: ClassVar = frozenset({"note"})
    LISTS: ClassVar = frozenset(
        {"riskTolerances", "active", *(at(position, name) for position in range(MAX_STAGES) for name in _SEVERAL)}
    )
    PLACES: ClassVar = {"": "minAmount", "validFrom": "validDay"}

    focus: str = field(default="")
    """The input to go on with, after a stage was added or moved."""

    @classmethod
    def from_form(cls, form: FormData) -> Self:
        """Who was chosen in "add somebody" counts, whichever button was pressed."""
        draft = super(RouteDraft, cls).from_form(form)
        for position in range(draft.stage_count):
            for adder, name in _ADDERS.items():
                chosen = str(form.get(at(position, adder), "")).strip()
                if chosen and chosen not in draft.all(at(position, name)):
                    draft.inputs[at(position, name)] = tuple(sorted([*draft.all(at(position, name)), chosen]))
        return draft

    @classmethod
    def blank(cls) -> Self:
        draft = cls(inputs={"currency": (YEN,), "priority": ("0",), "active": ("1",), "stageCount": ("1",)})
        draft.inputs[at(0, "mode")] = ("ANY",)
        return draft

    @classmethod
    def rendered(cls, record: Json) -> Mapping[str, Sequence[str]]:
        """Of a version that is planned its instant and note too; the next version of what counts has its own."""
        route = RouteContent.model_validate(record)
        planned = "routeId" in record
        day, clock = day_and_clock(route.valid_from) if planned else ("", "")
        shown: dict[str, Sequence[str]] = {
            "name": [route.name],
            "kind": [route.kind or ""],
            "minAmount": ["" if route.min_amount is None else figures(route.min_amount, route.currency)],
            "maxAmount": ["" if route.max_amount is None else figures(route.max_amount, route.currency)],
            "currency": [route.currency],
            "minAge": ["" if route.min_age is None else str(route.min_age)],
            "riskTolerances": route.risk_tolerances,
            "priority": [str(route.priority)],
            "active": ["1"] if route.active else [],
            "stageCount": [str(len(route.stages))],
            "validDay": [day],
            "validClock": [clock],
            "note": [route.note if planned else ""],
        }
        shown |= {name: [] for name in _STAGE_INPUTS}
        for position, stage in enumerate(route.stages[:MAX_STAGES]):
            shown |= {at(position, name): values for name, values in _stage_inputs(stage).items()}
        return shown

    @property
    def stage_count(self) -> int:
        return min(max(whole(self.get("stageCount")) or 1, 1), MAX_STAGES)

    @property
    def positions(self) -> range:
        return range(self.stage_count)

    def step(self) -> bool:
        """A stage added, removed or moved, or somebody added, if that was the button."""
        if self.action == "add":
            self._add()
            return True
        found = _STEP.fullmatch(self.action)
        if found is None:
            return False
        step, position = found[1], int(found[2])
        stages = [self._values(one) for one in self.positions]
        if step == "person":
            self.focus = at(position, "add")
            return True
        if position >= len(stages):
            return True
        if step == "remove" and len(stages) > 1:
            del stages[position]
            position = min(position, len(stages) - 1)
        elif step in {"up", "down"}:
            other = position + (1 if step == "down" else -1)
            if 0 <= other < len(stages):
                stages[position], stages[other] = stages[other], stages[position]
                position = other
        self._put(stages)
        self.focus = at(position, "name")
        return True

    def _add(self) -> None:
        stages = [self._values(one) for one in self.positions]
        if len(stages) < MAX_STAGES:
            stages.append({"mode": ("ANY",)})
        self._put(stages)
        self.focus = at(len(stages) - 1, "name")

    def _values(self, position: int) -> dict[str, tuple[str, ...]]:
        return {name: self.inputs.get(at(position, name), ()) for name in (*_ONE, *_SEVERAL)}

    def _put(self, stages: Sequence[Mapping[str, tuple[str, ...]]]) -> None:
        for position in range(MAX_STAGES):
            values = stages[position] if position < len(stages) else {}
            self.inputs |= {at(position, name): values.get(name, ()) for name in (*_ONE, *_SEVERAL)}
        self.inputs["stageCount"] = (str(len(stages)),)

    def check(self) -> bool:
        """Fill `problems` with what can be told without asking the server."""
        checked = self.checked
        if "name" in checked and not self.get("name"):
            self.problems["name"] = gettext("Give the route a name.")
        if "amounts" in checked:
            for name in ("minAmount", "maxAmount"):
                self._check_amount(name)
        whole_numbers = [name for name in ("minAge", "priority") if name in checked]
        if "stages" in checked:
            for position in self.positions:
                if not self.get(at(position, "name")):
                    self.problems[at(position, "name")] = gettext("Give the stage a name.")
                whole_numbers += [at(position, "quorum"), at(position, "hours")]
        for name in whole_numbers:
            if self.get(name) and not _WHOLE.fullmatch(self.get(name)):
                self.problems[name] = gettext("Enter a whole number.")
        if "valid" in checked and self.get("validDay") and self._valid_from() is None:
            self.problems["validDay"] = gettext("Enter day and time.")
        return not self.problems

    def _check_amount(self, name: str) -> None:
        try:
            self._amount(name)
        except AmountRefused as refused:
            self.problems[name] = str(refused)

    def _amount(self, name: str) -> Amount | None:
        return parse_amount(self.get(name), self.get("currency") or YEN) if self.get(name) else None

    def _valid_from(self) -> str | None:
        moment = office_time(self.get("validDay"), self.get("validClock") or START_OF_DAY)
        return moment.isoformat() if moment else None

    def change(self, parts: Set[str], record: Json | None = None, /) -> dict[str, Any]:
        """As the API takes it: the content whole, with what nobody touched as the record has it."""
        body = self.content(parts, record)
        planned = record if record is not None and "routeId" in record else {}
        body["validFrom"] = self._valid_from() if "valid" in parts or not planned else planned["validFrom"]
        body["note"] = (self.block("note") or "") if "note" in parts or not planned else planned["note"]
        return body

    def content(self, parts: Set[str], record: Json | None = None, /) -> dict[str, Any]:
        """Without the time and the note, as trials and simulations take it."""
        before = record or {}
        mine: dict[str, dict[str, Any]] = {
            "name": {"name": self.get("name")},
            "kind": {"kind": self.get("kind") or None},
            "amounts": {"currency": self.get("currency") or YEN},
            "minAge": {"minAge": _int(self.get("minAge"))},
            "riskTolerances": {"riskTolerances": self.listed("riskTolerances", before.get("riskTolerances", ()))},
            "priority": {"priority": _int(self.get("priority")) or 0},
            "active": {"active": bool(self.all("active"))},
            "stages": {"stages": self._stages(before.get("stages", ()))},
        }
        if "amounts" in parts:
            mine["amounts"] |= {name: self._amount(name) for name in ("minAmount", "maxAmount")}
        body: dict[str, Any] = {}
        for part, values in mine.items():
            names = ("minAmount", "maxAmount", "currency") if part == "amounts" else (part,)
            body |= values if part in parts or not before else {name: before[name] for name in names}
        return body

    def _stages(self, before: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        return [
            self._stage(position, before[position] if position < len(before) else {}) for position in self.positions
        ]

    def _stage(self, position: int, before: Mapping[str, Any]) -> dict[str, Any]:
        def one(name: str) -> str:
            return self.get(at(position, name))

        def several(name: str, member: str) -> list[str]:
            return self.listed(at(position, name), before.get(member, ()))

        quorum = _int(one("quorum")) if one("mode") == "QUORUM" else None
        return {
            "name": one("name"),
            "approverIds": several("approvers", "approverIds"),
            "resolvers": several("resolvers", "resolvers"),
            "mode": one("mode") or "ANY",
            "quorum": quorum,
            "deadlineHours": _int(one("hours")),
            "businessDays": bool(self.all(at(position, "business"))),
            "escalateTo": one("escalate") or None,
            "escalateToResolver": one("escalateBy") or None,
            "stepIn": one("stepIn") or "NEVER",
            "viewerIds": several("viewers", "viewerIds"),
            "viewWhen": one("viewWhen") or "STAGE",
            "reviewerIds": several("reviewers", "reviewerIds"),
        }

    def explain(self, problem: GatewayProblem) -> None:
        """What is wrong with a stage stands at its own input."""
        Draft.explain(self, problem)
        for pointer, message in problem.pointed_errors:
            found = _AT_STAGE.fullmatch(pointer)
            if found:
                name = _STAGE_PLACES.get(found[2] or "name", found[2] or "name")
                self.problems.setdefault(at(int(found[1]), name), message)

    def people(self) -> Iterable[str]:
        """Everybody who stands in the form."""
        for position in self.positions:
            yield from self.all(at(position, "approvers"))
            yield from self.all(at(position, "viewers"))
            yield from self.all(at(position, "reviewers"))
            yield self.get(at(position, "escalate"))

    def shown(self, part: str, known: People) -> str:
        """A part as a person reads it."""
        match part:
            case "kind":
                return kind_text(self.get(part))
            case "amounts":
                return f"{self.get('minAmount')} – {self.get('maxAmount')} {self.get('currency')}"
            case "riskTolerances":
                return ", ".join(risks().get(risk, risk) for risk in self.all(part))
            case "active":
                return gettext("yes") if self.all(part) else gettext("no")
            case "valid":
                return f"{self.get('validDay')} {self.get('validClock')}".strip()
            case "stages":
                stages = [RouteStage.model_validate(stage) for stage in self._stages(())]
                return " → ".join(route_words.stage_text(stage, known) for stage in stages)
            case _:
                return self.get(part)


def _int(text: str) -> int | None:
    return int(text) if _WHOLE.fullmatch(text) else None


def _stage_inputs(stage: RouteStage) -> dict[str, Sequence[str]]:
    return {
        "name": [stage.name],
        "approvers": stage.approver_ids,
        "resolvers": stage.resolvers,
        "mode": [stage.mode],
        "quorum": ["" if stage.quorum is None else str(stage.quorum)],
        "hours": ["" if stage.deadline_hours is None else str(stage.deadline_hours)],
        "business": ["1"] if stage.business_days else [],
        "escalate": [stage.escalate_to or ""],
        "escalateBy": [stage.escalate_to_resolver or ""],
        "stepIn": [stage.step_in],
        "viewers": stage.viewer_ids,
        "viewWhen": [stage.view_when],
        "reviewers": stage.reviewer_ids,
    }
