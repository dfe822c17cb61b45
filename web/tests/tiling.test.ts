import { expect, test } from 'vitest'
import { mayFill, tilingOf } from '../src/components/tiling'

const DESKTOP = [920, 600] as const
const PHONE = [390, 720] as const
const ON_ITS_SIDE = [844, 330] as const

test.each([
  ['one fills any area', 1, DESKTOP, 1, 1],
  ['two stand side by side where it is wide', 2, DESKTOP, 2, 1],
  ['two stand above each other on a phone', 2, PHONE, 1, 2],
  ['three leave a centred last row', 3, DESKTOP, 2, 2],
  ['five or six are three columns on a desktop', 5, DESKTOP, 3, 2],
  ['five or six are three columns on a desktop', 6, DESKTOP, 3, 2],
  ['six are two columns on a phone', 6, PHONE, 2, 3],
  ['three are one row on a phone on its side', 3, ON_ITS_SIDE, 3, 1],
  ['four are one row on a phone on its side', 4, ON_ITS_SIDE, 4, 1],
])('%s (%i)', (_, count, [width, height], columns, rows) => {
  expect(tilingOf(count, width, height)).toEqual({ columns, rows })
})

test('there is room for everybody, and no empty row, whatever the count', () => {
  for (const [width, height] of [DESKTOP, PHONE, ON_ITS_SIDE, [0, 0] as const]) {
    for (let count = 1; count <= 20; count++) {
      const { columns, rows } = tilingOf(count, width, height)
      expect(columns * rows).toBeGreaterThanOrEqual(count)
      expect(columns * (rows - 1)).toBeLessThan(count)
    }
  }
})

test('a picture fills its tile while only its sides are cut; one that would lose a head is shown whole', () => {
  const [upright, lying] = [
    { width: 720, height: 1280 },
    { width: 1280, height: 720 },
  ]
  expect(mayFill(lying, { width: 390, height: 720 })).toBe(true)
  expect(mayFill(upright, { width: 390, height: 720 })).toBe(true)
  expect(mayFill(upright, { width: 920, height: 600 })).toBe(false)
  expect(mayFill(lying, { width: 422, height: 165 })).toBe(true)
  expect(mayFill({ width: 0, height: 0 }, { width: 422, height: 165 })).toBe(true)
})
