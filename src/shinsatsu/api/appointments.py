"""The booking system's door: appointments, and links for their people."""

from typing import Annotated

from fastapi import APIRouter, Path
from starlette.responses import JSONResponse

from shinsatsu.api.answers import AppointmentAnswerJson, LinkJson
from shinsatsu.api.auth import Caller
from shinsatsu.api.context import Api
from shinsatsu.api.requests import AppointmentBody, LinkBody, to_utc
from shinsatsu.api.sessions import SessionId
from shinsatsu.domain.appointment import AdmissionMode, AppointmentStatus
from shinsatsu.domain.roles import UserType
from shinsatsu.domain.timestamps import to_text
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


@router.post("/video-sessions/{sessionId}/links", status_code=201, responses={201: {"model": LinkJson}})
async def mint_link(api: Api, caller: Caller, session_id: SessionId, body: LinkBody) -> JSONResponse:
    """A fresh link for one person of the session."""
    minted = await api.access.mint_link(caller, session_id, UserType(body.user_type), body.user_id)
    url = consultation_url(api.public_url, session_id, minted.token)
    return JSONResponse({"url": url, "expiresAt": to_text(minted.expires_at)}, 201)


def consultation_url(public_url: str, session_id: str, token: str) -> str:
    """A consultation link's address (spec §6.2)."""
    return f"{public_url}/consultation/{session_id}?token={token}"


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
