"""A branch of 300 people through a fiscal year of simulated time: what they do day by day, drawn from a seed.

Nobody waits for real time. Commands are carried out on the rows, as the steps of the workflow do it, and the timers of
stages are heard at the instant at which the workflow would hear them.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final
from uuid import UUID, uuid4

from temporalio.service import RPCError, RPCStatusCode

from activities.opportunity.handlers import OpportunityActivities
from services.contracts.processes import (
    UPDATE_ADD_APPROVER,
    UPDATE_DECIDE,
    UPDATE_REASSIGN,
    UPDATE_RECALL,
    UPDATE_RESUBMIT,
    UPDATE_TAKE_BACK,
    AddApproverCommand,
    ApprovalCommand,
    ApprovalInput,
    ApprovalOutcome,
    DecideCommand,
    Decision,
    ReassignCommand,
    RecallCommand,
    ResubmitCommand,
    TakeBackCommand,
)
from services.contracts.steps import ProcessStep, ReassignStep
from services.kit.errors import ProblemError
from services.kit.running import clock
from services.kit.running.ids import new_id
from services.opportunity.business_calendar import JAPAN
from services.opportunity.business_time import TOKYO
from services.opportunity.references import References
from services.opportunity.service import commands, comments, shortage
from tests.services.opportunity.branch_staff import FIRST_DAY, LARGE, LARGEST, Staff
from tests.services.opportunity.world import Person, World, plain

LAST_DAY: Final = date(2027, 3, 31)
ROUNDS: Final = (time(10), time(13), time(17))
"""When people look at their inboxes (Asia/Tokyo)."""
LOOK_AHEAD: Final = timedelta(days=2)
"""More than a reminder is before its deadline."""


class ForgottenWorkflows:
    """A Temporal server that has lost all workflows: processes go on with the rows alone."""

    def get_workflow_handle(self, _workflow_id: str) -> "ForgottenWorkflows":
        return self

    async def execute_update(self, *_args: Any, **_options: Any) -> Any:
        raise RPCError("workflow not found", RPCStatusCode.NOT_FOUND, b"")


@dataclass
class Absence:
    who: Person
    proxy: Person
    starts_at: datetime
    ends_at: datetime
    takes_waiting: bool


@dataclass(frozen=True)
class Seen:
    """A request as it stood after something was done with it."""

    at: datetime
    state: str
    stage: int
    deadline_at: datetime | None
    hours: int
    business: bool
    anew: bool
    """A stage was added in front of the present one, so that the time of another one runs from here on."""


class Branch(Staff):
    def __init__(self, world: World, seed: int) -> None:
        super().__init__(world, seed)
        self.steps = OpportunityActivities(
            world.db,
            References(world.db, world.client.kit.internal),
            ForgottenWorkflows(),  # type: ignore[arg-type]
        )
        self.absences: list[Absence] = []
        self.seen: dict[UUID, list[Seen]] = {}

    # What people do -------------------------------------------------------------------------------

    async def submit(self) -> None:
        requester = self.dice.choice([person for person in self.reps if person.id not in self.gone])
        amount = self.dice.choice([50_000, 300_000, LARGE, 4_000_000, LARGEST, 90_000_000])
        body = self._content(amount)
        answer = await self.world.client.post("/approvals", body, token=self._token(requester), key=str(uuid4()))
        assert answer.status == 201, answer.json
        asked = {UUID(user_id) for stage in answer.json["stages"] for user_id in stage["approverIds"]}
        own = {person.id for person in (self.head, *self.leaders)}
        assert asked <= self.may_be_named(amount) | own, "the version of a route that counts today"
        assert not asked & self.gone
        await self._note(UUID(answer.json["id"]))
        self.done["submitted"] += 1

    @staticmethod
    def _content(amount: int) -> dict[str, Any]:
        return {"kind": "OTHER", "title": "設備の購入", "amount": amount}

    async def plan_absence(self) -> None:
        """Of an approver or a leader, from tomorrow on, never of two who stand in for each other."""
        busy = {person.id for absence in self.absences for person in (absence.who, absence.proxy)}
        free = [person for person in (*self._present(), *self.leaders) if person.id not in busy]
        who, proxy = self.dice.sample(free, 2)
        starts_at = clock.now() + timedelta(hours=self.dice.randint(1, 48))
        ends_at = starts_at + timedelta(days=self.dice.randint(2, 12))
        takes_waiting = self.dice.random() < 0.7
        body = {"toId": proxy.id, "startsAt": starts_at, "endsAt": ends_at, "takesWaiting": takes_waiting}
        answer = await self.world.client.post("/proxies", plain(body), token=self._token(who))
        assert answer.status == 201, answer.json
        self.absences.append(Absence(who, proxy, starts_at, ends_at, takes_waiting))
        self.done["absences"] += 1

    def away(self, user_id: UUID) -> Absence | None:
        now = clock.now()
        return next((a for a in self.absences if a.who.id == user_id and a.starts_at <= now < a.ends_at), None)

    async def look_at_inboxes(self) -> None:
        """Whoever is there decides most of what waits for them, in their own place or for who is away."""
        now = clock.now()
        self.absences = [absence for absence in self.absences if absence.ends_at > now]
        waiting = await self.world.rows(
            "SELECT w.approval_id, w.approver_id, w.since, a.number FROM approval_waiting w"
            " JOIN approvals a ON a.id = w.approval_id"
        )
        for row in sorted(waiting, key=lambda row: (row["number"], self.order[row["approver_id"]])):
            absence = self.away(row["approver_id"])
            actor: UUID = row["approver_id"]
            if absence is not None:
                if not absence.takes_waiting and row["since"] < absence.starts_at:
                    continue
                actor = absence.proxy.id
            if self.dice.random() < 0.55 and actor not in self.suspended:
                await self.decide(row["approval_id"], actor)

    async def decide(self, approval_id: UUID, actor: UUID) -> None:
        drawn = self.dice.random()
        if drawn < 0.03:
            await self._add_approver(approval_id, actor)
            return
        decision = Decision.APPROVE if drawn < 0.86 else Decision.RETURN if drawn < 0.97 else Decision.REJECT
        given = await self._command(
            UPDATE_DECIDE, DecideCommand, approval_id, actor, decision=decision, why=decision is not Decision.APPROVE
        )
        if given and decision is Decision.APPROVE and self.dice.random() < 0.04:
            await self._command(UPDATE_TAKE_BACK, TakeBackCommand, approval_id, actor)

    async def _add_approver(self, approval_id: UUID, actor: UUID) -> None:
        added = self.dice.choice(self._present())
        before = self.dice.random() < 0.5
        await self._command(
            UPDATE_ADD_APPROVER, AddApproverCommand, approval_id, actor, user_id=added.id, before=before
        )

    async def answer_returns(self) -> None:
        """Owners ask again, some of them for less, or give up."""
        returned = await self.world.rows(
            "SELECT id, owner_id, version, amount FROM approvals WHERE state = 'RETURNED' ORDER BY number"
        )
        for row in returned:
            drawn = self.dice.random()
            if drawn < 0.08:
                await self._command(UPDATE_RECALL, RecallCommand, row["id"], row["owner_id"])
            elif drawn < 0.4:
                if self.dice.random() < 0.3:
                    await self._lower_amount(row)
                await self._command(UPDATE_RESUBMIT, ResubmitCommand, row["id"], row["owner_id"])

    async def _lower_amount(self, row: dict[str, Any]) -> None:
        owner = Person(row["owner_id"], "", "")
        answer = await self.world.client.put(
            f"/approvals/{row['id']}",
            self._content(row["amount"] // 2),
            token=self._token(owner),
            if_match=row["version"],
        )
        assert answer.status == 200, answer.json

    async def _command(
        self,
        update: str,
        kind: type[ApprovalCommand],
        approval_id: UUID,
        actor: UUID,
        *,
        why: bool = False,
        **terms: Any,
    ) -> ApprovalOutcome | None:
        """What a person asks for; None where a rule refuses it (they were outrun, or have voted)."""
        comment_id = None
        if why:
            comment_id = new_id()
            async with self.world.db.transaction(self.world.system) as uow:
                await comments.keep_with_command(
                    uow, comment_id=comment_id, approval_id=approval_id, author_id=actor, body="確認してください"
                )
        command = kind.model_validate(
            {
                "approval_id": approval_id,
                "actor_id": actor,
                "actor_roles": list(self.roles[actor]),
                "command_key": str(uuid4()),
                "comment_ref": comment_id,
                **terms,
            }
        )
        try:
            outcome = await commands.once(self.world.db, update, command)
        except ProblemError:
            self.done[f"{update} refused"] += 1
            return None
        self.done[update] += 1
        await self._note(approval_id, anew=terms.get("before", False))
        return outcome

    async def leave(self, leaver: Person) -> None:
        """The steps of the process that deletes a user, in its order. Whoever takes over is named by no route yet, so
        that no stage of a route loses a place."""
        peers = self.reps if leaver in self.reps else self.approvers
        free = [peer for peer in peers if peer.id not in self._named_now() | self.gone and peer is not leaver]
        successor = self.dice.choice(free)
        process = {"process_id": new_id(), "resource_id": leaver.id, "actor_id": self.admin.id}
        step = ReassignStep.model_validate(process | {"successor_id": successor.id})
        await self.world.run(self.steps.fence_user, step)
        moved = await self.world.run(self.steps.reassign_approvals, step)
        assert moved.remaining == 0
        swept = await self.world.run(self.steps.sweep_user, ProcessStep.model_validate(process))
        assert swept.found == 0
        async with self.world.db.transaction(self.world.system) as uow:
            await uow.execute(
                "UPDATE user_copies SET state = 'DELETED', blocked_by_process = NULL WHERE id = %s", [leaver.id]
            )
        self.gone.add(leaver.id)
        self.successors[leaver.id] = successor.id
        self.absences = [absence for absence in self.absences if leaver not in (absence.who, absence.proxy)]
        await self._note_all()
        self.done["left"] += 1

    async def suspend_former_approvers(self) -> None:
        """Those whom the routes asked about large requests until the last reorganisation; what they have not decided
        waits for nobody then."""
        before = self.named[-2][1][1]
        self.suspended = {user_id for user_id in before if user_id not in self._named_now() | self.gone}
        async with self.world.db.transaction(self.world.system) as uow:
            await uow.execute("UPDATE user_copies SET state = 'SUSPENDED' WHERE id = ANY(%s)", [list(self.suspended)])
        for row in await self.world.rows("SELECT id FROM approvals WHERE state = 'PENDING'"):
            async with self.world.db.transaction(self.world.system) as uow:
                await shortage.review(uow, row["id"])
        self.done["suspended"] += 1

    async def mend_alarms(self) -> None:
        """An administrator names somebody for each place that nobody can fill."""
        short = await self.world.rows("SELECT id FROM approvals WHERE state = 'PENDING' AND short_since IS NOT NULL")
        for row in short:
            shown = await self.world.client.get(f"/approvals/{row['id']}", token=self._token(self.admin))
            shortage = shown.json["shortage"]
            for person in (*shortage["unable"], *shortage["vacant"]):
                asked = {who for stage in shown.json["stages"] for who in stage["approverIds"]}
                free = [p for p in self._present() if str(p.id) not in asked]
                await self._command(
                    UPDATE_REASSIGN,
                    ReassignCommand,
                    row["id"],
                    self.admin.id,
                    from_id=person["id"],
                    to_id=self.dice.choice(free).id,
                    why=True,
                )

    # The clock --------------------------------------------------------------------------------------

    async def hear_timers(self, until: datetime) -> None:
        """Reminders and escalations up to an instant, each at its own."""
        while (due := await self._next_alarm(until)) is not None:
            at, approval_id, generation = due
            call = ApprovalInput(approval_id=approval_id, generation=generation)
            with clock.travel(at=at):
                async with self.world.db.reader() as reader:
                    row = await commands.load(reader, call)
                escalates = row.deadline_at is not None and row.deadline_at <= clock.now() and not row.escalated
                await self.world.run(self.steps.escalate if escalates else self.steps.remind, call)
                await self._note(approval_id)
            self.done["escalated" if escalates else "reminded"] += 1

    async def _next_alarm(self, until: datetime) -> tuple[datetime, UUID, int] | None:
        rows = await self.world.rows(
            "SELECT id, generation FROM approvals WHERE state = 'PENDING' AND escalated_at IS NULL"
            " AND deadline_at < %s ORDER BY id",
            [until + LOOK_AHEAD],
        )
        alarms = []
        for row in rows:
            call = ApprovalInput(approval_id=row["id"], generation=row["generation"])
            async with self.world.db.reader() as reader:
                outcome = await commands.load(reader, call)
            times = [at for at in (outcome.remind_at, outcome.deadline_at) if at is not None and not outcome.escalated]
            if times and min(times) <= until:
                alarms.append((min(times), row["id"], row["generation"]))
        return min(alarms, default=None)

    async def _note(self, approval_id: UUID, *, anew: bool = False) -> None:
        [row] = await self.world.rows(
            "SELECT updated_at, state, stage, stages, deadline_at FROM approvals WHERE id = %s", [approval_id]
        )
        stage = row["stages"][row["stage"]]
        self.seen.setdefault(approval_id, []).append(
            Seen(
                row["updated_at"],
                row["state"],
                row["stage"],
                row["deadline_at"],
                stage["deadlineHours"],
                stage["businessDays"],
                anew,
            )
        )

    async def _note_all(self) -> None:
        for row in await self.world.rows("SELECT id FROM approvals WHERE state = 'PENDING'"):
            await self._note(row["id"])


def business_days() -> list[date]:
    span = (LAST_DAY - FIRST_DAY).days + 1
    days = (FIRST_DAY + timedelta(days=number) for number in range(span))
    return [day for day in days if JAPAN.is_business_day(day)]


def rounds(day: date) -> Iterator[datetime]:
    for at in ROUNDS:
        yield datetime.combine(day, at, TOKYO).astimezone(UTC)
