/** What a sample of perf was taken in: one of a few kinds, from the frames of its stack. */

interface Frame {
  readonly symbol: string
  /** Program, library or kernel that the symbol is in. */
  readonly from: string
}

interface Kind {
  readonly title: string
  /** `innermost` is the frame that ran, `call` the system call that the kernel was in, if it was. */
  readonly has: (stack: readonly Frame[], innermost: Frame, call: string | undefined) => boolean
}

const anySymbol = (stack: readonly Frame[], pattern: RegExp) =>
  stack.some(({ symbol }) => pattern.test(symbol))

/** The first that fits. */
export const kinds: readonly Kind[] = [
  {
    title: 'looking for calls',
    has: (stack, { symbol }, call) =>
      call?.startsWith('epoll') === true ||
      anySymbol(stack.slice(0, 2), /epoll_wait|clock_gettime|Selector::look|NativeSockets::look/) ||
      // Around the system calls that a thread may be cancelled in, nearly all of which are epoll_wait.
      /asynccancel/.test(symbol),
  },
  { title: 'kernel: sockets', has: (_stack, _innermost, call) => /sendmsg|recv/.test(call ?? '') },
  { title: 'kernel: files', has: (_stack, _innermost, call) => call !== undefined },
  {
    title: 'garbage collector',
    has: (stack) => anySymbol(stack, /Scaveng|MarkCompact|Sweep|HandleGCRequest/),
  },
  {
    title: 'core (Rust)',
    has: (_stack, { symbol, from }) => /fsva-native/.test(from) && !/napi/.test(symbol),
  },
  {
    title: 'crossing',
    has: (_stack, { symbol, from }) => /fsva-native/.test(from) || /v8impl|napi_|v8::|node::/.test(symbol),
  },
  {
    title: 'JavaScript',
    has: (_stack, { symbol, from }) => /^JS:|^Builtins_/.test(symbol) || /perf-/.test(from),
  },
  { title: 'other', has: () => true },
]

/** Each kind's share of the samples of the process's main thread, in the order of `kinds`. */
export function shares(script: string): readonly number[] {
  const counts = kinds.map(() => 0)
  let total = 0
  for (const sample of script.split('\n\n')) {
    const [head, ...lines] = sample.trim().split('\n')
    if (head === undefined || !/^(node|MainThread)\b/.test(head)) continue
    const stack = lines.map(frame).filter((each) => each !== undefined)
    const innermost = stack[0]
    if (innermost === undefined) continue
    const call = systemCall(stack)
    counts[kinds.findIndex(({ has }) => has(stack, innermost, call))]!++
    total++
  }
  return counts.map((count) => count / total)
}

function frame(line: string): Frame | undefined {
  const parts = /^\s*[0-9a-f]+ (.+) \(([^()]*(?:\([^()]*\))?)\)$/.exec(line)
  return parts === null ? undefined : { symbol: parts[1]!, from: parts[2]! }
}

/** The one that the kernel was in, by its own name or else by that of the C library's function that made it. */
function systemCall(stack: readonly Frame[]): string | undefined {
  if (!/kernel/.test(stack[0]!.from)) return undefined
  for (const { symbol, from } of stack) {
    const named = /^__(?:x64|arm64)_sys_(\w+)/.exec(symbol)
    if (named !== null) return named[1]
    if (!/kernel/.test(from)) return symbol
  }
  return 'unknown'
}
