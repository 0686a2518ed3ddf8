"""What only auth refuses, with stable codes."""

import math
from typing import Final

from services.kit.errors import Conflict, Forbidden, NotFound, Text, TooManyRequests, Unauthorized, Unprocessable

MINUTES_FROM: Final = 90
"""Seconds; longer waits are told in minutes."""


class InvalidCredentials(Unauthorized):
    """The same for an unknown address, a wrong password and a user who left: nobody learns which."""

    code = "invalid_credentials"
    title = Text("メールアドレスまたはパスワードが違います", "Wrong e-mail address or password")


class TotpRequired(Unauthorized):
    """``challenge`` proves for some minutes that the password was right; with a code it signs in."""

    code = "totp_required"
    title = Text("認証コードを入力してください", "Enter the code of your authenticator")


class ChallengeInvalid(Unauthorized):
    code = "challenge_invalid"
    title = Text(
        "時間が経過しました。もう一度パスワードを入力してください", "That took too long; enter the password again"
    )


class TotpInvalid(Unauthorized):
    code = "totp_invalid"
    title = Text("認証コードが違うか、使用済みです", "The code is wrong or was used before")


class AccountSuspended(Forbidden):
    """Told only to who knows the password."""

    code = "account_suspended"
    title = Text("アカウントは停止中です", "The account is suspended")


class LoginThrottled(TooManyRequests):
    """Nothing was looked at, and nothing counted. The text says for how long, as ``Retry-After`` does."""

    code = "login_throttled"
    title = Text("失敗が続いたため、しばらくお待ちください", "Too many failed attempts; wait a while")

    def __init__(self, retry_after: int, reason: Text) -> None:
        wait = _duration(max(1, retry_after))
        detail = Text(f"{reason.ja}{wait.ja}後にもう一度お試しください。", f"{reason.en} Try again in {wait.en}.")
        super().__init__(retry_after, detail)


def _duration(seconds: int) -> Text:
    """Rounded up: who comes back then is not sent away again."""
    if seconds <= MINUTES_FROM:
        return Text(f"{seconds} 秒", f"{seconds} second{'s' if seconds > 1 else ''}")
    minutes = math.ceil(seconds / 60)
    return Text(f"{minutes} 分", f"{minutes} minutes")


class RefreshTokenInvalid(Unauthorized):
    code = "refresh_token_invalid"
    title = Text("セッションは終了しています。もう一度サインインしてください", "The session has ended; sign in again")


class RefreshTokenReused(RefreshTokenInvalid):
    """A token that was replaced long ago came back: it was stolen, or its successor was. The family ends."""

    code = "refresh_token_reused"


class EmailTaken(Conflict):
    code = "email_taken"
    title = Text("このメールアドレスは登録済みです", "This e-mail address is taken")


class SelfDeletion(Conflict):
    code = "self_deletion"
    title = Text("自分自身は削除・停止できません", "Nobody deletes or suspends themselves")


class LastAdmin(Conflict):
    code = "last_admin"
    title = Text("最後の管理者は変更できません", "The last administrator has to stay")


class ManagerCycle(Unprocessable):
    code = "manager_cycle"
    title = Text("上長の関係が循環します", "The chain of managers would be a circle")


class NameTaken(Conflict):
    """By a department whose name reads the same: width, case and blanks make no other name."""

    code = "name_taken"
    title = Text("同じ名前の部門があります", "There is a department of this name")


class CodeTaken(Conflict):
    code = "code_taken"
    title = Text("同じコードの部門があります", "There is a department with this code")


class DepartmentCycle(Unprocessable):
    code = "department_cycle"
    title = Text("部門の関係が循環します", "A department would lie below itself")


class TooManyDepartments(Conflict):
    code = "too_many_departments"
    title = Text("部門の数が上限に達しています", "There are as many departments as there can be")


class DepartmentInUse(Conflict):
    """``departments``, ``members`` and ``routes`` say how much hangs on it."""

    code = "department_in_use"
    title = Text("使われている部門は削除できません", "A department in use can't be deleted")

    def __init__(self, *, departments: int, members: int, routes: int) -> None:
        detail = Text(
            f"下位の部門 {departments} 件、所属する人 {members} 人、この部門の長を指定する承認ルート {routes} 件が"
            "残っています",
            f"Below it: {departments}; people in it: {members}; approval routes that name its head: {routes}",
        )
        super().__init__(detail, departments=departments, members=members, routes=routes)


class WrongState(Conflict):
    code = "wrong_state"
    title = Text("ユーザーの状態により実行できません", "The user's state does not allow this")


class RecycleBinOver(Conflict):
    code = "recycle_bin_over"
    title = Text("復元できる期間を過ぎています", "The period for restoring is over")


class ResetLinkInvalid(NotFound):
    code = "reset_link_invalid"
    title = Text("リンクは使用済みか、期限切れです", "The link was used before or is over")


class TotpAlreadyEnabled(Conflict):
    code = "totp_enabled"
    title = Text("二要素認証は設定済みです", "A second factor is set up already")


class TotpNotEnabled(Conflict):
    code = "totp_not_enabled"
    title = Text("二要素認証は設定されていません", "No second factor is set up")


class UnreadablePayload(Unprocessable):
    """The keys of this process do not open it, or it is no payload."""

    code = "payload_unreadable"
    title = Text("この鍵では読み取れないデータです", "No key of this system reads these data")
