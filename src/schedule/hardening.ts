/**
 * What systemd takes from the daemon, `serve` and workers: none of them needs any of it. See
 * systemd.exec(5). What is written where differs, so `ProtectSystem` is in the units.
 */
export const HARDENING: readonly string[] = [
  'NoNewPrivileges=yes',
  'PrivateDevices=yes',
  'ProtectClock=yes',
  'ProtectControlGroups=yes',
  'ProtectKernelLogs=yes',
  'ProtectKernelModules=yes',
  'ProtectKernelTunables=yes',
  'LockPersonality=yes',
  'RestrictRealtime=yes',
  'RestrictSUIDSGID=yes',
  'RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK',
  'SystemCallArchitectures=native',
];
