"""Nothing secret and nobody's name is logged: whatever a test or its servers print is read, and the test fails for it.

pytest captures what this process and the processes it starts write to standard output and error; what goes to a file
named `*.log` is read when the run ends, and what a test reads from a pipe itself it hands to `refuse_secrets`. With
`-s` nothing is captured, and nothing is read.
"""

import re
from collections.abc import Generator, Iterator, Mapping
from pathlib import Path

import pytest

MOST_OF_A_LINE = 160
PATTERNS: Mapping[str, re.Pattern[str]] = {
    "an API key": re.compile(r"\bsk_[\w-]{20,}"),
    "a webhook's secret": re.compile(r"\bwhsec_[A-Za-z0-9+/]{16,}"),
    "a JWT": re.compile(r"\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*"),
    "a cookie": re.compile(r"\bshinsatsu_(?:grant|login|challenge|oidc)_[\w-]+=[\w-]{8,}"),
    "a credential": re.compile(r"\bBearer +[\w.~+/-]{8,}", re.IGNORECASE),
    "an address with a token": re.compile(r"[?&#](?:token|code|state|grant|login)=[^\s\"'&]{4,}"),
    "an invitation": re.compile(r"/i/[\w-]{16,}"),
    "an authenticator's secret": re.compile(r"\botpauth:|\b(?=[A-Z]*[2-7])[A-Z2-7]{32}\b"),
    "a private key": re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY"),
    "a secret of 256 bits": re.compile(
        r"(?<![\w-])(?=[\w-]{0,42}\d)(?=[\w-]{0,42}[A-Z])(?=[\w-]{0,42}[a-z])[\w-]{43}(?![\w-])", re.ASCII
    ),
    "a password": re.compile(r"a long(?:er)? walk (?:by|home|to)|correct horse"),
    "a birth date": re.compile(r"\b(?:1948-03-13|1950-01-01|1964-10-11)\b"),
    "somebody's name": re.compile(
        r"試験 花子|見本 太郎|支援 次郎|加藤 由美|別の (?:人|医師)|早い 三郎|山田 太郎|小林 恵子|佐藤 花子"
        r"|\b(?:Patient|Doctor|Operator|Admin) \d+\b|\bAunt\b|\bDr yamada\b"
    ),
}
"""What must not be read in a log: the shapes of what is secret here, and the people and passwords of the tests."""

_found = list[str]()


def refuse_secrets(text: str) -> None:
    """Judges what a test read from a server's pipe; raises AssertionError."""
    assert list(found_in(text)) == []


def found_in(text: str) -> Iterator[str]:
    """What is in a text that should not be: of which kind, and the line."""
    for line in text.splitlines():
        for kind, pattern in PATTERNS.items():
            if pattern.search(line):
                yield f"{kind}: {line.strip()[:MOST_OF_A_LINE]}"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Fails a test whose output has a secret."""
    report = yield
    # A test that failed shows values of its own; its report is for whoever mends it.
    found = [one for title, text in report.sections if report.when in title for one in found_in(text)]
    if found and report.passed:
        report.outcome = "failed"
        report.longrepr = "The output has what no log may have:\n" + "\n".join(found)
    return report


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Reads what servers wrote to files; the run fails for it."""
    base: Path = session.config._tmp_path_factory.getbasetemp()  # type: ignore[attr-defined]
    for file in base.rglob("*.log"):
        if file.is_file():
            _found.extend(f"{file}: {one}" for one in found_in(file.read_text(errors="replace")))
    if _found:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Says what was found."""
    if _found:
        terminalreporter.section("what no log may have", red=True)
        for one in _found:
            terminalreporter.write_line(one)
