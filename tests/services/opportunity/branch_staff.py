"""Who works in the simulated branch, and the routes that its administrator keeps."""

import random
from collections import Counter
from datetime import UTC, date, datetime, time
from typing import Any, Final
from uuid import UUID

from services.kit.running import clock
from services.opportunity.business_time import TOKYO
from tests.services.opportunity.world import Person, World, plain

FIRST_DAY: Final = date(2026, 4, 1)
SECTIONS: Final = 10
APPROVERS: Final = 24
PEOPLE: Final = 300
LARGE: Final = 1_000_000
"""From here on the large route is taken, in yen."""
LARGEST: Final = 10_000_000


class Staff:
    def __init__(self, world: World, seed: int) -> None:
        self.world = world
        self.dice = random.Random(seed)  # noqa: S311 - it plays people
        self.gone: set[UUID] = set()
        self.suspended: set[UUID] = set()
        self.successors: dict[UUID, UUID] = {}
        self.named: list[tuple[date, list[set[UUID]]]] = []
        """By the routes, from a day on: for small, large and the largest requests."""
        self.roles: dict[UUID, tuple[str, ...]] = {}
        self.order: dict[UUID, int] = {}
        """Ids differ from run to run; the order in which people joined does not."""
        self.done: Counter[str] = Counter()

    async def open(self) -> None:
        self.admin = await self._join("admin")
        self.head = await self._join("manager", name="支店長")
        self.leaders = [await self._join("manager", manager=self.head) for _ in range(SECTIONS)]
        self.approvers = [await self._join("approver", manager=self.head) for _ in range(APPROVERS)]
        staff = PEOPLE - 2 - SECTIONS - APPROVERS
        self.reps = [await self._join("rep", manager=self.leaders[number % SECTIONS]) for number in range(staff)]
        groups = self._groups(self.approvers, FIRST_DAY)
        self.small = await self._route("少額", self._small(groups[0]), maxAmount=LARGE)
        self.large = await self._route("高額", self._large(groups[1]), minAmount=LARGE, maxAmount=LARGEST)
        self.largest = await self._route("特別", self._largest(groups[2]), minAmount=LARGEST)

    def _present(self) -> list[Person]:
        return [person for person in self.approvers if person.id not in self.gone | self.suspended]

    def _groups(self, people: list[Person], since: date) -> tuple[list[Person], list[Person], list[Person]]:
        """Who decides on small, large and the largest requests from a day on."""
        groups = people[:4], people[4:8], people[8:14]
        self.named.append((since, [{person.id for person in group} for group in groups]))
        return groups

    def may_be_named(self, amount: int) -> set[UUID]:
        """Everybody whom the routes of today may ask beside the requester's own leader and the head."""
        today = clock.now().astimezone(TOKYO).date()
        groups = [groups for since, groups in self.named if since <= today][-1]
        named = groups[0 if amount < LARGE else 1 if amount < LARGEST else 2]
        return {self._successor(user_id) for user_id in named}

    def _named_now(self) -> set[UUID]:
        """By the routes of today, or by those that are planned."""
        today = clock.now().astimezone(TOKYO).date()
        first = max(number for number, (since, _) in enumerate(self.named) if since <= today)
        counting = (group for _, groups in self.named[first:] for group in groups)
        return {self._successor(user_id) for group in counting for user_id in group}

    def _successor(self, user_id: UUID) -> UUID:
        while user_id in self.successors:
            user_id = self.successors[user_id]
        return user_id

    async def _join(self, role: str, *, name: str = "佐藤 健", manager: Person | None = None) -> Person:
        person = await self.world.person(role, name=name, manager=manager)
        self.roles[person.id] = (role,)
        self.order[person.id] = len(self.order)
        return person

    def _small(self, people: list[Person]) -> list[dict[str, Any]]:
        return [
            _stage("上長", resolvers=["MANAGER_OF_REQUESTER"], hours=24, escalate=self.head),
            _stage("審査", people, hours=24, escalate=self.head),
        ]

    def _large(self, people: list[Person]) -> list[dict[str, Any]]:
        return [
            _stage("上長", resolvers=["MANAGER_OF_REQUESTER"], hours=24, escalate=self.head),
            _stage("合議", people[:2], mode="ALL", hours=48, escalate=people[3]),
            _stage("審査", people[1:3], hours=72, business=False, escalate=self.head),
        ]

    def _largest(self, people: list[Person]) -> list[dict[str, Any]]:
        return [
            _stage("委員会", people[:5], mode="QUORUM", quorum=3, hours=72, escalate=people[5]),
            _stage("支店長", [self.head], hours=48),
        ]

    async def _route(self, name: str, stages: list[dict[str, Any]], **limits: int) -> dict[str, Any]:
        body = {"name": name, "stages": stages, **limits}
        answer = await self.world.client.post("/approval-routes", plain(body), token=self._token(self.admin))
        assert answer.status == 201, answer.json
        return {"id": answer.json["id"], **body}

    def _token(self, person: Person) -> str:
        return self.world.renewed(person, *self.roles[person.id]).token

    async def reorganise(self, day: date) -> None:
        """Other people decide from the beginning of ``day`` on; planned beforehand."""
        at = datetime.combine(day, time(), TOKYO).astimezone(UTC)
        staying = self._present()
        self.dice.shuffle(staying)
        groups = self._groups(staying, day)
        for route, stages in (
            (self.small, self._small(groups[0])),
            (self.large, self._large(groups[1])),
            (self.largest, self._largest(groups[2])),
        ):
            token = self._token(self.admin)
            path = f"/approval-routes/{route['id']}"
            present = await self.world.client.get(path, token=token)
            body = {name: value for name, value in route.items() if name != "id"}
            body |= {"stages": stages, "validFrom": at, "note": "組織変更"}
            answer = await self.world.client.put(path, plain(body), token=token, if_match=present.json["version"])
            assert answer.status == 200, answer.json
        self.done["reorganised"] += 1


def _stage(
    name: str,
    people: list[Person] | None = None,
    *,
    hours: int,
    resolvers: list[str] | None = None,
    mode: str = "ANY",
    quorum: int | None = None,
    business: bool = True,
    escalate: Person | None = None,
) -> dict[str, Any]:
    return {
        "name": name,
        "approverIds": [person.id for person in people or []],
        "resolvers": resolvers or [],
        "mode": mode,
        "quorum": quorum,
        "deadlineHours": hours,
        "businessDays": business,
        "escalateTo": None if escalate is None else escalate.id,
    }
