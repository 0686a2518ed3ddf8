"""`ringi audit`: what an auditor does with a dossier, on any machine, without a running system."""

import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final

import orjson
import typer
from rich.text import Text

from deploy.cli.terminal import FAILURE, console, fail
from services.opportunity.dossier import in_groups, plain_fingerprint
from services.opportunity.dossier_check import NotADossierError, Pin, Problem, Report, check, pins_of, schema_of
from services.opportunity.sample_check import SheetReport, check_sheet
from services.opportunity.schemas.sample_sheet import SHEET_SCHEMA

UNREADABLE: Final = 2
SHOWN: Final = 20
SHEET: Final = "sample.json"
MEMBER_BYTES_MAX: Final = 64 * 1024 * 1024
"""Unpacked, of one file in a ZIP: a dossier with a long history has some hundred kilobytes."""


@dataclass(frozen=True, slots=True)
class Unreadable:
    """What there is to say about a file that could not be checked."""

    why: str


app = typer.Typer(add_completion=False, no_args_is_help=True, help="Verify what an auditor took away; works offline.")


@app.callback()
def audit() -> None:
    """Verify what an auditor took away; works offline, without server and database."""


@app.command()
def verify(
    files: Annotated[list[Path], typer.Argument(help="Dossiers and audit samples, as they were downloaded.")],
    key: Annotated[
        list[str] | None, typer.Option("--key", help="Fingerprint of a key that you trust; may be given several times.")
    ] = None,
    keys: Annotated[
        Path | None, typer.Option("--keys", help="Stored answer of GET /approvals/evidence-keys: keys that you trust.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the findings as JSON.")] = False,
) -> None:
    """Check signature, key, every hash and commitment, and whether the dossier's story holds together.

    Of an audit sample (its ZIP, or its sample.json with what lies beside it) the drawing is repeated, too, and all of
    its dossiers are checked.

    Exit code 0: all are verified. 1: something is wrong, and it is said where. 2: a file or a key could not be read.
    """
    trusted = _trusted(key or [], keys)
    findings = [(file, _checked(file, trusted)) for file in files]
    if as_json:
        told = [{"file": str(file)} | as_document(finding) for file, finding in findings]
        document = {"verified": all(one["verified"] for one in told), "dossiers": told}
        print(orjson.dumps(document, option=orjson.OPT_INDENT_2).decode())  # noqa: T201
    else:
        for file, finding in findings:
            show(file, finding)
    if any(isinstance(finding, Unreadable) for _, finding in findings):
        raise typer.Exit(UNREADABLE)
    if not all(isinstance(finding, Report) and finding.verified for _, finding in findings):
        raise typer.Exit(FAILURE)


def _checked(file: Path, trusted: list[Pin] | None) -> Report | Unreadable:
    try:
        content = file.read_bytes()
        if zipfile.is_zipfile(file):
            return _checked_archive(file, trusted)
        if schema_of(content) == SHEET_SCHEMA:
            return check_sheet(content, lambda name: _beside(file, name), trusted)
        return check(content, trusted)
    except OSError as error:
        return Unreadable(f"can't be read: {error.strerror}")
    except (
        NotADossierError,
        zipfile.BadZipFile,
        zlib.error,
        RuntimeError,
    ) as error:  # the last for one with a password
        return Unreadable(str(error))


def _beside(file: Path, name: str) -> bytes | None:
    path = file.parent / name
    return path.read_bytes() if path.is_file() else None


def _checked_archive(file: Path, trusted: list[Pin] | None) -> Report | Unreadable:
    """The export of an audit sample, as it was downloaded: nothing of it may be missing."""
    with zipfile.ZipFile(file) as archive:
        members = {member.filename: member for member in archive.infolist()}
        if len(members) != len(archive.infolist()):
            return Unreadable("a file stands twice in this ZIP")
        if any(member.file_size > MEMBER_BYTES_MAX for member in members.values()):
            return Unreadable("this ZIP holds files that are larger than any that was made here")
        if SHEET not in members:
            return Unreadable(f"this ZIP holds no {SHEET}; unpack it and give the dossiers in it")
        return check_sheet(
            archive.read(SHEET), lambda name: archive.read(name) if name in members else None, trusted, whole=True
        )


def _trusted(fingerprints: list[str], keys: Path | None) -> list[Pin] | None:
    """None where nothing was named that could be trusted."""
    pins: list[Pin] = []
    try:
        pins += [Pin(plain_fingerprint(text)) for text in fingerprints]
    except ValueError as error:
        fail(f"--key: {error}", "Give the fingerprint as it is printed, in quotes.", code=UNREADABLE)
    if keys is not None:
        try:
            pins += pins_of(keys.read_bytes())
        except (OSError, ValueError) as error:
            fail(
                f"{keys} holds no list of keys: {error}",
                "Store what GET /approvals/evidence-keys answers.",
                code=UNREADABLE,
            )
    return pins if fingerprints or keys is not None else None


def as_document(report: Report | Unreadable) -> dict[str, object]:
    if isinstance(report, Unreadable):
        return {"verified": False, "unreadable": report.why, "problems": []}
    return {
        "verified": report.verified,
        **_summary(report),
        "recordSha256": report.record_sha256,
        "keyFingerprint": report.key,
        "keyPinned": report.pinned,
        "problems": [
            {"entry": problem.entry, "field": problem.field, "pointer": problem.pointer, "problem": problem.what}
            for problem in report.problems
        ],
    }


def _summary(report: Report) -> dict[str, object]:
    if isinstance(report, SheetReport):
        return {
            "sample": report.title,
            "closed": report.is_closed,
            "items": report.items,
            "drawnAgain": report.drawn_again,
            "dossiersChecked": report.dossiers,
        }
    return {"number": report.number, "entries": report.entries, "erasedEntries": report.erased}


def show(file: Path, report: Report | Unreadable) -> None:
    target = console()
    target.print(Text(str(file), style="bold"))
    if isinstance(report, Unreadable):
        target.print(Text.assemble(("✗ ", "bold red"), report.why))
        target.print(Text("This file could NOT be checked. Give dossiers as they were downloaded.", style="bold red"))
        return
    for problem in report.problems[:SHOWN]:
        target.print(Text.assemble(("✗ ", "bold red"), place(problem), f": {problem.what}"))
    if len(report.problems) > SHOWN:
        target.print(Text(f"  and {len(report.problems) - SHOWN} more"))
    if not report.verified:
        kind = "sample" if isinstance(report, SheetReport) else "dossier"
        target.print()
        target.print(Text(f"This {kind} is NOT verified: {len(report.problems)} problems.", style="bold red"))
        return
    for line in _of_sample(report) if isinstance(report, SheetReport) else _of_dossier(report):
        target.print(Text.assemble(("✓ ", "green"), line))
    if isinstance(report, SheetReport) and not report.drawn_again:
        target.print(Text.assemble(("! ", "yellow"), "population.txt does not lie beside it: nothing was drawn again"))
    target.print(f"  SHA-256 of the record  {in_groups(report.record_sha256)}")
    target.print(f"  Key                    {in_groups(report.key)}")
    if report.pinned:
        target.print(Text.assemble(("✓ ", "green"), "the key is one that you trust"))
        return
    warning = "the key is only the one that came along: anybody can make such a key"
    target.print(Text.assemble(("! ", "yellow"), warning))
    target.print('  Compare the fingerprint with the published one, or give it: --key "…" or --keys FILE')


def _of_dossier(report: Report) -> list[str]:
    erased = f", {report.erased} of them with comment and facts erased" if report.erased else ""
    return [
        f"{report.number}: signature, {report.entries} entries{erased}",
        "hashes, commitments, votes and rights agree",
    ]


def _of_sample(report: SheetReport) -> list[str]:
    state = "closed" if report.is_closed else "not closed yet"
    found = [f"{report.title}: signature, {report.items} requests, {state}"]
    if report.drawn_again:
        found.append("the seed draws these requests from the population")
    if report.dossiers:
        found.append(f"{report.dossiers} dossiers are verified, and those that the sheet names")
    return found


def place(problem: Problem) -> str:
    """``entry 3, facts/at`` or the pointer."""
    return problem.pointer if problem.entry is None else f"entry {problem.entry}, {problem.field or 'the whole entry'}"
