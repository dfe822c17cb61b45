import { expect, test } from 'vitest'
import { Silence, transportSample } from '../src/call/silence'

type Second = [heard: number, asked: number]

/** When a path with these seconds is called dead, in milliseconds; undefined if never. */
function deadAt(seconds: Second[], every = 1_000): number | undefined {
  const silence = new Silence()
  let at = 0
  let [heard, asked] = [100, 100]
  silence.look({ at, heard, asked })
  for (const [more, questions] of seconds) {
    at += every
    heard += more
    asked += questions
    if (silence.look({ at, heard, asked })) return at
  }
  return undefined
}

const repeated = (pattern: Second[], times: number) => Array.from({ length: times }, () => pattern).flat()
const LIVELY: Second = [50, 0]
const NOTHING: Second = [0, 0]
const UNANSWERED: Second = [0, 1]

test('media that stop, with checks that stay open, are dead after three seconds', () => {
  expect(deadAt([LIVELY, LIVELY, [0, 0], [0, 1], [0, 4], [0, 8]])).toBe(5_000)
})

test('a check that was asked for just now is given its time', () => {
  expect(deadAt([LIVELY, NOTHING, NOTHING, UNANSWERED])).toBeUndefined()
  expect(deadAt([LIVELY, NOTHING, NOTHING, UNANSWERED, NOTHING])).toBe(5_000)
})

test.each([
  ['answered consent checks alone, every 2.5 s', [[1, 1], NOTHING, NOTHING, [1, 1], NOTHING]],
  ['answered consent checks alone, every 5 s', [[1, 1], NOTHING, NOTHING, NOTHING, NOTHING]],
  ['one check in two lost and asked again a second later', [[0, 1], [1, 1], NOTHING, NOTHING]],
  ['one report a second', [[1, 0]]],
  [
    'two seconds of total loss, again and again',
    [
      [0, 3],
      [0, 3],
      [2, 1],
    ],
  ],
] as [string, Second[]][])('ten minutes with %s are no silence', (_, pattern) => {
  expect(deadAt(repeated(pattern, Math.ceil(600 / pattern.length)))).toBeUndefined()
})

test('a browser that does not count its checks is left to say so itself', () => {
  expect(deadAt(repeated([NOTHING], 60))).toBeUndefined()
})

test('a page that slept does not take its sleep for silence', () => {
  expect(deadAt(repeated([UNANSWERED], 10), 60_000)).toBeUndefined()
})

test('the selected pair is the one that counts, whatever else was tried', () => {
  const report = new Map<string, object>([
    ['a', { id: 'a', type: 'candidate-pair', nominated: true, state: 'succeeded', bytesReceived: 5 }],
    ['b', { id: 'b', type: 'candidate-pair', bytesReceived: 7, responsesReceived: 2, consentRequestsSent: 3 }],
    ['t', { type: 'transport', selectedCandidatePairId: 'b' }],
  ]) as unknown as RTCStatsReport
  expect(transportSample(report, 1)).toEqual({ at: 1, heard: 9, asked: 3 })
  expect(transportSample(new Map() as unknown as RTCStatsReport, 1)).toBeUndefined()
})
