import type { Command } from 'commander'
import { examine } from '../doctor.ts'
import { ExitCode } from '../exit-codes.ts'
import type { Step } from '../step.ts'
import { parseTarget } from '../target.ts'
import { type PortOptions, portNumber } from './port-number.ts'

export function addDoctor(program: Command): void {
  program
    .command('doctor <server[:/export]>')
    .description('check step by step whether it can be mounted, and say what to do')
    .option('--port <n>', 'NFS port, if rpcbind does not know it', portNumber)
    .option('--mount-port <n>', 'MOUNT port, if rpcbind does not know it', portNumber)
    .option('--json', 'print the steps as one JSON object')
    .action(async (text: string, options: PortOptions & { json?: boolean }) => {
      const given = { nfs: options.port, mount: options.mountPort }
      const isJson = options.json === true
      const steps = await examine(parseTarget(text), given, (step) => {
        if (!isJson) printStep(step)
      })
      const failed = steps.find((step) => step.status === 'failed')
      if (isJson) console.log(JSON.stringify({ target: text, ok: failed === undefined, steps }, undefined, 2))
      process.exitCode = failed?.exitCode ?? ExitCode.ok
    })
}

function printStep({ name, status, detail, advice }: Step): void {
  const mark = { ok: 'ok  ', warning: 'warn', failed: 'FAIL', skipped: 'skip' }[status]
  console.log(`${mark}  ${name.padEnd(9)}  ${detail}`)
  if (advice !== undefined) console.log(`${' '.repeat(17)}-> ${advice}`)
}
