import { expect, test } from 'vitest'
import { en } from '../src/i18n/en'
import { ja } from '../src/i18n/ja'

const placeholders = (text: string) => (text.match(/\{\w+\}/g) ?? []).sort()

test('both languages have the same keys, none of them empty', () => {
  expect(Object.keys(en).sort()).toEqual(Object.keys(ja).sort())
  for (const words of [...Object.values(ja), ...Object.values(en)]) expect(words.trim()).not.toBe('')
})

test('both languages fill in the same values', () => {
  for (const key of Object.keys(ja) as (keyof typeof ja)[]) {
    expect(placeholders(en[key]), key).toEqual(placeholders(ja[key]))
  }
})

test('no Japanese is left in the English words', () => {
  for (const [key, words] of Object.entries(en)) expect(words, key).not.toMatch(/[\u3040-\u30ff\u4e00-\u9fff]/)
})

test('the pages and components hold no words of their own', () => {
  const files = import.meta.glob<string>('../src/{pages,components}/*.ts', {
    query: '?raw',
    import: 'default',
    eager: true,
  })
  expect(Object.keys(files).length).toBeGreaterThan(10)
  for (const [file, code] of Object.entries(files)) {
    // The switch names each language in itself; the middle dot joins.
    const words = code.replaceAll('日本語', '').replaceAll('言語 Language', '').replaceAll('・', '')
    expect(words, file).not.toMatch(/[\u3040-\u30ff\u4e00-\u9fff]/)
  }
})
