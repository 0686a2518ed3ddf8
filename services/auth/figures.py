"""What the audit log's verification found, and when it last did."""

from typing import Final

from prometheus_client import Gauge

from services.kit.db.gauges import OwnGauges

VERIFICATION: Final = OwnGauges(
    "SELECT (SELECT finding_count FROM audit_verifications WHERE finished_at IS NOT NULL"
    " ORDER BY finished_at DESC, id DESC LIMIT 1) AS part,"
    " (SELECT finding_count FROM audit_verifications WHERE finished_at IS NOT NULL AND whole"
    " ORDER BY finished_at DESC, id DESC LIMIT 1) AS whole,"
    " (SELECT extract(epoch FROM now() - max(finished_at)) FROM audit_verifications) AS age",
    {
        "part": Gauge("ringi_audit_findings", "Faults that the last verification of the audit log found"),
        "whole": Gauge("ringi_audit_findings_of_whole", "Faults that the last verification of the whole log found"),
        "age": Gauge("ringi_audit_verified_seconds", "Since when the audit log was last verified; 0 before the first"),
    },
)
