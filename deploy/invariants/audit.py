"""The audit log: every service's entries are in it, and its chain verifies to the last link."""

from deploy.invariants.events import REPORTED
from deploy.invariants.model import Violation
from deploy.invariants.system import SERVICES, System
from services.auth.service import audit_verification
from services.auth.service.head_reading import read_back
from services.kit.files.storage import StorageAway


async def chain_verifies(system: System) -> list[Violation]:
    """Each link's hash follows from its entry and the link before; no entry of any service is missing.

    Signed heads, in the file and in the bucket, agree with it.
    """
    findings = await audit_verification.verify(system.reader("auth"), system.audit_head_file)
    found = []
    if system.head_journal is not None:
        try:
            findings += (await read_back(system.reader("auth"), system.head_journal, whole=True)).findings
        except StorageAway as error:
            found = [Violation("audit-heads", f"the bucket of signed heads can't be read: {error}")]
    found += [Violation(f"audit:{finding.position}", finding.problem) for finding in findings[:REPORTED]]
    chained = set(await system.column("auth", "SELECT audit_id FROM audit_chain"))
    for service in SERVICES:
        written = await system.column(service, "SELECT id FROM audit_entries")
        missing = [entry for entry in written if entry not in chained]
        found += [Violation(f"{service}:{entry}", "is not in the audit chain") for entry in missing[:REPORTED]]
    return found
