/**
 * What the stock client needs to notice a change at once, item by item. The mount believes its attributes for ten minutes,
 * the changes are made behind its back, in the exported directory itself; without a notice it must not see them, or the
 * test would prove nothing.
 */
import {
  lstatSync,
  mkdirSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { chmod, chown, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { repositoryRoot } from './cache.ts'
import { command } from './command.ts'
import { makeDisk, mountLoop } from './disk.ts'
import { OneMachine } from './one-machine.ts'
import { RunScope } from './run-scope.ts'
import type { Vm } from './user-vm.ts'

t.setTimeout(800_000)

/** fsva_channel::protocol::CHANGED_*. */
const changed = { data: 1, attributes: 2, directory: 4, nameRemoved: 8 }
const owner = 1000

t.test('the stock client notices what it is told of', async (t) => {
  const scope = new RunScope()
  t.teardown(() => scope.close())
  const usual = await exportOf(scope, 'usual')
  // Inodes of 128 bytes have times in whole seconds.
  const seconds = await exportOf(scope, 'seconds', ['-t', 'ext2', '-I', '128'])
  const machine = await OneMachine.start({ exportDirectory: usual, exports: [usual, seconds] }, scope)
  const vm = await machine.userVm()
  await vm.sh('cat > /usr/sbin/kernel-cache && chmod +x /usr/sbin/kernel-cache', {
    input: await kernelCache(),
  })
  const client = new Client(vm)
  const options = `${machine.server.mountOptions},actimeo=600`
  const mount = (directory: string, at: string) =>
    vm.sh(`mkdir -p ${at} && mount -t nfs -o ${options} ${machine.network.serverAddress}:${directory} ${at}`)
  await mount(usual, '/mnt')
  await mount(seconds, '/seconds')
  await vm.sh(
    `mkdir /locked && ${machine.lockingMountCommand('/locked', 'vers=3,actimeo=600')}`.replaceAll(
      usual,
      seconds,
    ),
  )

  await t.test('each kind of change', (t) => eachKind(t, client, usual))
  await t.test('what changes within one tick of the server’s clock', (t) =>
    withinATick(t, client, seconds, '/seconds'),
  )
  await t.test('the same where locks are the server’s', (t) => withinATick(t, client, seconds, '/locked'))
  await t.test('everything, when nobody knows what', (t) => everything(t, client, usual))
  await t.test('without a channel, by asking', (t) => polled(t, client, usual))
  await t.test('notices of nothing', (t) => nothing(t, client))
  await t.test('while root may not read', async (t) => {
    machine.server.reconfigure({ squash: 'root_squash' })
    await machine.server.restart()
    await squashed(t, client, usual)
  })
  await t.test('the mount can be taken away while it is looked after', async (t) => {
    await client.endLooking()
    await vm.sh(
      'mkfifo /run/notices && (kernel-cache /mnt < /run/notices > /dev/null &) ; exec 3> /run/notices; echo resync >&3; sleep 1; \
      until umount /mnt; do sleep 0.5; done',
    )
    t.notMatch(await vm.sh('cat /proc/mounts'), / \/mnt /)
  })
})

async function eachKind(t: Test, client: Client, here: string): Promise<void> {
  const at = (name: string) => join(here, name)
  mkdirSync(at('d'))
  for (const name of ['file', 'd/removed', 'd/renamed']) writeFileSync(at(name), 'old\n', { mode: 0o644 })
  symlinkSync('old', at('d/link'))
  const file = await client.named('/mnt', '/mnt/file')
  const directory = await client.named('/mnt', '/mnt/d')
  const [removed, renamed] = [
    await client.named('/mnt', '/mnt/d/removed'),
    await client.named('/mnt', '/mnt/d/renamed'),
  ]
  await client.look('read', '/mnt/file', 'read')
  await client.look('mapped', '/mnt/file', 'mapped')
  await client.look('list', '/mnt/d', 'list')
  const read = () => client.say('read')
  const mapped = () => client.say('mapped')
  const name = (name: string) => () => client.size(`/mnt/d/${name}`)

  const item = async (
    what: string,
    see: () => Promise<string>,
    change: () => unknown,
    told: readonly string[],
    [before, after]: readonly [string, string],
  ) => {
    t.equal(await see(), before, `${what}: before`)
    await change()
    t.equal(await see(), before, `${what}: changed, and nobody told`)
    await client.tell('/mnt', told)
    t.equal(await see(), after, `${what}: told`)
  }
  const data = [`${changed.data | changed.attributes} ${file}`]
  await item('bytes, by a descriptor that stays open', read, () => writeFileSync(at('file'), 'new\n'), data, [
    'old',
    'new',
  ])
  await item('bytes, by a mapping that stays', mapped, () => writeFileSync(at('file'), 'newer\n'), data, [
    'new',
    'newer',
  ])
  await item(
    'size and time',
    () => client.vm.sh('stat -c "%s %Y" /mnt/file'),
    () => {
      writeFileSync(at('file'), 'longer than it was\n')
      utimesSync(at('file'), 7, 7)
    },
    [`${changed.attributes} ${file}`],
    [`6 ${Math.floor(statSync(at('file')).mtimeMs / 1000)}`, '19 7'],
  )
  await item(
    'mode',
    () => client.vm.sh('stat -c %a /mnt/file'),
    () => chmod(at('file'), 0o600),
    [`${changed.attributes} ${file}`],
    ['644', '600'],
  )
  const names = [`${changed.directory} ${directory}`]
  await item('a name that was not there', name('added'), () => writeFileSync(at('d/added'), '12'), names, [
    '-',
    '2',
  ])
  await item(
    'a list of names, by a descriptor that stays open',
    () => client.say('list'),
    () => writeFileSync(at('d/more'), ''),
    names,
    ['added link removed renamed', 'added link more removed renamed'],
  )
  await item(
    'a name that is gone',
    name('removed'),
    () => rmSync(at('d/removed')),
    [`${changed.nameRemoved} ${removed}`, ...names],
    ['4', '-'],
  )
  await item(
    'a name that became another',
    async () => `${await name('renamed')()} ${await name('other')()}`,
    () => {
      renameSync(at('d/renamed'), at('d/other'))
    },
    [`${changed.nameRemoved | changed.attributes} ${renamed}`, ...names],
    ['4 -', '- 4'],
  )
  await item(
    'where a symbolic link leads',
    () => client.vm.sh('readlink /mnt/d/link'),
    () => {
      rmSync(at('d/link'))
      symlinkSync('new', at('d/link'))
    },
    names,
    ['old', 'new'],
  )
}

/** Attributes say nothing here: the client has to forget. */
async function withinATick(t: Test, client: Client, here: string, mount: string): Promise<void> {
  writeFileSync(join(here, 'file'), '0000\n')
  const [reader, mapper] = [`read${mount.slice(1)}`, `mapped${mount.slice(1)}`]
  await client.look(reader, `${mount}/file`, 'read')
  await client.look(mapper, `${mount}/file`, 'mapped')
  const added = ['added1', 'added2', 'added3', 'added4', 'added5', 'added6']
  for (let attempt = 1; attempt <= 60; attempt++) {
    const name = `${mount.slice(1)}${attempt}`
    const at = (below: string) => join(here, name, below)
    mkdirSync(join(here, name))
    for (const below of ['removed', 'renamed']) writeFileSync(at(below), 'old\n')
    symlinkSync('old', at('link'))
    // So many that the client lists them in several calls.
    for (let number = 0; number < 300; number++) writeFileSync(at(`x${number}`), '')
    const file = await client.named(mount, `${mount}/file`)
    const directory = await client.named(mount, `${mount}/${name}`)
    const removed = await client.named(mount, `${mount}/${name}/removed`)
    const renamed = await client.named(mount, `${mount}/${name}/renamed`)
    const names = `stat -c "%n" removed renamed other ${added.join(' ')} 2> /dev/null | tr "\\n" " "; readlink link`
    const seeing = `cd ${mount}/${name}; echo $(${saying(reader)}) $(${saying(mapper)}) $(${names})`
    const see = () => client.vm.sh(seeing)
    const seconds = (path: string) => Math.floor(lstatSync(path).ctimeMs / 1000)

    await sleep(1010 - (Date.now() % 1000))
    const [old, fresh] = [`${attempt}`.padStart(4, 'a'), `${attempt}`.padStart(4, 'b')]
    writeFileSync(join(here, 'file'), `${old}\n`)
    writeFileSync(at('first'), '')
    // Opened, so that the client asks, and looked at.
    const opening = `cat ${mount}/file > /dev/null; ls ${mount}/${name} > /dev/null`
    const before = await client.vm.sh(`${opening}; ${seeing}`)
    writeFileSync(join(here, 'file'), `${fresh}\n`)
    rmSync(at('removed'))
    renameSync(at('renamed'), at('other'))
    for (const below of added) writeFileSync(at(below), '')
    rmSync(at('link'))
    symlinkSync('new', at('link'))
    const theirs = await client.vm.sh(`stat -c %Z ${mount}/file ${mount}/${name}`)
    if (theirs !== `${seconds(join(here, 'file'))}\n${seconds(at('.'))}`) {
      rmSync(join(here, name), { recursive: true })
      continue
    }

    t.equal(before, `${old} ${old} removed renamed old`, 'before')
    const untold = await see()
    await client.vm.sh(opening)
    if ((await see()) !== before) {
      // Now and then the client lists a directory anew although it looks the same: then there is nothing to tell.
      rmSync(join(here, name), { recursive: true })
      continue
    }
    t.equal(untold, before, 'nobody told, and opening is no help')
    await client.tell(mount, [
      `${changed.data | changed.attributes} ${file}`,
      `${changed.nameRemoved} ${removed}`,
      `${changed.nameRemoved} ${renamed}`,
      `${changed.directory} ${directory}`,
    ])
    t.equal(await see(), `${fresh} ${fresh} other ${added.join(' ')} new`, 'told')
    t.equal(
      await client.vm.sh(`ls ${mount}/${name} | grep -v x | tr "\\n" " "`),
      `${added.join(' ')} first link other `,
      'and listed',
    )
    return
  }
  t.fail('the two changes never fell into one second')
}

async function everything(t: Test, client: Client, here: string): Promise<void> {
  const at = (name: string) => join(here, name)
  mkdirSync(at('all/below'), { recursive: true })
  for (const name of ['all/used', 'all/mapped', 'all/closed', 'all/below/removed'])
    writeFileSync(at(name), 'old\n')
  await client.look('used', '/mnt/all/used', 'read')
  await client.look('all-mapped', '/mnt/all/mapped', 'mapped')
  await client.look('all-list', '/mnt/all', 'list')
  // Whoever is in a directory keeps its name and all above it in the kernel's cache.
  await client.vm.sh('cd /mnt/all/below && (sleep 100000 < /dev/null > /dev/null 2>&1 &)')
  const see = async () =>
    [
      await client.say('used'),
      await client.say('all-mapped'),
      await client.vm.sh('stat -c %s /mnt/all/used /mnt/all/closed | tr "\\n" " "'),
      await client.size('/mnt/all/below/removed'),
      await client.size('/mnt/all/added'),
      await client.size('/mnt/all/elsewhere/removed'),
      await client.say('all-list'),
    ].join('|')
  const before = 'old|old|4 4 |4|-|-|below closed mapped used'
  t.equal(await see(), before, 'before')
  for (const name of ['all/used', 'all/mapped', 'all/closed']) writeFileSync(at(name), 'newer\n')
  rmSync(at('all/below/removed'))
  renameSync(at('all/below'), at('all/elsewhere'))
  writeFileSync(at('all/elsewhere/removed'), '1')
  mkdirSync(at('all/below'))
  writeFileSync(at('all/added'), '12')
  t.equal(await see(), before, 'nobody told')
  t.match(await client.tell('/mnt', [], 'resync'), /resyncs: 1/)
  t.equal(await see(), 'newer|newer|6 6 |-|2|1|added below closed elsewhere mapped used', 'all is seen')
}

async function polled(t: Test, client: Client, here: string): Promise<void> {
  const at = (name: string) => join(here, name)
  mkdirSync(at('polled'))
  for (const name of ['polled/told', 'polled/used', 'polled/unknown']) writeFileSync(at(name), 'old\n')
  await client.look('polled', '/mnt/polled/used', 'mapped')
  const told = await client.named('/mnt', '/mnt/polled/told')
  const sizes = () => client.vm.sh('stat -c %s /mnt/polled/told /mnt/polled/unknown | tr "\\n" " "')
  t.equal(`${await client.say('polled')} ${await sizes()}`, 'old 4 4 ')
  for (const name of ['polled/told', 'polled/used', 'polled/unknown']) writeFileSync(at(name), 'newer\n')
  t.equal(`${await client.say('polled')} ${await sizes()}`, 'old 4 4 ', 'nobody asks')
  // What is known was told of once; to that end a notice of something else of it.
  const agent = client.vm.run(
    `(echo changed ${changed.attributes} ${told}; echo disconnected; until test -e /run/seen; do sleep 0.2; done) | kernel-cache /mnt 200`,
  )
  const deadline = Date.now() + 100_000
  while ((await client.say('polled')) !== 'newer' && Date.now() < deadline) await sleep(100)
  writeFileSync(at('polled/told'), 'newest of all\n')
  while (!(await sizes()).startsWith('14 ') && Date.now() < deadline) await sleep(100)
  t.equal(
    `${await client.say('polled')} ${await sizes()}`,
    'newer 14 4 ',
    'what is in use and what is known, and no more',
  )
  await client.vm.sh('touch /run/seen')
  t.match((await agent).stdout.toString(), /polls: [1-9]/)
}

async function nothing(t: Test, client: Client): Promise<void> {
  const [fileid, fsid, handle] = (await client.named('/mnt', '/mnt/file')).split(' ')
  const told = [
    `1 ${fileid} 12345 ${handle}`,
    `15 ${fileid} ${fsid} 00`,
    `15 ${fileid} ${fsid} ${'ff'.repeat(64)}`,
    `15 0 ${fsid} ${handle!.slice(2)}ff`,
    `65535 ${fileid} ${fsid} ${handle}`,
    `2 0 ${fsid} ${handle}`,
  ]
  const figures = await client.tell('/mnt', told)
  t.match(figures, /notices: 6/)
  t.match(figures, /foreign: 1/, 'another file system’s')
  t.equal(await client.vm.sh('stat -c %i /mnt/file'), fileid)
}

async function squashed(t: Test, client: Client, here: string): Promise<void> {
  const at = (name: string) => join(here, name)
  for (const name of ['private', 'nobodys']) {
    writeFileSync(at(name), 'old\n', { mode: 0o600 })
    await chown(at(name), owner, owner)
    await client.look(name, `/mnt/${name}`, 'mapped', owner)
    t.equal(await client.say(name), 'old')
  }
  t.not((await client.vm.run('cat /mnt/private')).exitCode, 0, 'root may not')
  const told = await Promise.all(
    ['private', 'nobodys'].map(async (name) => `3 ${await client.named('/mnt', `/mnt/${name}`)}`),
  )
  for (const name of ['private', 'nobodys']) writeFileSync(at(name), 'newer\n')
  await chmod(at('nobodys'), 0o000)
  t.match(await client.tell('/mnt', told), /refused: 1/)
  t.equal(await client.say('private'), 'newer', 'as its owner')
  t.equal(
    await client.vm.sh('stat -c "%s %a" /mnt/nobodys'),
    '6 0',
    'of what nobody may read, the attributes',
  )
}

/** Shell that asks a program started by `look` and prints what it sees. */
function saying(name: string): string {
  const lines = `wc -l < /run/${name}.out`
  return `had=$(${lines}); echo > /run/${name}.in; until [ $(${lines}) -gt $had ]; do sleep 0.01; done; tail -1 /run/${name}.out`
}

class Client {
  readonly vm: Vm

  constructor(vm: Vm) {
    this.vm = vm
  }

  /** A program that has the file open from now on; `say` asks it what it sees. */
  async look(name: string, path: string, how: 'read' | 'mapped' | 'list', uid = 0): Promise<void> {
    const files = `/run/${name}.in /run/${name}.out`
    await this.vm.sh(`mkfifo /run/${name}.in && touch /run/${name}.out && chmod 666 ${files}`)
    // The shell holds the pipe open for as long as the program runs.
    await this.vm.sh(
      `(sh -c 'fsva-look ${how} ${path} <> /run/${name}.in > /run/${name}.out 2>&1' > /dev/null 2>&1 &)`,
      { uid },
    )
  }

  say(name: string): Promise<string> {
    return this.vm.sh(saying(name))
  }

  async endLooking(): Promise<void> {
    await this.vm.sh(
      'killall fsva-look sleep 2> /dev/null || true; while pidof fsva-look > /dev/null; do sleep 0.1; done',
    )
  }

  /** Bytes of a file, without opening it; "-": there is none. */
  size(path: string): Promise<string> {
    return this.vm.sh(`stat -c %s ${path} 2> /dev/null || echo -`)
  }

  /** Fileid, fsid and handle, as a notice has them. */
  named(mount: string, path: string): Promise<string> {
    return this.vm.sh(`kernel-cache handle ${mount} ${path}`)
  }

  /** Answers what the kernel cache had to do. */
  tell(mount: string, notices: readonly string[], ...more: readonly string[]): Promise<string> {
    const lines = [...notices.map((notice) => `changed ${notice}`), ...more]
    return this.vm.sh(`kernel-cache ${mount} << 'END'\n${lines.join('\n')}\nEND`)
  }
}

async function exportOf(scope: RunScope, name: string, options: readonly string[] = []): Promise<string> {
  const directory = join(scope.directory, name)
  mkdirSync(directory)
  const image = join(scope.directory, `${name}.img`)
  await makeDisk(image, 'ext4', 64, options)
  await mountLoop(scope, image, directory)
  return directory
}

/** native/agent/examples/kernel-cache.rs, for a VM that has no libraries of Rust's. */
async function kernelCache(): Promise<Buffer> {
  const words = ['rustc', '--manifest-path', join(repositoryRoot, 'native', 'Cargo.toml'), '-p', 'fsva-agent']
  const program = ['--example', 'kernel-cache', '--message-format', 'json', '--', '-C']
  const output = await command('cargo', [
    ...words,
    ...program,
    'target-feature=+crt-static',
    '-C',
    'strip=symbols',
  ])
  const built = output
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as { executable?: string | null })
    .find((message) => message.executable)
  return readFile(built!.executable!)
}
