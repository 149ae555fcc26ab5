import t from 'tap'
import { kinds, shares } from '../../../bench/profile/kinds.ts'

const kernel = '([kernel.kallsyms])'
const addon = '(/x/native/fsva-native.linux-x64-gnu.node)'

/** As `perf script -F comm,ip,sym,dso` writes them; innermost frame first. */
function samples(...stacks: readonly (readonly string[])[]): string {
  const lines = stacks.map((stack) =>
    ['MainThread ', ...stack.map((frame) => `\t  7f00 ${frame}`)].join('\n'),
  )
  return `${lines.join('\n\n')}\n\n`
}

function kindOf(...stack: readonly string[]): string | undefined {
  return kinds[shares(samples(stack)).indexOf(1)]?.title
}

t.test('each sample is of the kind that its stack says', async (t) => {
  t.equal(kindOf(`cp_statx ${kernel}`, `__x64_sys_statx ${kernel}`, `statx (/libc.so.6)`), 'kernel: files')
  t.equal(kindOf(`fdget ${kernel}`, `preadv64v2 (/libc.so.6)`), 'kernel: files')
  t.equal(kindOf(`tcp_ack ${kernel}`, `__libc_sendmsg (/libc.so.6)`), 'kernel: sockets')
  t.equal(kindOf(`do_epoll_wait ${kernel}`, `__x64_sys_epoll_wait ${kernel}`), 'looking for calls')
  t.equal(kindOf(`epoll_wait (/libc.so.6)`, `fsva_core::stream ${addon}`), 'looking for calls')
  t.equal(kindOf(`fsva_core::call::Opened::attributes ${addon}`), 'core (Rust)')
  t.equal(kindOf(`napi::bindgen_runtime::close_scope ${addon}`), 'crossing')
  t.equal(
    kindOf(`v8impl::(anonymous namespace)::FunctionCallbackWrapper::Invoke (/usr/bin/node)`),
    'crossing',
  )
  t.equal(kindOf(`JS:*'dispatch file:///x/dispatch.ts:94:11 (/tmp/perf-1.map)`), 'JavaScript')
  t.equal(kindOf(`Builtins_CreateTypedArray (/usr/bin/node)`), 'JavaScript')
  t.equal(
    kindOf(`memcpy (/libc.so.6)`, `v8::internal::ScavengerCollector::Collect (/usr/bin/node)`),
    'garbage collector',
  )
  t.equal(kindOf(`memcpy (/libc.so.6)`), 'other')
})

t.test('shares are of the main thread’s samples', async (t) => {
  const script =
    samples([`memcpy (/libc.so.6)`], [`JS:a (/tmp/perf-1.map)`], [`JS:b (/tmp/perf-1.map)`]) +
    'V8Worker \n\t  7f00 JS:c (/tmp/perf-1.map)\n\n'
  const found = shares(script)
  t.equal(found[kinds.findIndex(({ title }) => title === 'JavaScript')], 2 / 3)
  t.equal(found.at(-1), 1 / 3)
})
