import t from 'tap'
import { type AdmissionPolicy, admit, type Client } from '../../../nfs-server/side-channel/admission.ts'

const mib = 1 << 20
const nothing = { clientAddress: undefined, instance: undefined, bytes: undefined }
const root = { kind: 'local', uid: 0 } as const
const vm = { kind: 'remote', address: '10.0.0.2', port: 700 } as const

/** Exports for 10.0.0.0/24, of which /secure demands a port below 1024. */
function policy(changes: Partial<AdmissionPolicy> = {}): AdmissionPolicy {
  return {
    exports: () => ['/secure', '/open'],
    admits: (path, { address, privilegedPort }: Client) =>
      (address.startsWith('10.0.0.') || address === '127.0.0.1') && (path === '/open' || privilegedPort),
    devices: [
      { path: '/dev/dax0.0', offset: 0, bytes: undefined, client: '10.0.0.9' },
      { path: '/dev/dax1.0', offset: 0, bytes: undefined, client: '10.0.0.2' },
    ],
    bytesMax: 64 * mib,
    ...changes,
  }
}

t.test('a client on this machine is who it says it is, and gets a memory file', async (t) => {
  t.match(admit(policy(), root, nothing), {
    client: { address: '127.0.0.1', privilegedPort: true },
    exports: ['/secure', '/open'],
    device: undefined,
    bytes: 64 * mib,
  })
  const hello = { ...nothing, clientAddress: '10.0.0.7', bytes: 9 * mib }
  t.match(admit(policy(), root, hello), { client: { address: '10.0.0.7' }, bytes: 10 * mib })
  t.equal(admit(policy(), root, { ...nothing, bytes: 1 }).bytes, 8 * mib)
  t.equal(admit(policy(), root, { ...nothing, bytes: 2 ** 50 }).bytes, 64 * mib)
})

t.test('a client on another machine is who the kernel says, and gets its device', async (t) => {
  const liar = { ...nothing, clientAddress: '10.0.0.9' }
  t.match(admit(policy(), vm, liar), {
    client: { address: '10.0.0.2', privilegedPort: true },
    exports: ['/secure', '/open'],
    device: 1,
  })
  t.same(admit(policy(), { ...vm, port: 1024 }, nothing).exports, ['/open'])
})

t.test('who is refused, and what it is told', async (t) => {
  const refusal = (visitor: Parameters<typeof admit>[1], changes: Partial<AdmissionPolicy> = {}) => {
    try {
      admit(policy(changes), visitor, nothing)
    } catch (error) {
      return `${(error as Error).message}; ${(error as { advice?: string }).advice}`
    }
    return 'admitted'
  }
  t.match(
    refusal({ ...vm, address: '192.0.2.1' }),
    /^no export admits 192\.0\.2\.1 by the side channel; see /,
  )
  t.match(refusal({ ...vm, address: '10.0.0.3' }), /^no device is configured for it; .*client: 10\.0\.0\.3$/)
  const secureOnly = { exports: () => ['/secure'] }
  t.match(refusal({ ...vm, port: 1024 }, secureOnly), /^its port is not below 1024.*; connect as root/)
  t.equal(refusal({ ...vm, port: 1023 }, secureOnly), 'admitted')
  t.match(refusal(root, { exports: () => [] }), /^no export admits 127\.0\.0\.1/)
})
