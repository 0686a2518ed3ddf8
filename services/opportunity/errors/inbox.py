"""Refusals about decisions on many, and about what people keep for themselves."""

from services.kit.errors import Conflict, Text


class BulkItemCancelled(Conflict):
    """The rest of the batch was called off before this item had its turn."""

    code = "bulk_item_cancelled"
    title = Text("一括決裁の残りは中止されました", "The rest of the bulk decision was called off")


class BulkDecisionRuns(Conflict):
    code = "bulk_decision_runs"
    title = Text("一括決裁はまだ実行中です", "The bulk decision is still running")


class NothingToRetry(Conflict):
    code = "nothing_to_retry"
    title = Text("再試行できる申請はありません", "There is no request that could be tried again")


class TooManyBulkDecisions(Conflict):
    """``max`` batches of one person run at once."""

    code = "too_many_bulk_decisions"
    title = Text("実行中の一括決裁が終わるまでお待ちください", "Wait until your bulk decisions have finished")

    def __init__(self, most: int) -> None:
        detail = Text(
            f"同時に実行できる一括決裁は {most} 件までです", f"At most {most} bulk decisions of yours run at once"
        )
        super().__init__(detail, max=most)


class DeadlineNear(Conflict):
    code = "deadline_near"
    title = Text("期限まで24時間を切っているため、後回しにできません", "Its deadline is too near to set it aside")


class TooManyViews(Conflict):
    """``max`` views of one person."""

    code = "too_many_views"
    title = Text("保存できるビューの数が上限です", "No more views can be saved")

    def __init__(self, most: int) -> None:
        super().__init__(Text(f"ビューは {most} 件まで保存できます", f"At most {most} views are kept"), max=most)


class TooManyTemplates(Conflict):
    code = "too_many_templates"
    title = Text("テンプレートの数が上限です", "No more templates can be kept")

    def __init__(self, most: int) -> None:
        message = Text(f"保存できるテンプレートは {most} 件までです", f"At most {most} templates can be kept")
        super().__init__(message, max=most)
