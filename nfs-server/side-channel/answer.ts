/** What a client is told: one frame of JSON. */
import type { ExportCoherence } from './native-side-channel.ts'

export interface Region {
  readonly region: 'memfd' | 'device'
  readonly offset: number
  readonly bytes: number
  /** Hexadecimal. */
  readonly instance: string
}

/** A frame's text (native/channel/src/frame.rs). */
const frameBytesMax = 4096

/** `server` names this process. Exports for which there is no room are left out: what is not named is not watched. */
export function admitted(region: Region, server: string, exports: readonly ExportCoherence[]): string {
  const named: ExportCoherence[] = []
  let text = ''
  for (const entry of [undefined, ...exports]) {
    if (entry !== undefined) named.push(entry)
    const omitted = exports.length - named.length
    const longer = JSON.stringify({
      ok: true,
      ...region,
      server,
      exports: named,
      ...(omitted > 0 && { omitted }),
    })
    if (Buffer.byteLength(longer) > frameBytesMax) break
    text = longer
  }
  return text
}

/** JSON makes up to six bytes of one of them. */
const refusalCharsMax = 300

/** `advice` says what the client, or its administrator, can do. */
export function refused(error: string, advice: string): string {
  return JSON.stringify({
    ok: false,
    error: error.slice(0, refusalCharsMax),
    advice: advice.slice(0, refusalCharsMax),
  })
}
