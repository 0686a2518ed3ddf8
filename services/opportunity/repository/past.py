"""What was approved for a customer before: what the flags of a new request compare it with."""

from datetime import datetime
from uuid import UUID

from services.contracts.money import of_json
from services.kit.db.database import Reader
from services.opportunity import amounts
from services.opportunity.suitability import AMOUNT_RISE_WINDOW, Approved, Past, Proposal


async def of_customer(reader: Reader, customer_id: UUID, proposal: Proposal, at: datetime) -> Past:
    """By the index of the customer's requests, which are few."""
    row = await reader.one(
        "SELECT (SELECT jsonb_build_object('number', a.number,"  # noqa: S608
        f" 'amount', {amounts.as_json('a')}, 'decidedAt', a.decided_at)"
        "  FROM approvals a WHERE a.customer_id = %(customer)s AND a.state = 'APPROVED' AND a.currency = %(currency)s"
        "  AND a.amount IS NOT NULL AND a.decided_at > %(since)s"
        f"  ORDER BY {amounts.exact('a')} DESC, a.decided_at DESC LIMIT 1"
        " ) AS largest,"
        " EXISTS (SELECT FROM approvals a WHERE a.customer_id = %(customer)s AND a.state = 'APPROVED'"
        "  AND a.fields ->> 'product' = %(product)s) AS in_product",
        {
            "customer": customer_id,
            "currency": proposal.currency,
            "since": at - AMOUNT_RISE_WINDOW,
            "product": proposal.product,
        },
    )
    assert row is not None
    largest = row["largest"]
    return Past(
        None
        if largest is None
        else Approved(largest["number"], of_json(largest["amount"]), datetime.fromisoformat(largest["decidedAt"])),
        row["in_product"],
    )
