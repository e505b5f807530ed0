import { findCommand } from './child-processes.js';

/** Returns the path of a Chromium, or of a browser that is one. */
export function findChromium(): string | undefined {
  const names = ['chromium', 'chromium-browser', 'google-chrome'];
  return names.map(findCommand).find((path) => path !== undefined);
}
