"""Which requests the inbox lists: what its address asks for, and what that asks of the API."""

from __future__ import annotations

from collections.abc import Container, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from typing import Any
from urllib.parse import urlencode

from frontend.opportunity import money, words
from frontend.opportunity.manifest import PREFIX
from frontend.ui.amounts import AmountRefused, parse_amount
from frontend.ui.formats import YEN
from frontend.ui.page import Page
from frontend.ui.time_zone import office_now

MINE, SNOOZED, STUCK, OPINIONS, REQUESTED, ALL = "mine", "snoozed", "stuck", "opinions", "requested", "all"
TABS = (MINE, SNOOZED, STUCK, OPINIONS, REQUESTED, ALL)
WAITING = (MINE, SNOOZED, STUCK)
"""What waits for this person, what of it they have set aside, and what waits for people below them."""
OVERDUE, TODAY, WEEK = "overdue", "today", "week"
WAITING_LONGEST, DEADLINE, LARGEST = "since", "deadlineAt", "-amount"
NEWEST = "-createdAt"
PAGE_LIMIT = 50
MAX_TEXT = 100
_WEEK_DAYS = 7


@dataclass(frozen=True, slots=True)
class Filters:
    """What the address asks for; values that the API does not know are dropped.

    `due` belongs to what waits (`WAITING`), `state` to the other lists; each has orders of its own. `least` is a figure
    as it was typed, in `currency`, which is yen where none is chosen; requests in other currencies have no place below
    or above it.
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
        return cls.of_query(page.request.query_params)

    @classmethod
    def of_query(cls, query: Mapping[str, str]) -> Filters:
        def one_of(name: str, allowed: Container[str]) -> str:
            value = query.get(name, "")
            return value if value in allowed else ""

        tab = one_of("tab", TABS) or MINE
        waits = tab in WAITING
        currency = one_of("currency", dict(money.currencies()))
        return cls(
            tab=tab,
            q=query.get("q", "").strip()[:MAX_TEXT],
            kind=one_of("kind", words.kinds()),
            state="" if waits else one_of("state", words.STATES),
            flagged=one_of("flagged", ("true", "false")),
            due=one_of("due", words.due_words()) if waits else "",
            least=_figure(query.get("least", ""), currency or YEN),
            currency=currency,
            sort=one_of("sort", orders(tab)) or usual_order(tab),
        )

    @classmethod
    def of_view(cls, kept: Mapping[str, Any]) -> Filters:
        """What the API keeps of a saved view; what a later version keeps besides is dropped."""
        words = {name: str(kept.get(name, "")) for name in ("q", "kind", "state", "sort", "currency")}
        lowered = {name: str(kept.get(name, "")).lower() for name in ("tab", "flagged", "due")}
        return cls.of_query(words | lowered | {"least": str(kept.get("minAmount", ""))})

    @property
    def view(self) -> dict[str, Any]:
        """It, as the API keeps a saved view."""
        kept: dict[str, Any] = {"tab": self.tab.upper(), "sort": self.sort}
        kept |= {name: getattr(self, name) for name in ("q", "kind", "state", "currency") if getattr(self, name)}
        if self.flagged:
            kept["flagged"] = self.flagged == "true"
        if self.due:
            kept["due"] = self.due.upper()
        if self.least:
            kept["minAmount"] = parse_amount(self.least, self.currency or YEN)
        return kept

    @property
    def orders(self) -> dict[str, str]:
        return orders(self.tab)

    @property
    def narrows(self) -> bool:
        return replace(self, tab=MINE, sort=WAITING_LONGEST) != Filters()

    def address(self, **params: str) -> str:
        """The list with this filter; `params` come beside it. Never the bare address, which opens the view that the
        person has chosen for it."""
        address = self.along(PREFIX, **params)
        return address if "?" in address else f"{PREFIX}?tab={self.tab}"

    def along(self, path: str, **params: str) -> str:
        """Another path that is told this filter. What is as usual is left out, and parameters that are empty."""
        usual = Filters(sort=usual_order(self.tab))
        own = {name: getattr(self, name) for name in self.__slots__}
        given = {name: value for name, value in own.items() if value != getattr(usual, name)} | params
        query = urlencode({name: value for name, value in given.items() if value})
        return f"{path}?{query}" if query else path

    def api(self, me: str, cursor: str = "", *, limit: int = 0) -> str:
        """The path that lists these requests for the person with the id `me`; `limit` 0 is that of a page."""
        given = {
            "limit": str(limit or PAGE_LIMIT),
            "cursor": cursor,
            "q": self.q,
            "kind": self.kind,
            "flagged": self.flagged,
            "currency": self.currency,
        }
        if self.least:
            given["minAmount"] = str(parse_amount(self.least, self.currency or YEN))
        if self.tab in WAITING:
            given |= {"dueBefore": _due_before(self.due), "sort": self.sort}
            given |= {self.tab: "true"} if self.tab != MINE else {}
            path = "/approvals/pending"
        else:
            given |= {
                "sort": "" if self.sort == NEWEST else self.sort,
                "state": self.state,
                "requesterId": me if self.tab == REQUESTED else "",
            }
            given |= {"wantsOpinion": "true"} if self.tab == OPINIONS else {}
            path = "/approvals"
        return f"{path}?{urlencode({name: value for name, value in given.items() if value})}"


def orders(tab: str) -> dict[str, str]:
    """By which a list can be sorted, with words."""
    return words.inbox_orders() if tab in WAITING else words.list_orders()


def usual_order(tab: str) -> str:
    return WAITING_LONGEST if tab in WAITING else NEWEST


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
