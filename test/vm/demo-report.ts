/** What `npm start` prints: steps with their outcome, commands with their output and time. */
import { performance } from 'node:perf_hooks'
import type { Writable } from 'node:stream'

const widthMin = 62

export class DemoReport {
  readonly #out: Writable
  readonly #colour: boolean
  #pending = ''

  constructor(out: Writable & { isTTY?: boolean }) {
    this.#out = out
    this.#colour = out.isTTY === true && process.env.NO_COLOR === undefined
  }

  heading(text: string): void {
    this.line(`\n${this.#style(1, text)}`)
  }

  line(text: string): void {
    this.#out.write(`${text}\n`)
  }

  /** Announces something that takes a while; done() completes the line. */
  step(text: string): void {
    this.#pending = text
    this.#out.write(`  ${text} ... `)
  }

  done(outcome: string): void {
    this.line(
      this.#style(32, outcome.padStart(Math.max(0, widthMin - this.#pending.length - outcome.length))),
    )
  }

  /** Prints a command as typed at `where`'s prompt, runs it, prints its output and how long it took. */
  async shown(where: string, command: string, run: () => Promise<string>): Promise<string> {
    this.#out.write(`  ${this.#style(36, `${where}#`)} ${command}`)
    const started = performance.now()
    const output = await run()
    const seconds = ((performance.now() - started) / 1000).toFixed(2)
    this.line(this.#style(2, `   (${seconds} s)`))
    if (output !== '') this.line(output.replace(/^/gm, '      '))
    return output
  }

  #style(code: number, text: string): string {
    return this.#colour ? `\x1b[${code}m${text}\x1b[0m` : text
  }
}
