"""One demo clinic for each kind of SFU, and one Chromium; each test has people and an appointment of its own."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.e2e.browser import Person, launch, new_person, tone
from tests.e2e.clinic import Appointment, Clinic, running_clinic
from tests.e2e.timed_clinic import TimedClinic, timed_clinic

PHONE = {"viewport": {"width": 390, "height": 844}, "device_scale_factor": 2, "is_mobile": True, "has_touch": True}


PLANES = {"embedded": (), "plain": ("--plain-sfu",)}
OVER_BOTH = frozenset({"test_consultation"})
"""Run on the SFU with its extensions and on a plain Calls API (media-control.md), as `test_moderation` is by itself.

The others run on the one that SHINSATSU_TEST_PLANE names, `embedded` unless told otherwise.
"""


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "clinic" in metafunc.fixturenames and metafunc.module.__name__.rpartition(".")[2] in OVER_BOTH:
        metafunc.parametrize("clinic", list(PLANES), indirect=True, scope="session")


@pytest.fixture(scope="session")
def clinic(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clinic]:
    plane = getattr(request, "param", os.environ.get("SHINSATSU_TEST_PLANE", "embedded"))
    with running_clinic(tmp_path_factory.mktemp(f"clinic-{plane}"), *PLANES[plane]) as running:
        yield running


@pytest.fixture(scope="session")
def staff_clinic(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TimedClinic]:
    """Where staff log in by name. Passkeys belong to a name, never to an address: browsers refuse them on 127.0.0.1."""
    folder = tmp_path_factory.mktemp("staff")
    with timed_clinic(folder, "localhost", login_rate="6000/minute", failure_rate="6000/minute") as running:
        yield running


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        chromium = launch(playwright, tone(tmp_path_factory.mktemp("audio") / "tone.wav"))
        yield chromium
        chromium.close()


@pytest.fixture
def appointment(clinic: Clinic) -> Appointment:
    return clinic.appoint()


@pytest.fixture
def person(browser: Browser, tmp_path: Path) -> Iterator[Callable[..., Person]]:
    """Makes people; closes their browser profiles after the test."""
    people: list[Person] = []

    def make(**options: object) -> Person:
        people.append(new_person(browser, **options))  # type: ignore[arg-type]
        return people[-1]

    yield make
    for one in people:
        one.page.context.close()
