/**
 * The config file's shape (docs/fsva-nfsd.yaml.5.md). Every leaf's error says what would be right; where it is
 * wrong is added by load-config.ts, which knows the file's lines.
 */
import { isIP } from 'node:net'
import { z } from 'zod'
import { replyCacheBytes } from '../reply-cache/limits.ts'
import { regionBytes, socketPathBytesMax } from '../side-channel/options.ts'
import { workersMax } from '../workers/shares.ts'
import { parseClientPattern } from './client-pattern.ts'
import { logFormats, logLevels, rpcbindModes } from './settings.ts'

/** uid_t without -1, which means "no change" to chown(2). */
const idMax = 0xfffffffe
const fsidMax = 0xffffffff

function wholeNumber(min: number, max: number) {
  return z.custom<number>(
    (value) => typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max,
    { error: `must be a whole number from ${min} to ${max}` },
  )
}

function oneOf<const T extends readonly string[]>(values: T) {
  return z.enum(values, { error: `must be one of ${values.join(', ')}` })
}

const yesOrNo = z.boolean({ error: 'must be true or false' })
const text = z.string({ error: 'must be text' })

const absolutePathWanted = 'must be an absolute path, starting with "/"'
export const absolutePath = z
  .string({ error: absolutePathWanted })
  .refine((path) => path.startsWith('/') && !path.includes('\0'), absolutePathWanted)

export const listenAddress = text.refine(
  (address) => isIP(address) !== 0,
  'must be an IP address of this machine, such as 127.0.0.1, 0.0.0.0 (every IPv4 address) or "::" (every address)',
)

export const clientPattern = text.check((context) => {
  try {
    parseClientPattern(context.value)
  } catch (error) {
    context.issues.push({
      code: 'custom',
      input: context.value,
      message: (error as Error).message,
      params: { saysInput: true },
    })
  }
})

export const exportSchema = z.strictObject(
  {
    path: absolutePath,
    clients: z
      .array(clientPattern, { error: 'must be a list, such as [192.0.2.0/24, host.example.org]' })
      .min(1, `must name somebody; everybody is ['*']`)
      .optional(),
    read_only: yesOrNo.optional(),
    squash: oneOf(['root_squash', 'no_root_squash', 'all_squash']).optional(),
    anonuid: wholeNumber(0, idMax).optional(),
    anongid: wholeNumber(0, idMax).optional(),
    secure: yesOrNo.optional(),
    fsid: wholeNumber(1, fsidMax).optional(),
    sync: yesOrNo.optional(),
    side_channel: yesOrNo.optional(),
    mapped_stores: yesOrNo.optional(),
  },
  { error: missing('must be a mapping with at least "path"') },
)

export const replyCacheBytesMax = z.custom<number>(isReplyCacheSize, {
  error: `must be a whole number from ${replyCacheBytes.min} to ${replyCacheBytes.max}, or 0 for no reply cache`,
})

function isReplyCacheSize(value: unknown): value is number {
  if (value === 0) return true
  if (typeof value !== 'number' || !Number.isInteger(value)) return false
  return value >= replyCacheBytes.min && value <= replyCacheBytes.max
}

const limitsSchema = z.strictObject(
  {
    connections_max: wholeNumber(1, 65536).optional(),
    connections_per_address_max: wholeNumber(1, 65536).optional(),
    calls_max: wholeNumber(1, 1 << 20).optional(),
    calls_per_connection_max: wholeNumber(1, 65536).optional(),
    // Several of the largest calls of several clients must fit.
    memory_bytes_max: wholeNumber(64 << 20, 2 ** 40).optional(),
    // A WRITE of 1 MiB, which FSINFO advertises, must fit with its header.
    record_bytes_max: wholeNumber((1 << 20) + 4096, 16 << 20).optional(),
    idle_timeout_ms: wholeNumber(1000, 86_400_000).optional(),
    busy_poll_us: wholeNumber(0, 10_000).optional(),
    reply_cache_bytes_max: replyCacheBytesMax.optional(),
  },
  { error: missing('must be a mapping') },
)

export const workers = wholeNumber(1, workersMax)

/** More would keep everybody from locking for longer than anybody is away. */
export const graceSecondsMax = 3600

const port = wholeNumber(0, 65535)

const shareOfMemory = (min: number, max: number) =>
  z.custom<number>(
    (value) => typeof value === 'number' && value % regionBytes.unit === 0 && value >= min && value <= max,
    { error: `must be a multiple of 2 MiB (2097152), from ${min} to ${max}` },
  )

const offsetMax = 2 ** 46

const deviceSchema = z.strictObject(
  {
    path: absolutePath,
    offset: shareOfMemory(0, offsetMax).optional(),
    bytes: shareOfMemory(regionBytes.min, regionBytes.max).optional(),
    client: text.refine(
      (address) => isIP(address) !== 0,
      'must be the IP address of the machine that maps the same memory, such as 192.0.2.7',
    ),
  },
  { error: missing('must be a mapping with at least "path" and "client"') },
)

const sideChannelSchema = z.strictObject(
  {
    socket: absolutePath
      .refine(
        (path) => Buffer.byteLength(path) <= socketPathBytesMax,
        `must not be longer than ${socketPathBytesMax} bytes`,
      )
      .optional(),
    listen: z
      .array(listenAddress, { error: 'must be a list of IP addresses, such as [192.0.2.1]' })
      .min(1, 'must have at least one address')
      .optional(),
    port: port.optional(),
    devices: z
      .array(deviceSchema, { error: 'must be a list of devices, each starting with "- path: /dev/dax0.0"' })
      .optional(),
    memory_bytes_max: shareOfMemory(regionBytes.min, regionBytes.max).optional(),
    spin_us: wholeNumber(0, 10_000).optional(),
    sessions_max: wholeNumber(1, 1024).optional(),
  },
  { error: missing('must be a mapping with "socket", or with "listen" and "devices"') },
)

export const configSchema = z.strictObject(
  {
    exports: z
      .array(exportSchema, {
        error: 'must be a list of exports, each starting with "- path: /some/directory"',
      })
      .min(1, 'must have at least one export'),
    listen: z
      .array(listenAddress, { error: 'must be a list of IP addresses, such as [127.0.0.1]' })
      .min(1, 'must have at least one address')
      .optional(),
    port: port.optional(),
    mount_port: port.optional(),
    rpcbind: oneOf(rpcbindModes).optional(),
    state_directory: absolutePath.optional(),
    grace_seconds: wholeNumber(0, graceSecondsMax).optional(),
    manage_gids: yesOrNo.optional(),
    side_channel: sideChannelSchema.optional(),
    workers: workers.optional(),
    limits: limitsSchema.optional(),
    log: z
      .strictObject(
        { level: oneOf(logLevels).optional(), format: oneOf(logFormats).optional() },
        { error: missing('must be a mapping') },
      )
      .optional(),
    metrics: z
      .strictObject(
        { listen: listenAddress.optional(), port: port.optional() },
        { error: missing('must be a mapping') },
      )
      .optional(),
    drain_seconds_max: wholeNumber(0, 3600).optional(),
  },
  { error: missing('must be a mapping with at least "exports"') },
)

export type ConfigFile = z.infer<typeof configSchema>
export type ExportEntry = z.infer<typeof exportSchema>

/** The message for a value of the wrong type; unknown keys keep their own issue, which names them. */
function missing(message: string) {
  return (issue: { readonly code?: string }) => (issue.code === 'unrecognized_keys' ? undefined : message)
}

/** What belongs at `path` of the config file; undefined if nothing does. */
function schemaAt(path: readonly PropertyKey[]): z.core.$ZodType | undefined {
  let schema: z.core.$ZodType | undefined = configSchema
  for (const step of path) {
    if (schema instanceof z.ZodArray) schema = unwrap(schema.element)
    else if (schema instanceof z.ZodObject) schema = unwrap(schema.shape[String(step)])
    else return undefined
  }
  return schema
}

/** The keys that the mapping at `path` may have. */
export function keysAt(path: readonly PropertyKey[]): readonly string[] {
  const schema = schemaAt(path)
  return schema instanceof z.ZodObject ? Object.keys(schema.shape) : []
}

/** The values that the enumeration at `path` may have. */
export function valuesAt(path: readonly PropertyKey[]): readonly string[] {
  const schema = schemaAt(path)
  return schema instanceof z.ZodEnum ? schema.options.map(String) : []
}

function unwrap(schema: z.core.$ZodType | undefined): z.core.$ZodType | undefined {
  return schema instanceof z.ZodOptional ? unwrap(schema.unwrap()) : schema
}
