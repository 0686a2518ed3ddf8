"""The audit log: every service's entries are in it, and its chain verifies to the last link."""

from deploy.invariants.events import REPORTED
from deploy.invariants.model import Violation
from deploy.invariants.system import SERVICES, System
from services.auth.service import audit_verification
from services.auth.service.head_reading import read_back


async def chain_verifies(system: System) -> list[Violation]:
    """Each link's hash follows from its entry and the link before; no entry of any service is missing.

    Signed heads, in the file and in the bucket, agree with it. Raises StorageAway for a bucket that is out of reach.
    """
    findings = await audit_verification.verify(system.reader("auth"), system.audit_head_file)
    if system.head_journal is not None:
        findings += (await read_back(system.reader("auth"), system.head_journal, whole=True)).findings
    found = [Violation(f"audit:{finding.position}", finding.problem) for finding in findings[:REPORTED]]
    chained = set(await system.column("auth", "SELECT audit_id FROM audit_chain"))
    for service in SERVICES:
        written = await system.column(service, "SELECT id FROM audit_entries")
        missing = [entry for entry in written if entry not in chained]
        found += [Violation(f"{service}:{entry}", "is not in the audit chain") for entry in missing[:REPORTED]]
    return found
