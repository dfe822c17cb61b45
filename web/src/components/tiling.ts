import type { ReactiveController, ReactiveControllerHost } from 'lit'

export interface Tiling {
  columns: number
  rows: number
}

/** How much wider than high a tile may be before more width shows nothing more of a face. */
const FACE_ASPECT = 1.2

/**
 * Columns and rows that show `count` faces largest on an area of that size, the fewest columns of equals; pure.
 * Tiles are filled with the middle of each picture, so that what limits a face is the shorter side.
 */
export function tilingOf(count: number, width: number, height: number): Tiling {
  let best: Tiling = { columns: 1, rows: Math.max(1, count) }
  let largest = 0
  for (let columns = 1; columns <= count; columns++) {
    const rows = Math.ceil(count / columns)
    const face = Math.min(width / columns, (height / rows) * FACE_ASPECT)
    if (face > largest) [best, largest] = [{ columns, rows }, face]
  }
  return best
}

/** The least share of a picture's height that may be seen for it to fill its tile. */
const SEEN_AT_LEAST = 0.6

/** Whether a picture may fill a tile: its sides may be cut, a head or chin may not; pure. */
export function mayFill(picture: { width: number; height: number }, tile: { width: number; height: number }): boolean {
  if (picture.width === 0 || tile.width === 0) return true
  const seen = tile.height / tile.width / (picture.height / picture.width)
  return seen >= SEEN_AT_LEAST
}

/** Keeps the tiling of an element's area in its `--columns` and `--rows`, as the area and the count change. */
export class TilingController implements ReactiveController {
  #observer: ResizeObserver | undefined
  #area: HTMLElement | undefined

  constructor(
    private readonly host: ReactiveControllerHost,
    private readonly area: () => HTMLElement | null,
    private readonly count: () => number,
  ) {
    host.addController(this)
  }

  hostConnected(): void {
    this.#observer = new ResizeObserver(() => this.#tile())
    this.host.requestUpdate()
  }

  hostUpdated(): void {
    const area = this.area() ?? undefined
    if (area !== this.#area) {
      this.#observer?.disconnect()
      if (area) this.#observer?.observe(area)
      this.#area = area
    }
    this.#tile()
  }

  hostDisconnected(): void {
    this.#observer?.disconnect()
    this.#area = undefined
  }

  #tile(): void {
    if (!this.#area) return
    const { columns, rows } = tilingOf(this.count(), this.#area.clientWidth, this.#area.clientHeight)
    this.#area.style.setProperty('--columns', String(columns))
    this.#area.style.setProperty('--rows', String(rows))
    this.#area.style.setProperty('--cameras', String(this.count()))
  }
}
