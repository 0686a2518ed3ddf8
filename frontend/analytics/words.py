"""The words of reports and their figures, in the language of the running request."""

from __future__ import annotations

from typing import Any

from frontend.analytics.views import Figure
from frontend.ui.formats import NOTHING, duration, money, number, percent
from frontend.ui.i18n import gettext, pgettext
from frontend.ui.profile_words import money_bands, risks


def titles() -> dict[str, str]:
    """The reports by their name in the API."""
    return {
        "sales-summary": gettext("Sales"),
        "customer-statistics": gettext("Customers"),
        "approval-statistics": pgettext("report", "Approvals"),
        "task-completion": gettext("Tasks"),
    }


def figures() -> dict[str, str]:
    return {
        "meetingsScheduled": gettext("Meetings scheduled"),
        "meetingsHeld": gettext("Meetings held"),
        "heldRate": gettext("Held rate"),
        "activeCustomers": gettext("Active customers"),
        "customersMet": gettext("Customers met"),
        "coverage": gettext("Coverage"),
        "requestsSubmitted": gettext("Requests submitted"),
        "requestsSubmittedAmount": gettext("Amount submitted"),
        "requestsApproved": gettext("Requests approved"),
        "requestsApprovedAmount": gettext("Amount approved"),
        "funnelMeeting": gettext("Customers with a held meeting"),
        "funnelRequest": gettext("… and a request"),
        "funnelApproved": gettext("… that was approved"),
        "meetingToRequest": gettext("Meeting to request"),
        "requestToApproved": gettext("Request to approval"),
        "newCustomers": gettext("New customers"),
        "deletedCustomers": gettext("Deleted customers"),
        "restoredCustomers": gettext("Restored customers"),
        "netCustomers": gettext("Net change"),
        "dormantCustomers": gettext("Dormant customers"),
        "dormantRate": gettext("Dormant rate"),
        "reviewedProfiles": gettext("Profiles reviewed"),
        "reviewedRate": gettext("Profile review rate"),
        "approved": gettext("Approved"),
        "rejected": gettext("Rejected"),
        "approvalRate": gettext("Approval rate"),
        "firstPassRate": gettext("First-pass rate"),
        "submitted": gettext("Submitted"),
        "recalled": gettext("Recalled"),
        "recallRate": gettext("Recall rate"),
        "medianDecisionSeconds": gettext("Median time to decision"),
        "p90DecisionSeconds": gettext("90% decided within"),
        "inTimeRate": gettext("Decided in time"),
        "backlog": gettext("Backlog"),
        "due": gettext("Tasks due"),
        "completed": gettext("Tasks completed"),
        "completionRate": gettext("Completion rate"),
        "onTime": gettext("Completed on time"),
        "onTimeRate": gettext("On-time rate"),
        "overdueNow": gettext("Overdue now"),
        "medianDaysLate": gettext("Median days late"),
    }


def figure_text(name: str) -> str:
    return figures().get(name, name)


def value_text(value: float | None, unit: str) -> str:
    """A figure as it reads; a missing one is a dash."""
    if value is None:
        return NOTHING
    if unit == "rate":
        return percent(value)
    if unit == "yen":
        return money(int(value))
    if unit == "seconds":
        return duration(value)
    if unit == "days":
        return gettext("%(n)s days") % {"n": number(value, 1)}
    return number(value)


def other_amounts(figure: Figure) -> list[str]:
    """What a sum of money holds in other currencies than yen, each as it reads."""
    return [money(amount, currency) for currency, amount in figure.others]


def breakdown_titles() -> dict[str, str]:
    return {
        "byRisk": gettext("By risk tolerance"),
        "byAssets": gettext("By financial assets"),
        "byAge": gettext("By age"),
        "backlogByAge": gettext("How long requests have waited"),
        "loadByApprover": gettext("Load by approver"),
    }


def band_texts() -> dict[str, str]:
    """The classes of distributions, each from the least to the most; what is not known stands last."""
    return {
        **risks(),
        **money_bands(),
        "UNDER_30": gettext("Under 30"),
        "Y30_39": gettext("30–39"),
        "Y40_49": gettext("40–49"),
        "Y50_59": gettext("50–59"),
        "Y60_69": gettext("60–69"),
        "Y70_74": gettext("70–74"),
        "Y75_79": gettext("75–79"),
        "OVER_80": gettext("80 or over"),
        "UNDER_1D": gettext("Under 1 day"),
        "D1_3": gettext("1–3 days"),
        "D3_7": gettext("3–7 days"),
        "D7_14": gettext("7–14 days"),
        "OVER_14D": gettext("14 days or more"),
        "UNKNOWN": gettext("Not known"),
    }


def bands(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """A distribution in reading order, as label and value."""
    texts = band_texts()
    place = {key: number for number, key in enumerate(texts)}
    ordered = sorted(rows, key=lambda row: place.get(str(row["key"]), len(place)))
    return [
        {"label": row.get("name") or texts.get(str(row["key"]), row["key"]), "value": int(row["value"])}
        for row in ordered
    ]


def mail_timings() -> dict[str, str]:
    return {
        "IMMEDIATE": pgettext("mail", "As it happens"),
        "DIGEST": pgettext("mail", "Once a day, in one mail"),
        "OFF": pgettext("mail", "No mail"),
    }


def languages() -> dict[str, str]:
    """Each in its own language."""
    return {"ja": "日本語", "en": "English"}
