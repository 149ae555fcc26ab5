import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

/** Kernel clock ticks per second that /proc reports in: a constant of the Linux ABI. */
const ticksPerSecond = 100

/** A server process with its output in a log file. */
export class ServerProcess {
  readonly child: ChildProcess
  readonly log: string

  constructor(command: string, words: readonly string[], log: string) {
    const out = openSync(log, 'w')
    this.child = spawn(command, words, { stdio: ['ignore', out, out] })
    closeSync(out)
    this.log = log
  }

  /** utime and stime of proc_pid_stat(5), all threads. */
  cpuSeconds(): number {
    const stat = readFileSync(`/proc/${this.child.pid}/stat`, 'utf8')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond
  }

  /** Waits until something accepts on the port; fails with the log's end if the process ends first. */
  async accepting(port: number, seconds: number): Promise<void> {
    for (let tries = seconds * 20; tries > 0; tries--) {
      if (this.child.exitCode !== null) break
      const socket = connect(port, '127.0.0.1')
      const open = await once(socket, 'connect').then(
        () => true,
        () => false,
      )
      socket.destroy()
      if (open) return
      await sleep(50)
    }
    const tail = readFileSync(this.log, 'utf8').split('\n').slice(-10).join('\n')
    throw new Error(`${this.child.spawnfile} does not accept on port ${port}; its log ends with\n${tail}`)
  }

  async stop(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return
    const exited = once(this.child, 'exit')
    this.child.kill('SIGTERM')
    const kill = setTimeout(() => this.child.kill('SIGKILL'), 10_000)
    await exited
    clearTimeout(kill)
  }
}
