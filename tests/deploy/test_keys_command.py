"""`ringi keys`: what is there stays, a key is replaced in three steps, a former single key goes on opening."""

import json
from pathlib import Path
from uuid import UUID

import pytest
from typer.testing import CliRunner

from deploy.cli.keys import app
from deploy.databases.names import LOGINS
from deploy.embedded.state.home import Home
from deploy.embedded.state.secrets import Secrets
from deploy.keys.purposes import BY_NAME, FLEETING, PURPOSES
from deploy.keys.rings import Step, StepRefusedError, new_key, stepped
from deploy.keys.stores import EnvFile, Folder, Store
from frontend.ui.settings import FrontendSettings
from services.auth import totp
from services.kit.running.keyring import Keyring
from services.kit.running.settings import KeySettings

FORMER = "a-former-key-for-everything-0123456789"
USER = UUID(int=7)


def ringi(*arguments: str) -> str:
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0, result.output
    return result.output


def test_every_purpose_is_a_setting_and_every_setting_of_keys_a_purpose() -> None:
    settings = {
        name.removesuffix("_keys")
        for kind in (KeySettings, FrontendSettings)
        for name in kind.model_fields
        if name.endswith("_keys")
    }
    assert settings == set(BY_NAME)


@pytest.mark.parametrize(("option", "kind"), [("--env-file", EnvFile), ("--folder", Folder)])
def test_what_is_missing_is_made_and_what_is_there_stays(tmp_path: Path, option: str, kind: type) -> None:
    place, wanted = tmp_path / "place", [*(p.variable for p in PURPOSES), "POSTGRES_PASSWORD", *LOGINS.values()]
    store: Store = kind(place)
    store.put("RINGI_MAIL_KEYS", new_key())
    kept = store.get("RINGI_MAIL_KEYS")
    ringi("generate", option, str(place))
    first = {variable: store.get(variable) for variable in wanted}
    assert len({*first.values()}) == len(wanted)
    assert first["RINGI_MAIL_KEYS"] == kept
    ringi("generate", option, str(place))
    assert {variable: store.get(variable) for variable in wanted} == first
    files = [place] if place.is_file() else list(place.iterdir())
    assert all(file.stat().st_mode & 0o077 == 0 for file in files)


def test_other_lines_of_a_file_stay_as_they_are(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text("# ours\nPOSTGRES_PASSWORD=x\n")
    ringi("generate", "--env-file", str(file))
    assert file.read_text().startswith("# ours\nPOSTGRES_PASSWORD=x\n")


def test_a_former_single_key_opens_what_it_sealed_and_seals_nothing(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text(f"RINGI_SECRET_KEY={FORMER}\n")
    ringi("generate", "--env-file", str(file))
    rings = {p.name: EnvFile(file).get(p.variable).split(",") for p in PURPOSES}
    assert all(ring[0] != FORMER for ring in rings.values())
    assert {name for name, ring in rings.items() if ring[1:] == [FORMER]} == set(rings) - FLEETING
    sealed = totp.seal_secret(Keyring(FORMER), USER, "JBSWY3DP")
    assert totp.open_secret(Keyring(",".join(rings["factor"])), USER, sealed) == "JBSWY3DP"


def test_a_key_is_replaced_in_three_steps_and_each_says_what_comes_next(tmp_path: Path) -> None:
    place = str(tmp_path)
    ringi("generate", "--folder", place)
    store = Folder(tmp_path)
    [old] = store.get("RINGI_FACTOR_KEYS").split(",")
    assert "rotate factor use" in ringi("rotate", "factor", "add", "--folder", place)
    first, new = store.get("RINGI_FACTOR_KEYS").split(",")
    assert first == old
    said = ringi("rotate", "factor", "use", "--folder", place)
    assert "reseal" in said
    assert "rotate factor drop" in said
    assert store.get("RINGI_FACTOR_KEYS").split(",") == [new, old]
    shown = ringi("show", "--folder", place)
    assert Keyring(new).fingerprints()[0][:8] in shown
    assert new not in shown
    ringi("rotate", "factor", "drop", "--folder", place)
    assert store.get("RINGI_FACTOR_KEYS") == new


@pytest.mark.parametrize(
    ("ring", "step"), [([], Step.ADD), (["a", "b"], Step.ADD), (["a"], Step.USE), (["a"], Step.DROP)]
)
def test_a_step_out_of_order_is_refused(ring: list[str], step: Step) -> None:
    with pytest.raises(StepRefusedError):
        stepped(ring, step)


def test_a_state_folder_with_one_key_gets_the_others_and_what_was_sealed_opens(tmp_path: Path) -> None:
    home = Home(tmp_path)
    stored = {
        "secret_key": FORMER,
        "postgres_password": "p" * 48,
        "service_password": "s" * 48,
        "demo_password": "d" * 9,
    }
    home.secrets_file.write_text(json.dumps(stored))
    found = Secrets.load(home)
    assert Secrets.load(home) == found
    assert (found.postgres_password, found.demo_password) == ("p" * 48, "d" * 9)
    sealed = totp.seal_secret(Keyring(FORMER), USER, "JBSWY3DP")
    assert totp.open_secret(Keyring(found.keys["factor"]), USER, sealed) == "JBSWY3DP"
    assert home.secrets_file.stat().st_mode & 0o077 == 0
