"""Refusals about absences and about who follows whom."""

from services.kit.errors import Conflict, Text, Unprocessable


class ProxyOver(Conflict):
    code = "proxy_over"
    title = Text("この不在はすでに終了しています", "This absence is over already")


class SuccessorRefused(Unprocessable):
    code = "successor_refused"
    title = Text("後任者を選び直してください", "Choose another successor")
