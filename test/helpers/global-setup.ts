import { installMissing } from './missing-packages.js';
import { installSchemathesis } from './schemathesis.js';
import { startS3Server } from './s3-server.js';

/**
 * Installs what the tests need and is not there, and starts one S3 server for the whole run, which the
 * workers find in their environment.
 */
export default async function setup(): Promise<() => Promise<void>> {
  installMissing({ wantsClients: true });
  try {
    installSchemathesis();
  } catch (error) {
    // One test needs it, and fails with what is to be done.
    console.error((error as Error).message);
  }
  const server = await startS3Server();
  process.env.TEST_S3_ENDPOINT = server.endpoint;
  process.env.TEST_S3_ACCESS_KEY = server.accessKey;
  process.env.TEST_S3_SECRET_KEY = server.secretKey;
  process.env.TEST_S3_OTHER_USER ??= JSON.stringify(server.otherUser ?? null);
  return () => server.stop();
}
