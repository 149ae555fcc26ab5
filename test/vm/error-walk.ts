/** Every errno number that a file system may answer, through a file system that answers it (test/fixtures/failing-fs.c). */
import { failureStatus } from '../../nfs-server/programs/nfs3/status.ts'
import { errno } from '../../nfs-server/vfs/errno.ts'
import { nfsstat3 } from '../../nfs-server/xdr/generated/nfs3.ts'
import type { ErrorScene } from './error-scene.ts'

/** What a program in the VM gets where that is not what a local program would get; the status says why. */
const remoteNames: Readonly<Record<string, string>> = {
  ...{ ENOKEY: 'EPERM', EBUSY: 'EACCES', ETXTBSY: 'EACCES', ELOOP: 'EINVAL', EILSEQ: 'EINVAL' },
  ...{ EOVERFLOW: 'EFBIG', EBADF: 'EREMOTEIO' },
  // NFS3ERR_NOTSUPP is errno 524 to a Linux client, which the C library has no name for.
  ...{ EOPNOTSUPP: 'Unknown error 524', ENOSYS: 'Unknown error 524' },
  ...{ ENOTCONN: 'EIO', ECONNABORTED: 'EIO', ESHUTDOWN: 'EIO', EREMOTEIO: 'EIO', EUCLEAN: 'EIO' },
  ...{ EBADMSG: 'EIO', ENOMEDIUM: 'EIO', EPROTO: 'EIO' },
}

export interface WalkedErrno {
  readonly name: string
  /** What mkdir(2), or read(2), failed with here, and in the VM; `waited` if it was tried again until it succeeded. */
  readonly local: string
  readonly remote: string
  readonly expected: string
}

/** Has a file system fail mkdir (read where that is waited for) with each errno of the table and with one that the table lacks. */
export async function walkErrnos(scene: ErrorScene): Promise<WalkedErrno[]> {
  const all = Object.entries({ ...errno, EPROTO: 71 })
  const real = all.filter(([name, number]) => number > 0 && number < 512 && name !== 'ENOLCK')
  const isWaited = (number: number) => failureStatus(number) === nfsstat3.NFS3ERR_JUKEBOX
  const script = (suffix: string) =>
    real.map(([name, number]) => {
      // mkdir has its directory to itself: those that wait would wait for each other. And a directory that was made
      // and is gone again is no stale handle of its parent.
      const read = isWaited(number) ? `${number}-once-${suffix}` : `${number}`
      const reads = isWaited(number) || number === errno.ESTALE
      const attempt = reads ? `read read-${read}` : `mkdir mkdir-${number}`
      return `(echo "${name} $(attempt ${attempt} | sed 's/^read //')") &`
    })
  const parse = (output: string) =>
    new Map(
      output.split('\n').map((line) => {
        const [name, ...answer] = line.split(' ')
        return [name!, answer.join(' ')]
      }),
    )
  const local = parse(await scene.local('failing', `${script('l').join('\n')}\nwait`))
  const remote = parse(await scene.remote('failing', `${script('r').join('\n')}\nwait`))
  return real.map(([name, number]) => {
    const answer = remote.get(name) ?? 'nothing'
    return {
      name,
      local: local.get(name) ?? 'nothing',
      remote: isWaited(number) && answer === 'ok' ? 'waited' : answer,
      expected: isWaited(number) ? 'waited' : (remoteNames[name] ?? name),
    }
  })
}
