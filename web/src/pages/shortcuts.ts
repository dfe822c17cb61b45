const KEYS: Record<string, string> = {
  m: 'microphone',
  v: 'camera',
  s: 'screen',
  p: 'people',
  '?': 'keys',
  Escape: 'escape',
}

/** What a key press asks for, if anything: never while typing, never with a modifier. */
export function shortcutOf(event: KeyboardEvent): string | undefined {
  if (event.ctrlKey || event.metaKey || event.altKey || event.repeat || event.isComposing) return undefined
  const target = event.target as HTMLElement | null
  if (target?.closest?.('input, textarea, select, [contenteditable]')) return undefined
  return KEYS[event.key.length === 1 ? event.key.toLowerCase() : event.key]
}
