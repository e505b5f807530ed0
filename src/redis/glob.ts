/** A text that a pattern of Redis (SCAN's MATCH) takes as it is. */
export function escapeGlob(text: string): string {
  return text.replace(/[*?[\]\\^-]/g, (character) => `\\${character}`);
}
