import { expect, test } from 'vitest'
import { consoleEn } from '../src/i18n/console.en'
import { consoleJa } from '../src/i18n/console.ja'

const placeholders = (text: string) => (text.match(/\{\w+\}/g) ?? []).sort()
const JAPANESE = /[\u3040-\u30ff\u4e00-\u9fff]/

const files = import.meta.glob<string>('../src/console/**/*.ts', { query: '?raw', import: 'default', eager: true })

test('both languages have the same keys, none of them empty', () => {
  expect(Object.keys(consoleEn).sort()).toEqual(Object.keys(consoleJa).sort())
  for (const words of [...Object.values(consoleJa), ...Object.values(consoleEn)]) expect(words.trim()).not.toBe('')
})

test('both languages fill in the same values', () => {
  for (const key of Object.keys(consoleJa) as (keyof typeof consoleJa)[]) {
    expect(placeholders(consoleEn[key]), key).toEqual(placeholders(consoleJa[key]))
  }
})

test('no Japanese is left in the English words', () => {
  for (const [key, words] of Object.entries(consoleEn)) expect(words, key).not.toMatch(JAPANESE)
})

test('the console holds no words of its own but its mark', () => {
  expect(Object.keys(files).length).toBeGreaterThan(20)
  for (const [file, code] of Object.entries(files)) expect(code.replace('診', ''), file).not.toMatch(JAPANESE)
})

test('no word is left that nothing says', () => {
  const code = Object.values(files).join('\n')
  // Keys that are put together from what the server names.
  const built =
    /^(role|told|failed|failed-lead|closed|method|outcome|end|end-timeout|doctor|kind|story|confirm|status|trouble|trouble-lead|step|step-lead|login-lead|method-login|scope|scope-about|role-about|overlap|webhook-type|instead|enroll)-/
  const unsaid = Object.keys(consoleJa).filter((key) => !built.test(key) && !code.includes(`'${key}'`))
  expect(unsaid).toEqual([])
})
