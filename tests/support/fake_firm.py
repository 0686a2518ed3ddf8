"""What the firm sets, in the stand-in for the gateway: rates, the business calendar, limits of attachments."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from frontend.ui.time_zone import office_now
from services.contracts.money import of_json
from services.kit.running.business_days import holiday_name
from services.opportunity import business_calendar, exchange
from services.opportunity.business_calendar import Calendar
from services.opportunity.exchange import GOOD_FOR, Rate, Rates
from tests.support import fake_records as records
from tests.support.fake_answers import Ask, Json, problem
from tests.support.fake_beside import MAX_BYTES, MAX_COUNT
from tests.support.fake_retention import RetentionAnswers

UNUSUAL = Decimal("0.2")


def _today() -> date:
    return office_now().date()


class FirmAnswers(RetentionAnswers):
    """A part of FakeGateway. ``rates``: as they were entered; ``firm_days`` by day."""

    users: dict[str, Json]

    def reset_firm(self) -> None:
        self.reset_retention()
        self.rates: list[Json] = []
        self.firm_days: dict[str, Json] = {}
        self.confirmed_years = {_today().year, _today().year + 1}
        self.limits: Json = {"attachmentMaxBytes": None, "attachmentsPerRequest": None, "version": 1}
        self.limits |= {"retentionYears": 10, "abandonedDraftDays": 180}
        self.limits |= {"updatedBy": None, "updatedByName": None, "updatedAt": records.iso(-900)}
        admin = records.by_email(self.users, "admin")
        self.add_rate(admin, "EUR", "160.20", -40)
        self.add_rate(admin, "USD", "149.50", -30)
        self.add_rate(admin, "USD", "150.00", 0, "社内レート（11 月）")

    def add_rate(self, by: Json, currency: str, yen: str, days: int = 0, note: str = "") -> Json:
        valid_from = (_today() + timedelta(days=days)).isoformat()
        rate = {"id": records.uuid_of(f"rate {len(self.rates)}"), "currency": currency, "yenPerUnit": yen}
        rate |= {"validFrom": valid_from, "note": note, "createdBy": by["id"], "createdByName": by["name"]}
        self.rates.append(rate | {"createdAt": records.iso(24 * min(days, 0) - 1)})
        return self.rates[-1]

    def add_firm_day(self, by: Json, day: date, name: str, *, is_open: bool = False) -> None:
        said = {"day": day.isoformat(), "open": is_open, "name": name, "createdBy": by["id"]}
        self.firm_days[day.isoformat()] = said | {"createdByName": by["name"], "createdAt": records.iso()}

    def firm_routes(self) -> list[tuple[str, str, Callable[..., Any]]]:
        return [
            ("GET", "/currency-rates", self._rates),
            ("POST", "/currency-rates", self._enter_rate),
            ("GET", "/business-calendar", lambda _ask: self._calendar_state()),
            ("GET", "/business-calendar/{year}", lambda ask: self._calendar(int(ask.request.path_params["year"]))),
            ("POST", "/business-calendar/days", self._say),
            ("PUT", "/business-calendar/{year}/confirmation", self._confirm),
            ("GET", "/approval-settings", lambda _ask: self._limits()),
            ("PUT", "/approval-settings", self._set_limits),
            *self.retention_routes(),
        ]

    def compared(self, amount: int | str | None, currency: str) -> Json:
        """What stands beside an amount that is submitted now."""
        kept = exchange.of([currency], self._counting()) if amount is not None else ()
        return {"yenAmount": exchange.shown_in_yen(of_json(amount), currency, kept), "rates": exchange.to_json(kept)}

    def _counting(self) -> Rates:
        today = _today()
        rows = [one for one in self.rates if self._day_of(one) <= today and self._day_of(one) > today - GOOD_FOR]
        return exchange.by_currency(
            Rate(UUID(one["id"]), one["currency"], Decimal(one["yenPerUnit"]), self._day_of(one))
            for one in sorted(rows, key=self._day_of)
        )

    def _day_of(self, rate: Json) -> date:
        return date.fromisoformat(rate["validFrom"])

    def _state_of(self, rate: Json) -> str:
        same = [one for one in self.rates if one["currency"] == rate["currency"]]
        later = [one for one in same[same.index(rate) + 1 :] if one["validFrom"] == rate["validFrom"]]
        if later:
            return "CORRECTED"
        if self._day_of(rate) > _today():
            return "PLANNED"
        if any(self._day_of(rate) < self._day_of(one) <= _today() for one in same):
            return "PAST"
        return "CURRENT" if self._day_of(rate) > _today() - GOOD_FOR else "STALE"

    def _shown_rate(self, rate: Json) -> Json:
        return rate | {"state": self._state_of(rate)}

    def _rates(self, ask: Ask) -> Json:
        wanted = ask.request.query_params.get("currency")
        shown = [self._shown_rate(one) for one in reversed(self.rates)]
        stale = [{name: one[name] for name in ("currency", "validFrom")} for one in shown if one["state"] == "STALE"]
        items = sorted(shown, key=lambda one: str(one["validFrom"]), reverse=True)
        items = [one for one in items if wanted in (None, one["currency"])]
        return {"items": items, "nextCursor": None, "goodForDays": GOOD_FOR.days, "stale": stale}

    def _enter_rate(self, ask: Ask) -> Any:
        currency, yen = ask.body["currency"], Decimal(ask.body["yenPerUnit"])
        before = self._counting().get(currency)
        far = before is not None and abs(yen - before.yen_per_unit) > before.yen_per_unit * UNUSUAL
        if far and not ask.body["confirmed"]:
            message = "これまでのレートと大きく異なります"
            error = {"pointer": "/yenPerUnit", "in": "body", "code": "rate_unusual", "message": message}
            return problem(422, "unprocessable", "入力内容に誤りがあります", errors=[error])
        days = (date.fromisoformat(ask.body["validFrom"]) - _today()).days
        return self._shown_rate(self.add_rate(ask.user, currency, str(yen), days, ask.body["note"]))

    def _calendar_state(self) -> Json:
        until = business_calendar.confirmed_until(self.confirmed_years, _today())
        return {
            "confirmedUntil": None if until is None else until.isoformat(),
            "runsOut": business_calendar.runs_out(until, _today()),
            "lastProclaimed": business_calendar.last_proclaimed(_today()),
        }

    def _calendar(self, year: int) -> Json:
        calendar = Calendar({date.fromisoformat(day): one["open"] for day, one in self.firm_days.items()})

        def shown(day: date) -> Json:
            said = self.firm_days.get(day.isoformat())
            name = said["name"] if said else holiday_name(day, "ja")
            facts = {"open": calendar.is_business_day(day), "reason": calendar.reason(day), "name": name}
            return {"day": day.isoformat()} | facts

        admin = records.by_email(self.users, "admin")
        confirmation = {"confirmedBy": admin["id"], "confirmedByName": admin["name"], "confirmedAt": records.iso(-48)}
        return self._calendar_state() | {
            "year": year,
            "days": [shown(day) for day in business_calendar.days_of(year)],
            "firm": [self.firm_days[day] for day in sorted(self.firm_days) if day.startswith(f"{year}-")],
            "confirmation": confirmation if year in self.confirmed_years else None,
        }

    def _say(self, ask: Ask) -> Any:
        first = date.fromisoformat(ask.body["firstDay"])
        if first < _today():
            error = {"pointer": "/firstDay", "in": "body", "code": "time_past", "message": "過去の日は変更できません"}
            return problem(422, "unprocessable", "入力内容に誤りがあります", errors=[error])
        last = date.fromisoformat(ask.body["lastDay"] or ask.body["firstDay"])
        for number in range((last - first).days + 1):
            day = first + timedelta(days=number)
            if ask.body["open"] is None:
                self.firm_days.pop(day.isoformat(), None)
            else:
                self.add_firm_day(ask.user, day, ask.body["name"], is_open=ask.body["open"])
        return self._calendar(first.year)

    def _confirm(self, ask: Ask) -> Json:
        year = int(ask.request.path_params["year"])
        (self.confirmed_years.add if ask.body["confirmed"] else self.confirmed_years.discard)(year)
        return self._calendar(year)

    def _limits(self) -> Json:
        return self.limits | {"hardMaxBytes": MAX_BYTES, "hardPerRequest": MAX_COUNT}

    def file_limits(self) -> Json:
        """As the list of a request's files tells them."""
        set_bytes, count = self.limits["attachmentMaxBytes"], self.limits["attachmentsPerRequest"]
        return {"maxBytes": set_bytes or MAX_BYTES, "maxCount": count or MAX_COUNT}

    def _set_limits(self, ask: Ask) -> Any:
        if ask.request.headers.get("if-match") != f'"{self.limits["version"]}"':
            return problem(
                412, "precondition_failed", "ほかの人が先に変更しました", currentVersion=self.limits["version"]
            )
        if (ask.body["attachmentMaxBytes"] or 0) > MAX_BYTES:
            message = "サーバーの上限を超えています"
            error = {"pointer": "/attachmentMaxBytes", "in": "body", "code": "above_the_servers", "message": message}
            return problem(422, "unprocessable", "入力内容に誤りがあります", errors=[error])
        self.limits |= ask.body | {"version": self.limits["version"] + 1}
        self.limits |= {"updatedBy": ask.user["id"], "updatedByName": ask.user["name"], "updatedAt": records.iso()}
        return self._limits()
