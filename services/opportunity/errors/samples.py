"""Refusals about the samples of auditors."""

from services.kit.errors import Conflict, Text, Unprocessable


class SampleTooLarge(Unprocessable):
    """More requests match than one sample holds; ``limit`` says how many it does."""

    code = "sample_too_large"
    title = Text("対象の申請が多すぎます", "Too many requests for one sample")

    def __init__(self, limit: int) -> None:
        detail = Text(
            f"一度に取得できるのは {limit} 件までです。期間や状態で絞り込んでください",
            f"One sample holds at most {limit} requests. Choose a shorter period or a state",
        )
        super().__init__(detail, limit=limit)


class PopulationTooLarge(Unprocessable):
    """``limit`` says how many requests one sample can be drawn from."""

    code = "population_too_large"
    title = Text("母集団が大きすぎます", "The population is too large")

    def __init__(self, limit: int) -> None:
        detail = Text(
            f"母集団は {limit:,} 件までです。期間や条件で絞り込んでください",
            f"A sample is drawn from at most {limit:,} requests. Choose a shorter period or other conditions",
        )
        super().__init__(detail, limit=limit)


class SampleClosed(Conflict):
    """What is closed stays as it is; another sample may follow it up."""

    code = "sample_closed"
    title = Text("この監査サンプルは完了しています", "This audit sample is closed")


class SampleNotWorkedThrough(Conflict):
    """``open`` requests of the sample have no assessment."""

    code = "sample_not_worked_through"
    title = Text("未確認の申請があります", "Some requests have not been assessed")

    def __init__(self, left: int) -> None:
        detail = Text(
            f"{left} 件が未確認です。すべて確認してから完了してください",
            f"{left} of them have not been assessed. Assess all of them before you close the sample",
        )
        super().__init__(detail, open=left)
