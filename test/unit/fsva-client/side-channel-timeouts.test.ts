import t from 'tap'
import {
  kernelTimeouts,
  timeoutsByCoherence,
  timeoutsFor,
} from '../../../fsva-client/agent/side-channel-timeouts.ts'
import { chooseOptions } from '../../../fsva-client/mount-options.ts'

t.test('no attribute is believed longer than a kernel without a channel may believe it', async (t) => {
  for (const [coherence, timeouts] of Object.entries(timeoutsByCoherence)) {
    if (timeouts === undefined) continue
    for (const [file, most] of [
      ['acreg', kernelTimeouts.acregmax],
      ['acdir', kernelTimeouts.acdirmax],
    ] as const) {
      const { [`${file}min` as const]: least, [`${file}max` as const]: longest } = timeouts
      t.ok(0 < least && least <= longest && longest <= most, `${coherence}: ${file}`)
    }
  }
})

t.test('the less is told, the sooner the kernel asks', async (t) => {
  const [complete, partial, none] = (['complete', 'partial', 'none'] as const).map(
    (coherence) => timeoutsFor(coherence) ?? kernelTimeouts,
  )
  for (const name of ['acregmin', 'acregmax', 'acdirmin', 'acdirmax'] as const)
    t.ok(complete![name] >= partial![name] && partial![name] >= none![name], name)
  t.ok(complete!.acregmin > partial!.acregmin, 'a file')
  t.ok(partial!.acdirmin > none!.acdirmin, 'a directory')
  t.equal(timeoutsFor('none'), undefined, 'nothing is said where nothing is told')
})

t.test('opening asks the server whatever is told', async (t) => {
  const ports = { nfs: 2049, mount: 20048, nlm: true, fromRpcbind: true }
  for (const coherence of ['complete', 'partial', 'none'] as const)
    t.notMatch(chooseOptions(ports, '', true, timeoutsFor(coherence)), /nocto/)
})
