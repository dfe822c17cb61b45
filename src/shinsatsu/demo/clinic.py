"""The people and appointments of the demo clinic; all of them invented."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from shinsatsu.domain.roles import Person, UserType, WorkerRole
from shinsatsu.service.appointments import AppointmentDetails, PersonDetails

NAME = "みなと診療所"
PHONE = "03-0000-0000"
AFTER_TEXT = "お薬がある場合は、ご希望の薬局へ処方せんをお送りします。お大事になさってください。"

PATIENTS = {1: "佐藤 花子", 2: "鈴木 一郎", 3: "高橋 美咲", 4: "田中 健太", 5: "伊藤 さくら", 6: "渡辺 正雄"}
DOCTORS = {
    1: PersonDetails(1, "山田 太郎", licence_year=2008, specialty="内科"),
    2: PersonDetails(2, "小林 恵子", licence_year=2012, specialty="小児科"),
    3: PersonDetails(3, "中村 誠", licence_year=2003, specialty="循環器内科"),
}
SUPPORT_DOCTOR = 3
OPERATOR = Person(UserType.WORKER, 4, WorkerRole.OPERATOR, "加藤 由美")
ADMIN = Person(UserType.WORKER, 5, WorkerRole.ADMIN, "吉田 剛")


@dataclass(frozen=True, slots=True)
class Booking:
    """One appointment of the day: minutes from now, and who."""

    minutes: int
    patient: int
    doctor: int
    support: tuple[int, ...] = ()


# The first starts now. The second shares nobody with it: its people are strangers to the first.
DAY = (
    Booking(0, 1, 1, (SUPPORT_DOCTOR,)),
    Booking(15, 2, 2),
    Booking(30, 3, 1),
    Booking(45, 4, 2, (SUPPORT_DOCTOR,)),
    Booking(60, 5, 1),
    Booking(75, 6, 2),
)


def people() -> list[Person]:
    """Everybody of the clinic, patients first."""
    patients = [Person(UserType.PATIENT, user_id, None, name, language="ja") for user_id, name in PATIENTS.items()]
    doctors = [
        Person(
            UserType.WORKER,
            one.user_id,
            WorkerRole.DOCTOR,
            one.display_name,
            licence_year=one.licence_year,
            specialty=one.specialty,
        )
        for one in DOCTORS.values()
    ]
    return [*patients, *doctors, OPERATOR, ADMIN]


def appointment_details(booking: Booking, now: datetime) -> AppointmentDetails:
    """The booking as the booking system would say it."""
    return AppointmentDetails(
        patient=PersonDetails(booking.patient, PATIENTS[booking.patient], language="ja"),
        doctor=DOCTORS[booking.doctor],
        support_doctors=[DOCTORS[one] for one in booking.support],
        starts_at=now.replace(second=0, microsecond=0) + timedelta(minutes=booking.minutes),
        scheduled_duration=15,
    )


def appointment_id(booking: Booking, number: int, now: datetime) -> str:
    """Names the day and the moment of the start, so that each start of the demo has a day of its own."""
    return f"demo-{now:%Y%m%d-%H%M%S}-{number}"
