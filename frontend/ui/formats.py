"""How figures and times read. Times arrive in UTC and are shown in the office's time zone."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal

from babel.dates import format_date, format_datetime, format_timedelta
from babel.numbers import format_compact_decimal, format_decimal, format_percent, get_currency_precision

from frontend.ui.i18n import babel_locale, current_locale, gettext, ngettext
from frontend.ui.time_zone import local, office_now

YEN = "JPY"
NOTHING = "—"
_MINUTE = 60
_HOUR = 60 * _MINUTE
_DAY = 24 * _HOUR
_LONGEST_PLAIN = 10_000
_MOST_DIGITS = 18


_KIB = 1024


Amount = int | str
"""An amount of money as the API has it: an integer when it is whole, else a decimal text (ADR 0056)."""


def decimals(currency: str) -> int:
    """Of its amounts: 0 for JPY, 2 for USD, 3 for KWD; from where the API has it as well."""
    return get_currency_precision(currency)


def figures(amount: Amount, currency: str) -> str:
    """`1,250.50`: with the currency's decimals, so that columns align, and never with fewer than there are."""
    exact = Decimal(amount)
    shown = f"{exact:,.{decimals(currency)}f}"
    return shown if Decimal(shown.replace(",", "")) == exact else f"{exact:,f}"


def money(amount: Amount | None, currency: str | None = YEN) -> str:
    """`¥128,000,000`, `USD 1,250.50`. Babel's own yen sign is the full-width one in Japanese, which breaks columns of
    figures."""
    if amount is None or amount == "":
        return NOTHING
    code = currency or YEN
    return f"¥{figures(amount, code)}" if code == YEN else f"{code} {figures(amount, code)}"


def number(value: int | float | None, digits: int = 0) -> str:
    return NOTHING if value is None else format_decimal(round(value, digits), locale=babel_locale())


def filesize(size: int) -> str:
    """Bytes as people read them: `640 B`, `12 KB`, `3.4 MB`; in steps of 1,024, as desktops show files."""
    if size < _KIB:
        return f"{number(size)} B"
    if size < _KIB * _KIB:
        return f"{number(size / _KIB)} KB"
    mib = size / (_KIB * _KIB)
    return f"{number(mib, 0 if mib == int(mib) else 1)} MB"


def whole(text: str) -> int | None:
    """A whole number as somebody typed it, in full-width digits too; None for anything else and beyond 18 digits."""
    return int(text) if text.isdecimal() and len(text) <= _MOST_DIGITS else None


def axis_number(value: float) -> str:
    """`9,000`, and from ten thousand on `1.25万` or `12.5K`: the margin of a chart is narrow."""
    if abs(value) < _LONGEST_PLAIN:
        return number(value, 0 if value == int(value) else 1)
    return str(format_compact_decimal(value, locale=babel_locale(), fraction_digits=2))


def percent(value: float | None, digits: int = 1) -> str:
    """A ratio (0–1) as a percentage; a missing one (zero denominator) as a dash."""
    if value is None:
        return NOTHING
    return format_percent(value, format="#,##0." + "0" * digits + "%" if digits else None, locale=babel_locale())


def day(value: str | date | datetime | None, *, year: bool = False) -> str:
    """`11/26`, or with the year when asked for or when it is not this one."""
    if value is None or value == "":
        return NOTHING
    if isinstance(value, str):
        moment: date = local(value) if "T" in value else date.fromisoformat(value)  # type: ignore[assignment]
    else:
        moment = local(value) if isinstance(value, datetime) else value  # type: ignore[assignment]
    with_year = year or moment.year != office_now().year
    pattern = (
        ("yyyy/MM/dd" if with_year else "MM/dd") if current_locale() == "ja" else ("d MMM y" if with_year else "d MMM")
    )
    return format_date(moment, pattern, locale=babel_locale())


def clock(value: str | datetime | None) -> str:
    moment = local(value)
    return f"{moment:%H:%M}" if moment else NOTHING


def plan_day(value: str) -> str:
    """`11/26 (木)`, `Thu 26 Nov`: in a plan the day of the week matters as much as the date."""
    weekday = format_date(date.fromisoformat(value), "EEE", locale=babel_locale())
    return f"{day(value)} ({weekday})" if current_locale() == "ja" else f"{weekday} {day(value)}"


def timestamp(value: str | datetime | None) -> str:
    """`11/22 09:20` in the office's time zone."""
    moment = local(value)
    return f"{day(moment)} {moment:%H:%M}" if moment else NOTHING


def exact(value: str | datetime | None) -> str:
    """The full time for a tooltip, with its zone."""
    moment = local(value)
    return f"{format_datetime(moment, 'yyyy-MM-dd HH:mm:ss', locale=babel_locale())} JST" if moment else NOTHING


def relative(value: str | datetime | None) -> str:
    """`3時間前`, `in 2 days`."""
    moment = local(value)
    if moment is None:
        return NOTHING
    return format_timedelta(moment - office_now(), add_direction=True, locale=babel_locale())


def due(value: str | datetime | None) -> str:
    """A deadline as people say it: today with the time, tomorrow, else the day."""
    moment = local(value)
    if moment is None:
        return NOTHING
    distance = (moment.date() - office_now().date()).days
    if distance == 0:
        return gettext("Today %(time)s") % {"time": f"{moment:%H:%M}"}
    if distance == 1:
        return gettext("Tomorrow")
    if distance == -1:
        return gettext("Yesterday")
    return day(moment)


def is_pressing(value: str | datetime | None) -> bool:
    """True for a deadline that has passed or ends today."""
    moment = local(value)
    return moment is not None and moment.date() <= office_now().date()


def duration(seconds: float | None) -> str:
    """`4時間12分`: the two largest units."""
    if seconds is None:
        return NOTHING
    whole = int(seconds)
    days, hours, minutes = whole // _DAY, whole % _DAY // _HOUR, whole % _HOUR // _MINUTE
    parts = [
        (ngettext("%(n)s day", "%(n)s days", days), days),
        (ngettext("%(n)s hour", "%(n)s hours", hours), hours),
        (ngettext("%(n)s minute", "%(n)s minutes", minutes), minutes),
    ]
    shown = [text % {"n": count} for text, count in parts if count][:2]
    joiner = "" if current_locale() == "ja" else " "
    return joiner.join(shown) or gettext("under a minute")


def week_start(moment: datetime, weeks_back: int = 0) -> date:
    """The Monday that begins the week, `weeks_back` weeks earlier."""
    return moment.date() - timedelta(days=moment.weekday(), weeks=weeks_back)
