/** How far a copy is, on one line of a terminal that is written again and again. */

export interface ProgressScreen {
  write(text: string): unknown
}

const intervalMilliseconds = 200
const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'] as const

/** "1.5 GiB"; whole bytes below 1 KiB. */
export function readableBytes(bytes: number): string {
  let value = bytes
  let unit = 0
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024
    unit += 1
  }
  return `${unit === 0 ? value : value.toFixed(1)} ${units[unit]}`
}

export class Progress {
  readonly #screen: ProgressScreen
  readonly #name: string
  readonly #total: number
  readonly #now: () => number
  readonly #started: number
  #written = Number.NEGATIVE_INFINITY

  /** `total` in bytes; `now` in milliseconds. */
  constructor(
    screen: ProgressScreen,
    name: string,
    total: number,
    now: () => number = () => performance.now(),
  ) {
    this.#screen = screen
    this.#name = name
    this.#total = total
    this.#now = now
    this.#started = now()
  }

  update(done: number): void {
    const now = this.#now()
    if (now - this.#written < intervalMilliseconds) return
    this.#written = now
    this.#write(done, '')
  }

  /** The last line stays. */
  end(done: number): void {
    this.#write(done, '\n')
  }

  #write(done: number, end: string): void {
    // A file that grows meanwhile has more than it had.
    const percent = this.#total === 0 ? 100 : Math.min(100, Math.floor((done / this.#total) * 100))
    const seconds = (this.#now() - this.#started) / 1000
    const speed = seconds >= 0.05 ? `, ${readableBytes(Math.round(done / seconds))}/s` : ''
    const of = `${readableBytes(done)} of ${readableBytes(Math.max(done, this.#total))}`
    this.#screen.write(`\r\x1b[K${this.#name}  ${String(percent).padStart(3)}%  ${of}${speed}${end}`)
  }
}
