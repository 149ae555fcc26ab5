/** Cuts what arrives into lines, and gives up on a peer whose line does not end. */
export class LineReader {
  readonly #bytesMax: number
  #pending = ''

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax
  }

  /** The lines that are complete now; undefined: the line is too long. */
  push(text: string): readonly string[] | undefined {
    const lines = (this.#pending + text).split('\n')
    this.#pending = lines.pop()!
    const isTooLong = [this.#pending, ...lines].some((line) => line.length > this.#bytesMax)
    return isTooLong ? undefined : lines
  }
}
