"""The shape of a dossier: all that is known of one request's approval, in a form that is verified without the system.

A member that is unknown here makes a dossier of another version; nothing is ignored, as nobody would have checked it.
"""

from datetime import datetime
from typing import Annotated, Any, Final
from uuid import UUID

from pydantic import Field, StringConstraints

from services.contracts.money import Money
from services.contracts.states import ApprovalKind, ApprovalState, StageMode
from services.kit.models import CamelModel

SCHEMA: Final = "ringi.approval-dossier"
SCHEMA_VERSION: Final = 3
"""Of what is made now; 2 brought the fields of the request's kind, 3 amounts that are not whole."""
KNOWN_VERSIONS: Final = (1, 2, 3)
"""What was made once goes on being verified."""
ALGORITHM: Final = "Ed25519"

Hex32 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
"""32 bytes in lower case, so that no two texts mean the same."""
Hex64 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{128}$")]


class DossierStage(CamelModel):
    """One stage of the route. ``escalateTo`` is who is asked when time is up, ``escalatedTo`` who has been."""

    name: str
    approver_ids: list[UUID]
    mode: StageMode
    quorum: int | None
    deadline_hours: int | None
    business_days: bool
    escalate_to: UUID | None
    escalated_to: UUID | None
    viewer_ids: list[UUID]
    vacant_ids: list[UUID]


class DossierRequest(CamelModel):
    """The request as it stood when the dossier was made. ``stage`` counts from 0."""

    id: UUID
    number: str
    title: str
    description: str
    kind: ApprovalKind
    customer_id: UUID | None
    customer_name: str | None
    requester_id: UUID
    owner_id: UUID
    amount: Money | None
    currency: str
    fields: dict[str, Any] = Field(default_factory=dict)
    """Since version 2."""
    flags: list[str]
    generation: int
    revision: int
    state: ApprovalState
    stage: int
    stages: list[DossierStage]
    previous_id: UUID | None
    process_id: UUID | None
    created_at: datetime
    submitted_at: datetime | None
    decided_at: datetime | None
    decided_by_id: UUID | None
    history_length: int
    history_head: Hex32


class EntryFacts(CamelModel):
    """What an entry's hash covers, word for word."""

    approval_id: UUID
    sequence: int
    at: datetime
    action: str
    actor_id: UUID | None
    on_behalf_of_id: UUID | None
    role: str
    generation: int
    stage: int
    revision: int
    state: ApprovalState
    process_id: UUID | None
    commitment: Hex32


class DossierEntry(CamelModel):
    """One entry of the history. ``salt`` and ``personal`` (comment, and what was seen) are null once erased."""

    id: UUID
    facts: EntryFacts
    previous_hash: Hex32
    hash: Hex32
    erased: bool
    salt: Hex32 | None
    personal: dict[str, Any] | None


class DossierVote(CamelModel):
    """``approverId`` is whose vote it is, ``voterId`` who gave it."""

    generation: int
    revision: int
    stage: int
    approver_id: UUID
    voter_id: UUID
    decision: str
    at: datetime


class DossierProxy(CamelModel):
    """The right by which somebody acted in another's name, with its period."""

    id: UUID
    from_id: UUID
    to_id: UUID
    starts_at: datetime
    ends_at: datetime


class DossierComment(CamelModel):
    """A remark beside the decisions; what was said with one stands in its entry."""

    id: UUID
    author_id: UUID
    body: str
    created_at: datetime


class DossierRecord(CamelModel):
    """``people``: names by id, as they are today. ``processIds``: processes that acted on the request."""

    request: DossierRequest
    history: list[DossierEntry]
    votes: list[DossierVote]
    proxies: list[DossierProxy]
    comments: list[DossierComment]
    people: dict[str, str | None]
    process_ids: list[UUID]


class DossierMade(CamelModel):
    at: datetime
    for_id: UUID
    for_name: str | None


class DossierSignature(CamelModel):
    """``fingerprint`` is the SHA-256 of the public key's 32 bytes."""

    algorithm: str
    key_id: str
    public_key: Hex32
    fingerprint: Hex32
    value: Hex64


class Dossier(CamelModel):
    """``recordSha256`` is that of ``record`` alone: the same for every dossier of a request that has not changed.

    ``digests`` tell which value was changed, by JSON pointer; the signature covers everything but its own value.
    """

    schema_: Annotated[str, Field(alias="schema")]
    version: int
    record: DossierRecord
    record_sha256: Annotated[Hex32, Field(alias="recordSha256")]
    made: DossierMade
    digests: dict[str, str]
    signature: DossierSignature


class EvidenceKey(CamelModel):
    """A public key in the form of RFC 8037, with when it signed. ``retiredAt`` is null for the one that signs now."""

    kty: str
    crv: str
    use: str
    alg: str
    kid: str
    x: str
    fingerprint: Hex32
    status: str
    created_at: datetime
    retired_at: datetime | None


class EvidenceKeys(CamelModel):
    keys: list[EvidenceKey]
