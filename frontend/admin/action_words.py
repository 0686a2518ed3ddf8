"""What every audited action is called. A test holds this table against all actions that the services write."""

from __future__ import annotations

from frontend.ui.i18n import gettext, pgettext


def groups() -> list[tuple[str, dict[str, str]]]:
    """Actions by what they belong to, in the order in which a filter offers them."""
    return [
        (gettext("Users and sign-in"), _users()),
        (gettext("Customers"), _customers()),
        (gettext("Meetings and tasks"), _activities()),
        (gettext("Requests and routes"), _approvals()),
        (gettext("System and audit"), _system()),
    ]


def known() -> dict[str, str]:
    return {action: text for _, actions in groups() for action, text in actions.items()}


def text(action: str) -> str:
    """An action that a later version writes is shown as it is called there."""
    return known().get(action, action)


def _users() -> dict[str, str]:
    return {
        "user.login": pgettext("audit", "Signed in"),
        "session.ended": pgettext("audit", "Signed out"),
        "user.created": pgettext("audit", "Added a user"),
        "user.updated": pgettext("audit", "Changed a user"),
        "user.deletion_started": pgettext("audit", "Began to delete a user"),
        "user.deleted": pgettext("audit", "Deleted a user"),
        "user.deletion_undone": pgettext("audit", "Took the deletion of a user back"),
        "user.restoration_started": pgettext("audit", "Began to restore a user"),
        "user.restored": pgettext("audit", "Restored a user"),
        "user.restoration_undone": pgettext("audit", "Took the restoration of a user back"),
        "department.created": pgettext("audit", "Added a department"),
        "department.updated": pgettext("audit", "Changed a department"),
        "department.deleted": pgettext("audit", "Deleted a department"),
        "password.reset_issued": pgettext("audit", "Issued a password reset"),
        "password.changed": pgettext("audit", "Changed a password"),
        "totp.enrolled": pgettext("audit", "Began to set up two-step sign-in"),
        "totp.enabled": pgettext("audit", "Switched two-step sign-in on"),
        "totp.disabled": pgettext("audit", "Switched two-step sign-in off"),
        "totp.recovery_codes_replaced": pgettext("audit", "Replaced recovery codes"),
    }


def _customers() -> dict[str, str]:
    return {
        "customer.create": pgettext("audit", "Added a customer"),
        "customer.update": pgettext("audit", "Changed a customer"),
        "customer.assign": pgettext("audit", "Put somebody else in charge of a customer"),
        "customer.delete": pgettext("audit", "Began to delete a customer"),
        "customer.deleted": pgettext("audit", "Deleted a customer"),
        "customer.deletion_undone": pgettext("audit", "Took the deletion of a customer back"),
        "customer.restore": pgettext("audit", "Began to restore a customer"),
        "customer.restored": pgettext("audit", "Restored a customer"),
        "customer.restoration_undone": pgettext("audit", "Took the restoration of a customer back"),
        "customer.reassign": pgettext("audit", "Handed customers over"),
        "customer.return": pgettext("audit", "Gave customers back"),
    }


def _activities() -> dict[str, str]:
    return {
        "meeting.create": pgettext("audit", "Added a meeting"),
        "meeting.update": pgettext("audit", "Changed a meeting"),
        "meeting.delete": pgettext("audit", "Deleted a meeting"),
        "task.create": pgettext("audit", "Added a task"),
        "task.update": pgettext("audit", "Changed a task"),
        "task.status": pgettext("audit", "Moved a task on"),
        "task.reopen": pgettext("audit", "Opened a task again"),
        "task.delete": pgettext("audit", "Deleted a task"),
    }


def _approvals() -> dict[str, str]:
    return {
        "approval.draft": pgettext("audit", "Drafted a request"),
        "approval.submit": pgettext("audit", "Submitted a request"),
        "approval.update": pgettext("audit", "Changed a request"),
        "approval.comment": pgettext("audit", "Commented on a request"),
        "approval.approve": pgettext("audit", "Approved a request"),
        "approval.reject": pgettext("audit", "Rejected a request"),
        "approval.return": pgettext("audit", "Returned a request"),
        "approval.take_back": pgettext("audit", "Took an approval back"),
        "approval.add_approver": pgettext("audit", "Added an approver"),
        "approval.ask_opinion": pgettext("audit", "Asked for an opinion"),
        "approval.give_opinion": pgettext("audit", "Gave an opinion"),
        "approval.decline_opinion": pgettext("audit", "Gave no opinion"),
        "approval.withdraw_opinion": pgettext("audit", "Withdrew a question for an opinion"),
        "approval.resubmit": pgettext("audit", "Resubmitted a request"),
        "approval.recall": pgettext("audit", "Recalled a request"),
        "approval.reassign": pgettext("audit", "Put another approver in charge"),
        "approval.nudge": pgettext("audit", "Asked approvers for an answer"),
        "approval.consult": pgettext("audit", "Asked for an opinion on a draft"),
        "approval.end_consultation": pgettext("audit", "Ended a consultation on a draft"),
        "approval.advise": pgettext("audit", "Gave an opinion on a draft"),
        "approval.read": pgettext("audit", "Confirmed having read a request"),
        "approval.post_review": pgettext("audit", "Reviewed a request after the decision"),
        "approval_template.create": pgettext("audit", "Kept a template for requests"),
        "approval_template.rename": pgettext("audit", "Renamed a template for requests"),
        "approval_template.delete": pgettext("audit", "Deleted a template for requests"),
        "approval.remind": pgettext("audit", "Reminded approvers"),
        "approval.escalate": pgettext("audit", "Escalated a request"),
        "approval.hold": pgettext("audit", "Put a request on hold"),
        "approval.release": pgettext("audit", "Went on with a request"),
        "approval.cancel": pgettext("audit", "Cancelled a request"),
        "approval.restore": pgettext("audit", "Restored a request"),
        "approval.attach": pgettext("audit", "Attached a file"),
        "approval.detach": pgettext("audit", "Removed a file"),
        "approval.attachment_scanned": pgettext("audit", "Scanned a file"),
        "approval.legal_hold": pgettext("audit", "Put a request under legal hold"),
        "approval.legal_release": pgettext("audit", "Released a legal hold"),
        "approval.purge_begin": pgettext("audit", "Began to delete files whose time had passed"),
        "approval.purge_files": pgettext("audit", "Deleted files whose time had passed"),
        "approval.purge_call_off": pgettext("audit", "Kept files from being deleted, as they are held"),
        "approval.dossier": pgettext("audit", "Took evidence of a request"),
        "approval.dossier_sample": pgettext("audit", "Took evidence of an audit sample"),
        "audit_sample.draw": pgettext("audit", "Drew an audit sample"),
        "audit_sample.assess": pgettext("audit", "Assessed a request of an audit sample"),
        "audit_sample.close": pgettext("audit", "Closed an audit sample"),
        "audit_sample.export": pgettext("audit", "Took evidence of a drawn audit sample"),
        "evidence_key.create": pgettext("audit", "Made a key for evidence"),
        "approval.snooze": pgettext("audit", "Set a request aside for a while"),
        "approval.wake": pgettext("audit", "Took a request that was set aside back"),
        "bulk_decision.start": pgettext("audit", "Began a bulk decision"),
        "bulk_decision.retry": pgettext("audit", "Tried again what had failed in a bulk decision"),
        "bulk_decision.cancel": pgettext("audit", "Called the rest of a bulk decision off"),
        "approval_route.create": pgettext("audit", "Added a route"),
        "approval_route.update": pgettext("audit", "Changed a route"),
        "approval_route.plan": pgettext("audit", "Planned a version of a route"),
        "approval_route.replan": pgettext("audit", "Changed a planned version of a route"),
        "approval_route.withdraw": pgettext("audit", "Withdrew a planned version of a route"),
        "currency_rate.create": pgettext("audit", "Entered a rate"),
        "firm_calendar.update": pgettext("audit", "Changed days of the firm's calendar"),
        "firm_calendar.confirm": pgettext("audit", "Confirmed the holidays of a year"),
        "firm_calendar.unconfirm": pgettext("audit", "Took the confirmation of a year back"),
        "firm_settings.update": pgettext("audit", "Changed the limits or the retention of attachments"),
        "approval_proxy.create": pgettext("audit", "Named a proxy"),
        "approval_proxy.update": pgettext("audit", "Changed a proxy"),
        "approval_proxy.delete": pgettext("audit", "Ended a proxy"),
    }


def _system() -> dict[str, str]:
    return {
        "process.retry": pgettext("audit", "Had a process tried again"),
        "process.compensate": pgettext("audit", "Had a process undone"),
        "process.restart": pgettext("audit", "Started a lost process again"),
        "payloads.decode": pgettext("audit", "Looked into the data of processes at Temporal"),
        "audit.export": pgettext("audit", "Exported the audit log"),
        "audit.verify": pgettext("audit", "Had the audit log verified"),
        "access_review.export": pgettext("audit", "Exported the access review"),
        "webhook.create": pgettext("audit", "Added a webhook"),
        "webhook.update": pgettext("audit", "Changed a webhook"),
        "webhook.delete": pgettext("audit", "Deleted a webhook"),
        "webhook.secret": pgettext("audit", "Replaced the secret of a webhook"),
        "webhook.test": pgettext("audit", "Sent a test to a webhook"),
        "webhook.redeliver": pgettext("audit", "Sent an event to a webhook again"),
        "webhook.switched_off": pgettext("audit", "Switched a failing webhook off"),
        "mail.defaults_changed": pgettext("audit", "Changed what goes by mail"),
        "mail.address_tried_again": pgettext("audit", "Had mail to an address tried again"),
    }
