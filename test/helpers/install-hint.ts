/** What the tests and the demo need besides Node.js, by the names of Debian's packages. */
export const DEBIAN_PACKAGES = [
  'redis-server',
  'ceph-mon',
  'ceph-osd',
  'ceph-common',
  'radosgw',
  'libarchive-tools',
  'python3',
  'python3-venv',
  'zsh',
  'fish',
  'jq',
  'tmux',
  'age',
  'minisign',
  'chromium',
];

/** Other tools that the benchmark compares with. */
export const DEBIAN_PEERS = ['rclone', 'restic', 'hyperfine'];

/** One sentence or two on how to get the servers on this system. */
export function installHint(): string {
  const byHand =
    process.platform === 'darwin'
      ? 'brew install minio/stable/minio redis fish jq tmux age minisign && brew install --cask chromium'
      : `apt-get install --no-install-recommends ${DEBIAN_PACKAGES.join(' ')}`;
  return `Run \`npm run setup:servers\`, or by hand: ${byHand} (or put \`minio\` on the PATH, or set TEST_S3_ENDPOINT).`;
}
