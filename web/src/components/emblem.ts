import { svg } from 'lit'

/** A telephone with a doctor on it: the first page's only picture. */
export const emblem = svg`<svg class="emblem" viewBox="0 0 160 160" aria-hidden="true">
  <circle cx="80" cy="80" r="80" fill="var(--accent-soft)"/>
  <rect x="50" y="26" width="60" height="112" rx="12" fill="var(--surface)" stroke="var(--accent-ink)" stroke-width="3"/>
  <clipPath id="emblem-screen"><rect x="56" y="36" width="48" height="78" rx="5"/></clipPath>
  <g clip-path="url(#emblem-screen)">
    <path fill="#bdd2cf" d="M56 36h48v78H56z"/>
    <svg x="44" y="36" width="72" height="78" viewBox="470 270 660 730" preserveAspectRatio="xMidYMid slice">
      <g transform="translate(120 150) scale(.85)">
        <path fill="#2b2624" d="M800 196c-122 0-178 86-172 196 4 84-6 150-40 214 50 34 120 44 212 44s162-10 212-44c-34-64-44-130-40-214 6-110-50-196-172-196z"/>
        <path fill="#d6a583" d="M738 540h124v150c0 46-124 46-124 0z"/>
        <path fill="#f4f7f7" d="M330 1000c4-150 40-226 150-262 96-30 190-44 248-76l72 100 72-100c58 32 152 46 248 76 110 36 146 112 150 262z"/>
        <path fill="#0f7a78" d="M728 662c-20 12-34 18-52 26l88 312h72l88-312c-18-8-32-14-52-26l-72 104z"/>
        <path fill="#eac3a5" d="M738 640c-4 16-8 20-12 24l74 128 74-128c-4-4-8-8-12-24-30 26-94 26-124 0z"/>
        <path fill="#ffffff" stroke="#c6d4d2" stroke-width="4" stroke-linejoin="round" d="M722 662c-30 14-52 22-74 32l-26 120 62 26-28 36 124 124-66-310zM878 662c30 14 52 22 74 32l26 120-62 26 28 36-124 124 66-310z"/>
        <path fill="none" stroke="#334446" stroke-width="13" stroke-linecap="round" d="M690 684c-34 90-30 150 6 206M910 684c40 80 46 140 18 200"/>
        <circle cx="924" cy="908" r="26" fill="#8fa3a3" stroke="#334446" stroke-width="9"/>
        <path fill="#eef4f3" stroke="#c6d4d2" stroke-width="4" d="M1046 868h120v92h-120z"/><path stroke="#0f7a78" stroke-width="10" stroke-linecap="round" d="M1070 896h72"/><path stroke="#b5c4c2" stroke-width="8" stroke-linecap="round" d="M1070 926h48"/>
        <path fill="#eac3a5" d="M800 234c-94 0-134 66-132 160 3 122 52 216 132 216s129-94 132-216c2-94-38-160-132-160z"/>
        <path fill="#e0ae8b" d="M668 400c-26-10-36 16-28 48 6 28 22 44 40 40zM932 400c26-10 36 16 28 48-6 28-22 44-40 40z"/>
        <path fill="#2b2624" d="M800 212c-110 0-156 80-146 190 10 10 18 12 26 12 2-50 30-92 76-118 50 36 112 52 164 50 2 26 0 44 2 68 10 0 16-4 24-12 10-110-36-190-146-190z"/>
        <path fill="none" stroke="#3a2f2b" stroke-width="9" stroke-linecap="round" d="M712 392c16-12 36-14 54-6M834 386c18-8 38-6 54 6"/>
        <ellipse cx="740" cy="430" rx="10" ry="12" fill="#2f2623"/><ellipse cx="860" cy="430" rx="10" ry="12" fill="#2f2623"/>
        <path fill="none" stroke="#c58f6c" stroke-width="7" stroke-linecap="round" d="M804 440c6 22 14 36 6 44-6 5-14 5-20 3"/>
        <path fill="none" stroke="#a8584b" stroke-width="9" stroke-linecap="round" d="M758 534c26 18 58 18 84 0"/>
        <g fill="#e8a28c" opacity=".45"><ellipse cx="716" cy="486" rx="28" ry="16"/><ellipse cx="884" cy="486" rx="28" ry="16"/></g>
      </g>
    </svg>
  </g>
  <circle cx="80" cy="126" r="5" fill="none" stroke="var(--accent-ink)" stroke-width="2.5"/>
</svg>`
