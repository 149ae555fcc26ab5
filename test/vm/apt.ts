/**
 * Downloads Debian packages without installing them. The machine's own release comes through its own apt
 * configuration; other releases from the same mirror through a private apt state in the cache, so that the
 * system's package lists stay as they are.
 */
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { cached } from './cache.ts'
import { command } from './command.ts'

const debianKeyring = '/usr/share/keyrings/debian-archive-keyring.gpg'

interface Source {
  readonly uri: string
  readonly codename: string
}

/** The release indexes that the machine's apt knows, main component only. */
async function machineSources(): Promise<Source[]> {
  const format = '$(REPO_URI)|$(CODENAME)|$(COMPONENT)'
  const text = await command('apt-get', ['indextargets', '--format', format, 'Created-By: Packages'])
  const sources: Source[] = []
  for (const line of text.trim().split('\n')) {
    const [uri, codename, component] = line.split('|')
    if (uri && codename && component === 'main') sources.push({ uri, codename })
  }
  return sources
}

/** apt options for a release (`bookworm`, `sid`, ...): none for the machine's own. */
async function aptOptions(release: string): Promise<string[]> {
  const sources = await machineSources()
  if (sources.some((source) => source.codename === release)) return []
  const archive = sources.find((source) => /\/debian\/?$/.test(source.uri)) ?? sources[0]
  if (archive === undefined) throw new Error('apt knows no package source on this machine')
  const directory = await cached(`apt/${release}`, async (path) => {
    await mkdir(join(path, 'lists', 'partial'), { recursive: true })
    await mkdir(join(path, 'archives', 'partial'), { recursive: true })
    await writeFile(join(path, 'status'), '')
    await writeFile(
      join(path, 'sources.list'),
      `deb [signed-by=${debianKeyring}] ${archive.uri} ${release} main\n`,
    )
    await command('apt-get', [...privateState(path), 'update', '--error-on=any'], {
      timeoutMs: 300_000,
    }).catch((error: Error) => {
      throw new Error(`${archive.uri} does not serve the Debian release ${release}: ${error.message}`)
    })
  })
  return privateState(directory)
}

function privateState(directory: string): string[] {
  const settings = {
    'Dir::Etc::sourcelist': join(directory, 'sources.list'),
    'Dir::Etc::sourceparts': '/dev/null',
    'Dir::State::lists': join(directory, 'lists'),
    'Dir::State::status': join(directory, 'status'),
    'Dir::Cache': directory,
    'Dir::Cache::archives': join(directory, 'archives'),
    'APT::Sandbox::User': '',
    'APT::Get::List-Cleanup': 'false',
    'APT::Update::Post-Invoke': '',
  }
  return Object.entries(settings).flatMap(([name, value]) => ['-o', `${name}=${value}`])
}

/**
 * Downloads `packageName` of a release and those it depends on whose names match `follow`, and unpacks them
 * all into `directory`.
 */
export async function unpackPackages(
  release: string,
  packageName: string,
  follow: RegExp,
  directory: string,
): Promise<void> {
  const options = await aptOptions(release)
  const names = new Set([packageName])
  for (const name of names) {
    const depends = await command('apt-cache', [...options, 'depends', '--important', name])
    for (const match of depends.matchAll(/^\s*\|?Depends: (\S+)/gm)) {
      if (follow.test(match[1]!)) names.add(match[1]!)
    }
  }
  await unpackNamed(release, [...names], directory)
}

/** Downloads exactly these packages of a release and unpacks them all into `directory`. */
export async function unpackNamed(
  release: string,
  names: readonly string[],
  directory: string,
): Promise<void> {
  const options = await aptOptions(release)
  const downloads = join(directory, 'downloads')
  await mkdir(downloads, { recursive: true })
  const unsandboxed = ['-o', 'APT::Sandbox::User=']
  await command('apt-get', [...options, ...unsandboxed, 'download', ...names], {
    cwd: downloads,
    timeoutMs: 600_000,
  }).catch((error: Error) => {
    throw new Error(`${error.message}\nIf apt's lists are old or empty: sudo apt-get update`)
  })
  await command('sh', ['-c', 'for deb in *.deb; do dpkg -x "$deb" .. && rm "$deb" || exit 1; done'], {
    cwd: downloads,
  })
}
