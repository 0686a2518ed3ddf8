"""Enrolling, confirming and removing the second factor."""

from services.auth import totp
from services.auth.errors import TotpAlreadyEnabled, TotpInvalid, TotpNotEnabled
from services.auth.record import User
from services.auth.repository import factors, users
from services.auth.service import throttle
from services.auth.service.sign_in import second_factor_matches
from services.auth.service.state import Auth
from services.kit.db.unit_of_work import UnitOfWork
from services.kit.errors import ProblemError
from services.kit.events.audit import record_audit
from services.kit.running.keyring import Keyring


async def enrol(uow: UnitOfWork, auth: Auth, user: User) -> tuple[str, str]:
    """A new secret and its URI; counts for nothing until a first code confirms it."""
    if user.totp_confirmed_at is not None:
        raise TotpAlreadyEnabled()
    secret = totp.new_secret()
    await factors.save_secret(uow, user.id, totp.seal_secret(auth.settings.factor_keys, user.id, secret))
    await _note(uow, user, "totp.enrolled")
    return secret, totp.provisioning_uri(secret, user.email)


async def confirm(uow: UnitOfWork, auth: Auth, user: User, code: str) -> list[str] | ProblemError:
    """The first code proves that the authenticator has the secret; returns the recovery codes, or a refusal that has
    to be committed."""
    if user.totp_confirmed_at is not None:
        raise TotpAlreadyEnabled()
    if user.totp_secret is None:
        raise TotpNotEnabled()
    secret = totp.open_secret(auth.settings.factor_keys, user.id, user.totp_secret)
    await throttle.refuse_guess(uow, throttle.CODE, user.id)
    step = totp.matching_step(secret, code)
    if step is None:
        await throttle.guess_was_wrong(uow, throttle.CODE, user.id)
        return TotpInvalid()
    await throttle.guess_was_right(uow, throttle.CODE, user.id)
    await factors.confirm(uow, user.id, step)
    codes = await _new_recovery_codes(uow, auth, user)
    await _note(uow, user, "totp.enabled")
    return codes


async def replace_recovery_codes(uow: UnitOfWork, auth: Auth, user: User, code: str) -> list[str] | ProblemError:
    """New recovery codes for a current code; the earlier ones stop counting. Or a refusal, as of `confirm`."""
    refusal = await _refusal(uow, auth, user, code)
    if refusal is not None:
        return refusal
    await _note(uow, user, "totp.recovery_codes_replaced")
    return await _new_recovery_codes(uow, auth, user)


async def remove(uow: UnitOfWork, auth: Auth, user: User, code: str) -> ProblemError | None:
    """Switch the second factor off, with a current code or a recovery code. Returns a refusal, as `confirm` does."""
    refusal = await _refusal(uow, auth, user, code)
    if refusal is not None:
        return refusal
    await factors.remove(uow, user.id)
    await _note(uow, user, "totp.disabled")
    return None


async def reseal(uow: UnitOfWork, keys: Keyring) -> int:
    """Seals secrets with the newest key where an earlier one sealed them; returns for how many people."""
    changed = 0
    for user_id, stored in await factors.secrets(uow):
        sealed = totp.resealed_secret(keys, user_id, stored)
        if sealed is not None:
            await factors.reseal(uow, user_id, sealed)
            changed += 1
    return changed


async def _refusal(uow: UnitOfWork, auth: Auth, user: User, code: str) -> ProblemError | None:
    """Who holds a session but not the authenticator must not find the code by trying."""
    locked = await users.lock(uow, user.id)
    if locked.totp_confirmed_at is None:
        raise TotpNotEnabled()
    await throttle.refuse_guess(uow, throttle.CODE, user.id)
    if not await second_factor_matches(uow, auth, locked, code):
        await throttle.guess_was_wrong(uow, throttle.CODE, user.id)
        return TotpInvalid()
    await throttle.guess_was_right(uow, throttle.CODE, user.id)
    return None


async def _new_recovery_codes(uow: UnitOfWork, auth: Auth, user: User) -> list[str]:
    codes = totp.new_recovery_codes()
    hashes = [totp.recovery_hashes(auth.settings.factor_keys, code)[0] for code in codes]
    await factors.replace_recovery_codes(uow, user.id, hashes)
    return codes


async def _note(uow: UnitOfWork, user: User, action: str) -> None:
    await record_audit(uow, action=action, resource_type="user", resource_id=user.id)
