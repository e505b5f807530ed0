import { startS3Server } from './s3-server.js';

/** One S3 server for the whole run; the workers find it in their environment. */
export default async function setup(): Promise<() => Promise<void>> {
  const server = await startS3Server();
  process.env.TEST_S3_ENDPOINT = server.endpoint;
  process.env.TEST_S3_ACCESS_KEY = server.accessKey;
  process.env.TEST_S3_SECRET_KEY = server.secretKey;
  return () => server.stop();
}
