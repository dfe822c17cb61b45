"""Imports run one way, pure modules touch nothing outside, and the house rules about files hold."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "src" / "shinsatsu"
MODULES = sorted(SOURCE.rglob("*.py"))
LONGEST = 300

# What each package may import of shinsatsu, besides itself. `media/offer_reader.py` reads SDP for the service, behind
# its port OfferReader, with the parser of rtc; `service` and `domain` may not. `bootstrap` alone picks implementations.
MAY_IMPORT = {
    "domain": set(),
    "rtc": set(),
    "service": {"domain"},
    "store": {"domain", "service"},
    "media": {"domain", "service", "rtc", "wire"},
    "webhooks": {"domain", "service"},
    "identity": {"domain", "service"},
    "proof": {"domain", "service", "secret_file"},
    "sfu": {"rtc"},
    "fhir": {"domain", "service"},
    "realtime": {"domain", "service", "wire"},
    "api": {"domain", "service", "realtime", "settings", "wire", "wire_shapes", "fhir"},
}
"""`service` for store, media, webhooks and realtime means the ports: see PORTS."""
PORTS = {
    "shinsatsu.service.ports",
    "shinsatsu.service.repositories",
    "shinsatsu.service.access_repositories",
    "shinsatsu.service.invitation_repository",
    "shinsatsu.service.account_repositories",
    "shinsatsu.service.media_repositories",
    "shinsatsu.service.proof_repository",
    "shinsatsu.service.sending",
    "shinsatsu.service.identity_ports",
    "shinsatsu.service.webhook_repository",
    "shinsatsu.service.request",
}
ONLY_PORTS = {"store", "media", "webhooks", "proof", "identity"}
IMPLEMENTATIONS = {"store", "media", "sfu", "webhooks", "proof", "identity"}
OUTSIDE = {
    *("asyncio", "socket", "ssl", "selectors", "threading", "subprocess", "multiprocessing", "concurrent"),
    *("os", "io", "pathlib", "tempfile", "shutil", "sqlite3", "http", "urllib", "logging", "signal", "time", "random"),
    *("secrets", "uuid"),
}
PURE = [
    *(SOURCE / "domain").glob("*.py"),
    SOURCE / "media" / "edge_plan.py",
    *(SOURCE / "rtc" / name for name in ("sdp.py", "sdp_parse.py", "sdp_attributes.py", "rtp.py", "rtcp.py")),
    *(SOURCE / "sfu" / name for name in ("negotiation.py", "forwarding.py", "bandwidth.py")),
    *(SOURCE / "realtime" / name for name in ("messages.py", "session.py")),
]


def imports(path: Path) -> Iterator[str]:
    """The modules that a file imports, wherever in it."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            yield node.module or ""


def name_of(path: Path) -> str:
    return str(path.relative_to(SOURCE))


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_imports_run_one_way(path: Path) -> None:
    package = path.relative_to(SOURCE).parts[0]
    if package not in MAY_IMPORT:
        return
    for module in imports(path):
        if not module.startswith("shinsatsu"):
            continue
        target = [*module.split("."), ""][1]
        assert target == package or target in MAY_IMPORT[package], f"{package} imports {module}"
        if package in ONLY_PORTS and target == "service":
            assert module in PORTS, f"{package} imports {module}, which is no port"


@pytest.mark.parametrize("path", [path for path in PURE if path.exists()], ids=name_of)
def test_pure_modules_touch_nothing_outside(path: Path) -> None:
    for module in imports(path):
        top = module.split(".")[0]
        assert top not in OUTSIDE, f"{path.name} imports {module}"
        if path.parent.name == "domain":
            assert top in ("shinsatsu", *sys.stdlib_module_names), f"{path.name} imports {module}"


def test_the_service_names_no_implementation() -> None:
    for path in (SOURCE / "service").glob("*.py"):
        targets = {module.split(".")[1] for module in imports(path) if module.startswith("shinsatsu.")}
        assert not targets & IMPLEMENTATIONS, path.name


@pytest.mark.parametrize("path", [path for path in MODULES if path.name == "__init__.py"], ids=name_of)
def test_package_files_are_empty(path: Path) -> None:
    assert path.read_text().strip() == ""


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_files_stay_short(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= LONGEST
