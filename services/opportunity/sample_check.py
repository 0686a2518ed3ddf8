"""Whether an audit sample's sheet is what was signed, and whether its drawing and its story hold. Needs no server."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from pydantic import ValidationError

from services.opportunity import drawing
from services.opportunity.dossier_check import (
    NotADossierError,
    Pin,
    Problem,
    Report,
    changed_values,
    check,
    misshapen,
    read,
    signature_problems,
)
from services.opportunity.schemas.audit_samples import Assessment, SampleState
from services.opportunity.schemas.sample_sheet import KNOWN_SHEET_VERSIONS, SHEET_SCHEMA, Sheet, SheetItem, SheetRecord

POPULATION: Final = "population.txt"
Beside = Callable[[str], bytes | None]
"""What came along with the sheet, by its name in the export; None for what is not there."""


@dataclass(slots=True)
class SheetReport(Report):
    """``drawn_again``: the population was there, and the drawing was repeated. ``dossiers``: how many were checked."""

    drawn_again: bool = False
    dossiers: int = 0

    @property
    def title(self) -> str:
        return str(self._told("record", "title") or "")

    @property
    def is_closed(self) -> bool:
        return bool(self._told("record", "state") == SampleState.CLOSED)

    @property
    def items(self) -> int:
        drawn: Any = self._told("record", "items")
        return len(drawn) if isinstance(drawn, list) else 0


def check_sheet(
    content: bytes, beside: Beside, pins: Sequence[Pin] | None = None, *, whole: bool = False
) -> SheetReport:
    """Everything that is wrong with the sheet and with what came along. Raises NotADossierError.

    ``pins`` as for a dossier. What is not beside the sheet is not checked, and the report says so; if the export came
    ``whole``, it is missing.
    """
    document = read(content, SHEET_SCHEMA, KNOWN_SHEET_VERSIONS)
    report = SheetReport(document, pinned=pins is not None)
    report.problems += changed_values(document)
    try:
        told = Sheet.model_validate(document)
    except ValidationError as error:
        report.problems += misshapen(error)
        return report
    report.problems += _contradictions(told.record)
    report.problems += signature_problems(document, told, pins)
    population = beside(POPULATION)
    if population is not None:
        report.problems += _drawing_problems(told.record, population)
        report.drawn_again = True
    elif whole:
        report.problems.append(Problem(f"/{POPULATION}", "is missing"))
    report.problems += _dossier_problems(report, told, beside, pins, whole=whole)
    return report


def _contradictions(record: SheetRecord) -> Iterator[Problem]:
    drawn = record.drawing
    if drawn.algorithm != drawing.ALGORITHM:
        yield Problem("/record/drawing/algorithm", "is not known here: the drawing can't be repeated")
    if len(record.items) != min(drawn.count, drawn.population_size):
        yield Problem("/record/items", f"are {len(record.items)}, {drawn.count} of {drawn.population_size} were drawn")
    ranks = [drawing.rank(drawn.seed, item.number) for item in record.items]
    if ranks != sorted(set(ranks)):
        yield Problem("/record/items", "do not stand in the order in which the seed draws them")
    for index, item in enumerate(record.items):
        for pointer, what in _wrong_with(item, index + 1):
            yield Problem(f"/record/items/{index}{pointer}", what)
    if (record.closing is None) != (record.state is SampleState.OPEN):
        yield Problem("/record/closing", "does not agree with the state of the sample")
    if record.closing is not None:
        yield from _after_the_end(record)


def _wrong_with(item: SheetItem, position: int) -> Iterator[tuple[str, str]]:
    if item.position != position:
        yield "/position", f"is {item.position} where {position} belongs"
    before = None
    for index, said in enumerate(item.assessments):
        if said.version != index + 1:
            yield f"/assessments/{index}/version", f"is {said.version}: an assessment is missing or too many"
        if said.assessment is Assessment.FINDING and not said.note:
            yield f"/assessments/{index}/note", "is empty, and a finding says what was found"
        if before is not None and said.at < before:
            yield f"/assessments/{index}/at", "lies before the assessment that it follows"
        before = said.at


def _after_the_end(record: SheetRecord) -> Iterator[Problem]:
    assert record.closing is not None
    for index, item in enumerate(record.items):
        if item.assessment is Assessment.OPEN:
            yield Problem(f"/record/items/{index}", "is not assessed, and the sample is closed")
        if any(said.at > record.closing.at for said in item.assessments):
            yield Problem(f"/record/items/{index}", "was assessed after the sample was closed")


def _drawing_problems(record: SheetRecord, population: bytes) -> Iterator[Problem]:
    """The population is what the sheet names, and the seed draws the same from it again."""
    pointer = f"/{POPULATION}"
    if drawing.digest(population) != record.drawing.population_sha256:
        yield Problem(pointer, "is not the population that the sample was drawn from: its SHA-256 is another")
        return
    try:
        numbers = drawing.numbers_of(population)
    except ValueError as error:
        yield Problem(pointer, str(error))
        return
    if len(numbers) != record.drawing.population_size:
        yield Problem(pointer, f"has {len(numbers)} numbers, the sheet says {record.drawing.population_size}")
    if drawing.draw(record.drawing.seed, numbers, record.drawing.count) != [item.number for item in record.items]:
        yield Problem("/record/items", "are not the requests that the seed draws from the population")


def _dossier_problems(
    report: SheetReport, told: Sheet, beside: Beside, pins: Sequence[Pin] | None, *, whole: bool
) -> Iterator[Problem]:
    """Each dossier that the sheet names verifies, and is the one that it names."""
    ids = {item.number: item.approval_id for item in told.record.items}
    if whole and {named.number for named in told.made.dossiers} != ids.keys():
        yield Problem("/made/dossiers", "are not those of the drawn requests")
    for index, named in enumerate(told.made.dossiers):
        pointer = f"/made/dossiers/{index}"
        content = beside(named.file)
        if named.number not in ids:
            yield Problem(pointer, f"is of {named.number}, which was not drawn")
        if content is None:
            if whole:
                yield Problem(pointer, f"{named.file} is missing")
            continue
        report.dossiers += 1
        try:
            found = check(content, pins)
        except NotADossierError as error:
            yield Problem(pointer, f"{named.file}: {error}")
            continue
        if not found.verified:
            first = found.problems[0]
            yield Problem(pointer, f"{named.file} is not verified: {first.pointer} {first.what}")
        elif found.record_sha256 != named.record_sha256 or found.approval_id != str(ids.get(named.number)):
            yield Problem(pointer, f"{named.file} is another dossier than the one that was made with the sheet")
