"""The audit log: every service's entries are in it, and its chain verifies to the last link."""

from deploy.invariants.events import REPORTED
from deploy.invariants.model import Violation
from deploy.invariants.system import SERVICES, System
from services.auth.service import audit_verification


async def chain_verifies(system: System) -> list[Violation]:
    """Each link's hash follows from its entry and the link before; no entry of any service is missing."""
    findings = await audit_verification.verify(system.reader("auth"), system.audit_head_file)
    found = [Violation(f"audit:{finding.position}", finding.problem) for finding in findings[:REPORTED]]
    chained = set(await system.column("auth", "SELECT audit_id FROM audit_chain"))
    for service in SERVICES:
        written = await system.column(service, "SELECT id FROM audit_entries")
        missing = [entry for entry in written if entry not in chained]
        found += [Violation(f"{service}:{entry}", "is not in the audit chain") for entry in missing[:REPORTED]]
    return found
