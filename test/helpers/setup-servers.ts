import { installMissing } from './missing-packages.js';

/**
 * `npm run setup:servers`: sees to it that the tests find an S3 server, Redis, bsdtar, python3, zsh,
 * fish, jq, tmux and Chromium, as `npm test` does by itself. `--peers`: also the tools that the benchmark
 * compares with. `--servers-only`: no more than the demo needs. Can be run again at any time.
 */
try {
  const installed = installMissing({
    wantsClients: !process.argv.includes('--servers-only'),
    wantsPeers: process.argv.includes('--peers'),
  });
  console.log(installed.length === 0 ? 'everything is here: nothing to install' : 'all there');
} catch (error) {
  console.error((error as Error).message);
  process.exitCode = 1;
}
