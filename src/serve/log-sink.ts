/** Lines that wait for a reader that does not read: some 100,000. */
const MOST_WAITING_BYTES = 32 * 1024 * 1024;

/**
 * Returns what writes lines of the log. A reader that is gone must not end the server, and one that does
 * not read must not fill its memory: then lines are left out, and how many is told by a line of its own.
 */
export function logSink(
  write: (bytes: Buffer) => Promise<unknown>,
  lostLine: (lines: number) => string,
  mostBytes = MOST_WAITING_BYTES,
): (line: string) => void {
  let waitingBytes = 0;
  let lost = 0;
  const send = (line: string): void => {
    const bytes = Buffer.from(line);
    waitingBytes += bytes.length;
    const done = (): void => {
      waitingBytes -= bytes.length;
      if (lost === 0 || waitingBytes > 0) return;
      const lines = lost;
      lost = 0;
      send(lostLine(lines));
    };
    write(bytes).then(done, done);
  };
  return (line) => {
    if (waitingBytes > mostBytes) lost += 1;
    else send(line);
  };
}
