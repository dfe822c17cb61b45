import { html, svg } from 'lit'

/** Every icon of the product, drawn once on the page and used by name: 24 × 24, strokes only. */
const ICONS = {
  mic: svg`<rect x="9" y="2" width="6" height="12" rx="3"/><path d="M5 11a7 7 0 0 0 14 0M12 18v4"/>`,
  'mic-off': svg`<path d="M3 3l18 18M15 9.3V5a3 3 0 0 0-5.7-1.3M9 9v2a3 3 0 0 0 4.6 2.5M5 11a7 7 0 0 0 11.3 5.5M19 11a7 7 0 0 1-.4 2.3M12 18v4"/>`,
  video: svg`<rect x="2.5" y="6" width="12.5" height="12" rx="2.5"/><path d="m15 10.6 5.5-3.3a.6.6 0 0 1 1 .5v8.4a.6.6 0 0 1-1 .5L15 13.4"/>`,
  'video-off': svg`<path d="M3 3l18 18M10 6h2.5A2.5 2.5 0 0 1 15 8.500v2.100l5.5-3.300a.6.6 0 0 1 1 .5v8.400M15 15.500a2.5 2.5 0 0 1-2.5 2.500H5a2.5 2.5 0 0 1-2.5-2.500v-7A2.5 2.5 0 0 1 4.5 6"/>`,
  screen: svg`<rect x="3" y="4" width="18" height="12.5" rx="2"/><path d="M8 20.500h8M12 16.500v4M12 13V7.500M9.5 10 12 7.500l2.5 2.5"/>`,
  people: svg`<circle cx="9" cy="8" r="3.5"/><path d="M2.5 20a6.5 6.5 0 0 1 13 0M16 4.700a3.5 3.5 0 0 1 0 6.600M18 14.200a6.5 6.5 0 0 1 3.5 5.8"/>`,
  x: svg`<path d="M6 6l12 12M18 6 6 18"/>`,
  leave: svg`<path d="M10 21H6a2 2 0 0 1-2-2V5a2 2 0 0 1 2-2h4M16 16.5 20.5 12 16 7.500M20.5 12H9.5"/>`,
  phone: svg`<path d="M21 16.500v2.600a2 2 0 0 1-2.2 2A17.5 17.5 0 0 1 2.9 5.2 2 2 0 0 1 4.9 3h2.700a1.5 1.5 0 0 1 1.5 1.200l.6 2.900a1.5 1.5 0 0 1-.4 1.400L7.9 9.900a14 14 0 0 0 6.2 6.200l1.4-1.400a1.5 1.5 0 0 1 1.4-.4l2.9.6a1.5 1.5 0 0 1 1.2 1.600z"/>`,
  network: svg`<path d="M2.5 9a14 14 0 0 1 19 0M6 12.700a9 9 0 0 1 12 0M9.3 16.300a4 4 0 0 1 5.4 0M12 19.800h.01"/>`,
  'network-off': svg`<path d="M3 3l18 18M2.5 9A14 14 0 0 1 7 6.200M11 5.300A14 14 0 0 1 21.5 9M6 12.700a9 9 0 0 1 4.7-2.300M15.5 11.200A9 9 0 0 1 18 12.700M9.3 16.300a4 4 0 0 1 5.4 0M12 19.800h.01"/>`,
  refresh: svg`<path d="M20 11.500A8 8 0 0 0 5.7 7L3.5 9.500M3.5 4.500v5h5M4 12.500A8 8 0 0 0 18.3 17l2.2-2.500M20.5 19.500v-5h-5"/>`,
  ok: svg`<circle cx="12" cy="12" r="9"/><path d="m8 12.3 2.8 2.800L16 9.5"/>`,
  sound: svg`<path d="M11 5 6.5 9H3v6h3.500L11 19zM15 9.200a4 4 0 0 1 0 5.600M17.8 6.500a8 8 0 0 1 0 11"/>`,
  clock: svg`<circle cx="12" cy="12" r="9"/><path d="M12 7v5l3 2"/>`,
  bell: svg`<path d="M18 9a6 6 0 0 0-12 0c0 6-2.5 7.5-2.5 7.500h17S18 15 18 9M10 20.500a2.3 2.3 0 0 0 4 0"/>`,
  link: svg`<path d="M9.5 14.500l5-5M11 6.500l1.7-1.700a4.6 4.6 0 0 1 6.5 6.500L17.5 13M13 17.500l-1.7 1.700a4.6 4.6 0 0 1-6.5-6.500L6.5 11"/>`,
  info: svg`<circle cx="12" cy="12" r="9"/><path d="M12 11v5M12 8h.01"/>`,
  check: svg`<path d="M5 12.500l4.5 4.500L19 7.5"/>`,
  note: svg`<path d="M14 3H7a2 2 0 0 0-2 2v14a2 2 0 0 0 2 2h10a2 2 0 0 0 2-2V8zM14 3v5h5M8.5 12.500h7M8.5 16h5"/>`,
  copy: svg`<rect x="8.5" y="8.5" width="12" height="12" rx="2"/><path d="M15.5 8.500v-3a2 2 0 0 0-2-2h-8a2 2 0 0 0-2 2v8a2 2 0 0 0 2 2h3"/>`,
  keyboard: svg`<rect x="2.5" y="6" width="19" height="12.5" rx="2"/><path d="M6.5 10h.01M10.2 10h.01M13.8 10h.01M17.5 10h.01M8 14.500h8"/>`,
  extend: svg`<circle cx="11" cy="13" r="8"/><path d="M11 9v4l2.5 1.500M8.5 2h5M19 3v5M16.5 5.500h5"/>`,
  back: svg`<path d="M9 14.5 4 9.500l5-5M4 9.500h10.500a5.5 5.5 0 0 1 0 11H11"/>`,
  remove: svg`<circle cx="9.5" cy="8" r="3.5"/><path d="M3 20a6.5 6.5 0 0 1 13 0M16.5 8.500l5 5M21.5 8.500l-5 5"/>`,
  hand: svg`<path d="M8 12.500V5.800a1.5 1.5 0 0 1 3 0V11m0-.5V4.300a1.5 1.5 0 0 1 3 0V11m0-4.700a1.5 1.5 0 0 1 3 0v7.700a7 7 0 0 1-7 7c-2.6 0-4-1-5.2-2.900L2.7 14.500a1.5 1.5 0 0 1 2.5-1.600L8 16"/>`,
  'screen-off': svg`<path d="M3 3l18 18M8.5 4H19a2 2 0 0 1 2 2v8.500a2 2 0 0 1-.8 1.600M16.5 16.500H5a2 2 0 0 1-2-2V6a2 2 0 0 1 .9-1.700M8 20.500h8M12 16.500v4"/>`,
  lock: svg`<rect x="4.5" y="10.5" width="15" height="10.5" rx="2"/><path d="M8 10.500V7a4 4 0 0 1 8 0v3.500M12 15v2.500"/>`,
  identity: svg`<rect x="2.5" y="5" width="19" height="14" rx="2"/><circle cx="8.5" cy="11" r="2"/><path d="M5.5 16a3 3 0 0 1 6 0M14.5 10h4M14.5 14h4"/>`,
  chevron: svg`<path d="m6 9.5 6 6 6-6"/>`,
  end: svg`<g transform="rotate(135 12 12)"><path d="M21 16.500v2.600a2 2 0 0 1-2.2 2A17.5 17.5 0 0 1 2.9 5.2 2 2 0 0 1 4.9 3h2.700a1.5 1.5 0 0 1 1.5 1.200l.6 2.900a1.5 1.5 0 0 1-.4 1.400L7.9 9.900a14 14 0 0 0 6.2 6.200l1.4-1.400a1.5 1.5 0 0 1 1.4-.4l2.9.6a1.5 1.5 0 0 1 1.2 1.600z"/></g>`,
}

export type IconName = keyof typeof ICONS

/** The sheet the icons are used from; the root element draws it once. */
export const sprite = html`<svg class="sprite" aria-hidden="true">
  ${Object.entries(ICONS).map(([name, shape]) => svg`<symbol id="i-${name}" viewBox="0 0 24 24">${shape}</symbol>`)}
</svg>`

export function icon(name: IconName) {
  return html`<svg class="icon" aria-hidden="true"><use href="#i-${name}"></use></svg>`
}
