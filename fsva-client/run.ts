import { spawn } from 'node:child_process'

/** Runs a command; `output` is what it wrote to stderr, without the program's name in front of each line. */
export function run(program: string, args: readonly string[]): Promise<{ code: number; output: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      stdio: ['ignore', 'inherit', 'pipe'],
      env: { ...process.env, LC_ALL: 'C' },
    })
    const chunks: Buffer[] = []
    child.stderr.on('data', (chunk: Buffer) => chunks.push(chunk))
    child.once('error', reject)
    child.once('close', (code) => {
      const text = Buffer.concat(chunks).toString().trim()
      resolve({ code: code ?? 1, output: text.replace(/^u?mount(\.nfs\d?)?: /gm, '').replaceAll('\n', '; ') })
    })
  })
}
