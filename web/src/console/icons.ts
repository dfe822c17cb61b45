import { html, svg } from 'lit'

/** What the console draws besides the product's own icons, in the same hand: 24 × 24, strokes only. */
const SIGNS = {
  search: svg`<circle cx="11" cy="11" r="7"/><path d="m20.5 20.5-4.5-4.5"/>`,
  enter: svg`<path d="M14 3h4a2 2 0 0 1 2 2v14a2 2 0 0 1-2 2h-4M9 16.500l4.5-4.500L9 7.500M13.5 12H3"/>`,
  shield: svg`<path d="M12 3l7.5 2.800v5.400c0 4.6-3.1 8-7.5 9.8-4.4-1.8-7.5-5.2-7.5-9.800V5.800zM8.5 12l2.5 2.5 4.5-4.5"/>`,
  'shield-open': svg`<path d="M12 3l7.5 2.800v5.400c0 4.6-3.1 8-7.5 9.8-4.4-1.8-7.5-5.2-7.5-9.800V5.800zM12 8v4.500M12 16h.01"/>`,
  warn: svg`<path d="M10.3 4.3 2.6 17.600a2 2 0 0 0 1.7 3h15.400a2 2 0 0 0 1.7-3L13.7 4.300a2 2 0 0 0-3.4 0zM12 9.500v4M12 17h.01"/>`,
  right: svg`<path d="m9.5 6 6 6-6 6"/>`,
  left: svg`<path d="m14.5 6-6 6 6 6"/>`,
  down: svg`<path d="m6 9.500 6 6 6-6"/>`,
  calendar: svg`<rect x="3.5" y="5" width="17" height="15.5" rx="2"/><path d="M3.5 10h17M8 3v4M16 3v4"/>`,
  lock: svg`<rect x="5" y="11" width="14" height="9.5" rx="2"/><path d="M8 11V7.500a4 4 0 0 1 8 0V11"/>`,
  'bell-off': svg`<path d="M3 3l18 18M8.300 4.300A6 6 0 0 1 18 9c0 2.700.5 4.500 1.100 5.700M6 8.500V9c0 6-2.5 7.5-2.5 7.500H16M10 20.500a2.3 2.3 0 0 0 4 0"/>`,
  back: svg`<path d="M9 7.500 4.500 12 9 16.500M4.500 12H15a4.5 4.5 0 0 0 4.500-4.500V6"/>`,
  'person-off': svg`<circle cx="10" cy="8" r="3.5"/><path d="M3.5 20a6.5 6.5 0 0 1 11-4.700M16 16l5 5M21 16l-5 5"/>`,
  hand: svg`<path d="M8 12V5.500a1.5 1.5 0 0 1 3 0V11M11 10V4a1.5 1.5 0 0 1 3 0v7M14 11V5.500a1.5 1.5 0 0 1 3 0V14c0 4-2.500 7-6.500 7-3 0-4.500-1.500-6-4l-2-3.500a1.500 1.500 0 0 1 2.500-1.600L8 14"/>`,
  key: svg`<circle cx="8" cy="15.5" r="4.500"/><path d="M11.2 12.300 20 3.500M16.5 7l3 3M13.500 10l2 2"/>`,
  mobile: svg`<rect x="7" y="2.5" width="10" height="19" rx="2.5"/><path d="M11 18.500h2"/>`,
  window: svg`<rect x="3" y="4" width="18" height="12.5" rx="2"/><path d="M8 20.500h8M12 16.500v4"/>`,
  plus: svg`<path d="M12 5v14M5 12h14"/>`,
  print: svg`<path d="M7 9V3.500h10V9M7 17.500H4.500v-7a1.500 1.500 0 0 1 1.500-1.500h12a1.500 1.500 0 0 1 1.500 1.500v7H17M7 14h10v6.500H7z"/>`,
  save: svg`<path d="M12 3.500v11M7.500 10.500l4.500 4.500 4.500-4.500M4 16.500v2a2 2 0 0 0 2 2h12a2 2 0 0 0 2-2v-2"/>`,
  gear: svg`<path d="M4 7h10M18 7h2M4 17h2M10 17h10"/><circle cx="16" cy="7" r="2"/><circle cx="8" cy="17" r="2"/>`,
}

export type SignName = keyof typeof SIGNS

/** The sheet they are used from; the console draws it once, beside the product's. */
export const signSheet = html`<svg class="sprite" aria-hidden="true">
  ${Object.entries(SIGNS).map(([name, shape]) => svg`<symbol id="s-${name}" viewBox="0 0 24 24">${shape}</symbol>`)}
</svg>`

export function sign(name: SignName) {
  return html`<svg class="icon" aria-hidden="true"><use href="#s-${name}"></use></svg>`
}
