/** The files of a VM's /etc: users for permission tests, and the tables that the RPC tools look names up in. */
export const guestEtc = {
  passwd: `root:x:0:0:root:/root:/bin/sh
user:x:1000:1000:user:/tmp:/bin/sh
other:x:1001:1001:other:/tmp:/bin/sh
_rpc:x:101:65534::/run/rpcbind:/usr/sbin/nologin
statd:x:102:65534::/var/lib/nfs:/usr/sbin/nologin
nobody:x:65534:65534:nobody:/tmp:/bin/sh
`,
  group: `root:x:0:
user:x:1000:
other:x:1001:
team:x:2000:user,other
nogroup:x:65534:
`,
  hosts: '127.0.0.1 localhost\n',
  'nsswitch.conf':
    'passwd: files\ngroup: files\nhosts: files\nservices: files\nprotocols: files\nrpc: files\n',
  protocols: 'ip 0 IP\nicmp 1 ICMP\ntcp 6 TCP\nudp 17 UDP\n',
  services: `sunrpc 111/tcp portmapper
sunrpc 111/udp portmapper
nfs 2049/tcp
nfs 2049/udp
`,
  rpc: `portmapper 100000 portmap sunrpc rpcbind
nfs 100003 nfsprog
mountd 100005 mount showmount
nlockmgr 100021
status 100024
`,
  netconfig: `udp tpi_clts v inet udp - -
tcp tpi_cots_ord v inet tcp - -
udp6 tpi_clts v inet6 udp - -
tcp6 tpi_cots_ord v inet6 tcp - -
local tpi_cots_ord - loopback - - -
`,
  gitconfig: `[user]
	name = VM user
	email = user@vm.invalid
[safe]
	directory = *
[init]
	defaultBranch = main
`,
  'shell-profile': "PS1='user-vm:\\w\\$ '\nalias ll='ls -l'\n",
} as const
