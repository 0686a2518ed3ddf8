"""Refusals about files."""

from services.kit.db.database import Row
from services.kit.errors import Conflict, ProblemError, Text


class AttachmentsNotClean(Conflict):
    """``attachments`` names the files that hold the request up."""

    code = "attachments_not_clean"
    title = Text("添付ファイルの確認が済んでいません", "The attachments are not cleared")

    def __init__(self, waiting: list[str], infected: list[str]) -> None:
        if infected:
            detail = Text(
                f"ウイルスが見つかったファイルを削除してください：{'、'.join(infected)}",
                f"Remove what a virus was found in: {', '.join(infected)}",
            )
        else:
            detail = Text(
                f"ウイルス検査が済むまでお待ちください：{'、'.join(waiting)}",
                f"Wait until these have been scanned: {', '.join(waiting)}",
            )
        super().__init__(detail, attachments=[*infected, *waiting])


class AttachmentQuarantined(Conflict):
    code = "attachment_quarantined"
    title = Text("ウイルス検査が済むまでダウンロードできません", "It can't be downloaded before it has been scanned")


class AttachmentInfected(ProblemError):
    """The row stays to say what it was; ``found`` is the scanner's name for it."""

    status, code = 410, "attachment_infected"
    title = Text(
        "ウイルスが見つかったため、ファイルは削除されました", "A virus was found in the file, which was deleted"
    )

    def __init__(self, found: str | None) -> None:
        super().__init__(found=found)


class AttachmentPurged(ProblemError):
    """The row stays to say what it was; ``rule`` and ``term`` say why it was deleted (``PurgeRule``)."""

    status, code = 410, "attachment_purged"
    title = Text(
        "保存期間の規則に従い、ファイルは削除されました", "The file was deleted by the rules on how long files are kept"
    )

    def __init__(self, row: Row) -> None:
        super().__init__(purgedAt=row["purgedAt"], rule=row["purgeRule"], term=row["purgeTerm"])


class AlreadyHeld(Conflict):
    code = "already_on_legal_hold"
    title = Text("すでに訴訟ホールドの対象です", "The request is under legal hold already")


class UnderLegalHold(Conflict):
    code = "under_legal_hold"
    title = Text(
        "訴訟ホールド中のため、ファイルは削除できません", "The request is under legal hold: its files can't be removed"
    )


class HoldReleased(Conflict):
    code = "legal_hold_released"
    title = Text("この訴訟ホールドはすでに解除されています", "The legal hold has been released already")


class HeldByOtherOffice(ProblemError):
    """Auditors lift the holds of auditors, administrators those of administrators."""

    status, code = 403, "legal_hold_of_other_office"
    title = Text(
        "訴訟ホールドを解除できるのは、設定した側（管理者または監査人）だけです",
        "A legal hold is released by the office that set it: administrators or auditors",
    )


class TooManyAttachments(Conflict):
    code = "too_many_attachments"
    title = Text("添付ファイルの数が上限です", "No more files can be attached")

    def __init__(self, most: int) -> None:
        message = Text(f"添付できるのは {most} 件までです", f"A request takes at most {most} files")
        super().__init__(message, max=most)
