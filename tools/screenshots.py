"""Takes the README's pictures from a running demo: `python tools/screenshots.py [FOLDER]` (docs/images by default)."""

import sys
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tests.e2e.browser import launch, new_person, tone
from tests.e2e.clinic import running_clinic
from tests.e2e.conftest import PHONE


def main(folder: Path) -> None:
    """The patient's and the doctor's way, each page once, with the synthetic patient on the doctor's screen."""
    folder.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as scratch,
        running_clinic(Path(scratch), "--with-patient") as clinic,
        sync_playwright() as driver,
    ):
        browser = launch(driver, tone(Path(scratch) / "tone.wav"))
        doctor = new_person(browser)
        doctor.enter(clinic.ready["links"]["doctor"])
        doctor.page.get_by_test_id("admit").click()
        doctor.expect_picture()
        doctor.page.wait_for_timeout(2500)
        doctor.page.screenshot(path=folder / "call-desktop.png")
        appointment = clinic.appoint()
        patient = new_person(browser, **PHONE)
        patient.page.goto(clinic.patient_link(appointment))
        patient.page.get_by_test_id("get-ready").click()
        patient.page.get_by_test_id("join").wait_for()
        patient.page.wait_for_timeout(1500)
        patient.page.screenshot(path=folder / "check-phone.png")
        browser.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path("docs/images"))
