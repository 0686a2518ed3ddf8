"""What the kinds of notifications are called, in the language of the running request."""

from __future__ import annotations

from frontend.ui.i18n import pgettext


def groups() -> list[tuple[str, dict[str, str]]]:
    """Kinds by what they are about, in the order in which settings show them."""
    return [
        (
            pgettext("notifications", "Approvals"),
            {
                "APPROVAL_WAITING": pgettext("notification", "A request waits for my approval"),
                "APPROVAL_DUE": pgettext("notification", "The deadline of an approval comes near"),
                "APPROVAL_NUDGED": pgettext("notification", "A requester reminds me"),
                "PROXY_WAITING": pgettext("notification", "A request waits for whom I stand in for"),
                "APPROVAL_REASSIGNED": pgettext("notification", "An approval is put into other hands"),
                "APPROVAL_STEPPED_IN": pgettext("notification", "A superior steps in for me"),
                "OPINION_ASKED": pgettext("notification", "My opinion is asked for"),
                "OPINION_GIVEN": pgettext("notification", "An opinion that I asked for is given"),
                "OPINION_ENDED": pgettext("notification", "An opinion that I asked for is not given"),
                "APPROVAL_TO_READ": pgettext("notification", "A request is circulated to me"),
                "APPROVAL_TO_REVIEW": pgettext("notification", "I review a decided request"),
                "APPROVAL_REVIEWED": pgettext("notification", "Somebody remarks on what was decided"),
                "APPROVAL_CONSULTED": pgettext("notification", "I am asked about a draft"),
                "PROXY_GIVEN": pgettext("notification", "I stand in for somebody"),
                "PROXY_ENDED": pgettext("notification", "A proxy ends"),
            },
        ),
        (
            pgettext("notifications", "My requests"),
            {
                "APPROVAL_RETURNED": pgettext("notification", "My request is returned"),
                "APPROVAL_DECIDED": pgettext("notification", "My request is decided"),
                "APPROVAL_ADVISED": pgettext("notification", "An opinion on my draft is given"),
            },
        ),
        (
            pgettext("notifications", "Customers and tasks"),
            {
                "CUSTOMER_ASSIGNED": pgettext("notification", "A customer is assigned to me"),
                "TASK_ASSIGNED": pgettext("notification", "A task is assigned to me"),
                "TASK_DUE_SOON": pgettext("notification", "A task is due soon"),
                "TASK_OVERDUE": pgettext("notification", "A task is overdue"),
            },
        ),
        (
            pgettext("notifications", "Processes and webhooks"),
            {
                "PROCESS_NEEDS_ATTENTION": pgettext("notification", "A process needs attention"),
                "PROCESS_FINISHED": pgettext("notification", "A process has finished"),
                "WEBHOOK_SWITCHED_OFF": pgettext("notification", "A webhook is switched off"),
            },
        ),
    ]


def known() -> dict[str, str]:
    return {kind: text for _, kinds in groups() for kind, text in kinds.items()}
