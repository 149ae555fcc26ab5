import type { Place } from '../local-agent.ts'

/**
 * Moves bytes from one end to the other, one place filled while the other is emptied. `fill` answers how many bytes there
 * were: fewer than the place holds at the end. Answers how many bytes it were in all.
 */
export async function pump(
  places: readonly [Place, Place],
  fill: (place: Place, length: number, offset: number) => Promise<number>,
  empty: (place: Place, length: number, offset: number) => Promise<void>,
): Promise<number> {
  let [filling, emptying] = places
  let offset = 0
  let emptied = Promise.resolve()
  for (;;) {
    const wanted = filling.bytes.length
    let length: number
    try {
      length = await fill(filling, wanted, offset)
    } finally {
      // Nothing is under way when this ends, whichever end fails.
      await emptied
    }
    if (length > 0) {
      emptied = empty(filling, length, offset)
      // It is awaited above or below; until then a failure is nobody's.
      emptied.catch(() => undefined)
    }
    offset += length
    if (length < wanted) {
      await emptied
      return offset
    }
    ;[filling, emptying] = [emptying, filling]
  }
}
