import { expect, test } from 'vitest'
import type { ConsultationApi } from '../src/api/client'
import { NetworkProblem } from '../src/api/problem'
import { Moderation, Unconfirmed } from '../src/call/moderation'
import { participant } from './samples'

const patient = participant('patient', 'p1')
const guest = participant('patient', 'p2')

function moderation() {
  const asked: string[] = []
  const failures: unknown[] = []
  const answers: { resolve(answer?: unknown): void; reject(error: unknown): void }[] = []
  const admit = (participantId: string) =>
    new Promise<unknown>((resolve, reject) => {
      asked.push(participantId)
      answers.push({ resolve, reject })
    })
  const api = { admit } as unknown as ConsultationApi
  const failed = (error: unknown) => void failures.push(error)
  return {
    asked,
    failures,
    answers,
    it: new Moderation(api, { changed: () => undefined, failed, restored: () => undefined }),
  }
}

test('a command runs once at a time for one person, and beside that of another', async () => {
  const { it, asked, answers } = moderation()
  const first = it.admit(patient)
  expect([await it.admit(patient), it.isRunning('admit', patient), it.isRunning('admit', guest)]).toEqual([
    false,
    true,
    false,
  ])
  void it.admit(guest)
  expect(asked).toEqual(['p1', 'p2'])
  answers[0]!.resolve()
  expect([await first, it.isRunning('admit', patient)]).toEqual([true, false])
})

test('what failed is told and can be tried again', async () => {
  const { it, asked, failures, answers } = moderation()
  const first = it.admit(patient)
  answers[0]!.reject(new NetworkProblem('down'))
  expect([await first, failures.length, it.isRunning('admit', patient)]).toEqual([false, 1, false])
  void it.admit(patient)
  expect(asked).toHaveLength(2)
})

test('what the media plane has not confirmed holds, and is told', async () => {
  const { it, failures, answers } = moderation()
  const first = it.admit(patient)
  answers[0]!.resolve({ ...patient, unconfirmed: true })
  expect(await first).toBe(true)
  expect(failures).toEqual([expect.any(Unconfirmed)])
})
