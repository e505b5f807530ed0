import { installMissing } from './missing-packages.js';
import { installSchemathesis } from './schemathesis.js';

/**
 * `npm run setup:servers`: sees to it that the tests find an S3 server, Redis, bsdtar, python3, zsh,
 * fish, jq, tmux, age, minisign, Chromium and schemathesis, as `npm test` does by itself. `--peers`: also the tools that the benchmark
 * compares with. `--servers-only`: no more than the demo needs. Can be run again at any time.
 */
try {
  const wantsClients = !process.argv.includes('--servers-only');
  const wantsPeers = process.argv.includes('--peers');
  const installed = installMissing({ wantsClients, wantsPeers });
  if (wantsClients && installSchemathesis()) installed.push('schemathesis');
  console.log(installed.length === 0 ? 'everything is here: nothing to install' : 'all there');
} catch (error) {
  console.error((error as Error).message);
  process.exitCode = 1;
}
