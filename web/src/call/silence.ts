/** One second's look at a peer connection's transport. Counters only ever grow. */
export interface TransportSample {
  /** Milliseconds; any clock that goes on evenly. */
  at: number
  /** Everything that has come in: bytes of media and feedback, and answers to our STUN checks. */
  heard: number
  /** STUN checks sent, consent included. */
  asked: number
}

/** Nothing at all for three looks, give or take their unevenness, is a dead path if a question is open too. */
const SILENT_FOR_MS = 2_900
/** An open question counts once it has had this long to be answered. */
const ANSWERED_WITHIN_MS = 700
/** A look later than this says nothing about the time before it: the page slept. */
const LOOKS_WITHIN_MS = 2_500

/**
 * Tells a dead path from a quiet one; pure.
 *
 * A quiet path (microphone and camera off, the others gone) still carries RTCP, and the far end answers each consent
 * check (RFC 7675), every 2.5 s in Chromium and faster when one stays open. Dead is: nothing in for three seconds, and a
 * check sent after the last sign of life that was not answered in time.
 */
export class Silence {
  #last: TransportSample | undefined
  #lively: TransportSample | undefined
  #askedAt: number | undefined

  /** Takes the next look; true if the path is dead. */
  look(sample: TransportSample): boolean {
    const last = this.#last
    this.#last = sample
    if (!last || !this.#lively || sample.heard !== last.heard || sample.at - last.at > LOOKS_WITHIN_MS) {
      this.#lively = sample
      this.#askedAt = undefined
      return false
    }
    if (sample.asked > this.#lively.asked) this.#askedAt ??= sample.at
    const unanswered = this.#askedAt !== undefined && sample.at - this.#askedAt >= ANSWERED_WITHIN_MS
    return unanswered && sample.at - this.#lively.at >= SILENT_FOR_MS
  }
}

/** The sample of a statistics report: the selected candidate pair's counters, or nothing before there is one. */
export function transportSample(report: RTCStatsReport, at: number): TransportSample | undefined {
  const all = [...report.values()] as Record<string, unknown>[]
  const selected = all.find((stats) => stats['type'] === 'transport')?.['selectedCandidatePairId']
  const pair = all.find((stats) => stats['type'] === 'candidate-pair' && isSelected(stats, selected))
  if (!pair) return undefined
  const count = (name: string) => Number(pair[name] ?? 0)
  return {
    at,
    heard: count('bytesReceived') + count('responsesReceived') + count('requestsReceived'),
    asked: count('requestsSent') + count('consentRequestsSent'),
  }
}

function isSelected(pair: Record<string, unknown>, selected: unknown): boolean {
  if (selected !== undefined) return pair['id'] === selected
  return pair['selected'] === true || (pair['nominated'] === true && pair['state'] === 'succeeded')
}
