/** Entry point of fsva-nfsd; bin/fsva-nfsd.js has checked the Node version. */
import { createRequire } from 'node:module'
import { runDaemon } from './daemon.ts'

// The package's own name leads to package.json from the sources and from the compiled files alike.
const { version } = createRequire(import.meta.url)('@fsva/nfs-server/package.json') as { version: string }
await runDaemon(process.argv.slice(2), version)
