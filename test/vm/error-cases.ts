/**
 * What programs are told when the server's file system says no: each case is one script, run by a local program on the
 * server and by a program in the user VM, each in a copy of its own of what `prepare` makes.
 */
import type { ExportName } from './error-scene.ts'

export interface ErrorCase {
  readonly what: string
  readonly on: ExportName
  /** Shell, run on the server twice, in the export: `$at` is the directory of this copy. */
  readonly prepare?: string
  /** Shell with `attempt` and `$at`; what it prints is compared. */
  readonly script: string
  readonly uid?: number
  /** What the local program gets: the case is one that this machine can really make. */
  readonly local: string
  /** What the program in the VM gets, if that is something else, and why. */
  readonly differs?: readonly [remote: string, why: string]
}

const user = 1000
const accessFirst =
  'the client asks with ACCESS first, which can only say no: EACCES, as with every NFSv3 server'
const noBusy = 'NFSv3 has no status for it; EACCES, as from the kernel’s server'

export const errorCases: readonly ErrorCase[] = [
  // EDQUOT, ENOSPC
  {
    what: 'EDQUOT: write over a limit of btrfs',
    on: 'quota',
    script: 'attempt write $at/f 20000000 | sed "s/.* //"; rm $at/f',
    local: 'EDQUOT',
  },
  {
    what: 'EDQUOT: the same with O_SYNC',
    on: 'quota',
    script: 'attempt write-sync $at/f 20000000; rm $at/f',
    local: 'write EDQUOT',
  },
  {
    what: 'ENOSPC: write to a full ext4',
    on: 'small',
    script: 'attempt write $at/f 20000000 | sed "s/.* //"; rm $at/f',
    local: 'ENOSPC',
  },
  {
    what: 'ENOSPC: the same with O_SYNC',
    on: 'small',
    script: 'attempt write-sync $at/f 20000000; rm $at/f',
    local: 'write ENOSPC',
  },
  {
    what: 'ENOSPC: no inode left',
    on: 'small',
    prepare: 'i=0; while touch $at/$i 2> /dev/null; do i=$((i + 1)); done',
    script: 'attempt create $at/new; attempt mkdir $at/new; attempt symlink $at/new x; rm -r $at',
    local: 'ENOSPC\nENOSPC\nENOSPC',
  },

  // EROFS
  {
    what: 'EROFS: file system remounted read-only',
    on: 'readonly',
    script:
      'attempt create new; attempt mkdir new; attempt symlink new x; attempt chmod file 600; attempt unlink file; attempt rename file x',
    local: Array(6).fill('EROFS').join('\n'),
  },
  {
    what: 'EROFS: the same, opened for writing, or truncated',
    on: 'readonly',
    script: 'attempt open-write file; attempt truncate file 0',
    local: 'EROFS\nEROFS',
    differs: ['EACCES\nEACCES', accessFirst],
  },

  {
    what: 'EROFS: exported read-only',
    on: 'refused',
    prepare: 'echo x > $at/f',
    script:
      'attempt open $at/f; attempt create $at/n; attempt open-write $at/f; attempt chmod $at/f 600; attempt rename $at/f $at/g; attempt mkdir $at/d',
    local: 'ok\nok\nok\nok\nok\nok',
    differs: ['ok\nEROFS\nEACCES\nEROFS\nEROFS\nEROFS', `only the export is read-only; open: ${accessFirst}`],
  },

  // EPERM
  {
    what: 'EPERM: immutable file (chattr +i)',
    on: 'plain',
    prepare: 'echo x > $at/f; chattr +i $at/f',
    script:
      'attempt unlink $at/f; attempt rename $at/f $at/g; attempt link $at/f $at/h; attempt chmod $at/f 600; attempt chown $at/f 5; attempt open $at/f',
    local: 'EPERM\nEPERM\nEPERM\nEPERM\nEPERM\nok',
  },
  {
    what: 'EPERM: immutable file opened for writing, or truncated',
    on: 'plain',
    prepare: 'echo x > $at/f; chattr +i $at/f',
    script: 'attempt open-write $at/f; attempt truncate $at/f 0',
    local: 'EPERM\nEPERM',
    differs: ['EACCES\nEACCES', accessFirst],
  },
  {
    what: 'EPERM: append-only file (chattr +a)',
    on: 'plain',
    prepare: 'echo x > $at/f; chattr +a $at/f',
    script:
      'attempt unlink $at/f; attempt rename $at/f $at/g; attempt chmod $at/f 600; attempt truncate $at/f 0',
    local: 'EPERM\nEPERM\nEPERM\nEPERM',
  },
  {
    what: 'EPERM, EACCES: what an ordinary user may not',
    on: 'plain',
    prepare:
      'echo x > $at/f; chmod 600 $at/f; mkdir $at/d; chmod 755 $at/d; touch $at/d/f; mkdir -m 1777 $at/t; touch $at/t/f',
    script:
      'attempt chmod $at/f 644; attempt chown $at/f 1000; attempt open $at/f; attempt create $at/d/n; attempt unlink $at/d/f; attempt unlink $at/t/f; attempt mknod $at/t/n; attempt rename $at/t/f $at/t/g',
    uid: user,
    local: 'EPERM\nEPERM\nEACCES\nEACCES\nEACCES\nEPERM\nEPERM\nEPERM',
  },

  // EXDEV, EBUSY
  {
    what: 'EXDEV: rename and link into a file system mounted below',
    on: 'plain',
    prepare: 'echo x > $at/f',
    script: 'attempt rename $at/f nested/f; attempt link $at/f nested/f',
    local: 'EXDEV\nEXDEV',
  },
  {
    what: 'EXDEV: rename and link into another export',
    on: 'plain',
    prepare: 'echo x > $at/f',
    script: 'attempt rename $at/f ../fuse/f; attempt link $at/f ../fuse/f',
    local: 'EXDEV\nEXDEV',
  },
  {
    what: 'EBUSY: a mount point removed or renamed',
    on: 'plain',
    script: 'attempt rmdir nested; attempt rename nested other',
    local: 'EBUSY\nEBUSY',
  },

  // Names
  {
    what: 'ENAMETOOLONG: 255 bytes are a name, 256 are none',
    on: 'plain',
    script:
      'n=$(printf %0255d 1); attempt create $at/$n; attempt create $at/1$n; attempt mkdir $at/1$n; attempt stat $at/1$n; attempt rename $at/$n $at/1$n; attempt symlink $at/1$n x',
    local: `ok\n${Array(5).fill('ENAMETOOLONG').join('\n')}`,
  },
  {
    what: 'ENAMETOOLONG: a file system with names of 64 bytes',
    on: 'failing',
    script: 'attempt name-max .; attempt mkdir $(printf %064d 1); attempt mkdir $(printf %065d 1)',
    local: '64\nEPERM\nENAMETOOLONG',
  },
  {
    what: 'ELOOP',
    on: 'plain',
    prepare: 'ln -s b $at/a; ln -s a $at/b',
    script: 'attempt open $at/a; attempt create $at/a/f',
    local: 'ELOOP\nELOOP',
  },
  {
    what: 'ENOENT, ENOTDIR, EISDIR, EEXIST, ENOTEMPTY, EINVAL',
    on: 'plain',
    prepare: 'echo x > $at/f; mkdir -p $at/d/e $at/empty',
    script:
      'attempt open $at/none; attempt open $at/f/x; attempt open-write $at/d; attempt mkdir $at/d; attempt create $at/f; attempt rmdir $at/d; attempt rename $at/empty $at/d; attempt rename $at/d $at/d/e/x; attempt unlink $at/d; attempt rmdir $at/f; attempt readlink $at/f',
    local: 'ENOENT\nENOTDIR\nEISDIR\nEEXIST\nEEXIST\nENOTEMPTY\nENOTEMPTY\nEINVAL\nEISDIR\nENOTDIR\nEINVAL',
  },

  // Limits
  {
    what: 'EMLINK: the 65,001st link on ext4',
    on: 'plain',
    script: 'attempt link many/0 $at/g',
    local: 'EMLINK',
  },
  {
    what: 'EFBIG: a file longer than ext4 can hold',
    on: 'plain',
    prepare: 'touch $at/f',
    script: 'attempt truncate $at/f 1000000000000000000; attempt write-at $at/f 1000000000000000000',
    local: 'EFBIG\nwrite EFBIG',
  },

  // No status of their own
  {
    what: 'ETXTBSY: a program that runs on the server',
    on: 'plain',
    prepare: 'cp $(command -v sleep) $at/f; $at/f 300 > /dev/null 2>&1 & echo $! >> pids; sleep 0.3',
    script: 'attempt write $at/f 10',
    local: 'open ETXTBSY',
    differs: ['fsync EACCES', noBusy],
  },
  {
    what: 'ENOSYS: special files on a file system that has none',
    on: 'failing',
    script: 'attempt mkfifo mkdir-38',
    local: 'ENOSYS',
    differs: [
      'Unknown error 524',
      'NFS3ERR_NOTSUPP is ENOTSUPP (524) to Linux clients, which the C library has no name for',
    ],
  },
]
