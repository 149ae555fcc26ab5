/**
 * Programs of a user VM that are not its agent, with the stock kernel's handles: fsva-client cat and cp, and a program of C with
 * libfsva.
 */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { TwoVms } from './two-vms.ts'

t.setTimeout(800_000)

const native = join(import.meta.dirname, '..', '..', 'native')
const work = { timeoutMs: 300_000 }

/** libfsva's own test program, which brings its C library along. */
function programOfC(): Buffer {
  execFileSync('cargo', ['build', '--quiet', '-p', 'libfsva'], { cwd: native })
  const directory = mkdtempSync(join(tmpdir(), 'fsva-program-'))
  const program = join(directory, 'program')
  const sources = ['-I', 'libfsva/include', 'libfsva/tests/program.c', 'target/debug/libfsva.a']
  const how = ['-static', '-s', '-D_GNU_SOURCE', '-Wall', '-Wextra', '-o', program]
  execFileSync('gcc', [...how, ...sources, '-lpthread', '-ldl', '-lm'], { cwd: native, stdio: 'pipe' })
  const bytes = readFileSync(program)
  rmSync(directory, { recursive: true })
  return bytes
}

t.test('programs copy through the agent', async (t) => {
  const layout = await TwoVms.start({ fileSystem: 'ext4', sharedMemory: { bytes: 130 << 20 } })
  t.teardown(() => layout.close())
  const vm = await layout.userVm({ fsvaClient: true })
  const client = async (args: string, uid = 0) => {
    const { exitCode, stdout, stderr } = await vm.run(`exec fsva-client ${args}`, { uid, ...work })
    return { exitCode, stdout: stdout.toString(), stderr: stderr.toString() }
  }
  /** SHA-256 of a file as a shell there reads it. */
  const sum = async (run: (script: string) => Promise<string>, path: string) =>
    (await run(`sha256sum < ${path}`)).slice(0, 64)
  const here = (script: string) => vm.sh(script, work)
  const there = (script: string) => layout.onServer(script)
  /** What the kernel's NFS client asked for. */
  const transfers = async () => {
    const calls = await layout.calls()
    return { reads: calls.get('nfs.READ') ?? 0, writes: calls.get('nfs.WRITE') ?? 0 }
  }

  await there('head -c 67108864 /dev/urandom > /export/big && chmod 644 /export/big && sync')
  const big = await sum(there, '/export/big')
  await here(`fsva-client mount --require-side-channel ${layout.target()} /mnt`)

  await t.test('cp out of the mount and into it, past the kernel', async (t) => {
    const before = await transfers()
    t.same(await client('cp /mnt/big /tmp/big'), { exitCode: 0, stdout: '', stderr: '' })
    t.equal(await sum(here, '/tmp/big'), big)
    t.same(await client('cp /tmp/big /mnt/copy'), { exitCode: 0, stdout: '', stderr: '' })
    t.equal(await sum(there, '/export/copy'), big)
    t.same(await transfers(), before, 'no READ and no WRITE of NFS')
    t.equal(await sum(here, '/mnt/copy'), big, 'and NFS reads it')
    t.not((await transfers()).reads, before.reads, 'control: which is seen')
  })

  await t.test('whoever they are, and with what the kernel has not written yet', async (t) => {
    await here('mkdir -m 777 /mnt/theirs')
    await vm.sh('umask 077; echo private > /mnt/theirs/file', { uid: 1234 })
    t.match(await client('cat /mnt/theirs/file', 1234), { exitCode: 0, stdout: 'private\n', stderr: '' })
    t.match(await client('cat /mnt/theirs/file', 4321), { exitCode: 1, stdout: '' })
    t.match(await client('cp /mnt/theirs/file /mnt/theirs/own', 1234), { exitCode: 0, stderr: '' })
    t.equal(await there('stat -c "%u %a" /export/theirs/own'), '1234 600')
    const dirty = 'exec 3> /mnt/dirty; echo not yet written >&3; fsva-client cat /mnt/dirty'
    t.equal(await here(dirty), 'not yet written')
  })

  await t.test('a program of C', async (t) => {
    await vm.sh('cat > /tmp/program && chmod +x /tmp/program', {
      input: programOfC(),
      ...work,
    })
    const [socket] = (
      await here('ls /run/fsva/agents/*.data /run/fsva/agent.sock 2> /dev/null || true')
    ).split('\n')
    t.equal(await here(`/tmp/program ${socket} /mnt`), 'done')
    t.equal(await there('stat -c %s /export/from-c'), '3000000')
  })

  await t.test('without the agent', async (t) => {
    const { status } = JSON.parse((await client('stats --json')).stdout)
    await here(`kill -KILL ${status.pid}; while [ -e /proc/${status.pid} ]; do sleep 0.1; done`)
    const { exitCode, stderr } = await client('cp /mnt/big /mnt/again')
    t.equal(exitCode, 0, stderr)
    t.match(stderr, '/mnt/big: by the kernel alone: no agent runs')
    t.equal(await sum(there, '/export/again'), big)
  })
})
