"""The shape of an audit sample's own sheet: how it was drawn, what was found, and the result.

As in dossiers, a member that is unknown here makes a sheet of another version.
"""

from datetime import datetime
from typing import Annotated, Final
from uuid import UUID

from pydantic import Field, StringConstraints

from services.kit.models import CamelModel
from services.opportunity.schemas.audit_samples import Assessment, Population, SampleState
from services.opportunity.schemas.dossier import DossierMade, DossierSignature, Hex32

SHEET_SCHEMA: Final = "ringi.audit-sample"
SHEET_VERSION: Final = 2
"""Of what is made now; 2 brought bounds of amounts that are not whole."""
KNOWN_SHEET_VERSIONS: Final = (1, 2)


class SheetDrawing(CamelModel):
    """Everything that the drawing follows from, but for the population itself, which is `population.txt`."""

    population: Population
    population_size: int
    population_sha256: Annotated[Hex32, Field(alias="populationSha256")]
    algorithm: str
    seed: str
    seed_given: bool
    count: int
    at: datetime
    by_id: UUID


class SheetAssessment(CamelModel):
    version: int
    assessment: Assessment
    note: str
    at: datetime
    by_id: UUID


class SheetItem(CamelModel):
    """A drawn request with all that was ever said of it; the last assessment counts."""

    position: int
    approval_id: UUID
    number: str
    assessments: list[SheetAssessment]

    @property
    def assessment(self) -> Assessment:
        return self.assessments[-1].assessment if self.assessments else Assessment.OPEN


class SheetClosing(CamelModel):
    at: datetime
    by_id: UUID
    result: str


class SheetRecord(CamelModel):
    """``people``: names by id, as they are today."""

    id: UUID
    title: str
    previous_id: UUID | None
    drawing: SheetDrawing
    items: list[SheetItem]
    state: SampleState
    closing: SheetClosing | None
    people: dict[str, str | None]


class SheetDossier(CamelModel):
    """The dossier of a drawn request that was made together with the sheet."""

    number: str
    file: Annotated[str, StringConstraints(pattern=r"^dossiers/[A-Z0-9-]+\.json$")]
    record_sha256: Annotated[Hex32, Field(alias="recordSha256")]


class SheetMade(DossierMade):
    """``dossiers`` is empty where the sheet was made alone."""

    dossiers: list[SheetDossier]


class Sheet(CamelModel):
    """``recordSha256``, ``digests`` and ``signature`` as those of a dossier."""

    schema_: Annotated[str, Field(alias="schema")]
    version: int
    record: SheetRecord
    record_sha256: Annotated[Hex32, Field(alias="recordSha256")]
    made: SheetMade
    digests: dict[str, str]
    signature: DossierSignature
