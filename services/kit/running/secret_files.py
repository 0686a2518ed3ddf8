"""Secrets from files: beside ``RINGI_X`` a process reads ``RINGI_X_FILE``, as secrets are mounted into containers."""

import os
from pathlib import Path
from typing import Any

from pydantic import SecretStr
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from services.kit.running.keyring import Keyring


def is_secret(field: FieldInfo) -> bool:
    """Settings whose value is kept out of ``repr``, or keeps itself out of it."""
    return not field.repr or any(kind in str(field.annotation) for kind in (SecretStr.__name__, Keyring.__name__))


class SecretFiles(PydanticBaseSettingsSource):
    """The content of the named files, without white space around it. A secret in both places is refused: it would be
    guesswork which of them counts after one was changed."""

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        name = f"{self.config.get('env_prefix', '')}{field_name}".upper()
        path = os.environ.get(f"{name}_FILE")
        own = f"{field_name}_file" in self.settings_cls.model_fields  # a setting of that name, which reads by itself
        if not path or own or not is_secret(field):
            return None, field_name, False
        if os.environ.get(name):
            raise ValueError(f"{name} and {name}_FILE are both set; keep one")
        try:
            return Path(path).read_text().strip(), field_name, False
        except OSError as error:
            raise ValueError(f"{name}_FILE can't be read: {error.strerror}") from error

    def __call__(self) -> dict[str, Any]:
        found = {name: self.get_field_value(field, name)[0] for name, field in self.settings_cls.model_fields.items()}
        return {name: value for name, value in found.items() if value is not None}


class WithSecretFiles(BaseSettings):
    """Settings whose secrets may stand in files, and stand in no message about them."""

    model_config = SettingsConfigDict(hide_input_in_errors=True)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - the signature is pydantic's
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return init_settings, env_settings, SecretFiles(settings_cls)
