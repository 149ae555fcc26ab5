/** The duplicate request cache over random kills: docs/reply-cache.md. */
import { randomKills } from '../fixtures/random-kills.ts'
import { type SoakPart, scaled } from './part.ts'

export const part: SoakPart = {
  name: 'reply-cache',
  title: 'Repeated calls over kill -9',
  summary:
    'Calls that must not run twice (REMOVE, RENAME, MKDIR, exclusive CREATE, ...) are sent and the server is killed at a ' +
    'random moment. The started server gets every unanswered call again: each must be answered OK and be done once.',
  async run(context) {
    const kills = scaled(context, 100)
    const figures = await randomKills({ kills, connections: 4, depth: 64, progress: context.progress })
    const redone = figures.callsInFlight - figures.repliesFromRecord - figures.resumed
    return {
      paragraphs: ['256 calls of all kinds on 4 connections before every kill.'],
      tables: [
        {
          caption: '',
          columns: ['what', 'number'],
          rows: [
            ['kills', figures.kills],
            ['calls', figures.answered],
            ['kills that hit calls in flight', figures.killsWithCallsInFlight],
            ['calls in flight then', figures.callsInFlight],
            ['of these: answered afterwards with the reply on record', figures.repliesFromRecord],
            ['of these: had happened, and were finished', figures.resumed],
            ['of these: had not happened, and were done', redone],
            ['wrong answers, or calls not done', figures.wrong.length],
          ],
        },
      ],
      failures: figures.wrong,
    }
  },
}
