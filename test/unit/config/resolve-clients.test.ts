import t from 'tap'
import { ClientResolver, type HostLookup } from '../../../nfs-server/config/resolve-clients.ts'
import { defaultExportOptions, type ExportOptions } from '../../../nfs-server/exports.ts'

function exportFor(...clients: string[]): ExportOptions {
  return { ...defaultExportOptions, path: '/srv', clients }
}

function failure(code: string): Error {
  return Object.assign(new Error(code), { code })
}

/** A lookup whose answers the test sets. */
function fakeLookup(answers: Record<string, readonly string[] | Error>): HostLookup {
  return async (name) => {
    const answer = answers[name] ?? failure('ENOTFOUND')
    if (answer instanceof Error) throw answer
    return answer
  }
}

t.test('names become all their addresses; the rest stays', async (t) => {
  const resolver = new ClientResolver(fakeLookup({ 'a.example': ['192.0.2.1', '2001:db8::1'] }))
  const { exports, failures, names } = await resolver.resolve([
    exportFor('10.0.0.0/8', 'a.example'),
    exportFor('*'),
  ])
  t.same(exports[0]!.clients, ['10.0.0.0/8', '192.0.2.1', '2001:db8::1'])
  t.same(exports[1]!.clients, ['*'])
  t.same(failures, [])
  t.equal(names, 1)
})

t.test('a name that cannot be resolved stands for nobody', async (t) => {
  const resolver = new ClientResolver(fakeLookup({ 'b.example': failure('EAI_AGAIN') }))
  const { exports, failures } = await resolver.resolve([exportFor('a.example'), exportFor('b.example')])
  t.same(exports[0]!.clients, [], 'no access, not access for everybody')
  t.same(exports[1]!.clients, [], 'nor when the resolver failed at the first attempt')
  t.match(failures, [
    /a\.example \(ENOTFOUND\): it gets no access/,
    /b\.example \(EAI_AGAIN\): it gets no access/,
  ])
})

t.test(
  'a resolver out of order leaves a name its last addresses, a name that is gone has none',
  async (t) => {
    const answers: Record<string, readonly string[] | Error> = { 'a.example': ['192.0.2.1'] }
    const resolver = new ClientResolver(fakeLookup(answers))
    const clients = async () => (await resolver.resolve([exportFor('a.example')])).exports[0]!.clients
    t.same(await clients(), ['192.0.2.1'])
    answers['a.example'] = failure('EAI_AGAIN')
    t.same(await clients(), ['192.0.2.1'])
    answers['a.example'] = ['192.0.2.2']
    t.same(await clients(), ['192.0.2.2'], 'a new address replaces the old one')
    answers['a.example'] = failure('ENOTFOUND')
    t.same(await clients(), [])
    answers['a.example'] = failure('EAI_AGAIN')
    t.same(await clients(), [], 'what was gone stays gone')
  },
)

t.test('a name that is no longer used is forgotten', async (t) => {
  const answers: Record<string, readonly string[] | Error> = { 'a.example': ['192.0.2.1'] }
  const resolver = new ClientResolver(fakeLookup(answers))
  await resolver.resolve([exportFor('a.example')])
  await resolver.resolve([exportFor('10.0.0.1')])
  answers['a.example'] = failure('EAI_AGAIN')
  t.same((await resolver.resolve([exportFor('a.example')])).exports[0]!.clients, [])
})
