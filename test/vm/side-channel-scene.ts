/** An appliance VM, a user VM with fsva-client and a second one with plain NFS; the first has a side channel. */
import { readFile } from 'node:fs/promises'
import { stripTypeScriptTypes } from 'node:module'
import { join } from 'node:path'
import type { ControlAnswers } from '../../fsva-client/agent/control-protocol.ts'
import { TwoVms } from './two-vms.ts'
import type { Vm } from './user-vm.ts'

const memoryBytes = 258 << 20
const grownBytes = 1 << 20
const untilMs = 60_000
const workTimeoutMs = 300_000
const sources = ['side-channel-work', 'side-channel-records']

export class SideChannelScene {
  readonly layout: TwoVms
  readonly user: Vm

  private constructor(layout: TwoVms, user: Vm) {
    this.layout = layout
    this.user = user
  }

  static async start(): Promise<SideChannelScene> {
    const layout = await TwoVms.start({
      fileSystem: 'ext4',
      userVms: 2,
      sharedMemory: { bytes: memoryBytes },
    })
    try {
      const user = await layout.userVm({ fsvaClient: true })
      for (const vm of [user, layout.fsva.vm]) {
        await vm.sh(`mkdir -p /work && echo '{"type":"module"}' > /work/package.json`)
        for (const name of sources) await vm.sh(`cat > /work/${name}.js`, { input: await guestProgram(name) })
      }
      return new SideChannelScene(layout, user)
    } catch (error) {
      await layout.close()
      throw error
    }
  }

  /** Has side-channel-work do something; answers what it prints. */
  async work(words: string): Promise<unknown> {
    const server = this.layout.fsva.address
    const printed = await this.user.sh(`node /work/side-channel-work.js ${server} ${words}`, {
      timeoutMs: workTimeoutMs,
    })
    return JSON.parse(printed)
  }

  /** Of the agent. */
  async stats(): Promise<ControlAnswers['stats']> {
    return JSON.parse(await this.user.sh('fsva-client stats --json'))
  }

  /** Until a file of the appliance has grown by so much, or more. */
  async grows(path: string): Promise<void> {
    await this.layout.onServer(`
      size() { stat -c %s ${path}; }
      start=$(size)
      until [ $(size) -ge $((start + ${grownBytes})) ]; do sleep 0.05; done`)
  }

  /** What a script prints in a VM once that is what is wanted, or after a long time. */
  async until(vm: Vm, script: string, wanted: string): Promise<string> {
    const deadline = Date.now() + untilMs
    for (;;) {
      const printed = await vm.sh(script)
      if (printed === wanted || Date.now() > deadline) return printed
    }
  }

  /** Until the agent's channel is up. */
  async isUp(): Promise<void> {
    await this.user.sh(`until fsva-client stats --json | grep -q '"channel": "up"'; do sleep 0.2; done`)
  }

  /** Another agent for the mount that has lost its own. */
  async startAgent(): Promise<void> {
    await this.user.sh('fsva-client agent /mnt < /dev/null > /tmp/agent.log 2>&1 &')
    await this.isUp()
  }

  /** Of a file's bytes, as programs of a VM read it. */
  async sum(vm: Vm, path: string): Promise<string> {
    return (await vm.sh(`sha256sum < ${path}`, { timeoutMs: workTimeoutMs })).slice(0, 64)
  }

  async close(): Promise<void> {
    await this.layout.close()
  }
}

/** One of our sources as JavaScript that finds the client where it is installed. */
async function guestProgram(name: string): Promise<string> {
  const script = stripTypeScriptTypes(await readFile(join(import.meta.dirname, `${name}.ts`), 'utf8'))
  return script
    .replace(/'(?:\.\.\/)+(fsva-client\/[^']+)\.ts'/g, "'/client/node_modules/@fsva/client/$1.js'")
    .replace(/'(\.\/[^']+)\.ts'/g, "'$1.js'")
}
