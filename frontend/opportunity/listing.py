"""Which requests the inbox lists: what its address asks for, and what that asks of the API."""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from urllib.parse import urlencode

from frontend.opportunity import money, words
from frontend.opportunity.manifest import PREFIX
from frontend.ui.amounts import AmountRefused, parse_amount
from frontend.ui.formats import YEN
from frontend.ui.page import Page
from frontend.ui.time_zone import office_now

MINE, REQUESTED, ALL = "mine", "requested", "all"
TABS = (MINE, REQUESTED, ALL)
OVERDUE, TODAY, WEEK = "overdue", "today", "week"
WAITING_LONGEST, DEADLINE = "since", "deadlineAt"
PAGE_LIMIT = 50
MAX_TEXT = 100
_WEEK_DAYS = 7


@dataclass(frozen=True, slots=True)
class Filters:
    """What the address asks for; values that the API does not know are dropped.

    `due` and `sort` belong to what waits (tab `mine`), `state` to the other lists. `least` is a figure as it was typed,
    in `currency`, which is yen where none is chosen; requests in other currencies have no place below or above it.
    """

    tab: str = MINE
    q: str = ""
    kind: str = ""
    state: str = ""
    flagged: str = ""
    due: str = ""
    least: str = ""
    currency: str = ""
    sort: str = WAITING_LONGEST

    @classmethod
    def of(cls, page: Page) -> Filters:
        def one_of(name: str, allowed: Container[str]) -> str:
            value = page.query(name)
            return value if value in allowed else ""

        tab = one_of("tab", TABS) or MINE
        waits = tab == MINE
        return cls(
            tab=tab,
            q=page.query("q").strip()[:MAX_TEXT],
            kind=one_of("kind", words.kinds()),
            state="" if waits else one_of("state", words.STATES),
            flagged=one_of("flagged", ("true", "false")),
            due=one_of("due", words.due_words()) if waits else "",
            least=_figure(page.query("least"), page.query("currency") or YEN),
            currency=one_of("currency", dict(money.currencies())),
            sort=(one_of("sort", words.inbox_orders()) or WAITING_LONGEST) if waits else WAITING_LONGEST,
        )

    @property
    def narrows(self) -> bool:
        return replace(self, tab=MINE, sort=WAITING_LONGEST) != Filters()

    def address(self, **params: str) -> str:
        """The list with this filter; `params` come beside it."""
        return self.along(PREFIX, **params)

    def along(self, path: str, **params: str) -> str:
        """Another path that is told this filter. What is as usual is left out, and parameters that are empty."""
        usual = Filters()
        own = {name: getattr(self, name) for name in self.__slots__}
        given = {name: value for name, value in own.items() if value != getattr(usual, name)} | params
        query = urlencode({name: value for name, value in given.items() if value})
        return f"{path}?{query}" if query else path

    def api(self, me: str, cursor: str = "") -> str:
        """The path that lists these requests for the person with the id `me`."""
        given = {"limit": str(PAGE_LIMIT), "cursor": cursor, "q": self.q, "kind": self.kind, "flagged": self.flagged}
        given["currency"] = self.currency
        if self.least:
            given["minAmount"] = str(parse_amount(self.least, self.currency or YEN))
        if self.tab == MINE:
            given |= {"dueBefore": _due_before(self.due), "sort": self.sort}
            path = "/approvals/pending"
        else:
            given |= {"state": self.state, "requesterId": me if self.tab == REQUESTED else ""}
            path = "/approvals"
        return f"{path}?{urlencode({name: value for name, value in given.items() if value})}"


def _figure(typed: str, currency: str) -> str:
    try:
        parse_amount(typed, currency)
    except AmountRefused:
        return ""
    return typed


def _due_before(due: str) -> str:
    now = office_now()
    midnight = datetime.combine(now.date() + timedelta(days=1), time(), now.tzinfo)
    bounds = {OVERDUE: now, TODAY: midnight, WEEK: midnight + timedelta(days=_WEEK_DAYS - 1)}
    return bounds[due].isoformat(timespec="seconds") if due else ""
