/** Whether the machine stood still for a while (suspended, or its processes stopped): what was measured then means nothing. */
const tickMs = 200
const stillMs = 2000

export async function unlessStill<T>(work: () => Promise<T>): Promise<T | undefined> {
  let last = Date.now()
  let wasStill = false
  const look = () => {
    if (Date.now() - last > stillMs) wasStill = true
    last = Date.now()
  }
  const timer = setInterval(look, tickMs)
  try {
    const result = await work()
    look()
    return wasStill ? undefined : result
  } finally {
    clearInterval(timer)
  }
}
