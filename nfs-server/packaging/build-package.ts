/**
 * Makes dist/ of a workspace into the package that is published: node build-package.ts WORKSPACE_DIRECTORY
 * Node does not strip types below node_modules, so what is published is JavaScript, with declarations beside it.
 * dist/ mirrors the repository, because the server imports the addon's loader by a relative path.
 */
import { execFileSync } from 'node:child_process'
import { cpSync, existsSync, globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'

interface PackageJson {
  readonly bin: Record<string, string>
  readonly exports: Record<string, string>
  readonly [field: string]: unknown
}

const workspace = resolve(process.argv[2] ?? '.')
const repository = dirname(workspace)
const name = basename(workspace)
const dist = join(workspace, 'dist')

/** What else belongs into the package, relative to the repository; globs. */
const extras: Readonly<Record<string, readonly string[]>> = {
  'nfs-server': [
    'native/*.node',
    'nfs-server/fsva-nfsd.example.yaml',
    'nfs-server/systemd/fsva-nfsd.service',
    'docs/fsva-nfsd*.md',
    'docs/library.md',
  ],
  // The addon in both: the agent is in another machine than the server.
  'fsva-client': ['native/*.node', 'fsva-client/systemd/fsva-agent@.service', 'docs/fsva-client*.md'],
}

rmSync(dist, { recursive: true, force: true })
const compiler = join(repository, 'node_modules', '.bin', 'tsc')
execFileSync(compiler, ['-p', join(workspace, 'tsconfig.build.json')], { stdio: 'inherit' })
// The client's imports of the server's types made the compiler emit those files, too: they come from that package.
if (name !== 'nfs-server') rmSync(join(dist, 'nfs-server'), { recursive: true, force: true })

for (const file of [`${name}/bin/*.js`, ...(extras[name] ?? [])].flatMap((glob) =>
  globSync(glob, { cwd: repository }),
)) {
  mkdirSync(dirname(join(dist, file)), { recursive: true })
  cpSync(join(repository, file), join(dist, file))
}
if (existsSync(join(repository, 'LICENSE'))) cpSync(join(repository, 'LICENSE'), join(dist, 'LICENSE'))
writeFileSync(join(dist, 'package.json'), `${JSON.stringify(published(), undefined, 2)}\n`)

/** The workspace's package.json with its paths leading to what was emitted. */
function published(): PackageJson {
  const { scripts: _, ...source } = JSON.parse(
    readFileSync(join(workspace, 'package.json'), 'utf8'),
  ) as PackageJson
  const moved = (path: string) => path.replace(/^\.\//, `./${name}/`)
  return {
    ...source,
    bin: Object.fromEntries(Object.entries(source.bin).map(([command, path]) => [command, moved(path)])),
    exports: Object.fromEntries(Object.entries(source.exports).map(([key, path]) => [key, target(path)])),
  }

  function target(path: string): string {
    return path.endsWith('.ts') ? moved(path).replace(/\.ts$/, '.js') : path
  }
}
