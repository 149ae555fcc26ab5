/** RPC messages spelled out from RFC 5531, section 9 and appendix A. */
import t, { type Test } from 'tap'
import {
  accept_stat,
  type accepted_reply_reply_data,
  auth_flavor,
  auth_stat,
  decodeauthsys_parms,
  decoderpc_msg,
  encodeauthsys_parms,
  encoderpc_msg,
  msg_type,
  reject_stat,
  type rejected_reply,
  reply_stat,
  type rpc_msg,
} from '../../../nfs-server/xdr/generated/rpc.ts'
import { ascii, bothWays, octets, wire } from './wire.ts'

const message = { decode: decoderpc_msg, encode: encoderpc_msg }
const none = { flavor: auth_flavor.AUTH_NONE, body: new Uint8Array(0) }

function check(t: Test, name: string, text: string, value: rpc_msg): void {
  bothWays(t, name, message, wire(text), value)
}

t.test('a call', async (t) => {
  const text = `
    12345678            # xid
    00000000            # CALL
    00000002            # RPC version
    000186a3 00000003 00000001   # NFS, 3, GETATTR
    00000001 00000008 00000000 00000000   # AUTH_SYS, 8 bytes
    00000000 00000000   # AUTH_NONE`
  check(t, 'call', text, {
    xid: 0x12345678,
    body: {
      mtype: msg_type.CALL,
      cbody: {
        rpcvers: 2,
        prog: 100003,
        vers: 3,
        proc: 1,
        cred: { flavor: auth_flavor.AUTH_SYS, body: octets('0000000000000000') },
        verf: none,
      },
    },
  })
})

t.test('accepted replies', async (t) => {
  const accepted = '00000007 00000001 00000000 00000000 00000000'
  const areply = (reply_data: accepted_reply_reply_data): rpc_msg => ({
    xid: 7,
    body: {
      mtype: msg_type.REPLY,
      rbody: { stat: reply_stat.MSG_ACCEPTED, areply: { verf: none, reply_data } },
    },
  })
  check(t, 'success', `${accepted} 00000000`, areply({ stat: accept_stat.SUCCESS }))
  check(t, 'program unknown', `${accepted} 00000001`, areply({ stat: accept_stat.PROG_UNAVAIL }))
  check(
    t,
    'version unknown',
    `${accepted} 00000002 00000003 00000004`,
    areply({ stat: accept_stat.PROG_MISMATCH, mismatch_info: { low: 3, high: 4 } }),
  )
  check(t, 'garbage', `${accepted} 00000004`, areply({ stat: accept_stat.GARBAGE_ARGS }))
})

t.test('rejected replies', async (t) => {
  const denied = '00000007 00000001 00000001'
  const denial = (rreply: rejected_reply): rpc_msg => ({
    xid: 7,
    body: { mtype: msg_type.REPLY, rbody: { stat: reply_stat.MSG_DENIED, rreply } },
  })
  check(
    t,
    'RPC version',
    `${denied} 00000000 00000002 00000002`,
    denial({ stat: reject_stat.RPC_MISMATCH, mismatch_info: { low: 2, high: 2 } }),
  )
  check(
    t,
    'credential',
    `${denied} 00000001 00000005`,
    denial({ stat: reject_stat.AUTH_ERROR, why: auth_stat.AUTH_TOOWEAK }),
  )
})

t.test('an AUTH_SYS credential', async (t) => {
  const text = `
    00000001                     # stamp
    00000006 76696374 6f720000   # machinename "victor"
    000003e8 00000064            # uid, gid
    00000003 00000064 0000001b ffffffff`
  const codec = { decode: decodeauthsys_parms, encode: encodeauthsys_parms }
  bothWays(t, 'authsys_parms', codec, wire(text), {
    stamp: 1,
    machinename: ascii('victor'),
    uid: 1000,
    gid: 100,
    gids: [100, 27, 0xffffffff],
  })
})
