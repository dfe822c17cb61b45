"""The booking system's door: appointments."""

from typing import Annotated

from fastapi import APIRouter, Path
from starlette.responses import JSONResponse

from shinsatsu.api.answers import AppointmentAnswerJson
from shinsatsu.api.auth import Caller
from shinsatsu.api.context import Api
from shinsatsu.api.requests import AppointmentBody, to_utc
from shinsatsu.domain.appointment import AdmissionMode, AppointmentStatus
from shinsatsu.service.appointments import AppointmentDetails, PersonDetails
from shinsatsu.wire import session_answer

router = APIRouter(prefix="/api", tags=["Booking system"])
AppointmentId = Annotated[str, Path(alias="appointmentId", pattern=r"^[A-Za-z0-9][A-Za-z0-9._:-]{0,63}$")]


@router.put("/appointments/{appointmentId}", responses={200: {"model": AppointmentAnswerJson}})
async def put_appointment(
    api: Api, caller: Caller, appointment_id: AppointmentId, body: AppointmentBody
) -> JSONResponse:
    """Books, changes or cancels; saying it twice changes nothing."""
    view = await api.appointments.put(caller, appointment_id, _details(body))
    answer: AppointmentAnswerJson = {
        "appointmentId": view.appointment.id,
        "status": view.appointment.status.value,
        "session": session_answer(view),
    }
    return JSONResponse(answer)


def _details(body: AppointmentBody) -> AppointmentDetails:
    doctor = body.doctor
    return AppointmentDetails(
        patient=PersonDetails(body.patient.user_id, body.patient.display_name, language=body.patient.language),
        doctor=PersonDetails(
            doctor.user_id, doctor.display_name, licence_year=doctor.licence_year, specialty=doctor.specialty
        ),
        support_doctors=[PersonDetails(one.user_id, one.display_name) for one in body.support_doctors],
        starts_at=to_utc(body.starts_at),
        scheduled_duration=body.scheduled_duration,
        status=AppointmentStatus(body.status),
        admission=AdmissionMode(body.admission),
    )
