import type { VideoSession } from '../api/types'

/** Whether a session is what somebody looks for: part of a name, in whatever width and spacing, or of the number. */
export function matches(session: VideoSession, query: string): boolean {
  const wanted = plain(query)
  return wanted === '' || searchable(session).includes(wanted)
}

const written = new WeakMap<VideoSession, string>()

function searchable(session: VideoSession): string {
  let text = written.get(session)
  if (text === undefined) {
    const { patient, doctor, supportDoctors } = session.appointment
    const present = session.participants.map((participant) => participant.displayName)
    const names = [patient, doctor, ...supportDoctors].map((person) => person.displayName)
    text = [...names, ...present, session.appointmentId].map(plain).join('\n')
    written.set(session, text)
  }
  return text
}

function plain(text: string): string {
  return text.normalize('NFKC').toLowerCase().replace(/\s/g, '')
}
