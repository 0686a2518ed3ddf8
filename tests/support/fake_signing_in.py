"""Signing in, as the stand-in for the gateway answers it."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from tests.support.fake_answers import Ask, Json, problem

PASSWORD = "ringi-demo-2026"
TOTP_CODE = "123456"


class SigningInAnswers:
    """Handlers of what needs no access token, and of its end."""

    users: dict[str, Json]
    totp_users: set[str]
    token_seconds: int
    refreshes: int

    def _tokens(self, user: Json) -> Json:
        self.refreshes += 1
        token = f"{user['id']}|{self.refreshes}"
        return {
            "accessToken": token,
            "refreshToken": f"r|{token}",
            "tokenType": "Bearer",
            "expiresIn": self.token_seconds,
            "totpEnrolmentRequired": False,
            "user": user,
        }

    async def _login(self, request: Request) -> Response:
        body = await request.json()
        user = next((user for user in self.users.values() if user["email"] == body["email"]), None)
        if user is None or body["password"] != PASSWORD:
            return problem(401, "invalid_credentials", "メールアドレスまたはパスワードが正しくありません")
        if user["email"] in self.totp_users and body.get("totp") != TOTP_CODE:
            code = "totp_invalid" if body.get("totp") else "totp_required"
            return problem(401, code, "確認コードが必要です", challenge=f"sealed|{user['id']}")
        return JSONResponse(self._tokens(user))

    async def _login_code(self, request: Request) -> Response:
        body = await request.json()
        user = self.users.get(body["challenge"].removeprefix("sealed|"))
        if user is None or body["totp"] != TOTP_CODE:
            return problem(401, "totp_invalid" if user else "challenge_invalid", "確認コードが違います")
        return JSONResponse(self._tokens(user))

    async def _refresh(self, request: Request) -> Response:
        token = (await request.json())["refreshToken"].split("|")
        if token[-1] != str(self.refreshes):
            return problem(401, "refresh_reused", "再度サインインしてください")
        return JSONResponse(self._tokens(self.users[token[1]]))

    def _logout(self, _ask: Ask) -> Response:
        return Response(status_code=204)
