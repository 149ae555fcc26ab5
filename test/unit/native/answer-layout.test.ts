import t from 'tap'
import { answerLayout, layoutDifference } from '../../../native/answer-layout.ts'
import { addon } from '../../../native/binding.ts'

t.test('the addon has the layout that TypeScript reads', async (t) => {
  t.equal(layoutDifference(addon.answerLayout()), undefined)
})

t.test('every difference is noticed', async (t) => {
  const layout: Record<string, number> = { ...answerLayout }
  for (const name of Object.keys(layout)) {
    t.match(layoutDifference({ ...layout, [name]: -1 }), name)
    const { [name]: _, ...without } = layout
    t.match(layoutDifference(without), name)
  }
  t.match(layoutDifference({ ...layout, more: 1 }), 'more')
})
