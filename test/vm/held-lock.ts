/** A lock that a program in a VM holds until it is told to let go. */
import type { Vm } from './user-vm.ts'

let locks = 0

export class HeldLock {
  readonly #vm: Vm
  readonly #marks: string
  readonly #ended: Promise<{ readonly exitCode: number; readonly output: string }>

  private constructor(vm: Vm, marks: string, command: string) {
    this.#vm = vm
    this.#marks = marks
    this.#ended = vm
      .run(`mkdir ${marks}; ${command}`, { timeoutMs: 180_000 })
      .then(({ exitCode, stdout, stderr }) => ({
        exitCode: exitCode ?? -1,
        output: `${stdout}${stderr}`.trim(),
      }))
  }

  /** flock() of a whole file: flock(1)'s options are -s, -x. */
  static flock(vm: Vm, file: string, options = '-x'): HeldLock {
    const marks = `/tmp/lock-${++locks}`
    return new HeldLock(vm, marks, `flock ${options} ${file} sh -c '${holding(marks)}'`)
  }

  /** fcntl(): `what` is fsva-lock-range's command, offset and length. */
  static range(vm: Vm, file: string, what: string): HeldLock {
    const marks = `/tmp/lock-${++locks}`
    const wait = `until test -e ${marks}/release; do sleep 0.1; done`
    const program = `fsva-lock-range ${file} ${what} stdin`
    // The program says that it has the lock, and lets go when its input ends.
    return new HeldLock(
      vm,
      marks,
      `(${wait}) | ${program} | while read line; do echo $line; touch ${marks}/held; done`,
    )
  }

  /** When the program has the lock, or has been told why not. */
  async isHeld(timeoutMs = 60_000): Promise<void> {
    await this.#vm.sh(`until test -e ${this.#marks}/held; do sleep 0.1; done`, { timeoutMs })
  }

  /** Whether the program has heard anything yet. */
  async hasHeard(): Promise<boolean> {
    return (await this.#vm.run(`test -e ${this.#marks}/held`)).exitCode === 0
  }

  async release(): Promise<{ readonly exitCode: number; readonly output: string }> {
    await this.#vm.sh(`touch ${this.#marks}/release`)
    return await this.#ended
  }
}

function holding(marks: string): string {
  return `touch ${marks}/held; until test -e ${marks}/release; do sleep 0.1; done`
}
