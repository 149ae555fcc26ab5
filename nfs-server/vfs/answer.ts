/** Working with answers that may be there already: what can be synchronous stays so, promises only where needed. */
import type { Answer } from './vfs.ts'

/** The answer with `map` applied: at once if the answer is there at once, else a promise. */
export function mapAnswer<T, U>(answer: Answer<T>, map: (value: T) => U): Answer<U> {
  return answer instanceof Promise ? answer.then(map) : map(answer)
}

/** Like mapAnswer, for a continuation that itself may answer at once or later. */
export function chainAnswer<T, U>(answer: Answer<T>, next: (value: T) => Answer<U>): Answer<U> {
  return answer instanceof Promise ? answer.then(next) : next(answer)
}
