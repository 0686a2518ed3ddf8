"""How each route is asked so that only rights decide the answer: bodies are valid, writes are refused for a stale
version or a wrong state wherever that is looked at after the rights, and what a write uses up is made anew for it.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Final

from services.contracts.permissions import Role
from tests.rights.table import Entry, Outcome, Relation
from tests.rights.world import World, served
from tests.support.http import Answer, new_key
from tests.support.system import Caller

REFUSED_FOR_OTHER_REASONS: Final = frozenset({409, 412, 422, 428})
UNSEEN: Final = frozenset({"customer_unknown", "unknown_customer"})
"""Codes that say of a customer in a body what 404 says of one in a path."""
WRONG_CODE: Final = frozenset({"invalid_credentials", "totp_invalid", "challenge_invalid", "refresh_token_invalid"})
"""401 of somebody who was let in to say who they are, and said it wrong."""
STALE: Final = {"If_Match": '"999"'}
ALL: Final = "limit=200"

Verdict = Callable[[Answer], Outcome]


def verdict_of(answer: Answer) -> Outcome:
    """Raises AssertionError for an answer that is about something else: a server's error, a missing token."""
    if answer.status == 404:
        return Outcome.HIDDEN
    if answer.status == 403:
        return Outcome.FORBIDDEN
    problem = answer.json if "problem+json" in answer.headers.get("content-type", "") else {}
    if UNSEEN & {error["code"] for error in problem.get("errors", [])}:
        return Outcome.HIDDEN
    let_in = answer.status < 400 or answer.status in REFUSED_FOR_OTHER_REASONS or problem.get("code") in WRONG_CODE
    assert let_in, (answer.status, answer.body)
    return Outcome.LET_IN


@dataclass(frozen=True)
class Ask:
    path: str
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    verdict: Verdict = verdict_of
    token: str | None = None
    """Instead of the caller's own."""


@dataclass(frozen=True)
class Case:
    """One cell: whose thing the caller asks for."""

    world: World
    entry: Entry
    role: Role
    relation: Relation

    @property
    def caller(self) -> Caller:
        return self.world.callers[self.role]

    @property
    def expected(self) -> Outcome:
        return self.entry.expected(self.role, self.relation)

    @property
    def owner(self) -> Caller:
        return self.world.owner(self.role, self.relation)

    @property
    def approver(self) -> Caller:
        return self.world.approver(self.role, self.relation)

    @property
    def is_named(self) -> bool:
        """Whether it is about who is named in a request, not about who raised it."""
        return self.entry.section == "requests that name as their approver" or self.is_open

    @property
    def is_open(self) -> bool:
        """Whether it is about requests in which superiors may step in."""
        return self.entry.section == "requests open to the superiors of their approver"

    @property
    def customer(self) -> str:
        """The owner's; or the one of the request that names the approver."""
        return self.about_customer("customer")

    def about_customer(self, kind: str) -> str:
        """The owner's customer, meeting or task; or that of the request that names the approver."""
        named = self.entry.section == "customers of requests that name as their approver"
        found: str = self.world.of(f"named_{kind}", self.approver) if named else self.world.of(kind, self.owner)
        return found

    @property
    def request(self) -> str:
        kind, whose = ("named", self.approver) if self.is_named else ("raised", self.owner)
        kind = "open" if self.is_open else kind
        found: str = self.world.of(kind, whose)
        return found

    async def request_to_use_up(self) -> str:
        """A new one where the caller is expected to change it, or the next cell would find it changed."""
        if self.expected is not Outcome.LET_IN:
            return self.request
        if self.is_open:
            return await self.world.open_to_superiors(self.approver)
        if self.is_named:
            return await self.world.name_in_request(self.approver)
        return await self.world.raise_request(self.owner)

    async def outcome(self) -> Outcome:
        ask = await RECIPES[self.entry.operation](self)
        answer = await send(self.world, self.entry.method, ask, token=ask.token or self.caller.token)
        return ask.verdict(answer)


def listed(wanted: object, *way: str) -> Verdict:
    """For lists: hidden is what they leave out. ``way`` leads to what is compared, the id if left out."""

    def verdict(answer: Answer) -> Outcome:
        if answer.status != 200:
            return verdict_of(answer)
        found = []
        for item in answer.json["groups" if way and way[0] == "key" else "items"]:
            for step in way or ("id",):
                item = item and item[step]
            found.append(item)
        return Outcome.LET_IN if str(wanted) in found else Outcome.HIDDEN

    return verdict


Recipe = Callable[[Case], Awaitable[Ask]]
RECIPES: Final[dict[tuple[str, str], Recipe]] = {}


def asks(method: str, path: str) -> Callable[[Recipe], Recipe]:
    def remember(recipe: Recipe) -> Recipe:
        RECIPES[method, path] = recipe
        return recipe

    return remember


def simple(method: str, path: str, make: Callable[[Case], Ask]) -> None:
    async def recipe(case: Case) -> Ask:
        return make(case)

    RECIPES[method, path] = recipe


async def send(world: World, method: str, ask: Ask, *, token: str | None) -> Answer:
    """Through the gateway; of an answer that never ends only the beginning."""
    sent = {name.replace("_", "-"): value for name, value in ask.headers.items()}
    if token is not None:
        sent["Authorization"] = f"Bearer {token}"
    if method in ("POST", "PATCH"):
        sent["Idempotency-Key"] = new_key()
    session, url = world.system.session, f"{world.system.url}/api/v1{ask.path}"

    async def once() -> Answer:
        async with session.request(method, url, json=ask.body, headers=sent, allow_redirects=False) as response:
            answered = {name.lower(): value for name, value in response.headers.items()}
            endless = answered.get("content-type", "").startswith("text/event-stream")
            return Answer(response.status, answered, b"" if endless else await response.read())

    return await served(once)
