"""The second step of signing in: a code, with a challenge that proves that the password was right a moment ago.

The challenge is sealed and bound to the password as it was: whoever shows the form for the code keeps no password, and
a change of it ends all challenges.
"""

import base64
import hashlib
from datetime import timedelta
from typing import Final
from uuid import UUID

import orjson

from services.auth.errors import ChallengeInvalid
from services.auth.record import User
from services.auth.repository import users
from services.auth.service.state import Auth
from services.kit.db.unit_of_work import Reader
from services.kit.running import clock
from services.kit.trust.crypto import SealBrokenError, open_sealed, seal

LIFETIME: Final = timedelta(minutes=3)
_PURPOSE: Final = "sign-in-challenge"


def challenge_for(auth: Auth, user: User) -> str:
    """For a user whose password was right just now."""
    content = {"user": str(user.id), "password": _digest(user), "until": (clock.now() + LIFETIME).timestamp()}
    sealed = seal(auth.settings.factor_keys, _PURPOSE, orjson.dumps(content), bound_to=_PURPOSE.encode())
    return base64.urlsafe_b64encode(sealed).decode()


async def user_of(reader: Reader, auth: Auth, challenge: str) -> User:
    """Raises ChallengeInvalid for a challenge that is forged, too old, or of a password that was changed since."""
    try:
        sealed = base64.b64decode(challenge, altchars=b"-_", validate=True)
        opened = open_sealed(auth.settings.factor_keys, _PURPOSE, sealed, bound_to=_PURPOSE.encode())
    except (ValueError, SealBrokenError) as error:
        raise ChallengeInvalid from error
    content = orjson.loads(opened)
    user = await users.find(reader, UUID(content["user"]))
    if user is None or content["until"] < clock.now().timestamp() or content["password"] != _digest(user):
        raise ChallengeInvalid
    return user


def _digest(user: User) -> str:
    return hashlib.sha256((user.password_hash or "").encode()).hexdigest()
