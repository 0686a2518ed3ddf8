"""What the demo says, in English and Japanese. `--json` has the key of each check as well as its words."""

from typing import Final, NamedTuple


class LocalizedText(NamedTuple):
    en: str
    ja: str

    def for_(self, language: str) -> str:
        return self.ja if language == "ja" else self.en


SCENARIOS: Final = {
    "approval": LocalizedText("Returned, resubmitted, approved by two people", "差戻し、再申請、二人の承認"),
    "race": LocalizedText("Two approvers decide at the same instant", "二人の承認者が同時に決裁"),
    "recall": LocalizedText("A recall", "取下げ"),
    "customer": LocalizedText(
        "A customer with 1,000 related rows, deleted and restored", "顧客の削除と復元（関連 1,000 行）"
    ),
    "leaver": LocalizedText("A colleague leaves", "退職者の引継ぎ"),
    "due": LocalizedText("A task falls due", "期限の迫ったタスク"),
    "reports": LocalizedText("Reports", "レポート"),
    "events": LocalizedText("Events", "イベント"),
}

CHECKS: Final = {
    "completed-scenario": LocalizedText("The scenario ran to its end", "このシナリオが最後まで進んだ"),
    "approved": LocalizedText("The request is approved", "承認済になった"),
    "second-revision": LocalizedText("Being returned made it revision 2", "差戻しのあと版が 2 になった"),
    "history": LocalizedText("The history has every action in order", "履歴が順に残った"),
    "hash-chain": LocalizedText(
        "Each entry of the history holds the hash of the one before", "履歴のハッシュがつながっている"
    ),
    "one-winner": LocalizedText("One of them approved, the other was refused", "一人だけが承認できた"),
    "loser-told": LocalizedText("The other was told who had been first", "先に決めた人の名前が、もう一人に伝わった"),
    "recalled": LocalizedText("The requester took the request back", "申請者が取り下げた"),
    "closed": LocalizedText("After that nobody can approve it", "取下げのあとは承認できない"),
    "thousand-rows": LocalizedText("The customer has 1,000 related rows", "関連する 1,000 行がある"),
    "same-process": LocalizedText("Deleting twice answers with the same process", "二度目の削除は同じプロセスを答える"),
    "deleted": LocalizedText("The deletion completed", "削除プロセスが完了した"),
    "gone": LocalizedText("The customer is gone", "顧客は一覧から消えた"),
    "rows-gone": LocalizedText("So are meetings and tasks", "商談とタスクも消えた"),
    "cancelled": LocalizedText("The pending request was cancelled", "承認待ちの申請は取り消された"),
    "restored": LocalizedText("The restoration completed", "復元プロセスが完了した"),
    "rows-back": LocalizedText("All 1,000 rows are back", "1,000 行がすべて戻った"),
    "request-back": LocalizedText("The request is back with its requester", "申請は差戻しとして担当者に戻った"),
    "cleared": LocalizedText(
        "In the end they are in the recycle bin, out of the lists", "最後にごみ箱へ移し、一覧に残さなかった"
    ),
    "left": LocalizedText("The leaver's deletion completed", "退職者の削除プロセスが完了した"),
    "customers-moved": LocalizedText("The customers moved to the successor", "顧客は後任に移った"),
    "tasks-moved": LocalizedText("The task moved to the successor", "タスクは後任に移った"),
    "successor-approved": LocalizedText("The successor could approve", "後任が承認できた"),
    "tokens-dead": LocalizedText("The leaver's token is dead", "退職者のトークンは失効した"),
    "told-once": LocalizedText("Due soon and overdue were each announced once", "期限間近と期限超過が一度ずつ届いた"),
    "counted": LocalizedText("The reports count this run's three approvals", "承認件数がレポートに加わった（+3）"),
    "carried": LocalizedText(
        "Kafka carried the deletion and the return of every row", "1,000 行の削除と復元をすべて Kafka が運んだ"
    ),
}

SUBMITTED: Final = LocalizedText("{name} submitted {number}", "{name} が {number} を申請しました")
EVENTS_TITLE: Final = LocalizedText("Events that Kafka carried", "Kafka が運んだイベント")
REPORTS_TITLE: Final = LocalizedText("Reports (last 30 days)", "レポート（直近 30 日）")


def language_of(locale: str) -> str:
    """The language of a POSIX locale such as `ja_JP.UTF-8`; English for what is not spoken here."""
    return "ja" if locale.lower().startswith("ja") else "en"
